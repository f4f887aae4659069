"""Optical flow of a store: how every face moves until the next frame of its sequence, found once and kept beside it."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

import actionunits
from actionunits.errors import StoreError, UsageError
from actionunits.pool import cores, share_out
from actionunits.prepare.work import Watch
from actionunits.store import FlowFacts, Store
from actionunits.store.flow import FLOW_BEGUN_FILE, FLOW_FILE, FLOW_FOLDER, encode_flow, flow_path
from actionunits.store.header import read_facts, write_facts
from actionunits.store.pictures import write_pictures

FlowMethod = Literal["tvl1", "dis", "farneback"]
Grey = NDArray[np.uint8]
Flow = NDArray[np.float32]
Finder = Callable[[Grey, Grey], Flow]

BOUND = 60.0
"""AU R-CNN's: pixels of the crop."""


@dataclass(frozen=True, slots=True)
class FlowFound:
    """What a run did.

    Attributes:
        folder: with the files.
        facts: how the flow was found.
        frames: of the store.
        made: of them, in this run; the others were there already.
        seconds: this run took.
    """

    folder: Path
    facts: FlowFacts
    frames: int
    made: int
    seconds: float

    def lines(self) -> list[str]:
        """The run in words, a line a fact."""
        rate = f", {self.made / self.seconds:.0f} frames/s" if self.made and self.seconds else ""
        how = f"{self.facts.method} of OpenCV {self.facts.opencv}, up to {self.facts.bound:g} pixels"
        return [
            f"{self.folder}: flow of {self.frames} frames, {how}",
            f"{self.made} made in {self.seconds:.0f} s{rate}",
        ]


