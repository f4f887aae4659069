"""The web page of `actionunits serve` in a real browser."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the extra [serve] is not installed")

from actionunits.media import VideoReader, write_image
from actionunits.samples import SAMPLE_CLIP

from ..service.serving import Served, serve  # noqa: F401  # a fixture

Until = Callable[..., None]
SMILE = '#bars li[data-au="AU12"]'
LONG = "interview with somebody whose name is long " * 5 + "and_goes_on_without_a_space" * 4 + ".jpg"


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:  # noqa: F811
    """One service for all pages."""
    return serve()


@pytest.fixture(scope="session")
def smile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smiling face of scikit-image's `astronaut` (NASA, public domain)."""
    data = pytest.importorskip("skimage.data", reason="scikit-image is not installed (extra [dev])")
    path = tmp_path_factory.mktemp("pictures") / "astronaut.png"
    write_image(path, data.astronaut()[:300, 80:380].copy())
    return path


@pytest.fixture
def opened(until: Until, page: Any, served: Served) -> Any:
    """The page, ready."""
    page.goto(served.url)
    until(page, "document.querySelectorAll('#formats input').length > 0")
    return page


@pytest.fixture
def shot(page: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], None]:
    """A function that keeps a picture of the page, for whoever wants to look."""
    folder = tmp_path_factory.getbasetemp() / "pages"
    folder.mkdir(exist_ok=True)
    return lambda name: page.screenshot(path=folder / f"{name}.png", full_page=True)


def level(page: Any, row: str) -> float:
    """The number at the end of a bar."""
    return float(page.locator(f"{row} .value").inner_text())


def drawn(page: Any) -> int:
    """How many pixels of the overlay are not empty."""
    return int(
        page.evaluate(
            """() => {
                const canvas = document.getElementById('overlay');
                const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
                return pixels.filter((value, place) => place % 4 === 3 && value > 0).length;
            }"""
        )
    )


