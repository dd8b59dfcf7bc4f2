// The things that were taught: recorded, looked at, renamed, deleted, and taken back.

import { get, post, remove, upload } from "./api.js";
import { byId, make, refill, twice } from "./dom.js";
import { attempt, explain, repeat } from "./page.js";
import { Recorder } from "./recorder.js";
import { Viewfinder } from "./viewfinder.js";
import { Watch } from "./watch.js";
import { count } from "./words.js";

function card(thing) {
  const pictures = make("ul", { class: "pictures square" });
  const rename = renaming(thing);
  const details = make("details", { toggle: () => { if (details.open) showSamples(thing, pictures); } },
    make("summary", {}, "Pictures", make("span", { class: "unseen" }, `of ${thing.name}`)), pictures);
  return make("li", { class: "card" },
    make("h3", { id: `thing-${thing.id}`, tabindex: -1 }, thing.name),
    make("p", { class: "quiet" }, `${count(thing.samples, "picture")}${thing.voice ? ", named by voice" : ""}`),
    details, rename.form,
    make("div", { class: "row" }, rename.button, twice("Delete", "Really delete?", thing.name, () => away(thing))));
}

function renaming(thing) {
  const field = make("input", { id: `name-${thing.id}`, value: thing.name, maxlength: 60, required: true,
    autocomplete: "off" });
  const open = show => {
    form.hidden = !show;
    button.setAttribute("aria-expanded", String(show));
    (show ? field : button).focus();
  };
  const button = make("button", { type: "button", "aria-label": `Rename ${thing.name}`, "aria-expanded": "false",
    click: () => open(form.hidden) }, "Rename");
  const form = make("form", { hidden: true, keydown: event => { if (event.key === "Escape") open(false); },
    submit: event => { event.preventDefault(); renamed(thing, field.value.trim()); } },
    make("div", { class: "field" }, make("label", { for: field.id }, `New name of ${thing.name}`), field),
    make("div", { class: "row" }, make("button", { class: "main" }, "Save the name")));
  return { button, form };
}

async function renamed(thing, name) {
  await change(`/api/objects/${encodeURIComponent(thing.id)}/rename`, { name }, `Renamed ${thing.name} to ${name}.`);
  focusOn(thing.id);
}

async function away(thing) {
  const gone = await attempt("list-notice", async () => {
    await remove(`/api/objects/${encodeURIComponent(thing.id)}`);
    await list();
    return `Deleted ${thing.name}. Undo brings it back.`;
  });
  if (gone) byId("list-title").focus();
}

function change(path, body, told) {
  return attempt("list-notice", async () => {
    await post(path, body);
    await list();
    return told;
  });
}

async function showSamples(thing, pictures) {
  if (pictures.children.length) return;
  const path = `/api/objects/${encodeURIComponent(thing.id)}`;
  await attempt("list-notice", async () => {
    const numbers = await get(`${path}/samples`);
    pictures.replaceChildren(...numbers.map((number, place) => make("li", {},
      make("img", { src: `${path}/${number}.jpg`, alt: `${thing.name}, picture ${place + 1}`, loading: "lazy" }),
      numbers.length > 1 ? twice("Delete", "Really delete?", `picture ${place + 1} of ${thing.name}`,
        () => dropped(thing, `${path}/${number}`, place + 1)) : null)));
  });
}

async function dropped(thing, path, place) {
  const gone = await attempt("list-notice", async () => {
    await remove(path);
    await list();
    return `Deleted picture ${place} of ${thing.name}. Undo brings it back.`;
  });
  const title = byId(`thing-${thing.id}`);
  if (!gone || !title) return;
  title.focus();
  title.parentElement.querySelector("details").open = true; // the next one may be to go as well
}

function focusOn(id) {
  const title = byId(`thing-${id}`);
  if (title) title.focus();
}

let listed = "";

async function list() {
  const found = await get("/api/objects");
  if (JSON.stringify(found) === listed) return; // the device repeats what was changed here: nobody loses their place
  listed = JSON.stringify(found);
  byId("none").hidden = found.objects.length > 0;
  byId("undo").disabled = !found.undo;
  byId("waiting").hidden = !found.waiting;
  byId("waiting").textContent = `${count(found.waiting, "recording")} waiting for a name at the device.`;
  refill(byId("list"), found.objects.map(card));
  byId("names").replaceChildren(...found.objects.map(thing => make("option", { value: thing.name })));
}

let sending = false;

async function send(event) {
  event.preventDefault();
  const form = event.currentTarget;
  if (sending) return;
  sending = true;
  await attempt("upload-notice", async () => {
    await upload("/api/objects/upload", new FormData(form));
    const name = byId("upload-name").value;
    form.reset();
    await list();
    return `Taught ${name} from your pictures.`;
  });
  sending = false;
}

const view = new Viewfinder(byId("view"));
const watch = new Watch();
repeat(watch);
explain(watch, view);
watch.on("picture", picture => view.show(picture));
watch.on("device", ({ device }) => { byId("record").disabled = byId("toggle").disabled = !device; });
watch.on("changed", () => attempt("list-notice", list));
new Recorder(list);
byId("undo").addEventListener("click", () => change("/api/objects/undo", {}, "Taken back."));
byId("upload").addEventListener("submit", send);
attempt("list-notice", list);
