"""The analysed picture with what was found in it drawn on top."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.results.frames import FaceResult, FrameResult
from actionunits.viz.arrangement import Subject, arrange
from actionunits.viz.layout import Measures, Rect
from actionunits.viz.marks import draw_box, draw_contours, draw_points, draw_tag
from actionunits.viz.palette import Picture, darken, face_colour, lighten
from actionunits.viz.panel import Row, draw_panel, rows_of
from actionunits.viz.text import line_height, shortened, text_ink, text_width, write

Points = Literal["mesh", "68", "none"]

_READABLE = 480  # pixels: the shorter side from which the text is comfortable to read
_LARGEST = 4096  # pixels: the longer side over which a still picture is not enlarged
_FAR = 1 << 14  # pixels: boxes that reach farther are drawn as if they ended here


def still_scale(height: int, width: int) -> int:
    """How many times a still picture of that size should be enlarged so that its text can be read.

    >>> still_scale(256, 256), still_scale(720, 1280)
    (2, 1)
    """
    return max(1, min(-(-_READABLE // max(min(height, width), 1)), _LARGEST // max(height, width, 1)))


@dataclass(frozen=True)
class Overlay:
    """How an analysed picture is drawn.

    Every face gets a box and a tag in its person's colour, contours or points, and a panel with a bar for each action
    unit: the bar's length is the intensity, 0-5, with ticks at A to E (the probability, without ticks, where the model
    says no intensity); it has the person's colour where the action unit occurs and is grey where not; the small number
    is the probability. The line at the bottom names the source, the
    frame and its time.

    Attributes:
        points: ``"mesh"`` for the contours of the face mesh, ``"68"`` for the iBUG landmarks, ``"none"``.
        boxes: whether boxes and tags are drawn.
        bars: whether panels are drawn.
        footer: whether the source and the time are written.
        min_intensity: action units below it are not listed, 0-5.
        aus_shown: the action units that panels list, in this order; ``None`` for all of the analysis.

    Raises:
        UsageError: ``points`` is another word, or ``min_intensity`` is not in 0-5.
    """

    points: Points = "mesh"
    boxes: bool = True
    bars: bool = True
    footer: bool = True
    min_intensity: float = 0.0
    aus_shown: AUSet | None = None

    def __post_init__(self) -> None:
        if self.points not in get_args(Points):
            known = ", ".join(map(repr, get_args(Points)))
            raise UsageError(f"points={self.points!r}", "no such way to draw a face", f"Choose one of {known}")
        if not 0 <= self.min_intensity <= 5:
            raise UsageError(
                f"min_intensity={self.min_intensity}",
                "not an intensity",
                "Give a number from 0 to 5, where 1-5 are A-E",
            )

    def draw(self, result: FrameResult, aus: AUSet, *, canvas_scale: int = 1) -> Picture:
        """Draw one frame.

        Args:
            result: the frame; its image is read, never changed.
            aus: the action units of the result's probabilities, in their order.
            canvas_scale: enlarge the picture so many times before drawing, 1 or more; :func:`still_scale` says how
                much a small still picture needs. Frames of a video keep their size with 1.

        Returns:
            A new (H * canvas_scale, W * canvas_scale, 3) uint8 RGB picture.

        Raises:
            UsageError: the image is not (H, W, 3) uint8, ``canvas_scale`` is below 1, the result has not as many values
                as there are AUs, or ``aus_shown`` names an AU that is not among them.
        """
        shown = self._checked(result, aus, canvas_scale)
        canvas = _canvas(result.image, canvas_scale)
        height, width = canvas.shape[:2]
        if not height or not width:
            return canvas
        measures = Measures.of(height, width)
        footer = _footer_rect(measures) if self.footer else Rect(0, height, width, 0)
        room = Rect(0, 0, width, footer.y)
        subjects = []
        for face in sorted(result.faces, key=lambda one: -one.face.box[2] * one.face.box[3]):
            rows = rows_of(face, aus, shown, self.min_intensity) if self.bars and shown else ()
            subject = _subject(face, rows, canvas_scale)
            if subject.box.touches(measures.frame):
                self._mark(canvas, face, subject, canvas_scale, measures)
                subjects.append(subject)
        arranged = arrange(subjects, shown, measures, room, named=self.boxes)
        for panel in arranged.panels:
            one = panel.subject
            draw_panel(canvas, panel.rect, one.title, one.colour, one.rows, panel.form, shown, measures)
        for placed in arranged.tags:
            draw_tag(canvas, placed.tag, placed.rect.x, placed.rect.y, placed.measures)
        if footer:
            _draw_footer(canvas[footer.slices], result, measures)
        return canvas

    def _checked(self, result: FrameResult, aus: AUSet, canvas_scale: int) -> AUSet:
        """The AUs to list, once all that was passed in fits together."""
        if result.image.ndim != 3 or result.image.shape[2] != 3 or result.image.dtype != np.uint8:
            found = f"{result.image.shape} {result.image.dtype}"
            raise UsageError(f"image of {result.source}", f"is {found}, not (H, W, 3) uint8", "Pass an RGB picture")
        if canvas_scale < 1:
            raise UsageError(f"canvas_scale={canvas_scale}", "below 1", "Give a whole number, 1 to keep the size")
        for face in result.faces:
            for values in (face.probability, face.occurrence, face.intensity):
                if values.shape != (len(aus),):
                    raise UsageError(
                        f"frame {result.frame} of {result.source}",
                        f"has values of shape {values.shape} for {len(aus)} action units",
                        "Pass the AUs of the analysis that made it",
                    )
        if self.aus_shown is None:
            return aus
        for au in self.aus_shown:
            aus.index(au)  # raises the error that names it
        return self.aus_shown

    def _mark(self, canvas: Picture, face: FaceResult, subject: Subject, canvas_scale: int, measures: Measures) -> None:
        if self.points == "mesh":
            draw_contours(canvas, _enlarged(face.face.mesh, canvas_scale), subject.box.w, measures)
        elif self.points == "68":
            draw_points(canvas, _enlarged(face.face.landmarks, canvas_scale), subject.box.w)
        if self.boxes:
            draw_box(canvas, subject.box, subject.colour, measures.stroke(subject.box.w))


def _canvas(image: Picture, canvas_scale: int) -> Picture:
    """A picture of its own to draw on, (H, W, 3) C-contiguous."""
    if canvas_scale == 1 or 0 in image.shape:
        return np.array(image, np.uint8, order="C")
    size = (image.shape[1] * canvas_scale, image.shape[0] * canvas_scale)
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_CUBIC), np.uint8)


def _enlarged(points: NDArray[np.float32], canvas_scale: int) -> NDArray[np.float32]:
    """Pixels of the picture to pixels of the canvas; the centres of pixels are whole numbers in both."""
    return points if canvas_scale == 1 else (points + 0.5) * canvas_scale - 0.5


def _subject(face: FaceResult, rows: tuple[Row, ...], canvas_scale: int) -> Subject:
    x, y, w, h = face.face.box
    box = _rect(np.array([[x, y], [x + w, y + h]], np.float64), canvas_scale)
    features = face.face.landmarks[17:]  # without the jaw
    inner = _rect(np.stack([features.min(axis=0), features.max(axis=0)]).astype(np.float64), canvas_scale)
    return Subject(
        title=f"person {face.face.face_id}",
        colour=face_colour(face.face.face_id),
        box=box,
        features=inner,
        confidence=f"{face.face.confidence:.0%}",
        flags=", ".join(face.face.flags).replace("_", " "),
        rows=rows,
    )


def _rect(corners: NDArray[np.float64], canvas_scale: int) -> Rect:
    """The rectangle between two corners, (2, 2) x and y, pixels of the picture; empty if they are not numbers."""
    far = np.nan_to_num((corners + 0.5) * canvas_scale - 0.5, nan=-_FAR, posinf=_FAR, neginf=-_FAR)
    (left, top), (right, bottom) = far.clip(-_FAR, _FAR).round().astype(int).tolist()
    return Rect(left, top, max(right - left, 0), max(bottom - top, 0))


def _footer_rect(measures: Measures) -> Rect:
    """The strip at the bottom; empty where it would take more than a fifth of the picture."""
    height = measures.row + 2 * (measures.pad // 3)
    height = height if 5 * height <= measures.frame.h else 0
    return Rect(0, measures.frame.h - height, measures.frame.w, height)


def _draw_footer(region: Picture, result: FrameResult, measures: Measures) -> None:
    """Source on the left, frame and time on the right, in place; what finds no room is left out, the source first."""
    darken(region)
    size, pad = measures.text, measures.pad
    height, width = region.shape[:2]
    ink = np.zeros((height, width), np.uint8)
    top = (height - line_height(size)) // 2
    time = f"{result.timestamp:.3f} s"
    room = width - 2 * pad
    for text in (f"frame {result.frame}   {time}", time):
        needed = text_width(text, size)
        if needed <= room:
            write(ink, text_ink(text, size), width - pad - needed, top)
            room -= needed + 2 * pad
            break
    name = shortened(PurePath(result.source).name or result.source, size, room)
    write(ink, text_ink(name, size, strength=215), pad, top)
    lighten(region, ink)
