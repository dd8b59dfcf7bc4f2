// Recording a new thing: held, it collects pictures of what is pointed at; they are looked through, named and kept.

import { get, post, remove } from "./api.js";
import { byId, make } from "./dom.js";
import { HoldButton } from "./holding.js";
import { attempt, notice } from "./page.js";
import { count } from "./words.js";

const POLL_MS = 500; // how often the recording is asked how far it is

// The burst that is being recorded or looked through; `taught` is called when it has become a thing.
export class Recorder {
  constructor(taught) {
    Object.assign(this, { taught, burst: null, keeping: false });
    this.hold = new HoldButton(byId("record"), () => this.begin(), () => this.end());
    byId("toggle").addEventListener("click", () => this.hold.toggle());
    byId("keep").addEventListener("submit", event => this.keep(event));
    byId("discard").addEventListener("click", () => this.discard());
  }

  async begin() {
    this.showRecording(true);
    this.began = attempt("notice", async () => {
      await this.forget();
      this.burst = (await post("/api/bursts")).id;
      return "Recording.";
    });
    if (await this.began) await attempt("notice", () => this.follow());
    else this.hold.stop();
  }

  // Tell how many pictures there are, until it ends by itself or is ended.
  async follow() {
    while (this.hold.down) {
      const { crops, recording } = await get(`/api/bursts/${this.burst}`);
      if (!recording) return this.hold.stop();
      if (this.hold.down) byId("record").textContent = `Recording: ${count(crops, "picture")}. Let go to stop`;
      await new Promise(resolve => { setTimeout(resolve, POLL_MS); });
    }
    return undefined;
  }

  async end() {
    this.showRecording(false);
    if (!await this.began) return; // a short press ends before the server has begun
    await attempt("notice", async () => {
      const { numbers } = await post(`/api/bursts/${this.burst}/stop`);
      return numbers.length ? this.look(numbers) : this.empty();
    });
  }

  showRecording(going) {
    byId("record").classList.toggle("recording", going);
    byId("record").textContent = going ? "Recording: let go to stop" : "Hold to record";
    byId("toggle").textContent = going ? "Stop recording" : "Record without holding";
  }

  async empty() {
    await this.forget();
    notice("notice", "Nothing was recorded: no finger was seen. Point at the thing while you record.", true);
  }

  look(numbers) {
    byId("review").hidden = false;
    byId("shots").replaceChildren(...numbers.map(number => this.shot(number)));
    byId("thing").focus();
    return `Recorded ${count(numbers.length, "picture")}. Name the thing, and keep it.`;
  }

  shot(number) {
    const name = `picture ${number + 1}`;
    const item = make("li", {},
      make("img", { src: `/api/bursts/${this.burst}/${number}.jpg`, alt: `Recorded ${name}` }),
      make("button", { type: "button", "aria-label": `Drop ${name}`, click: () => this.drop(number, item) }, "Drop"));
    return item;
  }

  async drop(number, item) {
    await attempt("notice", async () => {
      await remove(`/api/bursts/${this.burst}/${number}`);
      item.remove();
      byId("review-title").focus();
      return `Dropped picture ${number + 1}.`;
    });
    if (!byId("shots").children.length) await this.discard();
  }

  async keep(event) {
    event.preventDefault();
    const name = byId("thing").value.trim();
    if (!name) return notice("notice", "Give the thing a name first.", true);
    if (this.keeping) return undefined;
    this.keeping = true;
    await attempt("notice", async () => {
      await post(`/api/bursts/${this.burst}/keep`, { name });
      this.burst = null;
      this.close();
      await this.taught(name);
      return `Kept: ${name}.`;
    });
    this.keeping = false;
    return undefined;
  }

  async discard() {
    await attempt("notice", async () => {
      await this.forget();
      return "Discarded.";
    });
  }

  // Have the server forget the burst, if there is one.
  async forget() {
    const burst = this.burst;
    this.burst = null;
    this.close();
    if (burst) await remove(`/api/bursts/${burst}`);
  }

  close() {
    const inside = byId("review").contains(document.activeElement);
    byId("review").hidden = true;
    byId("thing").value = "";
    if (inside) byId("record").focus();
  }
}
