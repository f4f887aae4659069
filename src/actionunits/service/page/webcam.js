// The webcam: frames go to the service as JPEG, one or two at a time on their way; rows come back.

import { streamAddress } from "/page/api.js";

const SIDE = 640; // the longer side of what is sent, pixels
const ON_THEIR_WAY = 2;
const MOST_ROWS = 200_000;

export class Webcam {
  constructor(video, { onFrame, onEnd }) {
    this.video = video;
    this.onFrame = onFrame;
    this.onEnd = onEnd;
    this.rows = [];
    this.pictures = new Map(); // those on their way, by time
    this.sent = this.answered = this.dropped = 0;
    this.running = false;
  }

  async start(parameters) {
    if (!navigator.mediaDevices) throw new Error("This browser gives pages at this address no camera. Open the page as 127.0.0.1 or over HTTPS.");
    try {
      this.media = await navigator.mediaDevices.getUserMedia({ video: { width: { ideal: 1280 } }, audio: false });
    } catch (error) {
      throw new Error(`The camera cannot be used (${error.name}). Check that it is plugged in and that this page may use it.`);
    }
    this.video.srcObject = this.media;
    this.video.muted = true;
    await this.video.play();
    this.canvas = document.createElement("canvas");
    this.running = true;
    this.socket = new WebSocket(streamAddress(parameters));
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = (event) => this.take(JSON.parse(event.data));
    this.socket.onclose = () => this.stop();
    this.began = performance.now();
  }

  take(message) {
    if (message.type === "problem") {
      this.problem = message.error;
      return;
    }
    if (message.type === "frame") {
      this.answered += 1;
      this.dropped = message.dropped;
      const kept = message.rows.map((row) => ({ ...row, source: "webcam" }));
      if (this.rows.length < MOST_ROWS) this.rows.push(...kept);
      this.onFrame(message, this.pictures.get(message.timestamp), (1000 * this.answered) / (performance.now() - this.began));
      for (const [time, picture] of this.pictures) {
        if (time > message.timestamp) break;
        picture.close();
        this.pictures.delete(time);
      }
    }
    this.next();
  }

  // One frame after the other, and no more than a few on their way.
  async next() {
    if (this.busy) return;
    this.busy = true;
    while (this.running && this.sent - this.answered - this.dropped < ON_THEIR_WAY) await this.sendFrame();
    this.busy = false;
  }

  async sendFrame() {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      return;
    }
    const scale = Math.min(1, SIDE / Math.max(videoWidth, videoHeight));
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    this.canvas.getContext("2d").drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    const time = (performance.now() - this.began) / 1000;
    const blob = await new Promise((resolve) => this.canvas.toBlob(resolve, "image/jpeg", 0.85));
    if (!this.running || this.socket.readyState !== WebSocket.OPEN) return;
    const jpeg = new Uint8Array(await blob.arrayBuffer());
    const message = new Uint8Array(8 + jpeg.length);
    new DataView(message.buffer).setFloat64(0, time);
    message.set(jpeg, 8);
    this.pictures.set(time, await createImageBitmap(this.canvas));
    this.socket.send(message);
    this.sent += 1;
  }

  stop() {
    if (!this.running) return;
    this.running = false;
    this.socket.close();
    for (const track of this.media.getTracks()) track.stop();
    this.video.srcObject = null;
    for (const picture of this.pictures.values()) picture.close();
    this.pictures.clear();
    this.onEnd(this.problem);
  }

  csv() {
    if (!this.rows.length) return "";
    const names = Object.keys(this.rows[0]);
    const cell = (value) => (value === null ? "" : /[",\r\n]/.test(String(value)) ? `"${String(value).replaceAll('"', '""')}"` : value);
    return [names.join(","), ...this.rows.map((row) => names.map((name) => cell(row[name])).join(","))].join("\n") + "\n";
  }

  jsonl() {
    return this.rows.map((row) => `${JSON.stringify(row)}\n`).join("");
  }
}
