"""What an analysis leaves behind: names that cannot clash, whole files or none, and a sidecar that tells the truth."""

import errno
import hashlib
import itertools
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import actionunits
from actionunits.analyzer import Analyzer
from actionunits.errors import ActionUnitsError, MediaError, ResultsError, UsageError
from actionunits.geometry import get_crop
from actionunits.media import Camera, MediaInput, VideoWriter
from actionunits.outputs import Outputs, plan_stems, without_own_overlays, write_analysis
from actionunits.results import FORMATS, Results
from actionunits.results.sidecar import read_sidecar

Clip = Callable[..., Path]
Pictures = tuple[np.ndarray, ...]
IRREGULAR = (700, 733, 740, 830, 835, 1200, 1950)
ALL = ("csv", "parquet", "jsonl")


def video(path: str | Path) -> MediaInput:
    return MediaInput(Path(path), "video")


def names(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


# --- names ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("paths", "stems"),
    [
        (["a.mp4", "b.mp4"], ["a", "b"]),
        (["a.mp4", "a.mkv", "b.mp4"], ["a.mp4", "a.mkv", "b"]),
        (["x/a.mp4", "y/a.mp4"], ["x__a.mp4", "y__a.mp4"]),
        (["x/z/a.mp4", "y/z/a.mp4"], ["x__z__a.mp4", "y__z__a.mp4"]),
        (["A.mp4", "a.mkv"], ["A.mp4", "a.mkv"]),  # one file on Windows and macOS
        (["a.mp4", "a.mkv", "a.mp4.png"], ["data__a.mp4", "a.mkv", "a.mp4"]),
        ([], []),
    ],
)
def test_stems(paths: list[str], stems: list[str]) -> None:
    inputs = [video(f"/data/{path}") for path in paths]
    plan = plan_stems(inputs)
    assert [plan[one] for one in inputs] == stems


def test_names_that_cannot_be_told_apart() -> None:
    with pytest.raises(UsageError, match=r"/data/A\.mp4: shares its name"):
        plan_stems([video("/data/A.mp4"), video("/data/a.MP4")])


words = st.sampled_from(["a", "b", "A", "a.b", "a__b"])
some_paths = st.lists(
    st.tuples(st.lists(words, max_size=3), words, st.sampled_from(["mp4", "mkv", "b.mp4"])).map(
        lambda parts: "/" + "/".join([*parts[0], f"{parts[1]}.{parts[2]}"])
    ),
    max_size=6,
    unique_by=str.casefold,
)


@given(some_paths, st.randoms(use_true_random=False))
def test_stems_are_unique_and_do_not_depend_on_the_order(paths: list[str], random: Any) -> None:
    inputs = [video(path) for path in paths]
    shuffled = random.sample(inputs, len(inputs))
    try:
        plan = plan_stems(inputs)
    except UsageError:
        with pytest.raises(UsageError):
            plan_stems(shuffled)
        return
    assert plan_stems(shuffled) == plan
    assert len({stem.casefold() for stem in plan.values()}) == len(inputs)
    assert not any("/" in stem for stem in plan.values())


# --- files ---------------------------------------------------------------------------------------------------------


def test_files_and_sidecar_of_a_video(
    analyzer: Analyzer, pictures: Pictures, blank: np.ndarray, clip: Clip, out: Path
) -> None:
    path = clip("clip.mkv", [*[pictures[0]] * 3, blank, blank, *[pictures[0]] * 2], IRREGULAR)
    command = ("actionunits", "analyze", "clip.mkv")
    written = write_analysis(analyzer, video(path), "clip", Outputs(out, ALL, command_line=command))
    assert names(out) == ["clip.csv", "clip.json", "clip.jsonl", "clip.parquet"]
    assert {file.name for file in written.files} == set(names(out))
    assert (written.frames, written.frames_without_face, written.faces, written.warnings) == (7, 2, 1, ())
    facts = read_sidecar(out / "clip.json")
    assert facts.input_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert facts.input_bytes == path.stat().st_size
    assert facts.source == str(path)
    assert (facts.frame_count, facts.frames_without_face, facts.faces) == (7, 2, (0,))
    assert facts.package_version == actionunits.__version__
    assert (facts.estimator, facts.weights_sha256) == ("detector", analyzer.card.weights.sha256)
    assert facts.aus == analyzer.card.aus
    assert facts.thresholds == pytest.approx(analyzer.thresholds)
    assert (facts.crop_recipe, facts.crop_hash) == ("face-160", get_crop("face-160").hash)
    assert (facts.baseline, facts.resting) == ("none", None)
    assert (facts.every, facts.max_faces, facts.device) == (1, None, "cpu")
    assert facts.command_line == command
    assert facts.start_time == pytest.approx(0.7)
    assert facts.duration == pytest.approx(1.25)
    assert (facts.filled_timestamps, facts.warnings) == (0, ())


