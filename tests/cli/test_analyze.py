"""``actionunits analyze``: what it writes, what it says, and how it bears bad input."""

import os
import re
import select
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from actionunits.results import Results
from actionunits.results.sidecar import read_sidecar
from actionunits.samples import SAMPLE_CLIP

Run = Callable[..., Any]
Clip = Callable[..., Path]
ERROR = re.compile(r"error: (?P<path>.+?): (?P<reason>[^.].*?)\. (?P<next_step>[A-Z].*)\.")


def names(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def png(width: int, height: int, rows: bytes = b"") -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def silent(path: Path) -> None:
    """A film with sound and no picture."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.int16), format="s16", layout="mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.fixture
def good(tmp_path: Path, face_files: tuple[Path, ...]) -> tuple[Path, Path]:
    """Two pictures that can be analysed; bad inputs are put between them."""
    copies = tmp_path / "first.jpg", tmp_path / "last.jpg"
    for copy, face in zip(copies, face_files, strict=False):
        copy.write_bytes(face.read_bytes())
    return copies


def test_pictures_and_video(
    actionunits: Run, tmp_path: Path, good: tuple[Path, Path], pictures: Any, clip: Clip
) -> None:
    video = clip("clip.mp4", [pictures[0]] * 3, codec="libx264", pixel_format="yuv420p")
    out = tmp_path / "new" / "out"
    done = actionunits("analyze", good[0], video, "--out", out, "--overlay", "--format", "csv, Parquet,csv")
    assert (done.code, done.errors) == (0, [])
    assert done.out.splitlines() == [f"{out / 'first.csv'}: 1 frame, 1 face", f"{out / 'clip.csv'}: 3 frames, 1 face"]
    assert names(out) == [
        *("clip.csv", "clip.json", "clip.overlay.mp4", "clip.parquet"),
        *("first.csv", "first.json", "first.overlay.png", "first.parquet"),
    ]
    assert Results.read(out / "clip.csv").to_pandas().equals(Results.read(out / "clip.parquet").to_pandas())
    command = read_sidecar(out / "clip.json").command_line
    assert command is not None
    assert command[:3] == ("actionunits", "analyze", str(good[0]))
    assert command[-1] == "csv, Parquet,csv"


def test_options_reach_the_analysis(actionunits: Run, tmp_path: Path, pictures: Any, clip: Clip) -> None:
    pair = clip("pair.mkv", [np.concatenate([pictures[0], pictures[1]], axis=1)] * 5)
    out = tmp_path / "out"
    done = actionunits(
        *("analyze", pair, "--out", out, "--every", 2, "--max-faces", 1, "--baseline", "neutral:9-10"),
        *("--device", "auto", "--model", "geometry"),
    )
    assert done.code == 0
    assert done.out == f"{out / 'pair.csv'}: 3 frames, 1 face\n"
    (warning,) = (line for line in done.err.splitlines() if line.startswith("warning: "))
    assert warning.startswith(f"warning: {pair}: face 0: ")
    facts = read_sidecar(out / "pair.json")
    assert (facts.every, facts.max_faces, facts.baseline) == (2, 1, "neutral:9-10")
    assert facts.device in ("cpu", "cuda")
    assert facts.frame_count == 3


def test_folders_and_patterns(actionunits: Run, tmp_path: Path, good: tuple[Path, Path]) -> None:
    (tmp_path / "deep").mkdir()
    good[1].rename(tmp_path / "deep" / "first.jpg")
    (tmp_path / "notes.txt").write_text("not a picture")
    out = tmp_path.parent / f"{tmp_path.name}-out"
    assert actionunits("analyze", tmp_path, "--out", out).code == 0
    assert names(out) == [
        *("deep__first.jpg.csv", "deep__first.jpg.json"),
        *(f"{tmp_path.name}__first.jpg.csv", f"{tmp_path.name}__first.jpg.json"),
    ]
    assert actionunits("analyze", f"{tmp_path}/*.jpg", "--out", out / "one").code == 0
    assert names(out / "one") == ["first.csv", "first.json"]


def test_report_and_formats(actionunits: Run, tmp_path: Path, good: tuple[Path, Path]) -> None:
    out = tmp_path / "out"
    done = actionunits("analyze", good[0], "--out", out, "--report", "--format", "openface,elan,events")
    assert done.code == 0
    stem = good[0].stem
    assert names(out) == [f"{stem}.{end}" for end in ("eaf", "events.csv", "html", "json", "openface.csv")]
    assert actionunits("analyze", good[0], "--out", out, "--report", "--format", "elan").code == 0  # replaces its own


def test_a_report_without_its_extra_costs_nothing(
    actionunits: Run, tmp_path: Path, good: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actionunits.report.page.find_spec", lambda name: None)
    done = actionunits("analyze", good[0], "--out", tmp_path / "out", "--report")
    assert done.code == 2
    assert "pip install 'actionunits[report]'" in done.err
    assert not (tmp_path / "out").exists()


# --- wrong usage: 2, and nothing is done -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--model", "geometri"), "error: geometri: no such model. Did you mean geometry?"),
        (("--device", "tpu"), "error: tpu: no such device"),
        (("--device", "cuda"), "error: cuda: "),
        (("--format", "xlsx"), "error: --format xlsx: not a format for results"),
        (("--format", "csv,elam"), "error: --format elam: not a format for results. The nearest is elan"),
        (("--format", " , "), "error: --format: names no format"),
        (("--baseline", "mean"), "error: 'mean': not a baseline"),
        (("--baseline", "neutral:3-1"), "error: neutral:3"),
        (("--every", "0"), "--every"),
        (("--max-faces", "0"), "--max-faces"),
        (("--max-faces", "two"), "--max-faces"),
        (("--loud",), "--loud"),
    ],
)
def test_wrong_usage(
    actionunits: Run,
    tmp_path: Path,
    good: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    said: str,
) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    done = actionunits("analyze", *good, "--out", tmp_path / "out", *words)
    assert done.code == 2
    assert said in done.err
    assert done.out == ""
    assert names(tmp_path / "out") == []


def test_inputs_and_out_are_needed(actionunits: Run, good: tuple[Path, Path], tmp_path: Path) -> None:
    done = actionunits("analyze", "--out", tmp_path / "out")
    assert (done.code, done.out) == (2, "")
    assert "INPUT" in done.err
    done = actionunits("analyze", *good)
    assert (done.code, done.out) == (2, "")
    assert "--out" in done.err


# --- bad inputs: 3, each named, the others done ----------------------------------------------------------------------

BAD: dict[str, Callable[[Path], object]] = {
    "missing.mp4": lambda path: None,
    "empty_folder": lambda path: path.mkdir(),
    "empty.mp4": lambda path: path.touch(),
    "empty.jpg": lambda path: path.touch(),
    "cut.jpg": lambda path: path.write_bytes((Path(path.parent) / "first.jpg").read_bytes()[:9000]),
    "cut_early.mp4": lambda path: path.write_bytes(SAMPLE_CLIP.read_bytes()[:2000]),
    "cut_late.mp4": lambda path: path.write_bytes(SAMPLE_CLIP.read_bytes()[:-20_000]),
    "corrupt.mp4": lambda path: path.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(range(256)) * 40),
    "corrupt.png": lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40),
    "text.mp4": lambda path: path.write_text("This is no film. " * 100),
    "text.jpg": lambda path: path.write_text("This is no picture. " * 100),
    "sound.mp4": silent,
    "nothing.png": lambda path: path.write_bytes(png(0, 0)),
    "flat.png": lambda path: path.write_bytes(png(0, 10)),
    "bomb.png": lambda path: path.write_bytes(png(20_000, 10_000)),
    "notes.txt": lambda path: path.write_text("Monday: rain."),
    "*.webm": lambda path: None,
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_named_and_the_others_are_done(
    actionunits: Run, tmp_path: Path, good: tuple[Path, Path], name: str
) -> None:
    bad, out = tmp_path / name, tmp_path / "out"
    BAD[name](bad)
    done = actionunits("analyze", good[0], bad, good[1], "--out", out, "--overlay", "--format", "csv,jsonl")
    assert done.code == 3
    (error,) = done.errors
    found = ERROR.fullmatch(error)
    assert found is not None, error
    assert found["path"] == str(bad)
    assert "Traceback" not in done.err
    assert done.err.splitlines()[-1] == "1 of 3 inputs failed"
    ends = ("csv", "json", "jsonl", "overlay.png")
    assert names(out) == [*(f"first.{end}" for end in ends), *(f"last.{end}" for end in ends)]
    assert len(done.out.splitlines()) == 2


def test_all_kinds_of_bad_input_at_once(actionunits: Run, tmp_path: Path, good: tuple[Path, Path]) -> None:
    for name, make in BAD.items():
        make(tmp_path / name)
    inputs = [good[0], *(tmp_path / name for name in BAD), good[1]]
    done = actionunits("analyze", *inputs, "--out", tmp_path / "out")
    assert done.code == 3
    assert {ERROR.fullmatch(error)["path"] for error in done.errors} == {str(tmp_path / name) for name in BAD}
    assert done.err.splitlines()[-1] == f"{len(BAD)} of {len(BAD) + 2} inputs failed"
    assert names(tmp_path / "out") == ["first.csv", "first.json", "last.csv", "last.json"]


def test_a_bomb_is_not_decoded(actionunits: Run, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.png"
    bomb.write_bytes(png(20_000, 10_000))
    (error,) = actionunits("analyze", bomb, "--out", tmp_path / "out").errors
    assert "20000" in error.replace(" ", "").replace(",", "")


def test_a_folder_that_may_not_be_read(
    actionunits: Run, tmp_path: Path, good: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Simulated: a test that runs as root may read everything."""
    locked = tmp_path / "locked"
    locked.mkdir()
    scan = os.scandir

    def refused(path: Any) -> Any:
        if Path(path) == locked:
            raise PermissionError(13, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr("actionunits.media.inputs.os.scandir", refused)
    done = actionunits("analyze", good[0], locked, "--out", tmp_path / "out")
    assert done.code == 3
    assert done.errors == [f"error: {locked}: it cannot be read (Permission denied). Check its permissions."]
    assert names(tmp_path / "out") == ["first.csv", "first.json"]


def test_out_that_cannot_be_written_to(actionunits: Run, tmp_path: Path, good: tuple[Path, Path]) -> None:
    for out in (good[0], good[0] / "below"):
        done = actionunits("analyze", good[1], "--out", out)
        assert (done.code, done.out) == (3, "")
        (error,) = done.errors
        assert error.startswith(f"error: {out}: cannot be written to")
        assert "--out" in error
    assert names(tmp_path) == ["first.jpg", "last.jpg"]


def test_inputs_of_one_name(actionunits: Run, tmp_path: Path, good: tuple[Path, Path]) -> None:
    other = tmp_path / "other"
    other.mkdir()
    copy, twin = other / "first.jpg", tmp_path / "last.jpeg"
    copy.write_bytes(good[0].read_bytes())
    twin.write_bytes(good[1].read_bytes())
    out = tmp_path / "out"
    done = actionunits("analyze", *good, copy, twin, good[0], "--out", out)
    assert done.code == 0
    stems = ["last.jpeg", "last.jpg", "other__first.jpg", f"{tmp_path.name}__first.jpg"]
    assert names(out) == sorted(f"{stem}.{end}" for stem in stems for end in ("csv", "json"))


def test_a_failure_keeps_the_results_that_were_there(actionunits: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(SAMPLE_CLIP.read_bytes())
    assert actionunits("analyze", cut, "--out", out, "--every", "25").code == 0
    yesterdays = {path.name: path.read_bytes() for path in out.iterdir()}
    assert sorted(yesterdays) == ["cut.csv", "cut.json"]
    cut.write_bytes(SAMPLE_CLIP.read_bytes()[:-20_000])
    assert actionunits("analyze", cut, "--out", out, "--overlay").code == 3
    assert {path.name: path.read_bytes() for path in out.iterdir()} == yesterdays


# --- what is said, and where -----------------------------------------------------------------------------------------

PROGRAM = "from actionunits.cli import main; main()"


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminals")
def test_progress_is_for_terminals(tmp_path: Path, face_files: tuple[Path, ...]) -> None:
    import pty  # there is none on Windows

    words = [sys.executable, "-c", PROGRAM, "analyze", str(SAMPLE_CLIP), str(face_files[0]), "--out", str(tmp_path)]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120"}
    environment.pop("NO_COLOR", None)
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    assert "frames/s" not in done.stderr
    assert "\x1b" not in done.stderr + done.stdout
    assert len(done.stdout.splitlines()) == 2

    mine, theirs = pty.openpty()
    shown = b""
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, stdin=theirs, env=environment) as process:
        os.close(theirs)
        while select.select([mine], [], [], 30)[0]:
            try:
                piece = os.read(mine, 65536)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait(30) == 0
    os.close(mine)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert re.search(r"clip\.mp4 .*\d+/125 +\d+ frames/s", text)
    assert re.search(r"files .*\d/2", text)
    assert "clip.csv: 125 frames, 1 face" in text


@pytest.mark.skipif(sys.platform != "linux", reason="file names are text elsewhere")
def test_a_name_that_is_no_text(tmp_path: Path, good: tuple[Path, Path]) -> None:
    odd = os.fsencode(tmp_path / "odd") + b"\xff.jpg"
    Path(os.fsdecode(odd)).write_bytes(good[0].read_bytes())
    words = [
        sys.executable,
        "-c",
        PROGRAM,
        "analyze",
        odd,
        os.fsencode(good[1]),
        "--out",
        os.fsencode(tmp_path / "out"),
    ]
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8:strict"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2
    assert len(names(tmp_path / "out")) == 4
