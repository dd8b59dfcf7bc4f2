// How the device is: doctor's checks, how long each stage takes, the log, and what was said.

import { lineChart } from "./charts.js";
import { get, remove } from "./api.js";
import { byId, make, prose, table, twice } from "./dom.js";
import { attempt } from "./page.js";
import { clock, count, figure } from "./words.js";

const TIMINGS_MS = 2000, LOGS_MS = 3000;
const MOMENTS = 60, RECORDS = 300;
const STATES = { ok: ["\u2713 good", "good"], warn: ["! doubtful", "doubt"], fail: ["\u2717 bad", "bad"] };

async function check() {
  if (!byId("checking").hidden) return;
  byId("checking").hidden = false;
  await attempt("checks-notice", async () => {
    const { checks } = await get("/api/health/checks");
    const bad = checks.filter(one => one.state === "fail").length;
    byId("checks").replaceChildren(table("Checks", [
      { name: "What", value: one => one.name },
      { name: "How it is", value: one => tag(one.state) },
      { name: "Found", text: true, value: one => prose(one.text) },
      { name: "What to do", text: true, value: one => prose(one.remedy || "nothing") },
    ], checks));
    return `${count(checks.length, "check")} made, ${bad || "none"} bad.`;
  });
  byId("checking").hidden = true;
}

function tag(state) {
  const [text, colour] = STATES[state] || [state, "quiet"];
  return make("span", { class: `tag ${colour}` }, text);
}

const moments = []; // {at, stages}, newest last
let opened = false; // whether the chart's table is

async function showTimings() {
  const now = await get("/api/health/timings").catch(() => null);
  byId("no-timings").hidden = Boolean(now);
  if (!now) return;
  moments.push({ at: moments.length ? moments[moments.length - 1].at + TIMINGS_MS / 1000 : 0, stages: now.stages });
  if (moments.length > MOMENTS) moments.shift();
  byId("rate").textContent = figure(now.frames_per_second);
  byId("stages").replaceChildren(table("Stages now", [
    { name: "Stage", value: row => row[0] },
    { name: "Median ms", number: true, value: row => figure(row[1].median_ms) },
    { name: "Mean ms", number: true, value: row => figure(row[1].mean_ms) },
    { name: "95\u00a0% below, ms", number: true, value: row => figure(row[1].p95_ms) },
    { name: "Measured", number: true, value: row => figure(row[1].n) },
  ], Object.entries(now.stages)));
  drawTimings();
}

function drawTimings() {
  const held = byId("timings").contains(document.activeElement);
  if (held) return; // whoever reads the table is not to lose their place
  const details = byId("timings").querySelector("details");
  if (details) opened = details.open;
  const names = Object.keys(moments[moments.length - 1].stages);
  byId("timings").replaceChildren(lineChart({ title: "Median time of each stage", across: "seconds", up: "milliseconds",
    open: opened, series: names.map(name => ({ name, points: moments.filter(moment => moment.stages[name])
      .map(moment => [moment.at, moment.stages[name].median_ms]) })) }));
}

let last = 0;

async function showLogs() {
  const found = await get(`/api/health/logs?after=${last}`).catch(() => null);
  if (!found || !found.records.length) return;
  last = found.records[found.records.length - 1].number;
  byId("no-logs").hidden = true;
  byId("logs").prepend(...found.records.reverse().map(record => make("li", { "data-level": record.level.toLowerCase() },
    make("time", {}, clock(record.at)), make("span", { class: "tag" }, record.level.toLowerCase()), " ",
    prose(record.text))));
  while (byId("logs").children.length > RECORDS) byId("logs").lastChild.remove();
  filterLogs();
}

function filterLogs() {
  const grave = byId("grave").checked;
  for (const line of byId("logs").children) line.hidden = grave && ["debug", "info"].includes(line.dataset.level);
}

async function showDiary() {
  const { on, days } = await get("/api/diary");
  byId("diary-on").textContent = on ? "It is kept on this device, for today and yesterday."
    : "It is not kept: that is switched off.";
  byId("diary").replaceChildren(...days.map(day => make("section", {},
    make("h3", {}, new Date(`${day.day}T12:00`).toLocaleDateString("en-GB", { dateStyle: "full" })),
    make("ol", { class: "lines scroll", tabindex: 0, "aria-label": `Said on ${day.day}, newest first` },
      day.lines.reverse().map(line => make("li", {}, make("time", {}, clock(line.at)), line.text))))));
  if (!days.length) byId("diary").replaceChildren(make("p", { class: "quiet" }, "Nothing is kept."));
}

const forget = () => attempt("diary-notice", async () => {
  await remove("/api/diary");
  await showDiary();
  byId("diary-title").focus();
  return "What was said is deleted.";
});

function every(milliseconds, work) {
  work();
  setInterval(() => { if (!document.hidden) work(); }, milliseconds);
}

byId("check").addEventListener("click", check);
byId("grave").addEventListener("change", filterLogs);
byId("diary-actions").append(twice("Delete", "Really delete?", "what was said", forget));
every(TIMINGS_MS, showTimings);
every(LOGS_MS, showLogs);
attempt("diary-notice", showDiary);
