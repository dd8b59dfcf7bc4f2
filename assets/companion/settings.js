// What the wearer prefers, and the device's buttons. Every change is carried out at once.

import { get, post } from "./api.js";
import { byId, make, table } from "./dom.js";
import { attempt, repeat } from "./page.js";
import { Watch } from "./watch.js";

const DEEDS = { // of the buttons, in each mode
  Pointing: ["to teaching", "sleep", "say it again", "what do you see?"],
  Teaching: ["to pointing", "undo the last sample", "take a sample", "name it and learn"],
  Menu: ["to the top of the menu, or leave", "previous", "next", "choose"],
  Lesson: ["one step back", "value before", "next value", "keep it, go on"],
  Asleep: ["wake", "wake", "nothing", "nothing"],
};
const SWITCHES = { // what is told once one is on, and once it is off
  diary: ["What is said is kept.", "What is said is not kept any more."],
  tick: ["The device ticks while the wearer waits.", "The device does not tick any more."],
};
const CHOICES = { verbosity: ["Speech", Number], voice: ["Voice", String], hand: ["Hand", String] };
const LANGUAGES = { en: "English", de: "German" };

function show({ preferences, languages }) {
  byId("language").replaceChildren(...languages.map(code => make("option", { value: code }, LANGUAGES[code] || code)));
  byId("volume").value = preferences.volume;
  byId("words_per_minute").value = preferences.words_per_minute;
  byId("language").value = preferences.language;
  for (const name of Object.keys(SWITCHES)) byId(name).checked = preferences[name];
  for (const name of Object.keys(CHOICES)) {
    for (const choice of document.getElementsByName(name)) choice.checked = choice.value === String(preferences[name]);
  }
  showNumbers();
}

function showNumbers() {
  byId("volume-now").textContent = `${byId("volume").value} of 10`;
  byId("rate-now").textContent = `${byId("words_per_minute").value} words a minute`;
}

const prefer = (name, value, told) => attempt("notice", async () => {
  await post("/api/settings", { name, value });
  return told;
});

byId("volume").addEventListener("input", showNumbers);
byId("words_per_minute").addEventListener("input", showNumbers);
for (const [name, title] of [["volume", "Volume"], ["words_per_minute", "Speech rate"]]) {
  byId(name).addEventListener("change", ({ target }) =>
    prefer(name, Number(target.value), `${title}: ${target.value}.`));
}
byId("language").addEventListener("change", ({ target }) =>
  prefer("language", target.value, `Language: ${target.selectedOptions[0].textContent}.`));
for (const [name, [on, off]] of Object.entries(SWITCHES)) {
  byId(name).addEventListener("change", ({ target }) => prefer(name, target.checked, target.checked ? on : off));
}
for (const [name, [title, kind]] of Object.entries(CHOICES)) {
  for (const choice of document.getElementsByName(name)) {
    choice.addEventListener("change", () =>
      prefer(name, kind(choice.value), `${title}: ${choice.dataset.name || choice.value}.`));
  }
}
for (const button of document.querySelectorAll("button[data-button]")) {
  button.addEventListener("click", () => attempt("press-notice", async () => {
    await post("/api/press", { button: button.dataset.button, press: button.dataset.press });
    return `Pressed: ${button.textContent}.`;
  }));
}
byId("deeds").append(table("Buttons by mode", [{ name: "In mode", value: ([mode]) => mode },
  ...["Mode", "Mode, long", "Action", "Action, long"].map((name, place) =>
    ({ name, value: ([, deeds]) => deeds[place] }))],
Object.entries(DEEDS)));

const watch = new Watch({ pictures: false });
repeat(watch);
watch.on("state", state => {
  byId("mode").textContent = state.mode;
  byId("door").textContent = state.door ? "open: other computers may open this page with the code"
    : "closed; the wearer opens it in the menu";
});
watch.on("device", ({ device }) => {
  if (!device) byId("mode").textContent = byId("door").textContent = "the device is not running";
  for (const button of document.querySelectorAll("button[data-button]")) button.disabled = !device;
});
attempt("notice", async () => show(await get("/api/settings")));
