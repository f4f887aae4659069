// Faces on a canvas that lies over a picture or a video: a box, a name, landmarks.

const COLOURS = ["#56b4e9", "#e69f00", "#00b284", "#f0e442", "#de8cb6", "#f0781e"]; // Okabe and Ito's, lightened

export const colourOf = (faceId) => COLOURS[faceId % COLOURS.length];

// Where the medium lies within its box: both are centred, the medium keeps its shape.
function placed(canvas, width, height) {
  const scale = Math.min(canvas.width / width, canvas.height / height);
  return { scale, left: (canvas.width - width * scale) / 2, top: (canvas.height - height * scale) / 2 };
}

export function fit(canvas) {
  const box = canvas.getBoundingClientRect();
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(box.width * ratio);
  const height = Math.round(box.height * ratio);
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return ratio;
}

export function clear(canvas) {
  canvas.getContext("2d").clearRect(0, 0, canvas.width, canvas.height);
}

// faces: [{ id, box: [x, y, w, h], landmarks: [[x, y], ...] or undefined }] in pixels of the medium
// picture: drawn below them, where the medium itself is ahead of what is known of it
export function drawFaces(canvas, faces, width, height, chosen, picture) {
  const ratio = fit(canvas);
  clear(canvas);
  if (!width || !height) return;
  const pen = canvas.getContext("2d");
  const { scale, left, top } = placed(canvas, width, height);
  if (picture) {
    pen.fillStyle = "#0b0e10";
    pen.fillRect(0, 0, canvas.width, canvas.height);
    pen.drawImage(picture, left, top, width * scale, height * scale);
  }
  for (const face of faces) {
    const [x, y, w, h] = face.box;
    pen.lineWidth = (face.id === chosen ? 3 : 2) * ratio;
    pen.strokeStyle = "rgb(0 0 0 / 55%)";
    const rectangle = [left + x * scale, top + y * scale, w * scale, h * scale];
    pen.strokeRect(rectangle[0] + ratio, rectangle[1] + ratio, rectangle[2], rectangle[3]);
    pen.strokeStyle = colourOf(face.id);
    pen.strokeRect(...rectangle);
    if (face.landmarks) {
      pen.fillStyle = "rgb(255 255 255 / 90%)";
      const radius = Math.max(1.1 * ratio, (w * scale) / 160);
      for (const [u, v] of face.landmarks) {
        pen.beginPath();
        pen.arc(left + u * scale, top + v * scale, radius, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    label(pen, `person ${face.id}`, rectangle, colourOf(face.id), ratio);
  }
}

function label(pen, text, [x, y], colour, ratio) {
  const size = 13 * ratio;
  pen.font = `600 ${size}px system-ui, sans-serif`;
  const wide = pen.measureText(text).width + 10 * ratio;
  const high = size * 1.5;
  const left = Math.min(Math.max(0, x), pen.canvas.width - wide);
  const above = Math.max(0, y - high);
  pen.fillStyle = colour;
  pen.fillRect(left, above, wide, high);
  pen.fillStyle = "#12161a";
  pen.textBaseline = "middle";
  pen.fillText(text, left + 5 * ratio, above + high / 2);
}
