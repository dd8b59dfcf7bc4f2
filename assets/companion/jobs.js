// What is done in processes of their own: a form that starts it, the one that is shown, and the earlier ones.

import { say } from "./announcer.js";
import { get, post, remove } from "./api.js";
import { byId, make, prose, refill, twice } from "./dom.js";
import * as figures from "./figures.js";
import { field, read } from "./options.js";
import { attempt } from "./page.js";
import { moment } from "./words.js";

const POLL_MS = 1500;
const TRAINING = "Training"; // the step of a job that goes round by round
const MARKS = { done: ["\u2713 done", "good"], failed: ["\u2717 failed", "bad"], cancelled: ["cancelled", "quiet"] };

export class Jobs {
  // `titles`: the kinds of this page with their titles; `outcome(job)`: what it shows of one that is done, as elements.
  constructor(titles, outcome) {
    Object.assign(this, { titles, outcome, shown: null, drawn: "", kinds: [] });
    byId("start").addEventListener("submit", event => this.start(event));
    attempt("notice", () => this.list(true));
    setInterval(() => { if (this.shown && this.shown.state === "running" && !document.hidden) this.poll(); }, POLL_MS);
  }

  // Read the list again; at the first time also the form, and what runs.
  async list(first = false) {
    const found = await get("/api/jobs");
    this.kinds = Object.keys(this.titles).map(name => ({ name, ...found.kinds[name] }));
    const ours = found.last.filter(job => job.kind in this.titles);
    byId("no-jobs").hidden = ours.length > 0;
    refill(byId("jobs"), ours.map(job => this.entry(job)));
    if (!first) return;
    this.showForm();
    const going = ours.find(job => job.state === "running");
    if (going) await this.open(going.id);
  }

  showForm() {
    const choose = make("fieldset", {}, make("legend", {}, "What to do"), this.kinds.map((kind, place) =>
      make("label", { class: "choice" }, make("input", { type: "radio", name: "kind", value: kind.name,
        checked: place === 0, change: () => this.showOptions(kind) }), this.titles[kind.name])));
    this.options = make("div", { class: "stack" });
    byId("start").replaceChildren(choose, this.options);
    this.showOptions(this.kinds[0]);
  }

  showOptions(kind) {
    this.kind = kind;
    this.options.replaceChildren(make("p", { class: "quiet" }, kind.about),
      ...(kind.why_not ? [make("p", { class: "notice wrong" }, prose(`Not possible yet: ${kind.why_not}.`))]
        : [...kind.options.map(option => field(option, kind.name)),
          make("div", {}, make("button", { class: "main" }, "Start"))]));
  }

  async start(event) {
    event.preventDefault();
    await attempt("notice", async () => {
      const chosen = read(this.kind.options, event.target);
      const { id } = await post("/api/jobs", { kind: this.kind.name, ...chosen });
      await this.list();
      await this.open(id, true);
      return `Started: ${this.titles[this.kind.name]}.`;
    });
  }

  entry(job) {
    const name = `${this.titles[job.kind]}, ${moment(job.began)}`;
    const away = async () => {
      await attempt("notice", async () => {
        await remove(`/api/jobs/${job.id}`);
        if (this.shown && this.shown.id === job.id) this.close();
        await this.list();
        return `Deleted: ${name}.`;
      });
      byId("jobs-title").focus();
    };
    return make("li", { class: "card" }, make("h3", {}, this.titles[job.kind]),
      make("p", { class: "quiet" }, `${moment(job.began)}, ${job.state}`),
      make("div", { class: "row" },
        make("button", { type: "button", "aria-label": `Show ${name}`, click: () => this.open(job.id, true) }, "Show"),
        job.state === "running" ? null : twice("Delete", "Really delete?", name, away)));
  }

  // Show a job; `focus`: go to it.
  async open(id, focus = false) {
    await attempt("notice", async () => { this.shown = await get(`/api/jobs/${id}`); });
    if (!this.shown) return;
    this.drawn = "";
    byId("job").hidden = false;
    byId("job-title").textContent = this.titles[this.shown.kind];
    this.parts = { state: make("p"), row: make("div", { class: "row" }), curve: make("div", { class: "stack" }),
      outcome: make("div", { class: "stack" }), lines: make("pre", { tabindex: 0, "aria-label": "What it printed" }) };
    const { state, row, curve, outcome, lines } = this.parts;
    byId("job-body").replaceChildren(state, row, outcome, curve,
      make("details", {}, make("summary", {}, "What it printed"), lines));
    this.show(this.shown);
    if (focus) byId("job-title").focus();
  }

  close() {
    this.shown = null;
    byId("job").hidden = true;
  }

  async poll() {
    const { id } = this.shown;
    const job = await get(`/api/jobs/${id}`).catch(() => null); // the next poll may succeed
    if (!job || !this.shown || this.shown.id !== id) return;
    this.shown = job;
    this.show(job);
    if (job.state === "running") return;
    say(`${this.titles[job.kind]}: ${job.state}. ${job.reason || ""}`);
    await this.list();
  }

  show(job) {
    const { state, row, curve, outcome, lines } = this.parts;
    state.replaceChildren(...this.summary(job));
    lines.textContent = job.lines.join("\n");
    const drawn = `${job.state} ${job.curve.length}`;
    if (drawn === this.drawn) return; // nothing new, and nobody loses their place
    if (!this.drawn.startsWith(job.state)) {
      row.replaceChildren(...(job.state === "running"
        ? [make("progress", { "aria-label": `${this.titles[job.kind]} is running` }), this.stopper()] : []));
      outcome.replaceChildren(...(job.state === "done" ? this.outcome(job) : []));
    }
    this.drawn = drawn;
    if (job.curve.length && !curve.contains(document.activeElement)) {
      curve.replaceChildren(...figures.curves(job.curve));
    }
  }

  summary(job) {
    if (job.state !== "running") {
      const [text, colour] = MARKS[job.state];
      return [make("span", { class: `tag ${colour}` }, text), ...prose(job.reason ? `: ${job.reason}` : "")];
    }
    const rounds = job.step === TRAINING ? job.curve.length : 0;
    const round = rounds ? ` Round ${rounds} of ${job.options.epochs}.` : "";
    return [make("span", { class: "tag" }, `${job.step || "Beginning"} \u2026`), round];
  }

  stopper() {
    return make("button", { type: "button", click: () => attempt("notice", async () => {
      await post(`/api/jobs/${this.shown.id}/cancel`);
      await this.poll();
    }) }, "Cancel");
  }
}
