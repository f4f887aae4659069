"""The picture of the web page for the docs; with --states, a picture of every state of it, to be looked at.

    python tools/serve_pages.py                 # docs/images/serve.jpg
    python tools/serve_pages.py --states DIR    # one picture a state

Needs the extras [serve] and [dev], and Chromium.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from skimage.data import astronaut

from actionunits.media import read_image, write_image
from actionunits.samples import SAMPLE_CLIP

ROOT = Path(__file__).resolve().parents[1]
LIGHT, DARK, PHONE = "light", "dark", {"width": 360, "height": 740}
SHOWN, DONE = "#downloads:not([hidden])", "#timeline-box:not([hidden])"


@contextmanager
def service(folder: Path) -> Iterator[str]:
    """Run a service; its address."""
    command = [sys.executable, "-c", "from actionunits.cli import main; main()", "serve", "--port", "0"]
    with subprocess.Popen([*command, "--state", str(folder)], stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.search(r"http://\S+", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise SystemExit("the service did not start")
            yield found[0]
        finally:
            process.terminate()


def opened(browser: Browser, address: str, scheme: str = LIGHT, size: dict[str, int] | None = None) -> Page:
    """The page, ready."""
    page = browser.new_page(
        viewport=size or {"width": 1180, "height": 900},  # type: ignore[arg-type]
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
    )
    page.goto(address)
    page.wait_for_selector("#formats input", state="attached")
    return page


def photograph(folder: Path) -> Path:
    """The astronaut's head and shoulders."""
    path = folder / "astronaut.png"
    write_image(path, np.ascontiguousarray(astronaut()[:300, 60:400]))
    return path


def picture(page: Page, path: Path) -> Page:
    """The page with a picture analysed, an action unit pointed at."""
    page.set_input_files("#file", path)
    page.wait_for_selector(SHOWN)
    page.hover('#bars li[data-au="AU12"]')
    page.wait_for_timeout(300)
    return page


def states(browser: Browser, address: str, folder: Path, work: Path) -> None:
    """A picture of every state."""
    for scheme in (LIGHT, DARK):
        page = opened(browser, address, scheme)
        page.screenshot(path=folder / f"start-{scheme}.png")
        picture(page, photograph(work)).screenshot(path=folder / f"picture-{scheme}.png", full_page=True)
    page.set_input_files("#file", SAMPLE_CLIP)
    page.wait_for_selector("#cancel:not([hidden])")
    page.wait_for_timeout(400)
    page.screenshot(path=folder / "progress.png")
    page.wait_for_selector(DONE)
    page.screenshot(path=folder / "clip.png", full_page=True)
    page.click("#open-report")
    page.wait_for_timeout(1500)
    page.screenshot(path=folder / "report.png", full_page=True)
    (work / "notes.jpg").write_text("not a picture")
    page.set_input_files("#file", work / "notes.jpg")
    page.wait_for_selector("#error:not([hidden])")
    page.screenshot(path=folder / "problem.png")
    page = opened(browser, address, size=PHONE)
    picture(page, photograph(work)).screenshot(path=folder / "phone.png", full_page=True)
    page.goto(f"{address}/docs")
    page.wait_for_selector(".route")
    page.screenshot(path=folder / "docs.png")


def main() -> None:
    """Start a service and a browser, and take pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=Path, metavar="DIR")
    parser.add_argument("--chromium", default=shutil.which("chromium"))
    chosen = parser.parse_args()
    with TemporaryDirectory() as name, service(Path(name) / "state") as address, sync_playwright() as playwright:
        work = Path(name)
        browser = playwright.chromium.launch(executable_path=chosen.chromium, args=["--no-sandbox"])
        if chosen.states is not None:
            chosen.states.mkdir(parents=True, exist_ok=True)
            states(browser, address, chosen.states, work)
        else:
            page = picture(opened(browser, address), photograph(work))
            page.screenshot(path=work / "page.png", full_page=True)
            shown = read_image(work / "page.png")
            write_image(ROOT / "docs/images/serve.jpg", shown, quality=88)
            print("docs/images/serve.jpg", shown.shape)
        browser.close()


if __name__ == "__main__":
    main()
