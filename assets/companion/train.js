// Training: what came of it stands beside what is in use, and goes live only by a click.

import { get, post } from "./api.js";
import { byId, make, twice } from "./dom.js";
import { comparison, complaint, list, pictures } from "./figures.js";
import { Jobs } from "./jobs.js";
import { attempt } from "./page.js";
import { size } from "./words.js";

const TITLES = { fingertip: "Train the finger network", objects: "Train the object network",
  detector: "Train the detector", evaluate: "Measure a network in use" };
const NETWORKS = { fingertip: "Finger network", objects: "Object network", detector: "Detector" };

function outcome(job) {
  const { caution, no_before: unmeasured } = job.notes;
  const worse = complaint(job.before, job.after);
  return [caution ? make("p", { class: "notice" }, caution) : null,
    unmeasured ? make("p", { class: "quiet" }, `The network in use could not be measured: ${unmeasured}.`) : null,
    Object.keys(job.after).length ? comparison(job.before, job.after) : null,
    worse ? make("p", { class: "notice wrong" }, worse) : null,
    job.can_go_live ? make("div", { class: "row" }, make("button",
      { type: "button", class: worse ? "" : "main", click: () => goLive(job) }, "Let the new network go live")) : null,
    job.network.live ? make("p", {}, "This network is live now.") : null,
    Object.keys(job.figures).length ? list(job.figures) : null,
    job.pictures.length ? make("details", {}, make("summary", {}, "Pictures of the training"),
      pictures(job, name => `${name}, drawn by the training`)) : null].filter(Boolean);
}

async function goLive(job) {
  await attempt("notice", async () => {
    await post(`/api/jobs/${job.id}/go-live`);
    await Promise.all([showModels(), jobs.open(job.id)]);
    return "The new network is live. Roll back takes it away again.";
  });
  byId("models-title").focus();
}

async function rollBack(model) {
  await attempt("notice", async () => {
    await post(`/api/models/${model.name}/rollback`);
    await Promise.all([showModels(), jobs.shown ? jobs.open(jobs.shown.id) : null]);
    return `${NETWORKS[model.name]}: the one before is live again.`;
  });
  byId("models-title").focus();
}

async function showModels() {
  const models = await get("/api/models");
  byId("models").replaceChildren(...models.map(model => make("li", { class: "card" },
    make("h3", {}, NETWORKS[model.name] || model.name),
    make("p", { class: "quiet" }, `${size(model.bytes)}, ${model.installed ? "trained here" : "as it came"}`),
    model.can_roll_back ? make("div", { class: "row" }, twice("Roll back", "Really roll back?", NETWORKS[model.name],
      () => rollBack(model))) : null)));
}

const jobs = new Jobs(TITLES, outcome);
attempt("notice", showModels);
