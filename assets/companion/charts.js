// Line charts as SVG. The same numbers stand in a table behind each, for those who do not see lines.

import { draw, make, table } from "./dom.js";
import { figure } from "./words.js";

const WIDTH = 640, HEIGHT = 260, LEFT = 64, RIGHT = 16, TOP = 18, BOTTOM = 52;
const CURVES = 5; // so many are told apart by their dashes
const DASH = 8;

// A figure with the lines `series` ([{name, points: [[x, y], ...]}]); `open`: whether its table is.
export function lineChart({ title, across, up, series, open = false }) {
  const points = series.flatMap(line => line.points);
  const frame = measure(points);
  const shown = series.slice(0, CURVES);
  return make("figure", { class: "stack" },
    draw("svg", { class: "chart", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summary(title, shown) },
      grid(frame, across, up), shown.map((line, number) => curve(line.points, number, frame))),
    legend(shown),
    make("details", { open }, make("summary", {}, "The same as a table"),
      make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": `${title}: table` },
        table(title, columns(across, series), rows(series)))));
}

function summary(title, series) {
  const lines = series.filter(line => line.points.length).map(line => {
    const values = line.points.map(point => point[1]);
    return `${line.name} from ${figure(values[0])} to ${figure(values[values.length - 1])}`;
  });
  return `${title}. ${lines.length ? `${lines.join("; ")}.` : "No figures yet."}`;
}

// The ranges of both axes, and where a value lies.
function measure(points) {
  const xs = points.map(point => point[0]), ys = points.map(point => point[1]).filter(Number.isFinite);
  const [first, last] = xs.length ? [Math.min(...xs), Math.max(...xs)] : [0, 1];
  const step = niceStep(Math.max(...ys, 1e-9));
  const top = step * Math.ceil(Math.max(...ys, 1e-9) / step);
  return { first, last, top, step,
    x: value => LEFT + (WIDTH - LEFT - RIGHT) * (last > first ? (value - first) / (last - first) : 0.5),
    y: value => HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / top };
}

// 1, 2 or 5 times a power of ten, about a quarter of `top`.
function niceStep(top) {
  const power = 10 ** Math.floor(Math.log10(top / 4));
  return power * [1, 2, 5, 10].find(factor => factor * power >= top / 4);
}

function grid(frame, across, up) {
  const lines = [];
  for (let value = 0; value <= frame.top * 1.001; value += frame.step) {
    const y = frame.y(value);
    lines.push(draw("line", { class: "grid", x1: LEFT, x2: WIDTH - RIGHT, y1: y, y2: y }),
      draw("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, figure(Number(value.toPrecision(6)))));
  }
  return [...lines,
    draw("text", { x: LEFT, y: HEIGHT - BOTTOM + 22 }, figure(frame.first)),
    draw("text", { x: WIDTH - RIGHT, y: HEIGHT - BOTTOM + 22, "text-anchor": "end" }, figure(frame.last)),
    draw("text", { x: (LEFT + WIDTH - RIGHT) / 2, y: HEIGHT - 6, "text-anchor": "middle" },
      `${across}; upwards: ${up}`)];
}

function curve(points, number, frame) {
  const places = points.map(([x, y]) => [frame.x(x), frame.y(y)]);
  if (places.length === 1) places.push([places[0][0] + DASH, places[0][1]]); // one alone could not be seen
  const path = places.map(place => place.map(value => value.toFixed(1)).join());
  return draw("polyline", { class: `curve curve-${number}`, points: path.join(" "), "stroke-linecap": "round" });
}

const legend = series => make("ul", { class: "legend" }, series.map((line, number) => make("li", {},
  draw("svg", { class: "chart", viewBox: "0 0 36 10", "aria-hidden": "true" },
    draw("line", { class: `curve curve-${number}`, x1: 1, x2: 35, y1: 5, y2: 5 })), line.name)));

const columns = (across, series) => [{ name: across, value: row => figure(row.x) },
  ...series.map((line, number) => ({ name: line.name, number: true, value: row => figure(row.values[number]) }))];

function rows(series) {
  const all = [...new Set(series.flatMap(line => line.points.map(point => point[0])))].sort((a, b) => a - b);
  const maps = series.map(line => new Map(line.points));
  return all.map(x => ({ x, values: maps.map(map => map.get(x)) }));
}
