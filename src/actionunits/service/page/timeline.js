// Timelines of one person's action units, one row each, drawn on a canvas that is a slider, too.

const ROW = 24;
const LEFT = 62;
const FOOT = 24;

export class Timeline {
  constructor(canvas, onSeek) {
    this.canvas = canvas;
    this.onSeek = onSeek;
    this.face = null;
    this.time = 0;
    this.duration = 0;
    this.aus = [];
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.seekTo(event);
    });
    canvas.addEventListener("pointermove", (event) => event.buttons && this.seekTo(event));
    canvas.addEventListener("keydown", (event) => this.key(event));
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  show(aus, face, duration) {
    this.aus = aus;
    this.face = face;
    this.duration = duration;
    this.canvas.style.height = `${aus.length * ROW + FOOT}px`;
    this.canvas.setAttribute("aria-valuemax", duration.toFixed(3));
    this.draw();
  }

  move(time) {
    if (time === this.time) return;
    this.time = time;
    this.draw();
  }

  seekTo(event) {
    const box = this.canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - LEFT) / (box.width - LEFT - 8);
    this.onSeek(Math.min(1, Math.max(0, share)) * this.duration);
  }

  key(event) {
    const steps = { ArrowLeft: -0.04, ArrowDown: -0.04, ArrowRight: 0.04, ArrowUp: 0.04 };
    const pages = { PageDown: -this.duration / 10, PageUp: this.duration / 10 };
    let time = this.time;
    if (event.key in steps) time += steps[event.key] * (event.shiftKey ? 25 : 1);
    else if (event.key in pages) time += pages[event.key];
    else if (event.key === "Home") time = 0;
    else if (event.key === "End") time = this.duration;
    else return;
    event.preventDefault();
    this.onSeek(Math.min(this.duration, Math.max(0, time)));
  }

  draw() {
    const { canvas } = this;
    canvas.setAttribute("aria-valuenow", this.time.toFixed(3));
    canvas.setAttribute("aria-valuetext", `${this.time.toFixed(2)} seconds of ${this.duration.toFixed(2)}`);
    const box = canvas.getBoundingClientRect();
    if (!box.width || !this.face) return;
    const ratio = window.devicePixelRatio || 1;
    canvas.width = Math.round(box.width * ratio);
    canvas.height = Math.round(box.height * ratio);
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const wide = box.width - LEFT - 8;
    const x = (time) => LEFT + (this.duration ? time / this.duration : 0) * wide;
    pen.font = "12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    this.aus.forEach((au, place) => {
      const base = (place + 1) * ROW - 3;
      pen.fillStyle = colour("--soft");
      pen.fillText(au, 4, base - ROW / 2 + 3);
      pen.fillStyle = colour("--track");
      pen.fillRect(LEFT, base, wide, 1);
      this.area(pen, au, base, x, colour("--weak"), false);
      this.area(pen, au, base, x, colour("--strong"), true);
    });
    this.axis(pen, box, x, colour("--soft"));
    pen.fillStyle = colour("--focus");
    pen.fillRect(x(this.time) - 1, 0, 2, this.aus.length * ROW);
  }

  // The intensity as an area; what occurs in a stronger colour.
  area(pen, au, base, x, colour, occurring) {
    const { timestamp, intensity, occurrence } = this.face;
    const high = ROW - 6;
    pen.fillStyle = colour;
    for (let i = 0; i < timestamp.length; i += 1) {
      const on = Boolean(occurrence[au][i]);
      const level = intensity[au][i];
      if (level === null || level <= 0 || (occurring && !on)) continue;
      const next = i + 1 < timestamp.length ? timestamp[i + 1] : timestamp[i] + 0.04;
      const right = Math.min(next, timestamp[i] + 1, this.duration);
      const size = (Math.min(5, level) / 5) * high;
      pen.fillRect(x(timestamp[i]), base - size, Math.max(1, x(right) - x(timestamp[i]) + 0.3), size);
    }
  }

  axis(pen, box, x, colour) {
    const steps = [0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800];
    const step = steps.find((each) => this.duration / each <= Math.max(3, box.width / 110)) ?? 3600;
    pen.fillStyle = colour;
    for (let time = 0; time <= this.duration + 1e-6; time += step) {
      const text = `${Math.round(time * 10) / 10} s`;
      const left = Math.min(x(time), box.width - pen.measureText(text).width - 2);
      pen.fillText(text, left, this.aus.length * ROW + FOOT / 2);
    }
  }
}
