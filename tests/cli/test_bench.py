"""``actionunits bench``: the three rates, on clips as short as can be, and the answers of synthetic faces."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def test_rates(actionunits: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    out = tmp_path / "rates.csv"
    done = actionunits("bench", "analyze", "--seconds", "1", "--minutes", "", "--repeats", "1", "--out", out)
    assert done.code == 0
    assert f"saved {out}" in done.out.replace("\n", "")
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    rates = ("decode alone", "decode + warp + mesh, bare loop", "whole journey, geometry")
    for what in rates:
        assert what in done.out
        for size in ("640x360", "1280x720"):
            (row,) = (row for row in rows if (row["what"], row["size"]) == (what, size))
            assert row["frames"] == "30"
            assert 30 / float(row["frames_per_second"]) == pytest.approx(float(row["seconds"]), abs=1e-3)
            assert "Python" in row["machine"]
    others = {"import actionunits", "process start to first result", "detector, its network alone, 1 at once"}
    assert others < {row["what"] for row in rows}


@pytest.mark.parametrize("minutes", ["one", "1,two", "-1", "0", "nan", "inf"])
def test_lengths_must_be_numbers(actionunits: Callable[..., Any], tmp_path: Path, minutes: str) -> None:
    done = actionunits("bench", "analyze", "--minutes", minutes, "--out", tmp_path / "rates.csv")
    assert (done.code, done.out) == (2, "")
    assert done.errors[0].startswith(f"error: --minutes {minutes}: ")


def test_responses_of_synthetic_faces(
    actionunits: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from actionunits.bench import synth as bench

    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setattr(bench, "EXPECTED", {12: (("corner height", 1),)})
    out = tmp_path / "table.csv"
    line = ("bench", "synth", "--subjects", "1", "--posed", "1", "--size", "128", "--no-speed", "--out", out)
    done = actionunits(*line)
    assert done.code == 0
    assert "corner height" in done.out
    assert "face found, frontal, one action unit: 100.00 % of 4" in done.out
    assert out.exists()
    assert "any pose, light and camera" in (tmp_path / "table-facts.csv").read_text(encoding="utf-8")