def fits(page: Any) -> bool:
    """Whether nothing sticks out to the side."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_picture_shows_its_overlay_and_the_smile(
    until: Until, opened: Any, smile: Path, shot: Callable[[str], None]
) -> None:
    opened.set_input_files("#file", smile)
    opened.wait_for_selector("#downloads:not([hidden])")
    until(opened, "document.getElementById('picture').complete")
    assert opened.locator("#status").inner_text() == "Done: 1 face."
    assert level(opened, SMILE) >= 1
    assert "on" in opened.locator(SMILE).get_attribute("class")
    assert drawn(opened) > 500
    opened.hover(SMILE)
    assert "zygomaticus major" in opened.locator("#muscles").inner_text()
    shot("picture")


def test_a_clip_from_progress_to_a_peak_in_its_report(until: Until, opened: Any, shot: Callable[[str], None]) -> None:
    opened.evaluate(
        """() => {
            window.seen = [];
            const status = document.getElementById('status');
            new MutationObserver(() => window.seen.push(status.textContent)).observe(status, { childList: true });
        }"""
    )
    opened.set_input_files("#file", SAMPLE_CLIP)
    opened.wait_for_selector("#timeline-box:not([hidden])")
    said = opened.evaluate("window.seen")
    assert any(text.startswith("Analysing: ") and "%" in text for text in said)
    assert said[-1].endswith("125 frames, 1 person.")
    until(opened, "document.getElementById('video').readyState >= 2")
    timeline = opened.locator("#timeline")
    width = timeline.bounding_box()["width"]
    timeline.click(position={"x": 62 + (width - 70) * 0.6, "y": 60})
    until(opened, "Math.abs(document.getElementById('video').currentTime - 0.6 * 4.96) < 0.05")
    until(opened, "!document.getElementById('video').seeking")
    assert drawn(opened) > 300
    assert level(opened, '#bars li[data-au="AU25"]') > 1
    shot("clip")
    opened.click("#open-report")
    report = opened.frame_locator("#report")
    report.get_by_role("heading", name="clip.mp4").wait_for()
    frame = opened.frame(url="**/report")
    until(frame, "document.querySelector('#video').readyState >= 2 && document.querySelector('path.point') !== null")
    peak = frame.locator(".plot .scatterlayer .trace path.point").last
    peak.scroll_into_view_if_needed()
    box = peak.bounding_box()
    opened.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    opened.wait_for_timeout(100)
    opened.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(frame, "document.querySelector('#position').value !== '0'")
    until(frame, "document.querySelector('#video').currentTime > 0")
    shot("report")


def test_everything_can_be_downloaded(opened: Any, face_files: tuple[Path, ...], tmp_path: Path) -> None:
    import zipfile

    opened.click("summary")
    opened.check('#formats input[value="elan"]')
    opened.set_input_files("#file", face_files[0])
    opened.wait_for_selector("#downloads:not([hidden])")
    with opened.expect_download() as waiting:
        opened.click("text=Everything (ZIP)")
    waiting.value.save_as(tmp_path / "all.zip")
    names = set(zipfile.ZipFile(tmp_path / "all.zip").namelist())
    assert names == {"result.csv", "result.eaf", "result.json", "result.overlay.png", "result.html"}
    assert waiting.value.suggested_filename == "face0.zip"
    texts = opened.locator("#files a").all_inner_texts()
    assert texts == ["Everything (ZIP)", "csv", "elan", "how it was made (JSON)", "overlay", "report"]


def test_a_wrong_file_gets_a_reason(until: Until, browser: Any, served: Served, tmp_path: Path) -> None:
    opened = browser.new_page()  # not the fixture, in which what the console says of a 415 would be a failure
    opened.goto(served.url)
    until(opened, "document.querySelectorAll('#formats input').length > 0")
    (tmp_path / "notes.jpg").write_text("no picture")
    opened.set_input_files("#file", tmp_path / "notes.jpg")
    opened.wait_for_selector("#error:not([hidden])")
    assert "notes.jpg: it is not a picture" in opened.locator("#error").inner_text()
    assert opened.locator("#file").is_enabled()
    opened.close()


def test_the_keyboard_is_enough(until: Until, opened: Any, shot: Callable[[str], None]) -> None:
    keyboard = opened.keyboard
    choosers: list[Any] = []
    # long before the key is pressed: a chooser that comes while Chromium is still being told to hand it over is lost
    opened.on("filechooser", lambda chooser: choosers.append(chooser))
    reached = []
    for _ in range(12):
        keyboard.press("Tab")
        reached.append(opened.evaluate("document.activeElement.id || document.activeElement.tagName"))
        if reached[-1] == "file":
            break
    assert reached[-1] == "file"
    ring = "getComputedStyle(document.querySelector('label.button')).outlineStyle"
    assert opened.evaluate(ring) == "solid"
    keyboard.press("Space")
    while not choosers:
        opened.wait_for_event("filechooser")
    choosers[0].set_files(SAMPLE_CLIP)
    opened.wait_for_selector("#timeline-box:not([hidden])")
    until(opened, "document.getElementById('video').readyState >= 2")
    for _ in range(60):
        keyboard.press("Tab")
        if opened.evaluate("document.activeElement.dataset.au") == "AU12":
            break
    assert "zygomaticus major" in opened.locator("#muscles").inner_text()
    while opened.evaluate("document.activeElement.id") != "timeline":
        keyboard.press("Tab")
    shot("keyboard")
    now = "document.getElementById('video').currentTime"
    for key, expected in (("End", 4.96), ("Home", 0), ("PageUp", 0.496), ("ArrowRight", 0.536), ("ArrowLeft", 0.496)):
        keyboard.press(key)
        until(opened, f"Math.abs({now} - {expected}) < 0.02")
    assert opened.locator("#timeline").get_attribute("aria-valuetext").startswith("0.50 seconds of 4.96")
    while opened.evaluate("document.activeElement.id") != "open-report":
        keyboard.press("Tab")
    keyboard.press("Enter")
    opened.wait_for_selector("#report:not([hidden])")
    assert opened.locator("#open-report").get_attribute("aria-expanded") == "true"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_and_a_long_name(
    opened: Any, face_files: tuple[Path, ...], scheme: str, shot: Callable[[str], None]
) -> None:
    opened.emulate_media(color_scheme=scheme)
    opened.set_viewport_size({"width": 360, "height": 740})
    assert fits(opened)
    file = {"name": LONG, "mimeType": "image/jpeg", "buffer": face_files[0].read_bytes()}
    opened.set_input_files("#file", file)
    opened.wait_for_selector("#downloads:not([hidden])")
    opened.click("summary")
    assert opened.locator("#result-title").inner_text() == LONG
    assert fits(opened)
    shot(f"phone-{scheme}")
    opened.click("summary")


def test_markup_in_a_name_stays_text(opened: Any, face_files: tuple[Path, ...]) -> None:
    name = '<img src=x onerror="document.title=1">.jpg'
    opened.set_input_files("#file", {"name": name, "mimeType": "image/jpeg", "buffer": face_files[0].read_bytes()})
    opened.wait_for_selector("#downloads:not([hidden])")
    assert opened.locator("#result-title").inner_text() == name
    opened.click("#open-report")
    opened.frame_locator("#report").get_by_role("heading", name=name).wait_for()
    assert opened.title() == "actionunits"


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample clip as raw video, which Chromium shows in place of a camera."""
    path = tmp_path_factory.mktemp("camera") / "clip.y4m"
    import av

    with VideoReader(SAMPLE_CLIP) as reader, path.open("wb") as file:
        file.write(b"YUV4MPEG2 W320 H320 F25:1 Ip A1:1 C420jpeg\n")
        for number, frame in enumerate(reader):
            if 40 <= number < 90:
                planes = av.VideoFrame.from_ndarray(frame.image).reformat(format="yuv420p").to_ndarray()
                file.write(b"FRAME\n" + planes.tobytes())
    return path


