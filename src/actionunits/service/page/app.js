// The page: what is chosen, sent, shown and downloaded.

import { ask, follow, Problem, send, signIn } from "/page/api.js";
import { Bars } from "/page/bars.js";
import { clear, colourOf, drawFaces } from "/page/draw.js";
import { facesOf, momentOf } from "/page/faces.js";
import { Timeline } from "/page/timeline.js";
import { Webcam } from "/page/webcam.js";

const $ = (id) => document.getElementById(id);
const bars = new Bars($("bars"), $("muscles"));
const timeline = new Timeline($("timeline"), (time) => {
  $("video").currentTime = time;
  timeline.move(time);
  drawMoment();
});

let about = null; // what /v1/models says
let view = null; // what is shown: { kind, faces or timelines, width, height, chosen, redraw }
let running = null; // what can be cancelled
let job = null;

const show = (element, on = true) => {
  element.hidden = !on;
};

function say(text) {
  show($("status-row"), Boolean(text));
  if ($("status").textContent !== text) $("status").textContent = text;
}

function fail(error) {
  if (error.name === "AbortError") return say("Cancelled.");
  if (error instanceof Problem && error.status === 401) return askToken();
  say("");
  $("error").textContent = error.message;
  return show($("error"));
}

function busy(on) {
  show($("progress"), on);
  show($("cancel"), on);
  for (const id of ["file", "webcam"]) $(id).disabled = on && id === "file";
  if (!on) $("progress").removeAttribute("value");
}

function reset() {
  running?.abort();
  running = null;
  show($("error"), false);
  show($("result"), false);
  for (const id of ["picture", "video", "timeline-box", "downloads", "report-box", "report"]) show($(id), false);
  $("report").removeAttribute("src");
  $("open-report").setAttribute("aria-expanded", "false");
  $("open-report").textContent = "Open the report";
  $("video").removeAttribute("src");
  $("video").load();
  if (view?.address) URL.revokeObjectURL(view.address);
  view = null;
  if (job) ask(`/v1/jobs/${job}`, { method: "DELETE" }).catch(() => {});
  job = null;
  clear($("overlay"));
}

function parameters(kind) {
  const chosen = new URLSearchParams({ model: $("model").value });
  if ($("max-faces").value) chosen.set("max_faces", $("max-faces").value);
  if (kind === "video") {
    chosen.set("every", $("every").value || 1);
    chosen.set("baseline", $("baseline").value);
  }
  return chosen;
}

const formats = () => [...$("formats").querySelectorAll("input:checked")].map((each) => each.value);
const ausOf = (model) => about.models.find((each) => each.name === model).aus;
const isVideo = (file) => file.type.startsWith("video/") || file.type === "image/gif" || /\.(mkv|avi|mts|mxf|mov|mp4|webm)$/i.test(file.name);

async function analyse(file) {
  reset();
  const kind = isVideo(file) ? "video" : "image";
  const most = about.limits[kind === "video" ? "video_bytes" : "picture_bytes"];
  if (file.size > most) {
    return fail(new Error(`${file.name}: has ${Math.ceil(file.size / 2 ** 20)} MiB, and ${Math.floor(most / 2 ** 20)} are taken.`));
  }
  running = new AbortController();
  const { signal } = running;
  busy(true);
  say(`Sending ${file.name} …`);
  const sent = (share) => {
    $("progress").value = share;
  };
  const chosen = parameters(kind);
  if (about.report) chosen.set("report", "true");
  try {
    if (kind === "image") {
      chosen.set("landmarks", "true");
      chosen.set("keep", "true");
      showPicture(file, await send(`/v1/images?${chosen}`, file, sent, signal));
    } else {
      chosen.set("overlay", "true");
      const begun = await send(`/v1/videos?${chosen}`, file, sent, signal);
      job = begun.id;
      await showVideo(file, await follow(begun.id, showProgress, signal));
    }
  } catch (error) {
    if (error.name === "AbortError" && job) await ask(`/v1/jobs/${job}`, { method: "DELETE" }).catch(() => {});
    fail(error);
  } finally {
    busy(false);
    running = null;
  }
  return undefined;
}

function showProgress(state) {
  $("progress").value = state.progress;
  const left = state.eta === null ? "" : `, ${Math.ceil(state.eta)} s left`;
  const total = state.frames_total ? ` of ${state.frames_total}` : "";
  if (state.state === "queued") say("Waiting for its turn …");
  else if (state.state === "running") say(`Analysing: ${Math.round(100 * state.progress)} % (frame ${state.frames}${total}${left})`);
}

