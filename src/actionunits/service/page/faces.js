// From what the service answers to faces that can be drawn.

import { levelsOf } from "/page/bars.js";

// The faces in rows of the results table, with their landmarks.
export function facesOf(rows, faces) {
  const points = new Map(faces.map((face) => [face.face_id, face.landmarks]));
  return rows
    .filter((row) => row.success)
    .map((row) => ({
      id: row.face_id,
      box: [row.face_x, row.face_y, row.face_w, row.face_h],
      landmarks: points.get(row.face_id),
      values: levelsOf(row),
      flags: row.flags,
    }));
}

// The place in sorted times that is nearest to a moment; -1 where none is near.
function nearest(times, moment) {
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < moment) low = middle + 1;
    else high = middle;
  }
  if (low > 0 && moment - times[low - 1] < times[low] - moment) low -= 1;
  const gap = times.length > 1 ? (times.at(-1) - times[0]) / (times.length - 1) : 0.1;
  return Math.abs(times[low] - moment) <= Math.max(0.1, 1.5 * gap) ? low : -1;
}

// The faces of a video at a moment.
export function momentOf(lines, time) {
  const faces = [];
  for (const face of lines.faces) {
    const place = nearest(face.timestamp, time);
    if (place < 0) continue;
    const values = Object.fromEntries(lines.aus.map((au) => [au, { level: face.intensity[au][place], on: face.occurrence[au][place] }]));
    faces.push({ id: face.face_id, box: face.box[place], values });
  }
  return faces;
}