def test_tables_are_those_of_the_analyzer(analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path) -> None:
    path = clip("clip.mkv", [pictures[1]] * 4, IRREGULAR[:4])
    write_analysis(analyzer, video(path), "clip", Outputs(out, ALL))
    expected = analyzer.analyze(path).to_pandas()
    for suffix in ALL:
        assert Results.read(out / f"clip.{suffix}").to_pandas().equals(expected), suffix
    plain = pd.read_csv(out / "clip.csv")
    assert plain["timestamp"].tolist() == pytest.approx([time / 1000 for time in IRREGULAR[:4]], abs=1e-6)
    assert plain["AU01_r"].tolist() == pytest.approx(expected["AU01_r"].tolist(), abs=1e-6)


def test_sidecar_of_a_baseline(pictures: Pictures, clip: Clip, out: Path) -> None:
    path = clip("clip.mkv", [pictures[0]] * 4)
    analyzer = Analyzer(baseline="neutral:5-6", aus="12,25", every=2, max_faces=3)
    written = write_analysis(analyzer, video(path), "clip", Outputs(out))
    facts = read_sidecar(out / "clip.json")
    assert facts.baseline == "neutral:5-6"
    assert facts.warnings == written.warnings
    assert "median" in facts.warnings[0]
    assert facts.resting is not None
    assert facts.resting[0].keys() == {"AU12", "AU25"}
    assert facts.resting[0]["AU12"] > 0.5
    assert (facts.aus, facts.every, facts.max_faces) == ((12, 25), 2, 3)
    assert facts.frame_count == 2


def test_every_format_and_the_report(analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path) -> None:
    path = clip("clip.mkv", [pictures[0]] * 4)
    outputs = Outputs(out, tuple(FORMATS), overlay=True, report=True)
    written = write_analysis(analyzer, video(path), "clip", outputs)
    assert names(out) == [
        *("clip.csv", "clip.eaf", "clip.events.csv", "clip.html", "clip.json", "clip.jsonl", "clip.openface.csv"),
        *("clip.overlay.mp4", "clip.parquet"),
    ]
    assert {file.name for file in written.files} == set(names(out))
    assert {file.name for file in outputs.paths("clip")} == {*names(out), "clip.overlay.png"}
    assert 'src="./clip.overlay.mp4"' in (out / "clip.html").read_text(encoding="utf-8")


def test_parquet_holds_the_sidecar(analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path) -> None:
    write_analysis(analyzer, video(clip("clip.mkv", [pictures[0]] * 2)), "clip", Outputs(out, ("parquet",)))
    held = json.loads(pq.read_metadata(out / "clip.parquet").metadata[b"actionunits.sidecar"])
    beside = json.loads((out / "clip.json").read_text())
    assert beside.pop("created")
    assert held == beside


@pytest.mark.parametrize("baseline", ["none", "median"])
def test_openface_has_the_landmarks(
    pictures: Pictures, blank: np.ndarray, clip: Clip, out: Path, baseline: str
) -> None:
    path = clip("clip.mkv", [pictures[0], blank, pictures[0]])
    analyzer = Analyzer(baseline=baseline)
    write_analysis(analyzer, video(path), "clip", Outputs(out, ("openface",)))
    table = pd.read_csv(out / "clip.openface.csv")
    expected = [result.faces[0].face.landmarks if result.faces else None for result in Analyzer().stream(path)]
    assert table["success"].tolist() == [1, 0, 1]
    for row in (0, 2):
        points = np.array([[table[f"{axis}_{point}"][row] for axis in "xy"] for point in range(68)])
        np.testing.assert_allclose(points, expected[row], atol=0.006)
    assert math.isnan(table["x_0"][1])


