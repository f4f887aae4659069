"""An analysis against a human coder's file, action unit by action unit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from actionunits.agreement.codes import Codes, EventCodes, listed
from actionunits.agreement.disagreements import Disagreement, find_disagreements
from actionunits.agreement.matching import Coded, Frames, coded_frames, span_of
from actionunits.agreement.sheet import seconds
from actionunits.errors import UsageError
from actionunits.facs import FACS, AUSet, column
from actionunits.metrics import Confusion, Limits, Scores, bland_altman, cohen_kappa, icc31, mae
from actionunits.results import Results

NO_FACE = -1


@dataclass(frozen=True, eq=False)
class Agreement:
    """How an analysis and a coder agree; N frames, A action units that both speak of.

    Attributes:
        aus: the action units, in order of number.
        frames: all frames of the analysis.
        target: (N, A) int8, what the coder says: 0, 1, or -1 for not coded.
        decision: (N, A) int8, what the analysis says: 0, 1, or -1 where the face was not found.
        probability: (N, A) float64, of the analysis; NaN where the face was not found.
        level: (N, A) int8, the coder's levels: 0-5, or -1 for none.
        intensity: (N, A) float64, of the analysis, 0-5; NaN where the face was not found.
        facts: what was compared, and how.
        remarks: what a reader should know.
    """

    aus: AUSet
    frames: Frames
    target: NDArray[np.int8]
    decision: NDArray[np.int8]
    probability: NDArray[np.float64]
    level: NDArray[np.int8]
    intensity: NDArray[np.float64]
    facts: Mapping[str, str | int | float | None]
    remarks: tuple[str, ...]

    @cached_property
    def confusion(self) -> Confusion:
        """Frames counted by what the coder and the analysis say."""
        return Confusion.of(self.target, self.decision)

    @cached_property
    def f1(self) -> Scores:
        """F1 over frames, the coder being right."""
        return self.confusion.f1()

    @cached_property
    def kappa(self) -> Scores:
        """Cohen's kappa of occurrence."""
        return cohen_kappa(self.target, self.decision)

    @cached_property
    def icc(self) -> Scores:
        """ICC(3,1) of the coder's levels and the analysis's intensity."""
        return icc31(self._graded, self.intensity)

    @cached_property
    def mae(self) -> Scores:
        """Mean absolute difference of the levels."""
        return mae(self._graded, self.intensity)

    @cached_property
    def limits(self) -> Limits:
        """Bland and Altman's limits of agreement of the levels, analysis - coder."""
        return bland_altman(self._graded, self.intensity)

    @cached_property
    def disagreements(self) -> list[Disagreement]:
        """Spans of time in which only one side sees an action unit, the longest first."""
        return find_disagreements(self.frames, self.aus, self.target, self.decision, self.probability, self.level)

    @property
    def not_coded(self) -> NDArray[np.int64]:
        """(A,) frames of the analysis that the coder did not code."""
        return np.asarray((self.target < 0).sum(axis=0), np.int64)

    @property
    def no_face(self) -> NDArray[np.int64]:
        """(A,) coded frames in which the analysis did not find the face; they are in no score."""
        return np.asarray(((self.target >= 0) & (self.decision < 0)).sum(axis=0), np.int64)

    @property
    def has_levels(self) -> NDArray[np.bool_]:
        """(A,) whether levels can be compared."""
        return np.asarray(((self.level >= 0) & np.isfinite(self.intensity)).any(axis=0))

    @property
    def _graded(self) -> NDArray[np.float64]:
        return np.where(self.level >= 0, self.level, np.nan)


def agree(
    results: Results,
    codes: Codes,
    *,
    offset: float = 0.0,
    face_id: int | None = None,
    span: tuple[float, float] | None = None,
    occurs_from: int = 1,
    first_frame: int = 0,
) -> Agreement:
    """Compare an analysis with a coder's codes of the same recording.

    Args:
        results: the analysis of one source.
        codes: the coder's, of one person.
        offset: seconds to add to the coder's times to get those of the recording.
        face_id: which face of the analysis the coder looked at; None if there is only one.
        span: from when to when the coder looked, seconds on the coder's clock, for files of events; None for what the
            file says.
        occurs_from: the level from which on an action unit counts as shown, 1-5, where the coder gave levels.
        first_frame: the number that the coder gives the first frame, for files of frame numbers.

    Raises:
        UsageError: an argument is wrong, the analysis is of several sources or faces, or the two have no action unit
            in common.
        DatasetError: no code falls on a frame of the analysis.
    """
    if not np.isfinite(offset):
        raise UsageError(f"offset={offset}", "is no number of seconds", "Give seconds, as 0.5 or -2")
    if not 1 <= occurs_from <= 5:
        raise UsageError(f"occurs_from={occurs_from}", "is no level", "Use 1 to 5")
    codes = _with_span(codes, span)
    frames, rows, face = _frames_of(results, face_id)
    aus = AUSet(tuple(sorted(results.aus & codes.aus)))
    if not len(aus):
        step = "Compare with codes of action units that the model knows"
        raise UsageError(codes.path, f"codes AU {codes.aus}, the analysis knows AU {results.aus}", step)
    coded = coded_frames(codes, frames, aus, offset, first_frame)
    decision = _scores(results, rows, [f"{name}_c" for name in aus.columns])
    spoken = span_of(codes, frames, offset, first_frame) or (float("nan"), float("nan"))
    facts: dict[str, str | int | float | None] = {
        "source": str(results["source"][0]),
        "codes": str(codes.path),
        "format": codes.format,
        "face_id": face,
        "offset": offset,
        "coded_from": round(spoken[0], 6),
        "coded_to": round(spoken[1], 6),
        "span_from": codes.span_from if isinstance(codes, EventCodes) else "rows of the file",
        "occurs_from": occurs_from,
        "first_frame": first_frame,
        "frames": len(frames),
    }
    return Agreement(
        aus=aus,
        frames=frames,
        target=_occurrence(coded, occurs_from),
        decision=np.where(np.isnan(decision), NO_FACE, decision).astype(np.int8),
        probability=_scores(results, rows, [f"{name}_p" for name in aus.columns]),
        level=coded.level,
        intensity=_scores(results, rows, [f"{name}_r" for name in aus.columns]),
        facts=facts,
        remarks=(*codes.remarks, *_remarks(results, codes, coded, aus)),
    )


