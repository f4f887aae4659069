"""``data check``: what a copy of a data set holds, what is missing or odd, and whether its labels are as published."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.datasets.base_rates import LabelCounts, PublishedFacts, WeightCheck, check_weights, published_facts
from actionunits.datasets.dataset import Dataset, Finding
from actionunits.datasets.folds import published_subjects
from actionunits.datasets.opening import detect_kind, open_dataset
from actionunits.datasets.protocol import Kind
from actionunits.datasets.recording import NO_IMAGE, NO_LANDMARKS, Recording
from actionunits.errors import DatasetError
from actionunits.facs import AUSet, column

MOST_NOTES = 20
"""Notes that `CheckReport.lines` writes out; errors and oddities it writes out all."""

_TITLES = {"error": "Errors", "odd": "Odd, worked around", "note": "Notes"}
_ENOUGH_FRAMES = 1000  # from here on, an AU that is never or always there is odd
_ENOUGH_SUBJECTS = 10
_FACTOR = 3.0  # a copy's rate is odd if it is this many times the published one, or less than this part of it


@dataclass(frozen=True, eq=False)
class CheckReport:
    """What a check found.

    Attributes:
        kind: of data set.
        folder: where it lies.
        aus: the action units counted.
        subjects: people with labels.
        sequences: how many were read, of one camera.
        frames: coded frames, of one camera.
        pictured: how many of them have a picture.
        tracked: how many have landmarks of the data set's own; None where no sequence has.
        right: sequences of a second camera.
        counts: known and positive labels by subject.
        findings: errors, oddities and notes.
        weights: each published fold's loss weights and frames against this copy's; empty where none are published, or
            the copy is not complete.
        complete: whether every published subject and sequence is there and was read without an error; None where
            nothing is published.
    """

    kind: Kind
    folder: Path
    aus: AUSet
    subjects: tuple[str, ...]
    sequences: int
    frames: int
    pictured: int
    tracked: int | None
    right: int
    counts: LabelCounts
    findings: tuple[Finding, ...]
    weights: tuple[WeightCheck, ...] = ()
    complete: bool | None = None

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that stop a sequence."""
        return tuple(each for each in self.findings if each.severity == "error")

    def lines(self) -> list[str]:
        """The report as text."""
        facts = published_facts(self.kind)
        state = {True: "complete", False: "not complete", None: "no published list to compare with"}[self.complete]
        return [
            f"{self.folder}: {self.kind}, {state}",
            *self._amounts(facts),
            *self._rates(facts),
            *(check.line() for check in self.weights),
            *self._found(),
        ]

    def _amounts(self, facts: PublishedFacts | None) -> list[str]:
        subjects, sequences, frames = f"{len(self.subjects)}", f"{self.sequences}", f"{self.frames:,}"
        if facts is not None:
            subjects += f" of {len(published_subjects(self.kind))}"
            sequences += f" of {facts.sequences}"
            frames += f" (published: {sum(facts.test_frames):,})" if facts.test_frames else ""
        second = f", and {self.right} of the right camera" if self.right else ""
        tracked = "none" if self.tracked is None else f"{self.tracked:,} of {self.frames:,} coded frames"
        return [
            f"  subjects       {subjects}",
            f"  sequences      {sequences}{second}",
            f"  coded frames   {frames}",
            f"  pictures       {self.pictured:,} of {self.frames:,} coded frames",
            f"  own landmarks  {tracked}",
        ]

    def _rates(self, facts: PublishedFacts | None) -> list[str]:
        published = None if facts is None else facts.rates_like(self.aus, self.counts.rates(self.aus))
        lines = [f"  {'AU':6}{'known':>10}{'present':>10}{'rate':>8}" + ("   published" if published else "")]
        for au, rate in self.counts.rates(self.aus).items():
            known, positive = self.counts.total(au)
            told = "-" if np.isnan(rate) else f"{rate:.3f}"
            other = "" if published is None else f"{published[au]:12.3f}" if au in published else f"{'-':>12}"
            lines.append(f"  {column(au):6}{known:>10,}{positive:>10,}{told:>8}{other}")
        if published:
            lines.append("  (published: relative rates implied by the published loss weights, scaled to this copy)")
        return lines

    def _found(self) -> list[str]:
        lines = []
        for severity, title in _TITLES.items():
            found = [each for each in self.findings if each.severity == severity]
            if found:
                lines.append(f"{title} ({len(found)}):")
                shown = found[:MOST_NOTES] if severity == "note" else found
                lines += [f"  {each.subject}: {each.text}" for each in shown]
                lines += [f"  and {len(found) - len(shown)} more"] if len(found) > len(shown) else []
        return lines if lines else ["Nothing is missing or odd."]