function present(name, model) {
  show($("result"));
  $("source").classList.add("small");
  $("result-title").textContent = name;
  $("result-title").title = name;
  bars.show(ausOf(model));
}

function showPicture(file, answer) {
  job = answer.job;
  view = { kind: "image", width: answer.width, height: answer.height, address: URL.createObjectURL(file) };
  view.faces = facesOf(answer.rows, answer.faces);
  const found = view.faces.length;
  present(answer.source, answer.model);
  $("picture").src = view.address;
  $("picture").alt = `${answer.source}, with ${found} faces marked`;
  $("picture").onload = drawMoment;
  show($("picture"));
  const flagged = view.faces.filter((face) => face.flags).map((face) => `person ${face.id}: ${face.flags.replaceAll("|", ", ")}`);
  $("caption").textContent = flagged.length ? `To be doubted: ${flagged.join("; ")}.` : "";
  $("summary").textContent = found === 1 ? "1 face" : `${found} faces`;
  say(found ? `Done: ${$("summary").textContent}.` : "Done: no face was found in this picture.");
  people(view.faces.map((face) => face.id));
  offer();
  show($("report-box"), about.report);
  drawMoment();
}

async function showVideo(file, ended) {
  if (ended.state === "cancelled") return say("Cancelled.");
  if (ended.state !== "done") throw new Problem(ended.error);
  const lines = await ask(`/v1/jobs/${ended.id}/timelines`);
  view = { kind: "video", address: URL.createObjectURL(file), lines };
  present(ended.source, ended.model);
  const video = $("video");
  video.onerror = () => {
    video.onerror = null;
    view.drawn = true; // what the browser cannot play, it can in the service's copy, overlay drawn in
    video.src = `/v1/jobs/${ended.id}/media`;
  };
  video.src = view.address;
  show(video);
  for (const event of ["loadeddata", "seeked", "timeupdate"]) video.addEventListener(event, drawMoment);
  const missing = ended.frames_without_face ? `, ${ended.frames_without_face} without a face` : "";
  $("summary").textContent = `${ended.frames} frames${missing}, ${ended.faces} ${ended.faces === 1 ? "person" : "people"}`;
  $("caption").textContent = ended.warnings.join("; ");
  say(`Done in ${ended.seconds.toFixed(1)} s: ${$("summary").textContent}.`);
  people(lines.faces.map((face) => face.face_id));
  offer();
  show($("report-box"), ended.report);
  show($("timeline-box"), lines.faces.length > 0);
  choose(lines.faces[0]?.face_id ?? null);
  animate(video);
  return undefined;
}

// While the video plays, the overlay follows every frame, not only the few timeupdate events.
function animate(video) {
  const step = () => {
    if (!view || view.kind !== "video") return;
    if (!video.paused) drawMoment();
    requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}

function people(ids) {
  const group = $("people");
  group.replaceChildren();
  for (const id of ids) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.face = id;
    const swatch = document.createElement("span");
    swatch.className = "swatch";
    swatch.style.background = colourOf(id);
    button.append(swatch, `person ${id}`);
    button.onclick = () => choose(id);
    group.append(button);
  }
  show(group, ids.length > 1);
  if (ids.length) choose(ids[0]);
  else bars.set({});
}

function choose(id) {
  view.chosen = id;
  for (const button of $("people").children) button.setAttribute("aria-pressed", String(Number(button.dataset.face) === id));
  if (view.kind === "video" && id !== null) {
    timeline.show(view.lines.aus, view.lines.faces.find((face) => face.face_id === id), view.lines.duration);
  }
  if (view.kind !== "live") drawMoment();
}

function drawMoment() {
  if (!view) return;
  let { faces, width, height } = view;
  if (view.kind === "video") {
    const video = $("video");
    faces = momentOf(view.lines, video.currentTime);
    timeline.move(video.currentTime);
    [width, height] = [video.videoWidth, video.videoHeight];
  }
  if (view.kind === "video" && view.drawn) clear($("overlay"));
  else drawFaces($("overlay"), faces ?? [], width, height, view.chosen, view.picture);
  bars.set(faces?.find((face) => face.id === view.chosen)?.values ?? {});
}

function offer() {
  const files = [[`/v1/jobs/${job}/archive?formats=${formats().join(",")}`, "Everything (ZIP)", true]];
  for (const format of formats()) files.push([`/v1/jobs/${job}/result?format=${format}`, format]);
  files.push([`/v1/jobs/${job}/result?format=json`, "how it was made (JSON)"], [`/v1/jobs/${job}/overlay`, "overlay"]);
  if (about.report) files.push([`/v1/jobs/${job}/report?download=true`, "report"]);
  links(files);
}

