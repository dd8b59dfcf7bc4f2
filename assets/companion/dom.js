// Elements of the page: found by id, or made. Text is always set as text, so nothing that was typed becomes markup.

const SVG = "http://www.w3.org/2000/svg";

export const byId = id => document.getElementById(id);

// An element with its attributes (a function becomes the listener of that event) and what is in it.
export function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

// The same for what is drawn.
export function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter(child => child !== null && child !== undefined));
  return element;
}

// A text in which commands stand between backticks, as text and code.
export function prose(text) {
  return text.split("`").map((part, place) => (place % 2 ? make("code", {}, part) : part));
}

// A table that becomes a list of small cards on narrow screens. A column is {name, value(row), number, text}; the first
// names its row. Figures stand on the right, and long texts break anywhere.
export function table(caption, columns, rows) {
  const kind = column => (column.number ? "number" : column.text ? "text" : null);
  const cell = (column, row, place) => make(place ? "td" : "th", {
    scope: place ? null : "row", "data-name": column.name, class: kind(column) }, column.value(row));
  return make("table", { class: "flow" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, columns.map(column =>
      make("th", { scope: "col", class: kind(column) }, column.name)))),
    make("tbody", {}, rows.map(row => make("tr", {}, columns.map((column, place) => cell(column, row, place))))));
}

// Put new children in place of the old ones; the focus stays on the button of the same name, if there still is one.
export function refill(element, children) {
  const focused = element.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  element.replaceChildren(...children);
  const again = [...element.querySelectorAll("[aria-label]")].find(one => one.getAttribute("aria-label") === focused);
  if (again) again.focus();
}

// A button that asks first: the second press does it; leaving the button, or Escape, takes the first press back.
export function twice(label, question, name, act) {
  const button = make("button", { type: "button", "aria-label": `${label} ${name}` }, label);
  const disarm = () => {
    button.classList.remove("armed");
    button.textContent = label;
    button.setAttribute("aria-label", `${label} ${name}`);
  };
  button.addEventListener("click", () => {
    if (button.classList.contains("armed")) return act(button);
    button.classList.add("armed");
    button.textContent = question;
    button.setAttribute("aria-label", `${question} ${label} ${name}: press again`);
    button.focus(); // some browsers do not by themselves, and then there would be no leaving
  });
  button.addEventListener("blur", disarm);
  button.addEventListener("keydown", event => { if (event.key === "Escape") disarm(); });
  return button;
}
