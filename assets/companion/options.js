// The form of a job, made from what the server tells of each kind: numbers within bounds, and choices.

import { make } from "./dom.js";

const TITLES = { epochs: "Rounds over all pictures", scope: "What learns", source: "Network",
  layer: "Layer whose weights share values", clusters: "Number of values",
  zero_smallest: "Once more with the value nearest zero made zero", model: "Network",
  formats: "Number formats; the others are compared with the first" };
const WORDS = { head: "the last layer alone (quickest)", last: "its last stage too", deep: "its last three stages too",
  all: "the whole network", live: "the one in use", fp32: "fp32 (as it was trained)", fp16: "fp16 (half the size)",
  int8: "int8 (a quarter)", kmeans8: "256 shared values", kmeans5: "32 shared values", kmeans4: "16 shared values",
  kmeans3: "8 shared values", kmeans2: "4 shared values", pq: "product quantisation",
  "compute-fp16": "fp16, computed in fp16", "compute-int8": "int8, computed in int8" };

const title = option => TITLES[option.name] || option.name;
const word = choice => WORDS[choice] || String(choice);

// The fields of an option; `prefix` keeps their ids apart.
export function field(option, prefix) {
  return FIELDS[option.type](option, `${prefix}-${option.name}`);
}

const FIELDS = {
  number: (option, id) => make("div", { class: "field" }, make("label", { for: id }, title(option)),
    make("input", { id, name: option.name, type: "number", min: option.least, max: option.most, value: option.default,
      required: true, "aria-describedby": `${id}-bounds` }),
    make("p", { id: `${id}-bounds`, class: "quiet" }, `From ${option.least} to ${option.most}.`)),
  choice: (option, id) => make("div", { class: "field" }, make("label", { for: id }, title(option)),
    make("select", { id, name: option.name }, option.choices.map(choice =>
      make("option", { value: choice, selected: choice === option.default }, word(choice))))),
  several: (option, id) => make("fieldset", {}, make("legend", {}, title(option)),
    make("div", { class: "row" }, option.choices.map(choice => make("label", { class: "choice" },
      make("input", { type: "checkbox", name: option.name, value: choice, checked: option.default.includes(choice),
        id: `${id}-${choice}` }), word(choice))))),
  switch: (option, id) => make("label", { class: "choice" },
    make("input", { id, type: "checkbox", name: option.name, checked: option.default }), title(option)),
};

// What is chosen in a form, by the options' names.
export function read(options, form) {
  const boxes = name => [...form.elements].filter(element => element.name === name);
  const READ = {
    number: option => Number(form.elements[option.name].value),
    choice: option => form.elements[option.name].value,
    several: option => option.choices.filter(choice =>
      boxes(option.name).some(box => box.checked && box.value === String(choice))),
    switch: option => form.elements[option.name].checked,
  };
  return Object.fromEntries(options.map(option => [option.name, READ[option.type](option)]));
}