def test_the_webcam_from_start_to_stop(
    until: Until, launch: Callable[..., Any], served: Served, camera: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    browser = launch(
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={camera}",
    )
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(served.url)
    until(page, "document.querySelectorAll('#formats input').length > 0")
    page.click("#webcam")
    until(page, "/[1-9]\\d* frames\\/s.*1 in view/.test(document.getElementById('caption').textContent)")
    until(page, "document.querySelectorAll('#bars li.on').length > 0")
    assert drawn(page) > 300
    page.screenshot(path=tmp_path_factory.getbasetemp() / "pages-webcam.png", full_page=True)
    page.click("#webcam")
    until(page, "/stopped after \\d+ frames/.test(document.getElementById('status').textContent)")
    with page.expect_download() as waiting:
        page.click("#files a >> nth=0")
    rows = Path(waiting.value.path()).read_text().splitlines()
    assert rows[0].startswith("source,frame,timestamp,face_id,success")
    assert len(rows) > 3
    assert all(row.startswith("webcam,") for row in rows[1:])
    assert not problems


@pytest.fixture
def guarded(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> Served:  # noqa: F811
    monkeypatch.setenv("ACTIONUNITS_TOKEN", "a-token-for-the-browser")
    return serve()


def test_the_token_is_asked_for_once(
    until: Until, launch: Callable[..., Any], guarded: Served, face_files: tuple[Path, ...], tmp_path: Path
) -> None:
    page = launch().new_page(viewport={"width": 900, "height": 700})
    page.goto(guarded.url)
    page.wait_for_selector("#sign-in[open]")
    page.fill("#token", "a-wrong-token")
    page.keyboard.press("Enter")
    until(page, "document.getElementById('sign-in-error').textContent.includes('wrong')")
    page.fill("#token", "a-token-for-the-browser")
    page.keyboard.press("Enter")
    page.wait_for_selector("#sign-in", state="hidden")
    page.set_input_files("#file", face_files[0])
    page.wait_for_selector("#downloads:not([hidden])")
    page.click("#open-report")
    page.frame_locator("#report").get_by_role("heading", name="face0.jpg").wait_for()
    page.reload()
    until(page, "document.querySelectorAll('#formats input').length > 0")
    assert not page.locator("#sign-in").is_visible()


def test_the_page_about_the_api(page: Any, served: Served, shot: Callable[[str], None]) -> None:
    page.goto(f"{served.url}/docs")
    page.wait_for_selector(".route")
    text = page.locator("#routes").inner_text()
    for path in ("/v1/images", "/v1/videos", "/v1/jobs/{job}/result", "/metrics"):
        assert path in text
    shot("docs")


def test_nothing_is_asked_of_others(until: Until, page: Any, served: Served, face_files: tuple[Path, ...]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(served.url)
    until(page, "document.querySelectorAll('#formats input').length > 0")
    page.set_input_files("#file", face_files[0])
    page.wait_for_selector("#downloads:not([hidden])")
    page.click("#open-report")
    page.frame_locator("#report").get_by_role("heading", name="face0.jpg").wait_for()
    assert asked
    assert all(url.startswith((served.url, "blob:", "data:")) for url in asked)
