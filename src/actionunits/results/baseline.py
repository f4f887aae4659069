"""What a person's face scores at rest, to be taken off their scores.

Faces differ at rest: some people's brows look lowered when nothing moves. Subtracting the median of a person's own
scores is the person-specific normalisation of Baltrusaitis, Mahmoud & Robinson, "Cross-dataset learning and
person-specific normalisation for automatic Action Unit detection" (FERA 2015). It holds if the face is at rest for most
of the video; where it is not, a span in which the person is known to be neutral does better.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import ResultsError, UsageError

Kind = Literal["none", "median", "neutral"]
Floating = NDArray[np.floating[Any]]

_SECONDS = r"\d+(?:\.\d*)?|\.\d+"
_NEUTRAL = re.compile(rf"neutral:({_SECONDS})-({_SECONDS})", re.ASCII)
_PLAIN: Mapping[str, Kind] = MappingProxyType({"none": "none", "median": "median"})
_FORMS = "Write none, median, or neutral:START-END in seconds, as in neutral:0-2.5"


@dataclass(frozen=True, slots=True)
class Baseline:
    """How a face's resting scores are found.

    Args:
        kind: ``none`` leaves scores alone, ``median`` takes the whole track, ``neutral`` the frames from start to end.
        start: first second of the neutral span, at least 0; only with ``neutral``.
        end: its last second, above ``start``; only with ``neutral``.

    Raises:
        UsageError: no such kind, or no such span.

    >>> str(Baseline.parse("neutral:0-2.50"))
    'neutral:0-2.5'
    """

    kind: Kind = "none"
    start: float | None = None
    end: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise UsageError(repr(self.kind), "not a baseline", _FORMS)
        if self.kind != "neutral":
            if self.start is not None or self.end is not None:
                raise UsageError(self.kind, "takes no span", _FORMS)
            return
        if self.start is None or self.end is None:
            raise UsageError(self.kind, "needs a span", _FORMS)
        if not (math.isfinite(self.start) and math.isfinite(self.end) and 0 <= self.start < self.end):
            span = f"neutral:{self.start}-{self.end}"
            raise UsageError(span, "the span must begin at 0 or later and end after it begins", _FORMS)

    @classmethod
    def parse(cls, text: str) -> Baseline:
        """The baseline that a person wrote: ``none``, ``median`` or ``neutral:START-END``, in seconds.

        Raises:
            UsageError: it is none of these, or the span does not end after it begins.
        """
        written = "".join(text.split()).lower()
        if written in _PLAIN:
            return cls(_PLAIN[written])
        match = _NEUTRAL.fullmatch(written)
        if match is None:
            raise UsageError(repr(text), "not a baseline", _FORMS)
        return cls("neutral", float(match[1]), float(match[2]))

    def __str__(self) -> str:
        if self.start is None or self.end is None:
            return self.kind
        return f"neutral:{_decimal(self.start)}-{_decimal(self.end)}"

    def resting(self, scores: Floating, timestamps: Floating) -> Floating:
        """The scores of one face at rest.

        Args:
            scores: (T, A), one row for each frame that shows the face; NaN where a score is unknown.
            timestamps: (T,), seconds.

        Returns:
            (A,), the median over the track, or over the frames from ``start`` to ``end``, both included; zeros for
            ``none``; NaN for an action unit whose score is never known.

        Raises:
            ResultsError: no frame of this face with a known score lies within the span, or the track has none.
        """
        scores, timestamps = np.asarray(scores), np.asarray(timestamps)
        if scores.ndim != 2 or timestamps.shape != scores.shape[:1]:
            raise ValueError(f"want scores (T, A) and timestamps (T,), got {scores.shape} and {timestamps.shape}")
        if self.kind == "none":
            return np.zeros(scores.shape[1], scores.dtype)
        known = ~np.isnan(scores).all(axis=1) if scores.shape[1] else np.ones(len(scores), bool)  # (T,)
        chosen = known
        if self.start is not None and self.end is not None:
            chosen = known & (timestamps >= self.start) & (timestamps <= self.end)  # (T,)
        if not chosen.any():
            raise self._no_frame(timestamps[known])
        return _median(scores[chosen])

    def _no_frame(self, seen: Floating) -> ResultsError:
        if not len(seen):
            return ResultsError(f"baseline {self}", "the face has no frame with scores", "Use the baseline none")
        reason = f"no frame of the face lies in this span; it is seen from {seen.min():g} s to {seen.max():g} s"
        return ResultsError(f"baseline {self}", reason, "Choose a span in which the face is seen, or use median")


def _median(scores: Floating) -> Floating:
    """(T, A) -> (A,); NaN-safe, and silent about a column that is all NaN."""
    unknown = np.isnan(scores).all(axis=0)  # (A,)
    median: Floating = np.nanmedian(np.where(unknown, 0, scores), axis=0).astype(scores.dtype)
    median[unknown] = np.nan
    return median


def _decimal(seconds: float) -> str:
    """The shortest decimal that reads back as the same number, never with an exponent: ``2``, ``2.5``."""
    return np.format_float_positional(seconds, trim="-")
