"""One analysed input and the files it leaves: tables, sidecar, overlay, report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.account import Account, Watch
from actionunits.analyzer import Analyzer
from actionunits.errors import ResultsError, UsageError
from actionunits.media import Camera, MediaInput, VideoWriter, write_image
from actionunits.report import ReportRows, require_report, write_report
from actionunits.results import (
    FileSink,
    FrameResult,
    RowCollector,
    file_name,
    open_sink,
    read_sidecar,
    write_sidecar,
)
from actionunits.viz import Overlay, still_scale

_ROWS_AT_ONCE = 1024
_OVERLAYS = (".overlay.png", ".overlay.mp4")


@dataclass(frozen=True)
class Outputs:
    """What to write, and where.

    Attributes:
        folder: made when missing.
        formats: names of :data:`actionunits.results.FORMATS`.
        overlay: draw faces and action units on the picture or video.
        command_line: for the sidecar.
        report: write an HTML report (extra ``[report]``). It shows the overlay where there is one, else the input.
    """

    folder: Path
    formats: tuple[str, ...] = ("csv",)
    overlay: bool = False
    command_line: tuple[str, ...] | None = None
    report: bool = False

    def prepare(self, stems: Mapping[MediaInput, str]) -> None:
        """Make the folder, and make sure that nothing written to it takes the place of an input or of others' files.

        Results of an earlier run are replaced: their sidecar tells them.

        Args:
            stems: what is going to be analysed, and the stem of its files.

        Raises:
            UsageError: an output would overwrite an input, or a file that is no result; or what the report needs is not
                installed.
            ResultsError: the folder cannot be made or written to.
        """
        if self.report:
            require_report()
        inputs = {one.path.resolve(): one.path for one in stems}
        for path in (path for stem in stems.values() for path in self.paths(stem)):
            if path.resolve() in inputs:
                raise UsageError(
                    inputs[path.resolve()], "would be overwritten by a result of the same name", "Choose another --out"
                )
        for stem in stems.values():
            there = [path for path in self.paths(stem) if path.exists()]
            if there and not _is_sidecar(self.folder / f"{stem}.json"):
                raise UsageError(
                    there[0],
                    "is there already, and no sidecar beside it says that it is a result",
                    "Choose another --out",
                )
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            probe = self.folder / f".actionunits.part-{id(self):x}"
            probe.touch()
            probe.unlink()
        except OSError as error:
            raise ResultsError(
                self.folder, f"cannot be written to ({error.strerror})", "Choose another folder with --out"
            ) from error

    def paths(self, stem: str) -> tuple[Path, ...]:
        """Return every file that an input of this stem may leave."""
        overlays = (f"{stem}{end}" for end in _OVERLAYS if self.overlay)
        reports = (f"{stem}.html",) if self.report else ()
        names = (*self.tables(stem).values(), f"{stem}.json", *overlays, *reports)
        return tuple(self.folder / name for name in names)

    def tables(self, stem: str) -> dict[str, str]:
        """Return the files of an input of this stem by format."""
        return {format: file_name(stem, format) for format in self.formats}


def _is_sidecar(path: Path) -> bool:
    try:
        read_sidecar(path)
    except ResultsError:
        return False
    return True


@dataclass(frozen=True)
class Written:
    """What came of one input: its files, how many frames, how many faces."""

    files: tuple[Path, ...]
    frames: int
    frames_without_face: int
    faces: int
    warnings: tuple[str, ...]

    def __str__(self) -> str:
        counted = f"{self.frames} frame{'s' * (self.frames != 1)}, {self.faces} face{'s' * (self.faces != 1)}"
        return f"{self.files[0]}: {counted}" + (
            f", {self.frames_without_face} frames without a face" if self.frames_without_face else ""
        )


def without_own_overlays(inputs: Sequence[MediaInput]) -> tuple[tuple[MediaInput, ...], tuple[Path, ...]]:
    """Split inputs into those to analyse, and overlays that an earlier run drew beside their sidecar."""
    drawn = tuple(
        one.path
        for one in inputs
        if one.path.name.endswith(_OVERLAYS) and one.path.with_name(f"{one.path.name.rsplit('.', 2)[0]}.json").is_file()
    )
    return tuple(one for one in inputs if one.path not in drawn), drawn


def plan_stems(inputs: Sequence[MediaInput]) -> dict[MediaInput, str]:
    """Give every input the stem of its output files: its own stem where that is unique, else its whole file name.

    Files of one name in several folders are told apart by their folders' names. The plan does not depend on the order
    of the inputs.

    Raises:
        UsageError: two inputs cannot be told apart.
    """
    plan: dict[MediaInput, str] = {}
    for depth in range(8):
        open_inputs = [one for one in inputs if one not in plan]
        names = {one: _name(one.path, depth) for one in open_inputs}
        counts = Counter(name.casefold() for name in [*names.values(), *plan.values()])
        plan |= {one: name for one, name in names.items() if counts[name.casefold()] == 1}
    for one in inputs:
        if one not in plan:
            raise UsageError(one.path, "shares its name with another input", "Analyse the two into different folders")
    return plan


def _name(path: Path, depth: int) -> str:
    """The stem; then the file name; then with one, two ... folders before it."""
    if depth == 0:
        return path.stem
    folders = path.resolve().parts[1:-1]
    return "__".join([*folders[len(folders) - depth + 1 :], path.name])


def write_analysis(
    analyzer: Analyzer, source: MediaInput | Camera, stem: str, outputs: Outputs, *, watch: Watch | None = None
) -> Written:
    """Analyse one input and write its files: aside, and under their names once the whole input has been read.

    Raises:
        MediaError: the input cannot be read, or the overlay cannot be written.
        ResultsError: a table or the sidecar cannot be written.
    """
    with _all_or_nothing(outputs.paths(stem)):
        return _write_files(analyzer, source, stem, outputs, Account(analyzer.aus, watch))


def _write_files(
    analyzer: Analyzer, source: MediaInput | Camera, stem: str, outputs: Outputs, account: Account
) -> Written:
    tables = {format: outputs.folder / name for format, name in outputs.tables(stem).items()}
    rows = ReportRows(analyzer.aus) if outputs.report else None
    path = None if isinstance(source, Camera) else source.path
    with ExitStack() as stack:
        sinks: list[FileSink] = [
            stack.enter_context(open_sink(name, table, analyzer.aus, sides=analyzer.sides))
            for name, table in tables.items()
        ]
        overlay = stack.enter_context(
            _OverlayFile(outputs.folder / f"{stem}.overlay", analyzer, account, outputs.overlay)
        )
        landmarks = any(sink.needs_landmarks for sink in sinks)
        collector = RowCollector(analyzer.aus, sides=analyzer.sides, landmarks=landmarks)
        for result in analyzer.stream(source, pictures=outputs.overlay, watch=account):
            account.count(result)
            overlay.write(result)
            collector.add(result)
            if len(collector) >= _ROWS_AT_ONCE:
                _hand_out(collector, sinks, rows)
        _hand_out(collector, sinks, rows)
        sidecar = account.sidecar(path, analyzer.settings, outputs.command_line)
        for sink in sinks:
            sink.describe(sidecar)
    files = [*tables.values(), outputs.folder / f"{stem}.json", *overlay.files]
    write_sidecar(outputs.folder / f"{stem}.json", sidecar)
    if rows is not None:
        files.append(outputs.folder / f"{stem}.html")
        media = overlay.files[0] if overlay.files else path
        write_report(files[-1], rows, sidecar, media=media, drawn=bool(overlay.files))
    return Written(
        tuple(files),
        account.frames,
        account.frames_without_face,
        len(account.faces),
        tuple(account.warnings),
    )


@contextmanager
def _all_or_nothing(paths: Sequence[Path]) -> Iterator[None]:
    """Where the block fails, take away those of these files that it already put in place: a table wants its sidecar."""
    before = [_identity(path) for path in paths]
    try:
        yield
    except BaseException:
        for path, old in zip(paths, before, strict=True):
            if _identity(path) != old:
                with suppress(OSError):
                    path.unlink()
        raise


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_mtime_ns


def _hand_out(collector: RowCollector, sinks: Sequence[FileSink], rows: ReportRows | None) -> None:
    landmarks = collector.landmarks
    batch = collector.take()
    if batch is None:
        return
    for sink in sinks:
        sink.write(batch, landmarks)
    if rows is not None:
        rows.write(batch)


class _OverlayFile:
    """The overlay of one input: a picture for a picture, a video with the source's times for anything else."""

    def __init__(self, stem: Path, analyzer: Analyzer, account: Account, wanted: bool) -> None:
        self._stem = stem
        self._aus = analyzer.aus
        self._account = account
        self._wanted = wanted
        self._overlay = Overlay()
        self._stack = ExitStack()
        self._writer: VideoWriter | None = None
        self._picture: NDArray[np.uint8] | None = None
        self._shape: tuple[int, ...] = ()
        self.files: tuple[Path, ...] = ()

    def __enter__(self) -> _OverlayFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if kind is None and self._picture is not None:
            path = self._stem.with_name(f"{self._stem.name}.png")
            write_image(path, self._picture)
            self.files = (path,)
        self._stack.__exit__(kind, error, None)

    def write(self, result: FrameResult) -> None:
        """Draw one frame."""
        if not self._wanted:
            return
        if self._account.source.kind == "image":
            height, width = result.image.shape[:2]
            self._picture = self._overlay.draw(result, self._aus, canvas_scale=still_scale(height, width))
            return
        if self._writer is None:
            path = self._stem.with_name(f"{self._stem.name}.mp4")
            height, width = result.image.shape[:2]
            rate = self._account.source.average_rate
            self._writer = self._stack.enter_context(VideoWriter(path, width=width, height=height, rate_hint=rate))
            self._shape = result.image.shape
            self.files = (path,)
        picture = self._overlay.draw(result, self._aus)
        if picture.shape != self._shape:
            picture = _fitted(picture, self._shape)
        self._writer.write(picture, result.timestamp)


def _fitted(picture: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """Fit a frame of another size (a stream may change it midway) into the video's, aspect kept, rest black."""
    import cv2

    scale = min(shape[0] / picture.shape[0], shape[1] / picture.shape[1])
    height, width = max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale))
    fitted = np.zeros(shape, np.uint8)
    fitted[:height, :width] = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA)
    return fitted
