"""DISFA as it lies on disk (layout facts: the shared protocol, section 3)."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.stream import VideoStream
from numpy.typing import NDArray

from actionunits.errors import MediaError, UsageError
from actionunits.facs import DISFA_12
from actionunits.geometry import to_66
from actionunits.store import Store
from actionunits.synth.layouts_plan import LayoutOptions, LayoutReport, mat_bytes, sequences_of

SUBJECTS = tuple(f"SN{number:03d}" for number in (*range(1, 14), 16, 17, 18, 21, *range(23, 33)))
"""The 27 ids of DISFA."""
FRAMES_PER_SECOND = 20
_BT601 = 5  # the matrix of JPEG in FFmpeg's list
_FULL_RANGE = 2

Rgb = NDArray[np.uint8]


def write_disfa(store: Store, folder: Path, options: LayoutOptions) -> LayoutReport:
    """Write DISFA into an empty folder; see :func:`actionunits.synth.layouts.write_layout`."""
    groups = sequences_of(store)
    if len(groups) > len(SUBJECTS):
        reason = f"it has {len(groups)} subjects, DISFA has {len(SUBJECTS)}"
        raise UsageError(store.folder, reason, f"Make a store with at most {len(SUBJECTS)} subjects")
    labels = store.labels(DISFA_12, "intensity")
    cameras = np.array(store.frames["camera"].to_pylist())
    frames, names = 0, dict[str, str]()
    for person, (subject, sequences) in zip(SUBJECTS, groups.items(), strict=False):
        rows = np.concatenate([store.rows_of(sequence) for sequence in sequences])
        left, right = rows[cameras[rows] != "right"], rows[cameras[rows] == "right"]
        if len(left) == 0 or len(right) not in (0, len(left)):
            reason = f"has {len(left)} frames of the left and {len(right)} of the right camera"
            raise UsageError(f"subject {subject}", reason, "Give as many of both, or none of the right one")
        _write_labels(folder / "ActionUnit_Labels" / person, person, labels[left])
        _write_videos(store, folder, person, left, right)
        if "landmarks" in store.header.contents:
            _write_landmarks(folder, person, store.landmarks(left), options.first_landmark)
        frames += len(left)
        names |= dict.fromkeys(sequences, person)
    return LayoutReport("disfa", folder, len(groups), len(groups), frames, frames, 0, names)


def _write_labels(folder: Path, person: str, labels: NDArray[np.int8]) -> None:
    """One file an AU; its lines are ``frame,intensity``, from frame 1.

    Args:
        folder: of this person.
        person: the id.
        labels: (N, 12) intensities.
    """
    if labels.min() < 0:
        reason = "some intensities are unknown, which DISFA's files cannot say"
        raise UsageError(person, reason, "Use frames with all labels")
    folder.mkdir(parents=True)
    for au, column in zip(DISFA_12, labels.T.tolist(), strict=True):
        text = "".join(f"{frame},{intensity}\n" for frame, intensity in enumerate(column, 1))
        (folder / f"{person}_au{au}.txt").write_bytes(text.encode())


def _write_videos(store: Store, folder: Path, person: str, left: NDArray[np.int64], right: NDArray[np.int64]) -> None:
    """Both cameras; without pictures of the right one, it shows the mirror image of the left one."""
    seen_left = (store.image(int(row)) for row in left)
    if len(right):
        seen_right: Iterable[Rgb] = (store.image(int(row)) for row in right)
    else:
        seen_right = (np.ascontiguousarray(store.image(int(row))[:, ::-1]) for row in left)
    for camera, pictures in (("Left", seen_left), ("Right", seen_right)):
        place = folder / f"Video_{camera}Camera"
        place.mkdir(exist_ok=True)
        _write_avi(place / f"{camera}Video{person}_comp.avi", pictures)


def _write_avi(path: Path, pictures: Iterable[Rgb]) -> None:
    """Write motion JPEG at DISFA's rate."""
    shape: tuple[int, ...] | None = None
    with av.open(f"file:{path}", "w", container_options={"fflags": "bitexact"}) as container:
        stream = container.add_stream("mjpeg", rate=FRAMES_PER_SECOND, options={"qmin": "2", "qmax": "2"})
        if not isinstance(stream, VideoStream):
            raise TypeError("mjpeg is no video codec")
        for place, picture in enumerate(pictures):
            if shape is None:
                shape = picture.shape
                stream.height, stream.width, stream.pix_fmt = *shape[:2], "yuvj420p"
            if picture.shape != shape:
                raise UsageError(path.name, "the subject's pictures differ in size", "Use a store of one size")
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(format="yuvj420p", dst_colorspace=_BT601, dst_color_range=_FULL_RANGE)
            frame.pts, frame.time_base = place, Fraction(1, FRAMES_PER_SECOND)
            _mux(container, stream, frame)
        _mux(container, stream, None)


def _mux(container: Any, stream: VideoStream, frame: av.VideoFrame | None) -> None:
    try:
        container.mux(stream.encode(frame))
    except av.FFmpegError as error:
        raise MediaError(container.name, f"a frame could not be encoded ({error})", "Use smaller pictures") from error


def _write_landmarks(folder: Path, person: str, landmarks: NDArray[np.float32], first: int) -> None:
    """One file a frame, key ``pts``; a frame without landmarks has no file.

    Args:
        folder: of the data set.
        person: the id.
        landmarks: (N, 68, 2) pixels.
        first: number of the first file, which also chooses the pattern of the names.
    """
    place = folder / "Landmark_Points" / person / "tmp_frame_lm"
    place.mkdir(parents=True)
    for number, points in enumerate(to_66(landmarks).astype(np.float64), first):
        if not np.isnan(points).all():
            name = f"l{number:05d}_lm.mat" if first else f"{person}_{number:04d}_lm.mat"
            (place / name).write_bytes(mat_bytes({"pts": points}))
