"""The door: version, help, exit statuses, and a quick import."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from actionunits import __version__

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def script() -> list[str]:
    """The installed command, in a process of its own."""
    return [sys.executable, "-c", "from actionunits.cli import main; main()"]


def test_version_in_a_process_of_its_own(script: list[str]) -> None:
    done = subprocess.run([*script, "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"actionunits {__version__}\n", "")


def test_an_error_in_a_process_of_its_own(script: list[str]) -> None:
    done = subprocess.run([*script, "models", "show", "geometri"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: geometri: no such model. Did you mean geometry?")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_names_every_verb(actionunits: Run, word: str) -> None:
    done = actionunits(word)
    assert done.code == 0
    for verb in ("analyze", "webcam", "batch", "results", "models", "assets", "bench"):
        assert verb in done.out


@pytest.mark.parametrize("verb", ["analyze", "webcam", "batch", "results", "models", "assets", "bench"])
def test_every_verb_has_help(actionunits: Run, verb: str) -> None:
    done = actionunits(verb, "--help")
    assert done.code == 0
    assert "Usage" in done.out


@pytest.mark.parametrize(
    "words", [("dance",), ("--loud",), ("models", "dance"), ("analyze", "--loud"), ("bench", "dance")]
)
def test_unknown_words_are_wrong_usage(actionunits: Run, words: tuple[str, ...]) -> None:
    done = actionunits(*words)
    assert done.code == 2
    assert words[-1] in done.err
    assert done.out == ""


def test_import_is_light() -> None:
    program = (
        "import sys, actionunits\n"
        "dir(actionunits), actionunits.__version__\n"
        "heavy = {'torch', 'ray', 'pandas', 'cv2', 'av', 'scipy', 'onnxruntime', 'pyarrow', 'rich', 'typer'}\n"
        "print(sorted(heavy & sys.modules.keys()))\n"
        "actionunits.Analyzer\n"
        "print('Analyzer' in dir(sys.modules['actionunits.analyzer']))\n"
        "print(sorted({'torch', 'ray', 'sklearn', 'skimage', 'matplotlib'} & sys.modules.keys()))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "True", "[]"]
