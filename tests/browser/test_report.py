"""The report in a real browser: what a person sees, clicks and types."""

import json
from collections.abc import Callable
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from actionunits.analyzer import Analyzer
from actionunits.media import MediaInput
from actionunits.outputs import Outputs, write_analysis
from actionunits.report import ReportRows, write_report
from actionunits.results import Results
from actionunits.samples import SAMPLE_CLIP

MARKERS = """(() => {
  const {data} = document.querySelector(".plot");
  const lines = data.filter((trace) => trace.au !== undefined);
  return data.filter((trace) => trace.mode === "markers")
    .flatMap((trace, row) => trace.x.map((time) => [lines[row].hovertemplate.slice(0, 4), time]));
})()"""  # action unit and time of the markers, in the order in which Plotly draws them
MARKERS = """(() => {
  const {data} = document.querySelector(".plot");
  const lines = data.filter((trace) => trace.au !== undefined);
  return data.filter((trace) => trace.mode === "markers")
    .flatMap((trace, row) => trace.x.map((time) => [lines[row].hovertemplate.slice(0, 4), time]));
})()"""  # action unit and time of the markers, in the order in which Plotly draws them
READY = "!document.querySelector('#video').seeking && document.querySelector('#video').readyState >= 2"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, analyzer: Analyzer) -> Path:
    """The sample clip analysed with an overlay."""
    out = tmp_path_factory.mktemp("out")
    outputs = Outputs(out, ("csv",), overlay=True, report=True)
    write_analysis(analyzer, MediaInput(SAMPLE_CLIP, "video"), "clip", outputs)
    return out


@pytest.fixture
def report(page, until, folder: Path):
    """The page of the sample clip, its video ready."""
    page.goto((folder / "clip.html").as_uri())
    until(page, READY)
    return page


def position(page) -> tuple[int, float]:
    """The frame that the page says it shows, and its time."""
    words = page.inner_text("#now").replace(",", "").split()
    return int(words[1]), float(words[2])


def shown(page, until) -> np.ndarray:
    """The picture that the video shows, as it is on the screen."""
    until(page, "!document.querySelector('#video').seeking && document.querySelector('#video').readyState >= 2")
    page.evaluate("document.querySelector('#video').controls = false")
    page.wait_for_timeout(200)
    data = np.frombuffer(page.locator("#video").screenshot(), np.uint8)
    return cv2.imdecode(data, cv2.IMREAD_COLOR)[..., ::-1]


