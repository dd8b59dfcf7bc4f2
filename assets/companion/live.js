// Live view: what the camera sees, what is guessed, and what is said.

import { say } from "./announcer.js";
import { byId, make, table } from "./dom.js";
import { explain, isSound, repeat } from "./page.js";
import { paste, Viewfinder } from "./viewfinder.js";
import { Watch } from "./watch.js";
import { clock, describe, percent } from "./words.js";

const HEARD_KEPT = 12;
const DESCRIBE_MS = 2000; // a text that changes with every picture could not be read

const view = new Viewfinder(byId("view"));
let picture = null, guesses = [], described = "", language = "en";

function showGuesses() {
  const rows = guesses.slice(0, 5);
  byId("guesses").replaceChildren(rows.length ? table("What it could be", [
    { name: "Thing", value: guess => guess.name },
    { name: "Sure", value: guess => [percent(guess.confidence), make("meter", { min: 0, max: 1, value: guess.confidence,
      "aria-label": `${guess.name}: ${percent(guess.confidence)}` })] },
  ], rows) : make("p", { class: "quiet" }, "Nothing is being looked at. A finger must rest for a moment."));
}

function showPicture(newest) {
  picture = newest;
  view.show(picture);
  byId("crop-part").hidden = !picture.crop;
  if (picture.crop) paste(byId("crop"), picture.crop);
  if (!picture.tip && guesses.length) {
    guesses = [];
    showGuesses();
  }
}

function showState(state) {
  if (state.mode === "asleep") picture = null;
  language = state.preferences ? state.preferences.language : language;
  byId("mode").textContent = state.mode;
  byId("faults").textContent = state.faults && state.faults.length ? state.faults.join(", ") : "none";
}

function showHeard(heard) {
  byId("nothing-heard").hidden = true;
  byId("log").prepend(make("li", { class: isSound(heard.text) ? "quiet" : null }, make("time", {}, clock(heard.at)),
    make("span", { lang: isSound(heard.text) ? null : language }, heard.text)));
  while (byId("log").children.length > HEARD_KEPT) byId("log").lastChild.remove();
}

function showDevice({ device }) {
  if (device) return;
  picture = null;
  byId("mode").textContent = "not running";
  byId("faults").textContent = "unknown";
}

function describeNow() {
  const text = picture ? describe(picture, guesses) : "There is no picture.";
  if (picture) {
    byId("light").textContent = percent(picture.brightness);
    byId("sharpness").textContent = String(Math.round(picture.sharpness));
  }
  if (text === described) return;
  described = text;
  byId("description").textContent = text;
  byId("picture").setAttribute("aria-label", `Camera picture. ${text}`);
  if (byId("read-out").checked) say(text);
}

const watch = new Watch();
repeat(watch);
explain(watch, view);
watch.on("picture", showPicture).on("state", showState).on("heard", showHeard).on("device", showDevice);
watch.on("guesses", message => { guesses = message.guesses; showGuesses(); });
showGuesses();
setInterval(describeNow, DESCRIBE_MS);
