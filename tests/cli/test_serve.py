"""``actionunits serve`` and ``bench serve``: what the command line itself does."""

import csv
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from actionunits.cli import app
from actionunits.cli import serve as verb
from actionunits.errors import UsageError


def test_what_is_missing_is_named_with_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verb, "_NEEDS", ("json", "no_such_package"))
    with pytest.raises(UsageError, match=r"no_such_package.*actionunits\[serve\]"):
        verb._require()


def test_help_needs_no_web_framework() -> None:
    program = (
        "import sys\n"
        "from actionunits.cli import app\n"
        "app(['serve', '--help'], standalone_mode=False)\n"
        "assert not {'fastapi', 'uvicorn', 'starlette', 'torch'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert "--max-video-mb" in done.stdout


def test_the_benchmark_prints_and_saves(tmp_path) -> None:
    pytest.importorskip("fastapi")
    out = tmp_path / "serve.csv"
    arguments = ["bench", "serve", "--requests", "4", "--seconds", "1", "--repeats", "1", "--out", str(out)]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    rows = list(csv.DictReader(out.open()))
    assert [row["what"].split(",")[0] for row in rows] == ["library", "service"] * 2
    assert [row["lost"] for row in rows] == ["0"] * 4
    assert [row["count"] for row in rows] == ["4", "4", "30", "30"]
    assert float(rows[1]["p50_ms"]) <= float(rows[1]["p95_ms"])
    assert rows[1]["note"].endswith("of the library")
