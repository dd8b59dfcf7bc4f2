// The camera's picture on a canvas, with the fingertip, the square that is looked at, and a cross-hair.

import { prose } from "./dom.js";

const DARK = "rgb(0 0 0 / 75%)", LIGHT = "#ffffff", TIP = "#7dffb0", SQUARE = "#ffd23c", CROSS = "#ffffff";

export class Viewfinder {
  // `holder`: an element of class "view" that holds a canvas and what is said while there is no picture; `square`:
  // whether what is looked at is outlined.
  constructor(holder, { square = true } = {}) {
    this.square = square;
    this.canvas = holder.querySelector("canvas");
    this.absent = holder.querySelector(".absent");
    this.picture = null;
    this.cross = null;
  }

  show(picture) {
    if (this.picture) this.picture.frame.close(); // or its memory is let go of at some time or other
    this.picture = picture;
    this.absent.hidden = true;
    this.paint();
  }

  // Say why there is no picture.
  blank(text) {
    this.picture = null;
    this.absent.replaceChildren(...prose(text));
    this.absent.hidden = false;
  }

  // Put the cross-hair at {x, y} in pixels of the camera's picture, or take it away with null.
  mark(cross) {
    this.cross = cross;
    if (this.picture) this.paint();
  }

  // Where a pointer is, in pixels of the camera's picture.
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const [height, width] = this.picture.size;
    const inside = (share, whole) => Math.min(whole - 1, Math.max(0, Math.round(share * whole)));
    return { x: inside((event.clientX - box.left) / box.width, width),
             y: inside((event.clientY - box.top) / box.height, height) };
  }

  paint() {
    const { frame, size, tip, outline } = this.picture;
    if (this.canvas.width !== frame.width) this.canvas.width = frame.width;
    if (this.canvas.height !== frame.height) this.canvas.height = frame.height;
    const pen = this.canvas.getContext("2d");
    const scale = frame.width / size[1];
    pen.drawImage(frame, 0, 0);
    if (outline && this.square) {
      const [left, top, right, bottom] = outline.map(edge => edge * scale);
      stroke(pen, SQUARE, () => pen.rect(left, top, right - left, bottom - top));
    }
    if (this.cross) drawCross(pen, this.cross.x * scale, this.cross.y * scale, this.canvas);
    else if (tip) drawTip(pen, tip, scale);
  }
}

// A picture alone, such as the crop.
export function paste(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
  bitmap.close();
}

// A light line upon a dark one is seen on any picture.
function stroke(pen, colour, trace, width = 2.5) {
  pen.lineCap = pen.lineJoin = "round";
  for (const [style, thickness] of [[DARK, width + 3], [colour, width]]) {
    pen.beginPath();
    trace();
    pen.strokeStyle = style;
    pen.lineWidth = thickness;
    pen.stroke();
  }
}

function drawTip(pen, { x, y, dx, dy }, scale) {
  const [left, top] = [x * scale, y * scale];
  stroke(pen, TIP, () => { pen.moveTo(left, top); pen.lineTo(left + 34 * dx, top + 34 * dy); });
  stroke(pen, TIP, () => pen.arc(left, top, 8, 0, 2 * Math.PI));
}

function drawCross(pen, x, y, { width, height }) {
  const gap = 6;
  stroke(pen, CROSS, () => {
    pen.moveTo(0, y); pen.lineTo(x - gap, y); pen.moveTo(x + gap, y); pen.lineTo(width, y);
    pen.moveTo(x, 0); pen.lineTo(x, y - gap); pen.moveTo(x, y + gap); pen.lineTo(x, height);
  }, 1.5);
  pen.fillStyle = LIGHT;
  pen.fillRect(x - 1, y - 1, 2, 2);
}
