// What every page has but that for the code: signing out, notices, and what the device says.

import { say } from "./announcer.js";
import { askForCode, post, Refused } from "./api.js";
import { byId, make, prose } from "./dom.js";

export const NO_DEVICE = "The device is not running. Start it with `fingerpost run`.";
export const NO_CONNECTION = "There is no connection to the device's live view. It is tried again by itself.";
export const ASLEEP = "The device is asleep, and shows nothing.";

// Show a notice at its place on the page, and have it read out.
export function notice(place, text, wrong = false) {
  const element = byId(place);
  element.classList.toggle("wrong", wrong);
  element.replaceChildren(...prose(text));
  if (text) say(text.replace(/`/g, ""));
}

// Do what the user asked for; what goes wrong is told at `place`. Tells whether it was done.
export async function attempt(place, work) {
  try {
    const text = await work();
    if (text) notice(place, text);
    return true;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    notice(place, error.message, true);
    return false;
  }
}

// Say in a viewfinder why there is no picture, while there is none.
export function explain(watch, view) {
  watch.on("device", ({ device, lost }) => {
    if (!device && !watch.held) view.blank(lost ? NO_CONNECTION : NO_DEVICE);
  });
  watch.on("state", ({ mode }) => { if (mode === "asleep" && !watch.held) view.blank(ASLEEP); });
}

// Whether what was heard is a sound without words, such as [finger].
export const isSound = text => text.startsWith("[");

// Repeat what the device says, in its own language, and tell when it comes and goes.
export function repeat(watch) {
  let language = "en", there = null;
  watch.on("state", state => { language = state.preferences ? state.preferences.language : language; });
  watch.on("heard", heard => {
    if (isSound(heard.text)) return;
    byId("heard").replaceChildren("The device says ", make("q", { lang: language }, heard.text));
    say(`The device says: ${heard.text}`, language);
  });
  watch.on("device", ({ device, lost }) => {
    if (device === there) return;
    const back = there === false;
    there = device;
    byId("heard").replaceChildren(...prose(device ? "The device is running." : lost ? NO_CONNECTION : NO_DEVICE));
    if (!device || back) say(byId("heard").textContent);
  });
}

async function leave() {
  await attempt("heard", async () => { await post("/api/leave"); });
  askForCode();
}

byId("leave").addEventListener("click", leave);