def check_dataset(
    folder: str | Path,
    kind: str | None = None,
    *,
    all_pictures: bool = False,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> CheckReport:
    """Read all labels and landmarks of a copy of a data set, try some pictures, and say what is there.

    Nothing is written. What is wrong with one sequence does not keep the others from being read.

    Args:
        folder: as for :func:`~actionunits.datasets.opening.open_dataset`.
        kind: of data set; None to tell from the names of the files.
        all_pictures: decode every picture and not only each sequence's first and last (of videos: look at the header).
        watch: is told (sequences done, all of them).

    Raises:
        UsageError: there is no such kind.
        DatasetError: the folder holds no data set that could be opened.
    """
    found = kind or detect_kind(folder)
    dataset = _opened(found, folder)
    tally = _Tally(dataset.aus)
    findings = dataset.findings()
    names = dataset.sequences()
    for done, name in enumerate(names, 1):
        try:
            recording = dataset.recording(name)
        except DatasetError as error:
            findings.append(Finding("error", error.subject, error.reason))
        else:
            tally.add(recording)
            findings += _looked_over(recording, all_pictures)
        watch(done, len(names))
    findings = list(dict.fromkeys(findings))  # both cameras share their label files
    return _report(dataset, tally, findings)


def _opened(kind: str, folder: str | Path) -> Dataset:
    """The data set, with both cameras where there are two."""
    if kind == "disfa":
        for cameras in ("both", "right"):
            try:
                return open_dataset(kind, folder, cameras=cameras)
            except DatasetError:
                continue
    return open_dataset(kind, folder)


@dataclass
class _Tally:
    """Sums over recordings; of DISFA's right camera only those whose left one could not be read."""

    aus: AUSet
    counts: LabelCounts = field(default_factory=LabelCounts)
    read: set[str] = field(default_factory=set)
    sequences: int = 0
    right: int = 0
    frames: int = 0
    pictured: int = 0
    tracked: int | None = None

    def add(self, recording: Recording) -> None:
        second = recording.name.removesuffix("_right") + "_left"
        if recording.camera == "right" and second in self.read:
            self.right += 1
            return
        self.read.add(recording.name)
        self.sequences += 1
        self.frames += len(recording)
        flags = Counter(flag for own in recording.flags for flag in own)
        self.pictured += len(recording) - flags[NO_IMAGE]
        if recording.landmarks is not None:
            self.tracked = (self.tracked or 0) + len(recording) - flags[NO_LANDMARKS]
        self.counts.add(recording.subject, recording.occurrence, len(recording))


def _looked_over(recording: Recording, all_pictures: bool) -> list[Finding]:
    found = [Finding("odd", recording.name, note) for note in recording.notes]
    bare = sum(NO_IMAGE in own for own in recording.flags)
    if bare:
        frames = _spans(recording.frames[[NO_IMAGE in own for own in recording.flags]])
        found.append(
            Finding("odd", recording.name, f"{bare} of {len(recording)} coded frames have no picture: {frames}")
        )
    if recording.landmarks is not None:
        lost = sum(NO_LANDMARKS in own for own in recording.flags)
        if lost:
            found.append(Finding("note", recording.name, f"{lost} of {len(recording)} coded frames have no landmarks"))
    try:
        faults = recording.pictures.faults(every=all_pictures)
        found += [Finding("odd", file, f"{fault}; its frames will have no picture") for file, fault in faults]
    except DatasetError as error:
        found.append(Finding("error", error.subject, error.reason))
    return found


def _report(dataset: Dataset, tally: _Tally, findings: list[Finding]) -> CheckReport:
    facts = published_facts(dataset.name)
    complete = None
    weights: tuple[WeightCheck, ...] = ()
    if facts is not None:
        absent = sorted(set(published_subjects(dataset.name)) - set(dataset.subjects()))
        if absent:
            text = f"{len(absent)} subjects of {dataset.name} are not there: {', '.join(absent)}"
            findings.append(Finding("odd", str(dataset.folder), text))
        broken = any(each.severity == "error" for each in findings)
        complete = not absent and not broken and tally.sequences == facts.sequences
        if complete and facts.weights:
            weights = check_weights(facts, tally.counts)
            findings += [
                Finding("odd", str(dataset.folder), check.line().strip()) for check in weights if not check.agrees
            ]
    findings += _odd_rates(dataset, tally, facts)
    return CheckReport(
        kind=dataset.name,
        folder=dataset.folder,
        aus=dataset.aus,
        subjects=dataset.subjects(),
        sequences=tally.sequences,
        frames=tally.frames,
        pictured=tally.pictured,
        tracked=tally.tracked,
        right=tally.right,
        counts=tally.counts,
        findings=tuple(findings),
        weights=weights,
        complete=complete,
    )


def _odd_rates(dataset: Dataset, tally: _Tally, facts: PublishedFacts | None) -> list[Finding]:
    rates = tally.counts.rates(dataset.aus)
    published = {} if facts is None else facts.rates_like(dataset.aus, rates) or {}
    many = len(dataset.subjects()) >= _ENOUGH_SUBJECTS
    found = []
    for au, rate in rates.items():
        known, _ = tally.counts.total(au)
        if tally.frames and known == 0:
            found.append(Finding("odd", column(au), "is unknown in every frame"))
        elif known >= _ENOUGH_FRAMES and rate in (0.0, 1.0):
            found.append(Finding("odd", column(au), f"is {'never' if rate == 0 else 'always'} present"))
        elif au in published and many and not 1 / _FACTOR < rate / published[au] < _FACTOR:
            text = f"its rate {rate:.3f} is far from the published {published[au]:.3f}"
            found.append(Finding("odd", column(au), text))
    return found


def _spans(numbers: NDArray[np.int32]) -> str:
    """Numbers as spans, the first few."""
    breaks = np.flatnonzero(np.diff(numbers) != 1)
    firsts, lasts = numbers[np.r_[0, breaks + 1]], numbers[np.r_[breaks, len(numbers) - 1]]
    shown = [f"{one}" if one == other else f"{one}-{other}" for one, other in zip(firsts[:5], lasts[:5], strict=True)]
    return ", ".join(shown) + (", ..." if len(firsts) > 5 else "")