function links(files) {
  $("files").replaceChildren(
    ...files.map(([address, text, first, name]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.className = first ? "button primary" : "button";
      link.href = address;
      link.download = name ?? "";
      link.textContent = text;
      item.append(link);
      return item;
    }),
  );
  show($("downloads"));
}

$("open-report").onclick = () => {
  const open = $("report").hidden;
  if (open && !$("report").getAttribute("src")) $("report").src = `/v1/jobs/${job}/report`;
  show($("report"), open);
  $("open-report").setAttribute("aria-expanded", String(open));
  $("open-report").textContent = open ? "Close the report" : "Open the report";
};
new MutationObserver(() => {
  if (job) $("report-tab").href = `/v1/jobs/${job}/report`;
}).observe($("report-box"), { attributes: true });

let webcam = null;

async function live() {
  if (webcam?.running) return webcam.stop();
  reset();
  view = { kind: "live" };
  present("Webcam", $("model").value);
  $("summary").textContent = "";
  $("caption").textContent = "";
  const video = $("video");
  show(video);
  video.controls = false;
  webcam = new Webcam(video, { onFrame: showLive, onEnd: endLive });
  try {
    say("Starting the webcam …");
    const chosen = parameters("image");
    chosen.set("landmarks", "true");
    await webcam.start(chosen);
    $("webcam").textContent = "Stop the webcam";
    say("Live. Pictures go to this service and are forgotten at once.");
  } catch (error) {
    webcam = null;
    video.controls = true;
    show($("result"), false);
    fail(error);
  }
  return undefined;
}

function showLive(message, picture, rate) {
  if (view?.kind !== "live") return;
  view.width = message.width;
  view.height = message.height;
  view.faces = facesOf(message.rows, message.faces);
  const ids = view.faces.map((face) => face.id).join();
  if (ids !== view.ids) {
    const before = view.chosen;
    view.ids = ids;
    people(view.faces.map((face) => face.id));
    if (view.faces.some((face) => face.id === before)) choose(before);
  }
  view.picture = picture;
  $("caption").textContent = `${rate.toFixed(0)} frames/s, ${message.dropped} dropped, ${view.faces.length} in view`;
  drawMoment();
  view.picture = null; // it is let go of once it is drawn
}

function endLive(problem) {
  $("webcam").textContent = "Start the webcam";
  $("video").controls = true;
  if (problem) fail(new Problem(problem));
  else say(`Webcam stopped after ${webcam.answered} frames.`);
  if (webcam.rows.length) {
    const file = (text, type) => URL.createObjectURL(new Blob([text], { type }));
    links([
      [file(webcam.csv(), "text/csv"), "csv", true, "webcam.csv"],
      [file(webcam.jsonl(), "application/x-ndjson"), "jsonl", false, "webcam.jsonl"],
    ]);
  }
}

function askToken() {
  say("");
  if (!$("sign-in").open) $("sign-in").showModal();
}

$("sign-in-form").onsubmit = async (event) => {
  event.preventDefault();
  try {
    await signIn($("token").value);
    $("token").value = "";
    $("sign-in").close();
    await begin();
  } catch (error) {
    $("sign-in-error").textContent = error.message;
  }
};

async function begin() {
  try {
    about = await ask("/v1/models");
  } catch (error) {
    return fail(error);
  }
  $("model").replaceChildren(...about.models.map((each) => new Option(`${each.name} ${each.version}`, each.name, false, each.name === about.default)));
  const boxes = about.formats.map((format) => {
    const label = document.createElement("label");
    const box = Object.assign(document.createElement("input"), { type: "checkbox", value: format, checked: format === "csv" });
    label.append(box, format);
    return label;
  });
  $("formats").replaceChildren($("formats").firstElementChild, ...boxes);
  $("keeping").textContent = `Uploads are deleted when they have been analysed, results after ${Math.round(about.limits.keep_seconds / 60)} minutes.`;
  return undefined;
}

$("formats").onchange = () => job && !$("downloads").hidden && offer();
$("file").onchange = (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) {
    webcam?.stop();
    analyse(file);
  }
};
$("webcam").onclick = live;
$("cancel").onclick = () => running?.abort();
const drop = $("drop");
for (const kind of ["dragenter", "dragover"]) {
  document.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
}
document.addEventListener("dragleave", (event) => event.relatedTarget === null && drop.classList.remove("over"));
document.addEventListener("drop", (event) => {
  event.preventDefault();
  drop.classList.remove("over");
  const [file] = event.dataTransfer.files;
  if (file && about) {
    webcam?.stop();
    analyse(file);
  }
});
new ResizeObserver(() => view?.kind !== "live" && drawMoment()).observe($("frame"));
begin();