def prepare_flow(
    folder: str | Path,
    *,
    method: FlowMethod | None = None,
    bound: float = BOUND,
    quality: int = 95,
    jobs: int | None = None,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> FlowFound:
    """Find the optical flow of a finished store, and keep it in its folder; sequences that are there are kept.

    It leads from each stored frame to the next one of the sequence, however far they are apart in time.

    Args:
        folder: of the store; its pictures have one size.
        method: ``tvl1`` (AU R-CNN's; needs the contributed modules of OpenCV), ``dis`` or ``farneback``; None for the
            first of them that is there.
        bound: pixels that are told apart; what moves further is clipped.
        quality: of the JPEG files, 1-100.
        jobs: processes; None for one a core. The bytes do not depend on it.
        overwrite: throw away what flow there is.
        watch: progress, in frames.

    Raises:
        UsageError: a value is out of range, OpenCV has not the method, or the pictures differ in size.
        StoreError: the store is damaged, cannot be written, or its flow was found, or begun, in another way.
        ActionUnitsError: a process was killed.
    """
    began = time.perf_counter()
    jobs = cores() if jobs is None else jobs
    if jobs < 1 or not 1 <= quality <= 100 or not 0 < bound <= 1000:
        reason = f"jobs={jobs} must be 1 or more, quality={quality} from 1 to 100, bound={bound} above 0, at most 1000"
        raise UsageError("optical flow", reason, "Correct these values")
    store = Store(folder)
    if store.header.image_size is None:
        raise UsageError(store.folder, "its pictures differ in size", "Crop it first: actionunits data prepare store")
    facts = FlowFacts(
        method=_chosen(method),
        opencv=cv2.__version__,
        bound=bound,
        jpeg_quality=quality,
        frames_sha256=store.header.frames_sha256,
        package_version=actionunits.__version__,
    )
    names = store.sequences["sequence"].to_pylist()
    todo = _begun(store, facts, names, overwrite=overwrite)
    kept = made = len(store) - sum(len(store.rows_of(name)) for name in todo)
    tell = watch or (lambda _done, _known: None)
    tell(kept, len(store))
    work = share_out(
        todo, _do, workers=max(1, min(jobs, len(todo))), begin=_begin, facts=(store, facts), tick=lambda: None
    )
    with closing(work) as ended:
        for frames in ended:
            made += frames
            tell(made, len(store))
    home = store.folder / FLOW_FOLDER
    write_facts(home / FLOW_FILE, facts)
    (home / FLOW_BEGUN_FILE).unlink(missing_ok=True)
    return FlowFound(home, facts, len(store), made - kept, time.perf_counter() - began)


def flow_finder(method: FlowMethod) -> Finder:
    """What finds the flow between two grey pictures, (H, W) uint8: (H, W, 2) float32, pixels to the right and down.

    Each has OpenCV's own settings; DIS those of its medium preset, and Farneback's are 5 levels, windows of 15 pixels,
    3 rounds, and polynomials over 7 pixels.

    Raises:
        UsageError: OpenCV has not the method.
    """
    if method == "farneback":
        return lambda before, after: np.asarray(
            cv2.calcOpticalFlowFarneback(before, after, None, 0.5, 5, 15, 3, 7, 1.5, 0)
        )
    if method == "dis":
        found: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    else:
        found = _tvl1()
    return lambda before, after: np.asarray(found.calc(before, after, None))


def _tvl1() -> Any:
    contributed = getattr(cv2, "optflow", None)
    make = getattr(contributed, "DualTVL1OpticalFlow_create", None)
    if make is None:
        advice = "Install opencv-contrib-python-headless in the place of opencv-python-headless, or use dis"
        raise UsageError("method tvl1", "is not in this OpenCV", advice)
    return make()


def _chosen(method: FlowMethod | None) -> FlowMethod:
    """The method asked for, if it is there, or the first one that is."""
    if method is None:
        return "tvl1" if hasattr(cv2, "optflow") else "dis"
    if method not in get_args(FlowMethod):
        raise UsageError(f"method={method!r}", "there is none of this name", f"Use {', '.join(get_args(FlowMethod))}")
    flow_finder(method)
    return method


def _begun(store: Store, facts: FlowFacts, names: list[str], *, overwrite: bool) -> list[str]:
    """Make the folder, and tell which sequences are still to do."""
    home = store.folder / FLOW_FOLDER
    marks = [home / FLOW_BEGUN_FILE, home / FLOW_FILE]
    try:
        home.mkdir(exist_ok=True)
        if overwrite:
            for path in (*home.glob("*.arrow"), *(mark for mark in marks if mark.exists())):
                path.unlink()
    except OSError as failure:
        raise StoreError(home, f"cannot be written ({failure.strerror})", "Free the folder for writing") from failure
    for mark in marks:
        found = read_facts(mark, FlowFacts) if mark.is_file() else facts
        if found != facts:
            values, wanted = found.model_dump(), facts.model_dump()
            said = "; ".join(f"{key}: {values[key]}, now {wanted[key]}" for key in wanted if values[key] != wanted[key])
            raise StoreError(home, f"holds flow found otherwise ({said})", "Pass --overwrite, or the same settings")
    if not marks[1].is_file():
        write_facts(marks[0], facts)
    return [name for name in names if not flow_path(store, name).is_file()]


_HERE: list[tuple[Store, FlowFacts, Finder]] = []  # of a worker process: set once, when it begins


def _begin(store: Store, facts: FlowFacts) -> None:
    _HERE[:] = [(store, facts, flow_finder(facts.method))]


def _do(name: str) -> int:
    """Write the flow of a sequence, and say how many frames it has."""
    store, facts, find = _HERE[0]
    rows = store.rows_of(name)
    width, height = store.header.image_size or (0, 0)
    fields, before = [], _grey(store, rows[0])
    for row in rows[1:]:
        after = _grey(store, row)
        fields.append(find(before, after))
        before = after
    fields.append(fields[-1] if fields else np.zeros((height, width, 2), np.float32))
    jpegs = [encode_flow(field, bound=facts.bound, quality=facts.jpeg_quality) for field in fields]
    write_pictures(flow_path(store, name), jpegs, (2 * width, height))
    return len(rows)


def _grey(store: Store, row: int) -> Grey:
    return np.asarray(cv2.cvtColor(store.image(row), cv2.COLOR_RGB2GRAY))
