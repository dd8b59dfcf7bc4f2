// What a job has measured: curves while it runs, figures before and after, tables and pictures.

import { lineChart } from "./charts.js";
import { make, table } from "./dom.js";
import { figure } from "./words.js";

const NAMES = {
  n: "pictures measured", found: "hands found", mean_px: "mean error, pixels", median_px: "median error, pixels",
  p95_px: "95\u00a0% of errors below, pixels", rmse: "error in coordinates (rmse)", within_20px: "within 20 pixels",
  false_hands: "false hands", ms_per_image: "milliseconds a picture", top1: "right at once (top 1)",
  top5: "among the first five (top 5)", unknown_auroc: "unknown told from known", wrong_spoken: "wrong names spoken",
  answered: "answered", map50: "boxes right (mAP 50)", map50_95: "boxes exact (mAP 50 to 95)",
  weight_error: "change of the weights", moved_px: "points moved, pixels",
};

const MAIN = [["median_px", -1], ["top1", 1], ["map50", 1], ["taught things: right", 1],
  ["built-in names: right", 1]]; // 1: the more the better

const named = key => NAMES[key] || key.replace(/_/g, " ");

// One chart for each group of a curve: losses belong together, every other figure has a scale of its own.
export function curves(entries) {
  const keys = [...new Set(entries.flatMap(Object.keys))].filter(key => key !== "epoch");
  const losses = keys.filter(key => key.includes("loss"));
  const groups = [losses, ...keys.filter(key => !losses.includes(key)).map(key => [key])].filter(group => group.length);
  const line = key => ({ name: named(key), points: pairs(entries, key) });
  const chart = group => lineChart({ title: group === losses ? "Loss" : named(group[0]), across: "round",
    up: group === losses ? "loss" : named(group[0]), series: group.map(line) });
  const [first, ...others] = groups.map(chart);
  return [first, others.length ? make("details", {}, make("summary", {}, `${others.length} more curves`),
    make("div", { class: "stack" }, others)) : null].filter(Boolean);
}

const pairs = (entries, key) => entries.map((entry, place) => [entry.epoch ?? place + 1, entry[key]])
  .filter(([, value]) => Number.isFinite(value));

// Figures side by side: those of the network in use, and those of the new one.
export function comparison(before, after) {
  const [old, now] = [flat(before), flat(after)];
  return table("Before and after", [
    { name: "Figure", value: named },
    { name: "In use", number: true, value: key => figure(old[key]) },
    { name: "New", number: true, value: key => figure(now[key]) },
  ], Object.keys(now));
}

// The numbers among figures by their names; those of a group under "group: name". Those of single classes are too many.
function flat(figures, before = "") {
  return Object.fromEntries(Object.entries(figures).flatMap(([name, value]) => {
    if (typeof value === "number") return [[before + name, value]];
    return value && typeof value === "object" && !name.startsWith("per_") ? Object.entries(flat(value, `${name}: `)) : [];
  }));
}

// Whether the new network is worse by the figure that counts most for its kind, in words; empty where it is not.
export function complaint(before, after) {
  const [old, now] = [flat(before), flat(after)];
  const [key] = MAIN.find(([name, better]) => better * (now[name] - old[name]) < 0) || []; // never, where one is missing
  return key ? `On these pictures the new network is worse: ${named(key)} ${figure(old[key])} before, ${figure(now[key])} now.` : "";
}

export function list(figures) {
  return table("Figures", [{ name: "Figure", value: named },
    { name: "Measured", number: true, value: key => figure(flat(figures)[key]) }], Object.keys(flat(figures)));
}

// Rows of cells by their names, as the studies of compression print them.
export function rows(caption, found) {
  const keys = [...new Set(Object.values(found).flatMap(Object.keys))];
  return table(caption, [{ name: "Version", value: ([name]) => name },
    ...keys.map(key => ({ name: named(key), number: true, value: ([, cells]) => figure(cells[key]) }))],
  Object.entries(found));
}

// The pictures of a job, in natural order. `tell` gives the alternative text for a name without its ending.
export function pictures(job, tell) {
  const names = [...job.pictures].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return make("ul", { class: "pictures wide" }, names.map(name => {
    const title = name.replace(/\.\w+$/, "").replace(/[-_]/g, " ");
    const path = `/api/jobs/${job.id}/pictures/${encodeURIComponent(name)}`;
    return make("li", {}, make("figure", { class: "stack" },
      make("a", { href: path }, make("img", { src: path, alt: tell(title), loading: "lazy" })),
      make("figcaption", { class: "quiet" }, title)));
  }));
}
