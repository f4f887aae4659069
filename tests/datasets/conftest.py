"""Small trees by hand: a picture's brightness tells which frame it is, so that readers cannot mix them up."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import av
import cv2
import numpy as np
import pytest
from scipy.io import savemat

SIZE = (48, 32)  # height, width
LEVELS = 50  # pictures that can be told apart
OCC_HEAD = ("0", *map(str, (1, 2, 4, 5, 6, 7, *range(9, 21), 22, 23, 24, 27, 28, *range(29, 40))))
AU_FILES = (1, 2, 4, 5, 6, 9, 12, 15, 17, 20, 25, 26)


def picture(mark: int) -> np.ndarray:
    return np.full((*SIZE, 3), 5 * (mark % LEVELS), np.uint8)


def mark_of(image: np.ndarray | None) -> int | None:
    """The frame that a picture was made for, modulo `LEVELS`."""
    return None if image is None else round(float(image.mean()) / 5)


def marks(recording) -> list[int | None]:
    found = list(recording.pictures())
    assert [place for place, _ in found] == list(range(len(recording)))
    return [mark_of(image) for _, image in found]


def write_jpeg(path: Path, mark: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(".jpg", picture(mark))[1].tobytes())


def write_rows(path: Path, rows: Iterable[Sequence[object]], end: str = "\n") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes("".join(",".join(map(str, row)) + end for row in rows).encode())


def write_occ(path: Path, frames: Iterable[int], codes: Mapping[int, Sequence[int]], head=OCC_HEAD) -> None:
    """A label table: the AUs of ``codes``, 9 elsewhere."""
    rows = [
        (frame, *(codes[int(au)][k] if int(au) in codes else 9 for au in head[1:])) for k, frame in enumerate(frames)
    ]
    write_rows(path, [head, *rows])


def write_fit(path: Path, points: Sequence[np.ndarray | None]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fit = np.empty((1, len(points)), dtype=[("pred", object)])
    for place, each in enumerate(points):
        fit["pred"][0, place] = np.empty((0, 0)) if each is None else each
    savemat(path, {"fit": fit})


def write_points(path: Path, mark: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"pts": np.full((66, 2), float(mark))})


def write_video(path: Path, shown: Iterable[int], rate: int = 20) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=rate, options={"qmin": "2", "qmax": "2"})
        stream.height, stream.width, stream.pix_fmt = *SIZE, "yuvj420p"
        for place, mark in enumerate(shown):
            frame = av.VideoFrame.from_ndarray(picture(mark), format="rgb24")
            frame.pts, frame.time_base = place, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def write_disfa_labels(root: Path, subject: str, levels: Mapping[int, Sequence[int]], count: int) -> None:
    for au in AU_FILES:
        values = levels.get(au, [0] * count)
        write_rows(root / "ActionUnit_Labels" / subject / f"{subject}_au{au}.txt", enumerate(values, 1), end="\r\n")


@pytest.fixture(scope="session")
def disk() -> SimpleNamespace:
    """The functions above."""
    return SimpleNamespace(
        OCC_HEAD=OCC_HEAD,
        AU_FILES=AU_FILES,
        picture=picture,
        mark_of=mark_of,
        marks=marks,
        jpeg=write_jpeg,
        rows=write_rows,
        occ=write_occ,
        fit=write_fit,
        points=write_points,
        video=write_video,
        disfa_labels=write_disfa_labels,
    )