def test_a_failing_report_leaves_nothing(
    analyzer: Analyzer, face_files: tuple[Path, ...], out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ResultsError("face.html", "it could not be written: the disk is full", "Free some space")

    monkeypatch.setattr("actionunits.outputs.write_report", refuse)
    with pytest.raises(ResultsError, match="the disk is full"):
        write_analysis(analyzer, MediaInput(face_files[0], "image"), "face", Outputs(out, report=True))
    assert names(out) == []


def test_a_report_needs_its_extra(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actionunits.report.page.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"needs plotly and jinja2\. Install it: pip install 'actionunits\[report\]'"):
        Outputs(out, report=True).prepare({})


@pytest.mark.parametrize("name", ["interview.eaf", "interview.events.csv", "interview.openface.csv", "interview.html"])
def test_the_codes_of_a_human_are_not_overwritten(tmp_path: Path, name: str) -> None:
    stems = plan_stems([MediaInput(tmp_path / "in" / "interview.mp4", "video")])
    (tmp_path / name).write_text("hours of work")
    with pytest.raises(UsageError, match=r"interview\..*: is there already.*--out"):
        Outputs(tmp_path, tuple(FORMATS), report=True).prepare(stems)


def test_overlay_of_a_video_keeps_times_and_size(analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path) -> None:
    small = [np.asarray(Image.fromarray(picture).resize((320, 240))) for picture in pictures[:1] * len(IRREGULAR)]
    path = clip("clip.mkv", small, IRREGULAR)
    written = write_analysis(analyzer, video(path), "clip", Outputs(out, overlay=True))
    assert out / "clip.overlay.mp4" in written.files
    with av.open(str(out / "clip.overlay.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (320, 240)
        frames = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(stream)]
    assert [time for time, _ in frames] == pytest.approx([time / 1000 for time in IRREGULAR], abs=1e-3)
    assert np.abs(frames[0][1].astype(int) - small[0]).max() > 60  # something is drawn


def test_overlay_of_a_picture(analyzer: Analyzer, face_files: tuple[Path, ...], out: Path, pictures: Pictures) -> None:
    written = write_analysis(analyzer, MediaInput(face_files[0], "image"), "face", Outputs(out, overlay=True))
    assert names(out) == ["face.csv", "face.json", "face.overlay.png"]
    assert {file.name for file in written.files} == set(names(out))
    drawn = np.asarray(Image.open(out / "face.overlay.png"))
    assert drawn.shape[2] == 3
    assert drawn.std() > 10
    assert (written.frames, written.faces) == (1, 1)


def test_a_camera(analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path) -> None:
    path = clip("camera.mp4", [pictures[0]] * 3, codec="libx264", pixel_format="yuv420p")
    write_analysis(analyzer, Camera(str(path)), "camera", Outputs(out))
    facts = read_sidecar(out / "camera.json")
    assert (facts.input_sha256, facts.input_bytes, facts.frame_count) == (None, None, 3)


def test_many_rows_go_out_in_parts(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip("clip.mkv", [pictures[0]] * 5)
    write_analysis(analyzer, video(path), "whole", Outputs(out, ALL))
    monkeypatch.setattr("actionunits.outputs._ROWS_AT_ONCE", 2)
    write_analysis(analyzer, video(path), "parts", Outputs(out, ALL))
    for suffix in ALL:
        assert (out / f"whole.{suffix}").read_bytes() == (out / f"parts.{suffix}").read_bytes()


# --- failures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("overlay", [False, True])
def test_a_cut_video_leaves_nothing(analyzer: Analyzer, cut_video: Path, out: Path, overlay: bool) -> None:
    with pytest.raises(MediaError, match=r"cut\.mp4"):
        write_analysis(analyzer, video(cut_video), "cut", Outputs(out, ALL, overlay))
    assert names(out) == []


def full_disk(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    "place",
    [
        "actionunits.results.sinks.CsvSink._append",
        "actionunits.results.sinks.ParquetSink._finish",
        "actionunits.results.sinks.JsonLinesSink._append",
    ],
)
def test_a_full_disk_leaves_nothing_and_keeps_what_was_there(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    path = clip("clip.mkv", [pictures[0]] * 3)
    (out / "clip.csv").write_text("what was there before")
    monkeypatch.setattr(place, full_disk)
    with pytest.raises(ResultsError, match="the disk is full"):
        write_analysis(analyzer, video(path), "clip", Outputs(out, ALL, overlay=True))
    assert names(out) == ["clip.csv"]
    assert (out / "clip.csv").read_text() == "what was there before"


def test_a_full_disk_for_the_overlay_leaves_nothing(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(writer: VideoWriter, rgb: np.ndarray, timestamp: float) -> None:
        raise MediaError("clip.overlay.mp4", "it could not be written: the disk is full", "Free some space")

    monkeypatch.setattr(VideoWriter, "write", refuse)
    with pytest.raises(MediaError, match="the disk is full"):
        write_analysis(analyzer, video(clip("clip.mkv", [pictures[0]] * 3)), "clip", Outputs(out, ALL, overlay=True))
    assert names(out) == []


def test_a_full_disk_for_the_sidecar_leaves_nothing(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actionunits.results.sidecar.Path.write_bytes", full_disk)
    with pytest.raises(ResultsError, match="the disk is full"):
        write_analysis(analyzer, video(clip("clip.mkv", [pictures[0]] * 3)), "clip", Outputs(out, overlay=True))
    assert names(out) == []


def test_an_interruption_leaves_nothing(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = itertools.count()

    def interrupted(*_: object) -> None:
        if next(seen) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr("actionunits.account.Account.looked_at", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_analysis(analyzer, video(clip("clip.mkv", [pictures[0]] * 6)), "clip", Outputs(out, ALL, overlay=True))
    assert names(out) == []


def test_folders_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_text("a file")
    for folder in (file, file / "below"):
        with pytest.raises(ResultsError, match=r"cannot be written to .*--out"):
            Outputs(folder).prepare({})
    Outputs(tmp_path / "new" / "deep").prepare({})
    assert names(tmp_path / "new" / "deep") == []

    def refused(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "touch", refused)
    with pytest.raises(ActionUnitsError, match="Permission denied"):
        Outputs(tmp_path / "new").prepare({})


def test_the_sidecar_is_plain_json(analyzer: Analyzer, face_files: tuple[Path, ...], out: Path) -> None:
    write_analysis(analyzer, MediaInput(face_files[2], "image"), "face", Outputs(out))
    facts = json.loads((out / "face.json").read_text(encoding="utf-8"))
    assert facts["schema_version"] == 1
    assert facts["duration"] == 0
    assert facts["frame_count"] == 1


def test_an_output_never_takes_an_inputs_place(tmp_path):
    video, drawn = (MediaInput(tmp_path / name, "video") for name in ("a.mp4", "a.overlay.mp4"))
    stems = plan_stems([video, drawn])
    with pytest.raises(UsageError, match=r"a\.overlay\.mp4.*overwritten.*--out"):
        Outputs(tmp_path, overlay=True).prepare(stems)
    Outputs(tmp_path, overlay=False).prepare(stems)
    Outputs(tmp_path / "results", overlay=True).prepare(stems)


def test_overlays_of_an_earlier_run_are_not_analysed(tmp_path):
    inputs = [MediaInput(tmp_path / name, "video") for name in ("a.mp4", "a.overlay.mp4", "b.overlay.mp4")]
    (tmp_path / "a.json").write_text("{}")
    kept, drawn = without_own_overlays(inputs)
    assert kept == (inputs[0], inputs[2])
    assert drawn == (inputs[1].path,)


def test_a_file_that_is_no_result_is_not_overwritten(tmp_path):
    stems = plan_stems([MediaInput(tmp_path / "in" / "interview.mp4", "video")])
    (tmp_path / "interview.csv").write_text("the codes of a human")
    with pytest.raises(UsageError, match=r"interview\.csv: is there already.*--out"):
        Outputs(tmp_path).prepare(stems)
    assert (tmp_path / "interview.csv").read_text() == "the codes of a human"


def test_results_of_an_earlier_run_are_replaced(analyzer, face_files, tmp_path):
    source = MediaInput(face_files[0], "image")
    for _ in range(2):
        outputs = Outputs(tmp_path)
        outputs.prepare(plan_stems([source]))
        write_analysis(analyzer, source, face_files[0].stem, outputs)
    assert len(Results.read(tmp_path / f"{face_files[0].stem}.csv")) == 1
