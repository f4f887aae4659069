"""What a report needs of the rows, kept small while they come: about 5 bytes a face and action unit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from actionunits.faces.face import FLAGS
from actionunits.facs import AUSet, AUSetLike
from actionunits.results import Episode, EpisodeFinder

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True)
class PersonRows:
    """One person's rows (n of them) about A action units.

    Attributes:
        face_id: whose.
        place: (n,) which of the recording's frames each row is about, rising.
        strength: (A, n) float32, intensity 0-5; probability 0-1 where the model says no intensity; NaN where unknown.
        shown: (A, n) bool, whether the action unit occurs.
        flags: (n,) uint8, bit k set where the row carries the k-th of :data:`~actionunits.faces.face.FLAGS`.
        box: (n, 4) float32, the face in pixels of the picture.
    """

    face_id: int
    place: NDArray[np.int64]
    strength: Float32
    shown: NDArray[np.bool_]
    flags: NDArray[np.uint8]
    box: Float32


@dataclass(frozen=True)
class Recording:
    """All that was seen in one source.

    Attributes:
        aus: the action units, A of them.
        graded: (A,) bool, whether the strength is an intensity; else a probability.
        frames: (F,) frame numbers.
        times: (F,) seconds, when each appears.
        lasting: (F,) seconds that each stays; 0 for a picture.
        people: in order of face id.
        episodes: of all people, by onset.
    """

    aus: AUSet
    graded: NDArray[np.bool_]
    frames: NDArray[np.int64]
    times: Float64
    lasting: Float64
    people: tuple[PersonRows, ...]
    episodes: tuple[Episode, ...]

    @property
    def span(self) -> tuple[float, float]:
        """When the first frame appears, and when the last one leaves, in seconds."""
        return (float(self.times[0]), float(self.times[-1] + self.lasting[-1])) if len(self.times) else (0.0, 0.0)


class ReportRows:
    """Takes the rows of one source as they come and keeps what a report needs.

    Args:
        aus: the action units of the table.
    """

    def __init__(self, aus: AUSetLike) -> None:
        self._finder = EpisodeFinder(aus)
        self._parts: list[dict[str, NDArray[Any]]] = []

    def write(self, batch: pa.RecordBatch) -> None:
        """Take in rows that follow the schema, in order of frames."""
        if not batch.num_rows:
            return
        self._finder.write(batch)
        stems = self._finder.aus.columns

        def cells(name: str, kind: type[np.generic], empty: float) -> NDArray[Any]:
            return np.asarray(batch.column(name).fill_null(empty).to_numpy(zero_copy_only=False), kind)

        def scores(suffix: str, kind: type[np.generic], empty: float) -> NDArray[Any]:
            found = [cells(f"{stem}_{suffix}", kind, empty) for stem in stems]
            return np.array(found, kind).reshape(len(stems), batch.num_rows).T  # (N, A)

        intensity = scores("r", np.float32, np.nan)
        flags = {text: _bits(text) for text in batch.column("flags").unique().to_pylist()}
        self._parts.append(
            {
                "frame": cells("frame", np.int64, 0),
                "time": cells("timestamp", np.float64, 0),
                "face": cells("face_id", np.int32, -1),
                "strength": np.where(np.isnan(intensity), scores("p", np.float32, np.nan), intensity),
                "graded": (~np.isnan(intensity)).any(axis=0)[None],  # (1, A)
                "shown": scores("c", np.int8, 0) == 1,
                "flags": np.array([flags[text] for text in batch.column("flags").to_pylist()], np.uint8),
                "box": np.array([cells(f"face_{side}", np.float32, np.nan) for side in "xywh"]).T,
            }
        )

    def recording(self) -> Recording:
        """All rows so far, put together; the rows are taken to be complete."""
        aus, episodes = self._finder.aus, self._finder.finish()
        if not self._parts:
            nothing = np.zeros(0)
            return Recording(aus, np.ones(len(aus), np.bool_), nothing.astype(np.int64), nothing, nothing, (), ())
        whole = {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
        new = np.r_[True, whole["frame"][1:] != whole["frame"][:-1]]  # (N,) the first row of a frame
        places = np.cumsum(new) - 1
        times = whole["time"][new]
        steps = np.diff(times)
        lasting = np.r_[steps, steps[-1:]] if len(steps) else np.zeros(len(times))
        people = []
        for face_id in np.unique(whole["face"][whole["face"] >= 0]).tolist():
            mine = whole["face"] == face_id
            people.append(
                PersonRows(
                    face_id,
                    places[mine],
                    np.ascontiguousarray(whole["strength"][mine].T),
                    np.ascontiguousarray(whole["shown"][mine].T),
                    whole["flags"][mine],
                    whole["box"][mine],
                )
            )
        graded = np.asarray(whole["graded"].any(axis=0), np.bool_)
        return Recording(aus, graded, whole["frame"][new], times, lasting, tuple(people), episodes)


def _bits(text: str | None) -> int:
    names = (text or "").split("|")
    return sum(1 << place for place, flag in enumerate(FLAGS) if flag in names)
