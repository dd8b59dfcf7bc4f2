// Compression: what fewer values and smaller number formats cost, as tables and stem plots.

import { make } from "./dom.js";
import { pictures, rows } from "./figures.js";
import { Jobs } from "./jobs.js";
import { count } from "./words.js";

const TITLES = { study: "Few values in one layer", report: "Number formats of a network" };

function outcome(job) {
  const found = job.table;
  const problems = Object.entries(found.problems || {});
  return [make("p", { class: "quiet" }, about(job, found)),
    found.table ? rows("Size against error", found.table) : null,
    problems.length ? make("ul", {}, problems.map(([name, problem]) => make("li", {}, `${name}: ${problem}`))) : null,
    job.pictures.length ? pictures(job, name => describe(job, name)) : null].filter(Boolean);
}

function about(job, found) {
  if (job.kind === "report") return "Every format of the network, measured on the same pictures.";
  return `Layer ${found.layer}: ${count(found.outputs, "output")} of ${count(found.weights, "weight")} each, `
    + `measured on ${count(found.n, "labelled picture")}.`;
}

// What a picture shows; the numbers behind it stand in the table above.
function describe(job, name) {
  if (job.kind === "report") {
    return "Error over the size of the file, a mark for each format; the table has the numbers";
  }
  return `Stem plot of layer ${job.options.layer}, ${name}: each weight as a stem before and after, with the shared `
    + "values as dashed lines";
}

new Jobs(TITLES, outcome);