def parse_span(text: str) -> tuple[float, float]:
    """The seconds meant by ``"2-30.5"`` or ``"0:00-1:30"``.

    Raises:
        UsageError: it is not two times.
    """
    times = [seconds(part) for part in text.split("-")]
    if len(times) != 2 or times[0] is None or times[1] is None:
        raise UsageError(f"span {text!r}", "is not START-END", "Write seconds, as 0-12.5")
    return times[0], times[1]


def name_of(au: int) -> str:
    """``AU12 Lip corner puller``."""
    return f"{column(au)} {FACS[au].name}"


def _with_span(codes: Codes, span: tuple[float, float] | None) -> Codes:
    if span is None:
        return codes
    if not isinstance(codes, EventCodes):
        raise UsageError(
            "span", f"{codes.path} has codes of frames, which say themselves what is coded", "Leave it out"
        )
    if not span[0] < span[1]:
        raise UsageError(f"span {span[0]:g} to {span[1]:g} s", "ends before it begins", "Give START-END in seconds")
    return replace(codes, span=span, span_from="as told")


def _frames_of(results: Results, face_id: int | None) -> tuple[Frames, NDArray[np.int64], int]:
    """The frames of the analysis, (N,) the row of one face in each (-1 where it is not seen), and the face's id."""
    sources = sorted(set(results["source"]))
    if len(sources) != 1:
        reason = f"is an analysis of {len(sources)} sources ({listed(sources)})" if sources else "has no row"
        raise UsageError("the analysis", reason, "Give the table of one recording")
    ids = results["face_id"]
    if face_id is None:
        if len(results.faces) != 1:
            seen = ", ".join(f"{face} in {int((ids == face).sum())} frames" for face in results.faces)
            step = "Say with --face-id which one was coded" if seen else "Analyse the recording again"
            raise UsageError("the analysis", f"shows several faces ({seen})" if seen else "shows no face", step)
        face_id = results.faces[0]
    results.for_face(face_id)  # says which faces there are
    numbers, first = np.unique(results["frame"], return_index=True)
    times = results["timestamp"][first]
    if (np.diff(times) <= 0).any():
        raise UsageError("the analysis", "its timestamps do not rise", "Analyse the recording again")
    rows = np.full(len(numbers), -1)
    own = np.flatnonzero(ids == face_id)
    rows[np.searchsorted(numbers, results["frame"][own])] = own
    return Frames(numbers.astype(np.int64), times), rows, face_id


def _scores(results: Results, rows: NDArray[np.int64], names: Sequence[str]) -> NDArray[np.float64]:
    """(N, A) columns of the analysis by frame, NaN where the face is not seen."""
    values = np.stack([results[name].astype(np.float64) for name in names], axis=1)
    return np.where((rows >= 0)[:, None], values[rows], np.nan)


def _occurrence(coded: Coded, occurs_from: int) -> NDArray[np.int8]:
    """(N, A) 0, 1 or -1: by level where levels are coded; what is shown without a level is unknown above level 1."""
    by_level = np.where(coded.level >= 0, coded.level >= occurs_from, coded.occurrence)
    unsure = coded.graded & (coded.occurrence == 1) & (coded.level < 0) & (occurs_from > 1)
    return np.where((coded.occurrence < 0) | unsure, -1, by_level).astype(np.int8)


def _remarks(results: Results, codes: Codes, coded: Coded, aus: AUSet) -> list[str]:
    remarks = []
    only_coded, only_analysed = codes.aus - aus, results.aus - aus
    if len(only_coded):
        remarks.append(f"coded, but unknown to the analysis: AU {only_coded}")
    if len(only_analysed):
        remarks.append(f"analysed, but never coded: AU {only_analysed}")
    blank = [str(au) for place, au in enumerate(aus) if not (coded.occurrence[:, place] >= 0).any()]
    if blank:
        remarks.append(f"no frame is coded for AU {','.join(blank)}")
    return remarks
