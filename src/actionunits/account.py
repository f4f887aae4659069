"""Keeping account of an analysis: what its source was, what happened on the way, and the sidecar that says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

import actionunits
from actionunits.estimators import AUScores
from actionunits.facs import AUSet
from actionunits.media import Frame
from actionunits.results import FrameResult, Sidecar, sha256_of


@dataclass(frozen=True)
class SourceFacts:
    """What is known of a source beside its frames; ``None`` or 0 for pictures and cameras.

    Attributes:
        kind: ``image``, ``video`` or ``camera``.
        duration: seconds, as the container states.
        start_time: seconds, the container's first presentation time.
        frame_count: the container's own count, an estimate.
        width, height: pixels, upright.
        average_rate: frames per second.
    """

    kind: str
    duration: float | None = None
    start_time: float | None = None
    frame_count: int | None = None
    width: int | None = None
    height: int | None = None
    average_rate: float | None = None


class Watch:
    """Told how an analysis goes on; does nothing itself. Subclasses show progress or keep facts."""

    def opened(self, facts: SourceFacts) -> None:
        """The source is open."""

    def looked_at(self, frame: Frame) -> None:
        """A frame has been analysed (with a baseline and pictures: twice)."""

    def rested(self, rest: Mapping[int, AUScores]) -> None:
        """With a baseline: everybody's resting scores (N = 1), by face id, before the first result."""

    def warned(self, text: str) -> None:
        """Something the reader of the results should know."""

    def read(self, filled_timestamps: int) -> None:
        """The video has been read to its end; so many frames had no time of their own."""


class Account(Watch):
    """Keeps what the sidecar of one source needs, and passes everything on.

    Args:
        aus: the action units reported.
        onward: somebody else who is to be told.
    """

    def __init__(self, aus: AUSet, onward: Watch | None = None) -> None:
        self._aus = aus
        self._onward = onward or Watch()
        self._rest: Mapping[int, AUScores] | None = None
        self._ids: set[int] = set()
        self._times: tuple[float, float] | None = None
        self._name = ""
        self.source = SourceFacts("camera")
        self.filled = 0
        self.warnings: list[str] = []
        self.frames = 0
        self.frames_without_face = 0

    @property
    def faces(self) -> tuple[int, ...]:
        """The ids seen so far."""
        return tuple(sorted(self._ids))

    def opened(self, facts: SourceFacts) -> None:
        """See :meth:`Watch.opened`."""
        self.source = facts
        self._onward.opened(facts)

    def looked_at(self, frame: Frame) -> None:
        """See :meth:`Watch.looked_at`."""
        self._onward.looked_at(frame)

    def rested(self, rest: Mapping[int, AUScores]) -> None:
        """See :meth:`Watch.rested`."""
        self._rest = rest
        self._onward.rested(rest)

    def warned(self, text: str) -> None:
        """See :meth:`Watch.warned`."""
        self.warnings.append(text)
        self._onward.warned(text)

    def read(self, filled_timestamps: int) -> None:
        """See :meth:`Watch.read`."""
        if filled_timestamps and not self.filled:
            self.warned(f"{filled_timestamps} frames had no presentation time of their own; theirs was filled in")
        self.filled = filled_timestamps
        self._onward.read(filled_timestamps)

    def count(self, result: FrameResult) -> None:
        """Take in a result."""
        self.frames += 1
        self.frames_without_face += not result.faces
        self._ids.update(one.face.face_id for one in result.faces)
        self._name = result.source
        self._times = (self._times[0] if self._times else result.timestamp, result.timestamp)

    def sidecar(
        self, path: Path | None, settings: Mapping[str, Any], command_line: tuple[str, ...] | None = None
    ) -> Sidecar:
        """Write up one source.

        Args:
            path: the input file; ``None`` for a camera.
            settings: what :attr:`actionunits.Analyzer.settings` says.
            command_line: the command and its arguments; ``None`` for a call from Python.
        """
        return Sidecar(
            package_version=actionunits.__version__,
            source=self._name or str(path),
            input_sha256=None if path is None else sha256_of(path),
            input_bytes=None if path is None else path.stat().st_size,
            resting=self._resting(),
            command_line=command_line,
            frame_count=self.frames,
            frames_without_face=self.frames_without_face,
            faces=self.faces,
            start_time=self.source.start_time,
            filled_timestamps=self.filled,
            duration=self._times[1] - self._times[0] if self._times else 0.0,
            warnings=tuple(self.warnings),
            **settings,
        )

    def _resting(self) -> dict[int, dict[str, float]] | None:
        """Resting intensities by face id and AU column, those that are known; ``None`` without a baseline."""
        if self._rest is None:
            return None
        return {
            face_id: {
                column: round(value, 4)
                for column, value in zip(self._aus.columns, scores.intensity[0].tolist(), strict=True)
                if isfinite(value)
            }
            for face_id, scores in self._rest.items()
        }
