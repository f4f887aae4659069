"""A real browser: Debian's Chromium without a window, driven by Playwright.

Tests that need it live in this folder, whatever room they are about. Where Chromium is missing and we are root on a
Debian system, it is installed; elsewhere such tests are skipped, with the reason.

    def test_something(page): ...                   # a fresh page, 1280 x 900; script errors fail the test
    def test_a_camera(launch):                      # a browser of one's own, with switches of Chromium
        browser = launch("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
"""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_NO_UPLOADS = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run")


@pytest.fixture(scope="session")
def chromium_path() -> str:
    """Where Chromium lies; installed first where that can be done."""
    found = _found()
    if found is None and shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        with _one_at_a_time():
            if _found() is None:
                wait = ("-o", "DPkg::Lock::Timeout=600")
                for words in (("update",), ("install", "--yes", "--no-install-recommends", "chromium")):
                    subprocess.run(["apt-get", *wait, *words], check=False, capture_output=True)
        found = _found()
    if found is None:
        pytest.skip("there is no Chromium, and it could not be installed (on Debian: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def _playwright() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed (extra [dev])")
    with api.sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def launch(chromium_path: str, _playwright: Any) -> Iterator[Callable[..., Any]]:
    """A function that starts a browser with further switches; it is closed when the tests end."""
    with ExitStack() as stack:

        def start(*switches: str) -> Any:
            browser = _playwright.chromium.launch(executable_path=chromium_path, args=[*_NO_UPLOADS, *switches])
            stack.callback(browser.close)
            return browser

        yield start


@pytest.fixture(scope="session")
def browser(launch: Callable[..., Any]) -> Any:
    """One browser for all tests; pages come from contexts of their own."""
    return launch()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in a context of its own; errors in its scripts, and what it says is refused, fail the test at its end."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if said.type == "error" else None)
    yield opened
    context.close()
    assert not problems


@pytest.fixture(scope="session")
def until() -> Callable[..., None]:
    """A function that waits until an expression is true in a page.

    Playwright's own ``wait_for_function`` needs ``eval``, which the policy of our pages forbids.
    """

    def wait(page: Any, expression: str, seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not page.evaluate(expression):
            assert time.monotonic() < end, f"never came true: {expression}"
            page.wait_for_timeout(30)

    return wait


def _found() -> str | None:
    return next((path for path in map(shutil.which, _NAMES) if path), None)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Test processes run side by side, and only one may install."""
    import fcntl

    with (Path(tempfile.gettempdir()) / "actionunits-chromium.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