def frames_of(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


def nearest(picture: np.ndarray, frames: list[np.ndarray]) -> int:
    """Which frame a picture of the page shows. The video fills its element's height or width."""
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    middle = picture[top : top + side, left : left + side]
    wanted = cv2.resize(middle, (256, 256), interpolation=cv2.INTER_AREA).astype(float)
    small = [cv2.resize(frame, (256, 256), interpolation=cv2.INTER_AREA).astype(float) for frame in frames]
    return int(np.argmin([np.abs(frame - wanted).mean() for frame in small]))


def peaks(page) -> list[dict[str, float]]:
    return page.evaluate(
        "[...document.querySelectorAll('.seek')].map(b => ({time: Number(b.dataset.time),"
        " au: b.closest('tr').dataset.au}))"
    )


def test_a_click_on_a_peak_in_the_timelines_shows_that_frame(report, until, folder: Path) -> None:
    table = Results.read(folder / "clip.csv")
    strongest = int(np.argmax(table["AU12_r"]))
    peak = ["AU12", table["timestamp"][strongest]]
    marker = report.locator(".plot .scatterlayer .trace path.point").nth(report.evaluate(MARKERS).index(peak))
    box = marker.bounding_box()
    report.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    report.wait_for_timeout(100)
    report.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    until(report, "document.querySelector('#position').value !== '0'")
    assert position(report) == (strongest, pytest.approx(table["timestamp"][strongest], abs=1e-3))
    assert "AU12" in report.inner_text("#now")
    assert nearest(shown(report, until), frames_of(folder / "clip.overlay.mp4")) == strongest


def test_every_peak_of_the_table_leads_to_its_frame(report, until, folder: Path) -> None:
    times = Results.read(folder / "clip.csv")["timestamp"].tolist()
    frames = frames_of(folder / "clip.overlay.mp4")
    found = peaks(report)
    assert len(found) >= 5
    for place, peak in enumerate(found):
        report.locator(".seek").nth(place).click()
        frame, time = position(report)
        assert time == pytest.approx(peak["time"], abs=1e-3)
        assert times[frame] == pytest.approx(peak["time"])
        assert nearest(shown(report, until), frames) == frame


def test_a_click_anywhere_in_a_timeline_shows_that_moment(report, until) -> None:
    plot = report.locator(".plot .nsewdrag").first.bounding_box()
    report.mouse.move(plot["x"] + 0.5 * plot["width"], plot["y"] + 20)
    report.wait_for_timeout(100)
    report.mouse.click(plot["x"] + 0.5 * plot["width"], plot["y"] + 20)
    until(report, "document.querySelector('#position').value !== '0'")
    assert position(report)[1] == pytest.approx(2.5, abs=0.05)
    cursor = report.locator(".cursor").bounding_box()
    assert cursor["x"] == pytest.approx(plot["x"] + 0.5 * plot["width"], abs=8)


def test_timelines_follow_the_video(report, until) -> None:
    begin = report.locator(".cursor").bounding_box()["x"]
    report.evaluate("document.querySelector('#video').play()")
    until(report, "Number(document.querySelector('#position').value) >= 10")
    report.evaluate("document.querySelector('#video').pause()")
    report.wait_for_timeout(200)
    frame, time = position(report)
    assert time == pytest.approx(frame / 25, abs=1e-3)
    assert abs(report.evaluate("document.querySelector('#video').currentTime") - time) < 0.2
    assert report.locator(".cursor").bounding_box()["x"] > begin + 20


def test_the_videos_own_controls_move_the_timelines(report, until) -> None:
    report.evaluate("document.querySelector('#video').currentTime = 3.01")
    until(report, "document.querySelector('#position').value === '75'")
    assert position(report) == (75, pytest.approx(3.0))


def test_zooming_draws_the_part_in_full(report, until) -> None:
    plot = report.locator(".plot .nsewdrag").first.bounding_box()
    across = plot["y"] + 20
    report.mouse.move(plot["x"] + 0.4 * plot["width"], across)
    report.mouse.down()
    report.mouse.move(plot["x"] + 0.5 * plot["width"], across, steps=4)
    report.mouse.move(plot["x"] + 0.6 * plot["width"], across, steps=4)
    report.mouse.up()
    until(report, "document.querySelector('.plot').layout.xaxis.range[0] > 1")
    low, high = report.evaluate("document.querySelector('.plot').layout.xaxis.range")
    assert (low, high) == (pytest.approx(2.0, abs=0.1), pytest.approx(3.0, abs=0.1))
    assert report.locator(".cursor").is_hidden()
    report.get_by_role("button", name="Whole recording").click()
    until(report, "document.querySelector('.plot').layout.xaxis.range[0] === 0")
    assert report.locator(".cursor").is_visible()


def test_keyboard_alone(report, until) -> None:
    """From the top of the page: skip link, then frame by frame, peak by peak, an episode, and all action units."""

    def tab_to(matches: Callable[[str], bool]) -> None:
        for _ in range(40):
            report.keyboard.press("Tab")
            name = report.evaluate("document.activeElement.id + ' ' + document.activeElement.className")
            if matches(name):
                return
        raise AssertionError("it cannot be reached with the Tab key")

    report.keyboard.press("Tab")
    assert report.evaluate("document.activeElement.className") == "skip"
    outline = report.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    tab_to(lambda name: name.startswith("position"))
    for _ in range(3):
        report.keyboard.press("ArrowRight")
    assert position(report)[0] == 3
    report.keyboard.press("ArrowLeft")
    assert position(report)[0] == 2
    first = min(peak["time"] for peak in peaks(report))
    tab_to(lambda name: name == " next")
    report.keyboard.press("Enter")
    assert position(report)[1] == pytest.approx(first, abs=1e-3)
    rows = report.evaluate("document.querySelector('.plot').data.length")
    tab_to(lambda name: name == " all")
    report.keyboard.press("Space")
    until(report, f"document.querySelector('.plot').data.length > {rows}")
    tab_to(lambda name: name == " seek")
    report.keyboard.press("Enter")
    assert position(report)[1] == pytest.approx(peaks(report)[0]["time"], abs=1e-3)


def test_the_skip_link_leads_to_the_results(report) -> None:
    report.keyboard.press("Tab")
    report.keyboard.press("Enter")
    assert report.evaluate("document.activeElement.id") == "people"


def test_the_episodes_of_one_action_unit(report) -> None:
    report.locator(".filter").select_option("AU12")
    rows = report.locator(".episodes tbody tr:visible")
    assert rows.count() == sum(peak["au"] == "AU12" for peak in peaks(report))
    assert "AU12" in rows.first.inner_text()


def test_nothing_is_asked_of_any_network(page, until, folder: Path) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((folder / "clip.html").as_uri())
    until(page, READY)
    assert {url.split(":")[0] for url in asked} <= {"file", "data", "blob"}
    names = {url.rsplit("/", 1)[1] for url in asked if url.startswith("file:")}
    assert names == {"clip.html", "clip.overlay.mp4"}


def two_people(made_up, frames: int = 300) -> Results:
    wave = 2.5 + 2.5 * np.sin(np.arange(frames) / 15)
    still = np.full(frames, 0.2)
    one = np.stack([wave, still], axis=1)
    other = np.stack([still, wave[::-1]], axis=1)
    other[: frames // 3] = np.nan
    flags = {0: ["turned|dark" if 100 <= frame < 150 else "" for frame in range(frames)]}
    steps = np.where(np.arange(frames) % 3 == 0, 0.1, 0.02)
    return Results(made_up(7 + np.cumsum(steps), {0: one, 1: other}, (6, 12), flags=flags))


def write_two(made_up, sidecar_of, path: Path, **words) -> Results:
    results = two_people(made_up)
    rows = ReportRows(results.aus)
    for batch in results.table.to_batches(max_chunksize=64):
        rows.write(batch)
    write_report(path, rows, sidecar_of(aus=(6, 12), faces=(0, 1), frame_count=300), **words)
    return results


def test_people_have_tabs_that_arrow_keys_go_through(page, made_up, sidecar_of, tmp_path) -> None:
    write_two(made_up, sidecar_of, tmp_path / "two.html")
    page.goto((tmp_path / "two.html").as_uri())
    assert page.get_by_role("tab").count() == 2
    assert page.get_by_role("tabpanel").count() == 1
    assert page.locator("#panel-0 .plot .main-svg").first.is_visible()
    page.get_by_role("tab", name="person 0").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("tab", name="person 1").get_attribute("aria-selected") == "true"
    assert page.evaluate("document.activeElement.id") == "tab-1"
    assert page.locator("#panel-1 .plot .main-svg").first.is_visible()
    assert page.locator("#panel-0").is_hidden()
    page.keyboard.press("ArrowRight")
    assert page.locator("#panel-0").is_visible()
    page.get_by_role("tab", name="person 1").click()
    assert page.get_by_role("heading", name="Person 1").is_visible()


def test_positions_are_the_true_times(page, made_up, sidecar_of, tmp_path) -> None:
    results = write_two(made_up, sidecar_of, tmp_path / "two.html")
    page.goto((tmp_path / "two.html").as_uri())
    times = np.unique(results["timestamp"])
    for frame in (0, 1, 2, 3, 299):
        page.evaluate(f"position.value = {frame}; position.dispatchEvent(new Event('input'))")
        assert position(page) == (frame, pytest.approx(times[frame], abs=1e-3))


def test_printing_shows_everybody(page, made_up, sidecar_of, tmp_path) -> None:
    write_two(made_up, sidecar_of, tmp_path / "two.html")
    page.goto((tmp_path / "two.html").as_uri())
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    for panel in ("#panel-0", "#panel-1"):
        assert page.locator(f"{panel} .plot .main-svg").first.is_visible()
        assert page.locator(f"{panel} .summary").is_visible()
        assert page.locator(f"{panel} .tools").first.is_hidden()
    assert page.locator(".provenance").is_visible()
    assert len(page.pdf()) > 20_000


def test_without_scripts_everything_is_there_to_read(browser, made_up, sidecar_of, tmp_path) -> None:
    write_two(made_up, sidecar_of, tmp_path / "two.html")
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((tmp_path / "two.html").as_uri())
    for panel in ("#panel-0", "#panel-1"):
        assert page.locator(f"{panel} .episodes tbody tr").count() >= 2
        assert page.locator(f"{panel} .together").is_visible()
    context.close()


@pytest.mark.parametrize("width", [360, 900, 1920])
def test_nothing_sticks_out_at_any_width(page, made_up, sidecar_of, tmp_path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    long = "interview with a very long name that goes on and on_" * 4 + ".mp4"
    results = two_people(made_up)
    rows = ReportRows(results.aus)
    rows.write(results.table.combine_chunks().to_batches()[0])
    write_report(tmp_path / "two.html", rows, sidecar_of(source=long, aus=(6, 12), faces=(0, 1)))
    page.goto((tmp_path / "two.html").as_uri())
    page.locator(".plot .main-svg").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_video_that_cannot_be_played_says_so(page, made_up, sidecar_of, tmp_path) -> None:
    media = tmp_path / "odd.mkv"
    media.write_bytes(b"\x1aE\xdf\xa3" + bytes(200))
    write_two(made_up, sidecar_of, tmp_path / "two.html", media=media)
    page.goto((tmp_path / "two.html").as_uri())
    page.locator("#trouble").wait_for(state="visible")
    assert "--overlay" in page.inner_text("#trouble")
    page.get_by_role("button", name="Next peak").first.click()
    assert position(page)[0] > 0


def test_names_from_outside_do_nothing(page, until, made_up, sidecar_of, tmp_path) -> None:
    evil = "</script><script>window.evil=1</script><img src=x onerror='window.evil=1'>\"'--><!--.mp4"
    results = two_people(made_up)
    rows = ReportRows(results.aus)
    rows.write(results.table.combine_chunks().to_batches()[0])
    facts = sidecar_of(source=evil, aus=(6, 12), faces=(0, 1), warnings=(evil,), command_line=("actionunits", evil))
    media = tmp_path / "javascript:window.evil=1;.mp4"
    media.write_bytes(SAMPLE_CLIP.read_bytes())
    write_report(tmp_path / "evil.html", rows, facts, media=media)
    page.goto((tmp_path / "evil.html").as_uri())
    until(page, "document.querySelector('#video').readyState >= 1")
    assert page.evaluate("window.evil") is None
    assert page.inner_text("h1") in (evil, evil.rsplit("/", 1)[-1])
    assert page.locator("img").count() == 0
    assert json.loads(page.inner_text("#data"))["people"]


def test_a_picture(page, analyzer, face_files, tmp_path) -> None:
    for overlay in (False, True):
        outputs = Outputs(tmp_path / str(overlay), overlay=overlay, report=True)
        outputs.prepare({})
        write_analysis(analyzer, MediaInput(face_files[0], "image"), "face0", outputs)
        page.goto((tmp_path / str(overlay) / "face0.html").as_uri())
        assert page.evaluate("document.images[0].naturalWidth") >= 384
        assert "AU12" in page.inner_text(".strengths")
        assert page.locator(".strengths tr.on").count() > 0
        assert page.locator(".box").count() == (0 if overlay else 1)
        assert page.locator("#video, #position, .plot").count() == 0


def test_a_recording_without_a_face(page, made_up, sidecar_of, tmp_path) -> None:
    rows = ReportRows("12")
    rows.write(made_up(np.arange(9) / 25, {}).to_batches()[0])
    write_report(tmp_path / "empty.html", rows, sidecar_of(aus=(12,), faces=(), frame_count=9))
    page.goto((tmp_path / "empty.html").as_uri())
    assert page.locator(".nobody").is_visible()
    assert position(page) == (0, 0.0)


def test_a_recording_that_begins_late(page, until, analyzer, pictures, clip, tmp_path) -> None:
    """Whatever the player calls 0, a peak leads to its frame."""
    times = [700 + 40 * frame for frame in range(30)]
    shades = [np.clip(pictures[0].astype(int) + 3 * frame, 0, 255).astype(np.uint8) for frame in range(30)]
    path = clip("late.mkv", shades, times)
    outputs = Outputs(tmp_path / "out", overlay=True, report=True)
    outputs.prepare({})
    write_analysis(analyzer, MediaInput(path, "video"), "late", outputs)
    page.goto((tmp_path / "out" / "late.html").as_uri())
    until(page, READY)
    frames = frames_of(tmp_path / "out" / "late.overlay.mp4")
    for frame in (5, 20, 29, 0):
        page.evaluate(f"position.value = {frame}; position.dispatchEvent(new Event('input'))")
        assert position(page)[0] == frame
        assert nearest(shown(page, until), frames) == frame
