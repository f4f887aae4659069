"""The command line in this process: quick, and with the exit status that a shell would see."""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from actionunits.cli import main


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def errors(self) -> list[str]:
        return [line for line in self.err.splitlines() if line.startswith("error: ")]


@pytest.fixture
def actionunits(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """A function that runs ``actionunits WORDS...`` as `main` does."""

    def run(*words: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["actionunits", *map(str, words)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return run
