"""The whole journey: pictures and video in, action units out."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import cv2
import numpy as np

from actionunits.account import Account, SourceFacts, Watch
from actionunits.defaults import DEFAULT_MODEL
from actionunits.errors import MediaError, UsageError
from actionunits.estimators import AUScores, Card, load_estimator
from actionunits.estimators.registry import choose_device
from actionunits.faces import Face, FaceFinder, FaceTracker, describe
from actionunits.facs import AUSet, AUSetLike
from actionunits.media import Camera, Frame, MediaInput, Portion, VideoReader, expand_inputs, prefetch, read_image_frame
from actionunits.pool import cores, network_threads
from actionunits.resting import ScoredFrame, Tracks
from actionunits.results.baseline import Baseline
from actionunits.results.frames import FaceResult, FrameResult

if TYPE_CHECKING:
    from actionunits.results import Results

Source = str | Path | MediaInput | Camera | Iterable[Frame]
Tracked = tuple[Frame, tuple[Face, ...]]
_DECODED_AHEAD, _TRACKED_AHEAD = 6, 2  # frames that may wait


@dataclass
class Stretch:
    """A portion of a video, and who is known at its beginning; afterwards, at its end.

    Attributes:
        portion: what to read.
        tracker: of :meth:`Analyzer.tracker`; goes on from its last frame.
        following: the portion that begins where this one ended, to the video's end; known once it is read.
    """

    portion: Portion
    tracker: FaceTracker
    following: Portion | None = None


class Analyzer:
    """Find faces and their action units in pictures and video.

    Args:
        model: a shipped estimator's name, or the path of a card.
        device: ``cpu``, ``cuda`` or ``auto``.
        aus: report only these AUs, in this order; all the model has by default.
        max_faces: follow at most so many faces at a time.
        every: analyse frames 0, N, 2N ... of a video.
        baseline: ``none``, ``median`` or ``neutral:START-END`` (seconds): whether to subtract each person's resting
            score.
        sides: tell also how strong each AU is on the person's left side and on their right, in two more looks at a
            face; a baseline takes the resting intensity of the whole face off both.
        threads: threads inside one inference of the networks; one by default, and two where there are four cores or
            more, as decoding, tracking and scoring already have a thread each. The numbers do not depend on it.
        overlap: decode, track and score a video in a thread each; without, one after the other in the thread that
            asks, which is how a process with a single core to itself does most. The numbers do not depend on it.

    OpenCV is told to use one thread of its own (its pool costs more than it gives on pictures of a face's size); that
    setting is the process's.

    Raises:
        UsageError: an unknown model, device, AU or baseline, or a model that cannot tell the sides apart.

    >>> analyzer = Analyzer()                                         # doctest: +SKIP
    >>> analyzer.analyze("interview.mp4").to_pandas()                 # doctest: +SKIP
    """

    def __init__(
        self,
        model: str | Path = DEFAULT_MODEL,
        *,
        device: str = "cpu",
        aus: AUSetLike | None = None,
        max_faces: int | None = None,
        every: int = 1,
        baseline: str | Baseline = "none",
        sides: bool = False,
        threads: int | None = None,
        overlap: bool = True,
    ) -> None:
        _require_counts(max_faces=max_faces, every=every, threads=threads)
        threads = threads or network_threads(cores())
        cv2.setNumThreads(1)
        self.baseline = Baseline.parse(baseline) if isinstance(baseline, str) else baseline
        self._estimator = load_estimator(model, device=device, threads=threads)
        self.card: Card = self._estimator.card
        self.aus = self.card.au_set if aus is None else AUSet.parse(aus)
        missing = self.aus - self.card.au_set
        if len(missing):
            raise UsageError(
                ", ".join(missing.columns),
                f"the model {self.card.name} has no such action unit",
                f"It has {self.card.au_set}; see `actionunits models show {self.card.name}`",
            )
        self._places = np.array([self.card.au_set.index(au) for au in self.aus], np.intp)
        self._thresholds = np.array(self.card.thresholds, np.float32)[self._places]
        self._neutral_evidence = np.array(self.card.neutral_evidence, np.float32)[self._places]
        if sides:
            self._estimator.predict_sides(())  # raises where it cannot
        self.sides = sides
        self.max_faces = max_faces
        self.every = every
        self._overlap = overlap
        self.device = choose_device(device)
        self._finder = FaceFinder(threads=threads)

    @property
    def thresholds(self) -> dict[str, float]:
        """Column stem (``AU12``) -> probability from which the AU counts as occurring."""
        return {
            column: self.card.thresholds[place] for column, place in zip(self.aus.columns, self._places, strict=True)
        }

    @property
    def settings(self) -> dict[str, Any]:
        """What a sidecar says of the estimator and the options, by field of ``actionunits.results.Sidecar``."""
        crop = self.card.input
        return {
            "estimator": self.card.name,
            "estimator_version": self.card.version,
            "weights_sha256": self.card.weights.sha256,
            "aus": tuple(self.aus),
            "crop_recipe": crop.crop if crop else None,
            "crop_hash": crop.crop_hash if crop else None,
            "thresholds": self.thresholds,
            "baseline": str(self.baseline),
            "sides": self.sides,
            "every": self.every,
            "max_faces": self.max_faces,
            "device": self.device,
        }

    def altered(
        self,
        *,
        max_faces: int | None = None,
        every: int = 1,
        baseline: str | Baseline = "none",
        sides: bool = False,
    ) -> Analyzer:
        """An analyzer with the same networks and other options; both may be at work at the same time.

        Args:
            max_faces, every, baseline, sides: as of the class.

        Raises:
            UsageError: as the class.
        """
        _require_counts(max_faces=max_faces, every=every)
        other = copy(self)
        other.baseline = Baseline.parse(baseline) if isinstance(baseline, str) else baseline
        if sides:
            self._estimator.predict_sides(())  # raises where it cannot
        other.sides, other.max_faces, other.every = sides, max_faces, every
        return other

    def tracker(self) -> FaceTracker:
        """A tracker that knows nobody, for a :class:`Stretch`."""
        return FaceTracker(self._finder, max_faces=self.max_faces)

    def stream(
        self, source: Source, *, pictures: bool = True, watch: Watch | None = None, stretch: Stretch | None = None
    ) -> Iterator[FrameResult]:
        """Yield one result per frame, as soon as it is known; memory does not grow with the video.

        With a person baseline the source is looked through first, and results come afterwards.

        Args:
            source: the path of a picture or video, an input found by ``expand_inputs``, a :class:`Camera`, or frames as
                they come from elsewhere, their times never falling.
            pictures: whether results carry the frame's pixels and the faces their mesh. Only with a baseline does it
                matter: without them the second look is saved, and the rows are kept in memory.
            watch: told of the source and of every frame looked at.
            stretch: only this stretch of a video. Stretch after stretch, with one tracker, the results are those of
                the whole video.

        Raises:
            MediaError: the source cannot be read; frames before the damage have been yielded by then.
            UsageError: a baseline with a camera or frames, which cannot be looked through twice, or with a stretch.
        """
        watch = watch or Watch()
        if self.baseline.kind == "none":
            for scored in self._score(source, watch, stretch):
                yield self._conclude(scored)
            return
        if stretch is not None:
            raise UsageError(f"baseline {self.baseline}", "needs the whole recording", "Analyse it in one piece")
        if not isinstance(source, str | Path | MediaInput):
            raise UsageError(
                f"baseline {self.baseline}",
                "needs the whole recording, and a camera has no end",
                "Record, then analyse",
            )
        tracks = Tracks()
        kept: list[ScoredFrame] = []
        for scored in self._score(source, watch):
            tracks.add(scored)
            if not pictures:
                kept.append(scored.without_pictures())
        rest = tracks.resting(self.baseline, watch)
        watch.rested(rest)
        for scored in kept if not pictures else self._score(source, watch):
            yield self._conclude(scored, rest)

    def analyze(self, inputs: str | Path | Sequence[str | Path], *, watch: Watch | None = None) -> Results:
        """Analyse pictures, videos, folders and globs into one table.

        Args:
            inputs: one path or pattern, or many.
            watch: told of every source and of every frame looked at.

        Returns:
            The table; with one input, also the sidecar that says how it was made.

        Raises:
            MediaError: the first input that cannot be read (``analyze`` on the command line goes on instead).
        """
        import pyarrow as pa

        from actionunits.results import Results, RowCollector
        from actionunits.results.schema import arrow_schema
        from actionunits.results.sidecar import facts_of

        many = [inputs] if isinstance(inputs, str | Path) else list(inputs)
        expanded = expand_inputs(many)
        if expanded.failures:
            raise expanded.failures[0]
        if not expanded.inputs:
            raise MediaError(many, "there is nothing to analyse", "Name a picture, a video or a folder of them")
        parts = []
        for source in expanded.inputs:
            account, collector = Account(self.aus, watch), RowCollector(self.aus, sides=self.sides)
            for result in self.stream(source, pictures=False, watch=account):
                account.count(result)
                collector.add(result)
            batch = collector.take()
            table = pa.Table.from_batches([] if batch is None else [batch], arrow_schema(self.aus, sides=self.sides))
            parts.append(Results(table, facts_of(account.sidecar(source.path, self.settings))))
        return Results.concat(parts)

    def _score(self, source: Source, watch: Watch, stretch: Stretch | None = None) -> Iterator[ScoredFrame]:
        """Yield every frame's faces and raw scores; those of several frames of a video are computed at once."""
        live = not isinstance(source, str | Path | MediaInput)  # nobody waits for a camera
        at_once = 1 if live else self._estimator.frames_at_once
        with closing(self._tracked(source, watch, stretch)) as tracked:
            for group in _groups(tracked, at_once):
                seen = [(frame.image, face) for frame, faces in group for face in faces]
                scores = [self._estimator.predict(seen)]
                scores += self._estimator.predict_sides(seen) if self.sides else ()
                counts = [len(faces) for _, faces in group]
                by_frame = zip(*(each.select(self._places).parts(counts) for each in scores), strict=True)
                for (frame, faces), (whole, *halves) in zip(group, by_frame, strict=True):
                    watch.looked_at(frame)
                    yield ScoredFrame(frame, faces, whole, tuple(halves))

    def _conclude(self, scored: ScoredFrame, rest: Mapping[int, AUScores] | None = None) -> FrameResult:
        """Turn raw scores into probability, occurrence and intensity, relative to resting scores (N = 1) by face id."""
        faces = []
        for row, face in enumerate(scored.faces):
            found = [each.row(row) for each in (scored.scores, *scored.sides)]
            if rest is not None and face.face_id in rest:
                found = [each.relative_to(rest[face.face_id], self._neutral_evidence) for each in found]
            whole, *halves = found
            probability = whole.probability()[0]
            occurrence = (probability >= self._thresholds).astype(np.int8)
            sides = np.concatenate([half.level() for half in halves]) if halves else None
            faces.append(FaceResult(face, probability, occurrence, whole.level()[0], sides))
        frame = scored.frame
        return FrameResult(frame.source, frame.index, frame.timestamp, tuple(faces), frame.image)

    def _tracked(self, source: Source, watch: Watch, stretch: Stretch | None) -> Generator[Tracked]:
        """Yield every frame and the faces in it; a video's in a thread ahead of the scoring, as decoding is of it."""
        tracker = self.tracker() if stretch is None else stretch.tracker

        def track() -> Generator[Tracked]:
            with closing(self._frames(source, watch, stretch)) as frames:
                for frame in frames:
                    found = tracker.track(frame.image, frame.timestamp)
                    yield frame, tuple(describe(face_id, face, frame.image) for face_id, face in found)

        is_picture = isinstance(source, MediaInput) and source.kind == "image"
        ahead = max(_TRACKED_AHEAD, self._estimator.frames_at_once)
        with closing(prefetch(track(), ahead) if self._overlap and not is_picture else track()) as tracked:
            yield from tracked

    def _frames(self, source: Source, watch: Watch, stretch: Stretch | None) -> Generator[Frame]:
        if isinstance(source, Camera):
            watch.opened(SourceFacts("camera"))
            with source:
                yield from source
            return
        if not isinstance(source, str | Path | MediaInput):
            watch.opened(SourceFacts("camera"))
            yield from source
            return
        media = source if isinstance(source, MediaInput) else _single(source)
        with closing(self._frames_of_file(media, watch, stretch)) as frames:
            if not media.name:
                yield from frames
                return
            for frame in frames:
                yield replace(frame, source=media.name)

    def _frames_of_file(self, media: MediaInput, watch: Watch, stretch: Stretch | None) -> Generator[Frame]:
        if media.kind == "image":
            frame = read_image_frame(media.path)
            watch.opened(SourceFacts("image", width=frame.image.shape[1], height=frame.image.shape[0], frame_count=1))
            yield frame
            return
        portion = None if stretch is None else stretch.portion
        threads: Literal["auto", 1] = "auto" if self._overlap else 1
        with VideoReader(media.path, every=self.every, portion=portion, threads=threads) as reader:
            watch.opened(
                SourceFacts(
                    "video",
                    duration=reader.duration,
                    start_time=reader.start_time,
                    frame_count=reader.frame_count_estimate,
                    width=reader.width,
                    height=reader.height,
                    average_rate=reader.average_rate,
                )
            )
            with closing(prefetch(reader, _DECODED_AHEAD) if self._overlap else (frame for frame in reader)) as ahead:
                yield from ahead
            if stretch is not None:
                stretch.following = reader.following(None)
            if portion is None or portion.end is None:
                watch.read(reader.filled_timestamps)


def _groups(tracked: Iterator[Tracked], size: int) -> Iterator[list[Tracked]]:
    """So many frames after the others at once; where reading fails in between, those before it come first."""
    group: list[Tracked] = []
    try:
        for one in tracked:
            group.append(one)
            if len(group) == size:
                yield group
                group = []
    except MediaError:
        if group:
            yield group
        raise
    if group:
        yield group


def _require_counts(**counts: int | None) -> None:
    for name, value in counts.items():
        if value is not None and value < 1:
            raise UsageError(f"{name}={value}", "must be at least 1", f"Give {name} as 1, 2, 3 ...")


def _single(path: str | Path) -> MediaInput:
    expanded = expand_inputs([path])
    if expanded.failures:
        raise expanded.failures[0]
    if len(expanded.inputs) != 1:
        raise MediaError(path, f"is {len(expanded.inputs)} files", "Stream one at a time, or use analyze")
    return expanded.inputs[0]
