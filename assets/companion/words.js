// What is seen and measured, in plain English.

const ROWS = ["upper", "middle", "lower"];
const COLUMNS = ["left", "middle", "right"];
const HEADINGS = ["right", "down right", "down", "down left", "left", "up left", "up", "up right"];
const POOR = 0.05; // a guess of which less is sure is none

const third = (value, whole) => Math.min(2, Math.max(0, Math.floor(3 * value / whole)));

// "middle", "upper left", "lower middle", "right": where (x, y) lies in a picture of [height, width].
export function whereabouts(x, y, [height, width]) {
  const row = ROWS[third(y, height)], column = COLUMNS[third(x, width)];
  return row === column ? row : row === "middle" ? column : `${row} ${column}`;
}

// "up left": the direction (dx, dy), whose y runs downwards.
export function heading(dx, dy) {
  return HEADINGS[(Math.round(Math.atan2(dy, dx) / (Math.PI / 4)) + 8) % 8];
}

// "83 %"; what is not nothing is not called nothing.
export const percent = share => (share > 0 && share < 0.005 ? "below 1\u00a0%" : `${Math.round(100 * share)}\u00a0%`);

// One sentence or two for a picture and its guesses, for those who do not see it.
export function describe(picture, guesses) {
  if (!picture.tip) return "No hand in view.";
  const { x, y, dx, dy } = picture.tip;
  const finger = `Finger at the ${whereabouts(x, y, picture.size)}, pointing ${heading(dx, dy)}.`;
  if (!guesses.length) return finger;
  const { name, confidence } = guesses[0];
  return confidence < POOR ? `${finger} No good guess.` : `${finger} Guess: ${name} ${percent(confidence)}.`;
}

// "3 pictures", "1 picture".
export const count = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;

// "1.4 MB".
export function size(bytes) {
  for (const unit of ["bytes", "kB", "MB"]) {
    if (bytes < 1000) return `${unit === "MB" ? bytes.toFixed(1) : Math.round(bytes)} ${unit}`;
    bytes /= 1000;
  }
  return `${bytes.toFixed(1)} GB`;
}

// A figure with as many digits as one reads.
export function figure(value) {
  if (value === null || value === undefined) return "not measured";
  if (typeof value !== "number" || Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

// "14:05:09" of seconds since 1970.
export const clock = seconds => new Date(1000 * seconds).toLocaleTimeString("en-GB");

// "22 November 2026, 14:05".
export const moment = seconds =>
  new Date(1000 * seconds).toLocaleString("en-GB", { dateStyle: "long", timeStyle: "short" });
