// The live connection: pictures, guesses and words as they come. A picture is asked for when the last one is drawn, so
// nothing queues; nothing comes while the page is hidden, so that nobody is told of a watcher who does not look.

import { session } from "./api.js";

const FIRST_DELAY_MS = 1000, LONGEST_DELAY_MS = 15000;

export class Watch {
  // `pictures`: whether they are wanted, or the words alone.
  constructor({ pictures = true } = {}) {
    this.pictures = pictures;
    this.held = false;
    this.listeners = {};
    this.delay = FIRST_DELAY_MS;
    document.addEventListener("visibilitychange", () => (document.hidden ? this.close() : this.open()));
    if (!document.hidden) this.open();
  }

  // Have `listener` called with every message of a kind: picture, guesses, heard, state, changed, fault, recovered,
  // device ({device: bool}, with `lost` where it is this connection that is not there).
  on(kind, listener) {
    (this.listeners[kind] ||= []).push(listener);
    return this;
  }

  // Stay with the picture that is shown.
  hold() {
    this.held = true;
  }

  // Go on with the newest picture.
  release() {
    this.held = false;
    this.next();
  }

  open() {
    if (this.socket) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(`${scheme}//${location.host}/live`);
    socket.binaryType = "arraybuffer";
    socket.addEventListener("open", () => { this.delay = FIRST_DELAY_MS; });
    socket.addEventListener("message", event => this.hear(event.data));
    socket.addEventListener("close", () => { if (this.socket === socket) this.retry(); });
    this.socket = socket;
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  retry() {
    this.socket = null;
    this.tell("device", { device: false, lost: true });
    session().catch(() => {}); // if it is the session that has ended, this leads to the page for the code
    setTimeout(() => { if (!document.hidden) this.open(); }, this.delay);
    this.delay = Math.min(2 * this.delay, LONGEST_DELAY_MS);
  }

  async hear(data) {
    if (typeof data === "string") {
      const message = JSON.parse(data);
      return this.tell(message.kind, message);
    }
    if (!this.pictures) return undefined; // never answered, so no further one comes
    const picture = await unpack(data).catch(() => null); // a damaged one is passed over
    if (this.held) return undefined; // it was under way when the picture was held
    if (picture) this.tell("picture", picture);
    return requestAnimationFrame(() => this.next());
  }

  next() {
    if (!this.held && this.socket && this.socket.readyState === WebSocket.OPEN) this.socket.send("next");
  }

  tell(kind, message) {
    for (const listener of this.listeners[kind] || []) listener(message);
  }
}

// A picture: 4 bytes with the length of its description, the description, the frame and the crop as JPEG.
async function unpack(data) {
  const start = 4 + new DataView(data).getUint32(0);
  const about = JSON.parse(new TextDecoder().decode(new Uint8Array(data, 4, start - 4)));
  const end = data.byteLength - (about.has_crop ? about.crop_bytes : 0);
  const decode = bytes => createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  about.frame = await decode(new Uint8Array(data, start, end - start));
  about.crop = about.has_crop ? await decode(new Uint8Array(data, end)) : null;
  return about;
}
