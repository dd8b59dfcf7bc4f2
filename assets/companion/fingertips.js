// Labelling fingertips: a click, or a cross-hair moved by the arrow keys, saves the picture with the place of the tip.

import { say } from "./announcer.js";
import { get, post, remove } from "./api.js";
import { byId, draw, make, twice } from "./dom.js";
import { attempt, explain, NO_DEVICE, notice, repeat } from "./page.js";
import { Viewfinder } from "./viewfinder.js";
import { Watch } from "./watch.js";
import { clock, count, whereabouts } from "./words.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const SHIFTED = 10; // pixels a step with the shift key

const view = new Viewfinder(byId("view"), { square: false });
const watch = new Watch();
let saving = false;
let telling = null;

// Keep this picture, and put a cross-hair on it: where the device sees the tip, else in the middle.
function hold() {
  if (!view.picture || watch.held) return;
  watch.hold();
  const { tip, size } = view.picture;
  put(tip ? { x: Math.round(tip.x), y: Math.round(tip.y) } : { x: size[1] >> 1, y: size[0] >> 1 });
  showHeld();
}

// Put the cross-hair there, and say where that is.
function put({ x, y }) {
  view.mark({ x, y });
  byId("cross").textContent = `Cross-hair at ${x} across and ${y} down: ${whereabouts(x, y, view.picture.size)}.`;
  tellSoon();
}

function release() {
  clearTimeout(telling);
  view.mark(null);
  watch.release();
  showHeld();
}

function show(picture) {
  if (watch.held) return;
  view.show(picture);
  const { tip, size } = picture;
  const seen = tip ? `a tip: ${whereabouts(tip.x, tip.y, size)}` : "no hand";
  byId("cross").textContent = `The picture is running. The device sees ${seen}.`;
}

function showHeld() {
  byId("hold").textContent = watch.held ? "Let it run" : "Hold the picture";
  byId("save").disabled = !watch.held;
}

function move(key, far) {
  hold();
  if (!view.cross) return;
  const [right, down] = STEPS[key].map(step => step * (far ? SHIFTED : 1));
  const [height, width] = view.picture.size;
  const x = Math.min(width - 1, Math.max(0, view.cross.x + right));
  const y = Math.min(height - 1, Math.max(0, view.cross.y + down));
  put({ x, y });
}

// The place of the cross-hair is told when it has come to rest.
function tellSoon() {
  clearTimeout(telling);
  telling = setTimeout(() => say(byId("cross").textContent), 700);
}

// Save what is shown, with its tip at `place`, or as a picture without a hand for null.
async function save(place) {
  if (!view.picture || saving) return;
  saving = true;
  const { index } = view.picture;
  await attempt("notice", async () => {
    const saved = await post("/api/fingertips", { index, x: place ? place.x : null, y: place ? place.y : null });
    await list();
    return `${place ? `Saved the tip at ${place.x}, ${place.y}` : "Saved as a picture without a hand"}. `
      + `${count(saved.count, "picture")} in all.`;
  });
  saving = false;
  if (watch.held) release();
}

function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key in STEPS) move(event.key, event.shiftKey);
  else if (event.key === "Enter") watch.held ? save(view.cross) : hold();
  else if (event.key === "n" || event.key === "N") save(null);
  else if (event.key === "Escape" && watch.held) release();
  else return;
  event.preventDefault();
}

function card(sample) {
  const hand = sample.x !== null;
  const name = hand ? `Tip at ${Math.round(sample.x)}, ${Math.round(sample.y)}` : "No hand";
  const told = `${name}, ${clock(sample.at)}`;
  const away = async () => {
    const gone = await attempt("notice", async () => {
      await remove(`/api/fingertips/${sample.id}`);
      return `Deleted: ${name}.`;
    });
    if (gone) await list();
    byId("list-title").focus();
  };
  const radius = sample.width / 24;
  return make("li", {},
    draw("svg", { viewBox: `0 0 ${sample.width} ${sample.height}`, role: "img", "aria-label": told },
      draw("image", { href: `/api/fingertips/${sample.id}.jpg`, width: sample.width, height: sample.height }),
      hand && [["#000000", radius / 2], ["#7dffb0", radius / 4]].map(([stroke, width]) => draw("circle", {
        cx: sample.x, cy: sample.y, r: radius, fill: "none", stroke, "stroke-width": width }))),
    make("span", {}, name), twice("Delete", "Really delete?", told, away));
}

async function list() {
  const found = await get("/api/fingertips");
  byId("count").textContent = String(found.count);
  byId("kinds").textContent = `${found.hands} with a tip, ${found.empty} without a hand`;
  byId("none").hidden = found.count > 0;
  byId("list").replaceChildren(...found.last.map(card));
}

repeat(watch);
explain(watch, view);
watch.on("picture", show);
byId("view").addEventListener("click", event => { if (view.picture) save(view.place(event)); });
byId("view").addEventListener("keydown", press);
byId("hold").addEventListener("click", () => {
  if (watch.held) release();
  else if (view.picture) hold();
  else notice("notice", NO_DEVICE, true);
});
byId("save").addEventListener("click", () => save(view.cross));
byId("no-hand").addEventListener("click", () => save(null));
attempt("notice", list);
