// A button that works while it is held: by pointer, by the space bar or Enter, and by the single click of a screen
// reader, which cannot hold: it begins and the next one ends.

export class HoldButton {
  // `begin` and `end` are called in turn; `button` says by aria-pressed which of them came last.
  constructor(button, begin, end) {
    Object.assign(this, { button, begin, end, down: false });
    button.addEventListener("pointerdown", event => { if (event.button === 0) this.start(event.pointerId); });
    for (const kind of ["pointerup", "pointercancel", "blur"]) button.addEventListener(kind, () => this.stop());
    button.addEventListener("keydown", event => this.key(event, () => { if (!event.repeat) this.start(); }));
    button.addEventListener("keyup", event => this.key(event, () => this.stop()));
    button.addEventListener("click", event => { if (event.detail === 0) this.toggle(); });
    button.addEventListener("contextmenu", event => event.preventDefault()); // a long touch is a hold here
  }

  key(event, act) {
    if (event.key !== " " && event.key !== "Enter") return;
    event.preventDefault(); // or it would click as well
    act();
  }

  start(pointer) {
    if (this.down) return;
    if (pointer !== undefined) this.button.setPointerCapture(pointer);
    this.down = true;
    this.button.setAttribute("aria-pressed", "true");
    this.begin();
  }

  stop() {
    if (!this.down) return;
    this.down = false;
    this.button.setAttribute("aria-pressed", "false");
    this.end();
  }

  toggle() {
    return this.down ? this.stop() : this.start();
  }
}
