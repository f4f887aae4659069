"""The report's picture for the docs, and how large a report of ten minutes is and how fast it opens.

usage: python tools/report_pages.py picture
       python tools/report_pages.py open

``picture`` makes docs/images/report.jpg: the report of the sample clip, a rendered face, at one of its peaks. ``open``
makes up ten minutes of two people at 30 frames/s, with the shipped model's action units, and prints the size of their
report and the seconds from the start of loading until the timelines are drawn, the best of five in a fresh page of
Chromium. Both need the extras [dev] and Chromium.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
import pyarrow as pa

from actionunits import Analyzer
from actionunits.facs import AUSet
from actionunits.media import MediaInput, write_image
from actionunits.outputs import Outputs, write_analysis
from actionunits.report import ReportRows, write_report
from actionunits.results import Sidecar, arrow_schema
from actionunits.samples import SAMPLE_CLIP

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs/images/report.jpg"
MINUTES, RATE, PEOPLE, TRIES = 10, 30, 2, 5
_PAINTED = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now()))))"


@contextmanager
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    from playwright.sync_api import sync_playwright

    path = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


def picture() -> None:
    """Analyse the sample clip and photograph its report."""
    with TemporaryDirectory() as folder, chromium() as browser:
        source = MediaInput(SAMPLE_CLIP, "video")
        outputs = Outputs(Path(folder), overlay=True, report=True)
        write_analysis(Analyzer(baseline="median"), source, "clip", outputs)
        page = browser.new_page(viewport={"width": 1360, "height": 830})
        page.goto((Path(folder) / "clip.html").as_uri())
        page.locator(".seek[aria-label*='AU12']").first.click()
        page.wait_for_timeout(1500)  # the video seeks, and its controls fade
        page.evaluate(
            "window.scrollTo(0, 0); document.activeElement.blur(); document.querySelector('#video').controls = false"
        )
        page.wait_for_timeout(500)
        shot = np.asarray(cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR), np.uint8)
    write_image(PICTURE, np.ascontiguousarray(shot[..., ::-1]), quality=88)
    print(PICTURE.relative_to(ROOT), shot.shape, f"{PICTURE.stat().st_size / 1000:.0f} kB")


def ten_minutes(aus: AUSet, seed: int = 0) -> pa.Table:
    """Made-up rows: intensities that wander, an occurrence from 1.5 on, one minute in seven turned away."""
    rng = np.random.default_rng(seed)
    frames = MINUTES * 60 * RATE
    steps = rng.normal(0, 0.12, (frames, PEOPLE * len(aus)))
    strength = np.clip(np.cumsum(steps, axis=0) % 8 - 3, 0, 5).reshape(frames * PEOPLE, len(aus))
    frame = np.repeat(np.arange(frames), PEOPLE)
    cells: dict[str, Any] = {
        "source": ["talk.mp4"] * len(frame),
        "frame": frame,
        "timestamp": np.round(frame / RATE, 6),
        "face_id": np.tile(np.arange(PEOPLE, dtype=np.int32), frames),
        "success": np.ones(len(frame), np.int8),
        "flags": np.where(frame // (60 * RATE) % 7 == 3, "turned", "").tolist(),
    }
    for place, stem in enumerate(aus.columns):
        cells[f"{stem}_p"] = (strength[:, place] / 5).astype(np.float32)
        cells[f"{stem}_c"] = (strength[:, place] >= 1.5).astype(np.int8)
        cells[f"{stem}_r"] = strength[:, place].astype(np.float32)
    schema = arrow_schema(aus)
    rest = np.full(len(frame), 50, np.float32)
    return pa.table({name: cells.get(name, rest) for name in schema.names}, schema)


def measure() -> None:
    """Print the size of ten minutes' report and how long it takes to open."""
    analyzer = Analyzer()
    rows = ReportRows(analyzer.aus)
    for batch in ten_minutes(analyzer.aus).to_batches(max_chunksize=1024):
        rows.write(batch)
    facts: dict[str, Any] = dict.fromkeys(("input_sha256", "input_bytes", "resting", "command_line", "start_time"))
    counts = {"frame_count": MINUTES * 60 * RATE, "frames_without_face": 0, "filled_timestamps": 0}
    sidecar = Sidecar(
        package_version="0",
        source="talk.mp4",
        faces=(0, 1),
        duration=60.0 * MINUTES,
        **facts,
        **counts,
        **analyzer.settings,
    )
    with TemporaryDirectory() as folder, chromium() as browser:
        path = Path(folder) / "talk.html"
        write_report(path, rows, sidecar)
        best = min(_seconds_to_open(browser, path) for _ in range(TRIES))
        size = path.stat().st_size / 1e6
    print(f"{MINUTES} minutes, {PEOPLE} people, {len(analyzer.aus)} action units: {size:.1f} MB, open in {best:.2f} s")


def _seconds_to_open(browser: Any, path: Path) -> float:
    """From the start of loading until the timelines are drawn, and the page painted with them."""
    context = browser.new_context(viewport={"width": 1360, "height": 830})
    page = context.new_page()
    page.goto(path.as_uri())
    painted = page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))"
    )
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    context.close()
    return float(max(loaded, painted)) / 1000


if __name__ == "__main__":
    commands = {"picture": picture, "open": measure}
    if len(sys.argv) != 2 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]]()
