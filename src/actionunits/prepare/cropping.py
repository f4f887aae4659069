"""One recording: find the face in every frame, cut it out, and make the rows and pictures of the store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.datasets import Recording
from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import Crop, CropRecipe, crop, crop_matrix
from actionunits.prepare.landmarks import Located, Locator
from actionunits.prepare.report import RecordingReport, spans
from actionunits.store import FrameRow

Image = NDArray[np.uint8]

NO_FACE = "no_face"
"""Flag of a frame in which no face was found: it is cropped by the landmarks of the nearest frame that has one."""


@dataclass(frozen=True, slots=True)
class Cropped:
    """A recording, ready for the store.

    Attributes:
        rows: of the frames that are stored.
        jpegs: their pictures.
        report: what became of the frames.
    """

    rows: list[FrameRow]
    jpegs: list[bytes]
    report: RecordingReport


@dataclass(slots=True)
class _Cutter:
    """Cuts faces out and encodes them; keeps, by the frame's place, what the store gets."""

    recipe: CropRecipe
    quality: int
    found: dict[int, Located]
    crops: dict[int, tuple[NDArray[np.float64], bytes]]

    def cut(self, place: int, picture: Image, located: Located) -> None:
        made: Crop = crop(picture, located.landmarks, self.recipe)
        self.crops[place] = made.landmarks, encode_jpeg(made.image, self.quality)


def crop_recording(
    recording: Recording,
    aus: AUSet,
    recipe: CropRecipe,
    locator: Locator,
    *,
    keep_faceless: bool = True,
    quality: int = 95,
    tick: Callable[[], None] = lambda: None,
) -> Cropped:
    """Find and cut the face in every frame of a recording.

    Where a frame has no face and is to be kept, the pictures are read a second time: the nearest frame that has one may
    come later, and a recording's pictures are too many to hold.

    Args:
        recording: the frames; those without a picture are left out and counted.
        aus: the store's action units.
        recipe: the crop.
        locator: finds the face.
        keep_faceless: store frames without a face, with the landmarks of the nearest frame that has one and the flag
            ``no_face``; where two are equally near, the earlier.
        quality: of the JPEG files, 1-100.
        tick: called after every frame of the first reading.

    Raises:
        DatasetError: the pictures cannot be read at all.
    """
    cutter = _Cutter(recipe, quality, {}, {})
    faceless: list[int] = []
    seen = np.zeros(len(recording), bool)
    for place, picture in recording.pictures():
        if picture is not None:
            seen[place] = True
            located = locator.locate(place, picture)
            if located is None or not _can_be_cropped(located, recipe):
                faceless.append(place)
            else:
                cutter.found[place] = located
                cutter.cut(place, picture, located)
        tick()
    if keep_faceless and faceless and cutter.found:
        _cut_faceless(recording, cutter, faceless)
    rows = [_row(recording, aus, place, cutter) for place in sorted(cutter.crops)]
    jpegs = [cutter.crops[place][1] for place in sorted(cutter.crops)]
    lost = np.flatnonzero(~seen)
    return Cropped(rows, jpegs, _report(recording, len(rows), recording.frames[lost], recording.frames[faceless]))


def encode_jpeg(image: Image, quality: int) -> bytes:
    """A picture, (H, W, 3) uint8 RGB, as a JPEG file with colours at half the resolution (4:2:0)."""
    options = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420,
    ]
    return bytes(cv2.imencode(".jpg", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1])


def nearest(frame: int, frames: NDArray[np.integer]) -> int:
    """Which of some rising frame numbers, (N,), is nearest to a frame; the earlier of two equally near ones."""
    return int(np.argmin(np.abs(frames.astype(np.int64) - frame)))


def _can_be_cropped(located: Located, recipe: CropRecipe) -> bool:
    """Whether every point that the recipe needs is known, and the face has an extent."""
    try:
        crop_matrix(recipe, located.landmarks)
    except UsageError:
        return False
    return True


def _cut_faceless(recording: Recording, cutter: _Cutter, faceless: Sequence[int]) -> None:
    """Cut the frames without a face by the landmarks of the nearest frame with one."""
    places = np.array(sorted(cutter.found))
    frames = recording.frames[places]
    wanted = {place: int(places[nearest(int(recording.frames[place]), frames)]) for place in faceless}
    last = max(wanted)
    for place, picture in recording.pictures():
        if place in wanted and picture is not None:
            cutter.cut(place, picture, cutter.found[wanted[place]])
        if place >= last:
            return


def _row(recording: Recording, aus: AUSet, place: int, cutter: _Cutter) -> FrameRow:
    located = cutter.found.get(place)
    remarks = (NO_FACE,) if located is None else located.flags
    return FrameRow(
        subject=recording.subject,
        frame=int(recording.frames[place]),
        timestamp=float(recording.timestamps[place]),
        camera=recording.camera,
        occurrence=_labels(recording.occurrence, aus, place),
        intensity=_labels(recording.intensity, aus, place),
        left=_labels(recording.left, aus, place),
        right=_labels(recording.right, aus, place),
        landmarks=cutter.crops[place][0],
        visible=None if recording.visible is None else recording.visible[place],
        pose=_pose(recording, place, located),
        gaze=None if recording.gaze is None else (float(recording.gaze[place, 0]), float(recording.gaze[place, 1])),
        flags=(*recording.flags[place], *remarks),
    )


def _labels(labels: Mapping[int, NDArray[np.int8]], aus: AUSet, place: int) -> dict[int, int]:
    return {au: int(labels[au][place]) for au in aus if au in labels}


def _pose(recording: Recording, place: int, located: Located | None) -> tuple[float, float, float] | None:
    """The data set's own pose, or else that of the face that was found."""
    if recording.pose is None:
        return None if located is None else located.pose
    pitch, yaw, roll = recording.pose[place].tolist()
    return pitch, yaw, roll


def _report(recording: Recording, stored: int, lost: NDArray[np.int32], faceless: NDArray[np.int32]) -> RecordingReport:
    by_policy = sum(recording.dropped.values())
    return RecordingReport(
        sequence=recording.name,
        subject=recording.subject,
        task=recording.task,
        camera=recording.camera,
        fps=recording.fps,
        coded=len(recording) + by_policy,
        stored=stored,
        by_policy=by_policy,
        no_picture=len(lost),
        no_face=len(faceless),
        no_picture_frames=spans(lost.tolist()),
        no_face_frames=spans(faceless.tolist()),
        notes="; ".join(recording.notes),
    )
