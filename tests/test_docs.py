"""Pages of docs/ whose commands are executed, so that what they promise holds.

A page takes part with the line ``<!-- executed -->`` below its title. Its blocks run in order, in one empty folder
that holds ``interviews/anna.mp4`` and ``interviews/ben.mp4`` (the sample clip) and ``face.jpg`` (a rendered face):

- Blocks marked ``console``: lines that begin with ``$ `` are commands (a backslash goes on in the next line), the lines
  below them what they print. ``pip install`` is not run. A command that ends with ``&`` runs in the background until
  the page ends; what follows waits until its ``--port`` (8000) answers. No shell is involved: no pipes, no variables.
- Blocks marked ``python``, and ``r`` where Rscript is installed: run as a script. A block marked ``output`` right after
  is what it prints.
- Any block below ``<!-- file: NAME -->`` is written to that file first.
- A block below ``<!-- not executed: REASON -->`` is left alone.

Expected words must be there as they stand; numbers may differ by 0.05, whole numbers not at all; ``...`` stands for any
lines, or for the rest of a line.
"""

import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from actionunits.samples import SAMPLE_CLIP

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = "from actionunits.cli import main; main()"
MARK = "<!-- executed -->"
PAGES = [page for page in sorted((ROOT / "docs").glob("*.md")) if MARK in page.read_text(encoding="utf-8")]
_BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*?) -->\n)?^```(?P<kind>[a-z]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)
_PORT_SECONDS, _COMMAND_SECONDS = 60, 300


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    note: str
    line: int


def blocks_of(text: str) -> list[Block]:
    """Every fenced block of a page, with the comment right above it."""
    return [
        Block(match["kind"], match["text"], match["note"] or "", text[: match.start()].count("\n") + 1)
        for match in _BLOCK.finditer(text)
    ]


def commands_of(text: str) -> list[tuple[str, str]]:
    """(command, what it prints) of a console block."""
    found: list[tuple[str, str]] = []
    for line in text.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            found.append((line[2:], ""))
        else:
            assert found, f"no command stands above {line!r}"
            found[-1] = (found[-1][0], f"{found[-1][1]}{line}\n")
    return found


def same(printed: str, expected: str) -> bool:
    """Whether every expected line was printed, in order and one below the other; see above."""
    lines, wanted = printed.split("\n"), expected.rstrip("\n").split("\n")
    if wanted == [""]:
        return True
    wanted_at = 0
    free = True  # lines may stand before the first expected one, and where `...` stands
    for line in lines:
        while wanted_at < len(wanted) and wanted[wanted_at].strip() == "...":
            wanted_at, free = wanted_at + 1, True
        if wanted_at == len(wanted):
            return True
        if _line_is(line, wanted[wanted_at]):
            wanted_at, free = wanted_at + 1, False
        elif not free:
            return False
    while wanted_at < len(wanted) and wanted[wanted_at].strip() == "...":
        wanted_at += 1
    return wanted_at == len(wanted)


def _line_is(printed: str, wanted: str) -> bool:
    number = re.compile(r"-?\d+(?:\.\d+)?")
    head, dots, _ = wanted.partition("...")
    if dots:
        return printed.split()[: len(head.split())] == head.split()
    if number.sub("#", " ".join(printed.split())) != number.sub("#", " ".join(wanted.split())):
        return False
    pairs = zip(number.findall(printed), number.findall(wanted), strict=True)
    return all(abs(float(one) - float(other)) <= (0.05 if "." in other else 0) for one, other in pairs)


class Reader:
    """Somebody who types what a page says."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._background: list[subprocess.Popen[bytes]] = []
        self._environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "COLUMNS": "120"}

    def follow(self, text: str) -> None:
        """Do what the page says; fails where something else comes of it."""
        waiting: str | None = None
        for block in blocks_of(text):
            if block.kind == "output":
                assert waiting is None or same(waiting, block.text), f"line {block.line}: it printed\n{waiting}"
                continue
            waiting = None
            if block.note.startswith("not executed"):
                continue
            if block.note.startswith("file: "):
                (self.folder / Path(block.note.removeprefix("file: ")).name).write_text(block.text, encoding="utf-8")
            elif block.kind == "console":
                for command, expected in commands_of(block.text):
                    printed = self._type(command)
                    assert same(printed, expected), f"line {block.line}: `{command}` printed\n{printed}"
            elif block.kind == "python":
                waiting = self._run([sys.executable, "-c", block.text])
            elif block.kind == "r" and shutil.which("Rscript"):
                (self.folder / "script.R").write_text(block.text, encoding="utf-8")
                waiting = self._run(["Rscript", "--vanilla", "script.R"])

    def _type(self, command: str) -> str:
        words = shlex.split(command)
        if words[:2] == ["pip", "install"]:
            return ""
        background = words[-1] == "&"
        words = words[:-1] if background else words
        starts = {"actionunits": [sys.executable, "-c", PROGRAM], "python": [sys.executable]}
        if words[0] not in starts and not shutil.which(words[0]):
            pytest.skip(f"{words[0]} is not installed")
        words = [*starts.get(words[0], words[:1]), *words[1:]]
        if not background:
            return self._run(words)
        self._background.append(subprocess.Popen(words, cwd=self.folder, env=self._environment))
        self._wait_for(int(words[words.index("--port") + 1]) if "--port" in words else 8000)
        return ""

    def _run(self, words: list[str]) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self._environment, capture_output=True, text=True, timeout=_COMMAND_SECONDS
        )
        assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + _PORT_SECONDS
        while True:
            with socket.socket() as door:
                door.settimeout(1)
                if door.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert time.monotonic() < end, f"nothing answers at port {port}"
            assert self._background[-1].poll() is None, "it ended at once"
            time.sleep(0.1)

    def leave(self) -> None:
        """End what runs in the background."""
        for process in self._background:
            process.terminate()
            process.wait(30)


@pytest.fixture
def reader(tmp_path: Path, face_files: tuple[Path, ...]) -> Iterator[Reader]:
    (tmp_path / "interviews").mkdir()
    for name in ("anna", "ben"):
        shutil.copy(SAMPLE_CLIP, tmp_path / "interviews" / f"{name}.mp4")
    shutil.copy(face_files[0], tmp_path / "face.jpg")
    found = Reader(tmp_path)
    yield found
    found.leave()


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_page_says_holds(page: Path, reader: Reader) -> None:
    reader.follow(page.read_text(encoding="utf-8"))


def test_pages_take_part() -> None:
    pages = {"code-a-folder-of-interviews", "compare-with-my-facs-codes", "use-it-from-r"}
    assert pages | {"call-it-over-http", "train-on-bp4d"} <= {page.stem for page in PAGES}


@pytest.mark.parametrize(
    ("printed", "expected", "holds"),
    [
        ("one\ntwo\n", "", True),
        ("one\ntwo\n", "one\n", True),
        ("one\ntwo\nthree\n", "two\nthree\n", True),
        ("one\ntwo\nthree\n", "one\nthree\n", False),
        ("one\ntwo\nthree\n", "one\n...\nthree\n", True),
        ("AU12  0.851 ", "AU12 0.83", True),
        ("AU12 0.95", "AU12 0.85", False),
        ("125 frames", "126 frames", False),
        ("one", "two", False),
        ("a long line", "a ...", True),
        ("", "one", False),
    ],
)
def test_what_is_printed_is_compared(printed: str, expected: str, holds: bool) -> None:
    assert same(printed, expected) == holds


@pytest.mark.parametrize(
    "page",
    [
        "```console\n$ actionunits no-such-verb\n```\n",
        "```console\n$ actionunits --version\n0.0.0 of something else\n```\n",
        "```python\nraise SystemExit(1)\n```\n",
        "```python\nprint(1)\n```\n\n```output\n2\n```\n",
    ],
)
def test_a_page_that_lies_is_found_out(page: str, reader: Reader) -> None:
    with pytest.raises(AssertionError):
        reader.follow(page)


def test_files_and_what_is_not_executed(reader: Reader) -> None:
    reader.follow(
        "<!-- file: a.csv -->\n```csv\none\n```\n\n<!-- not executed: it fails -->\n```console\n$ false\n```\n"
    )
    assert (reader.folder / "a.csv").read_text() == "one\n"
