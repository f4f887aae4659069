"""``actionunits batch`` and ``results``: exit statuses, and what they say."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from actionunits.samples import SAMPLE_CLIP

pytest.importorskip("fsspec")
pytest.importorskip("duckdb")

Run = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("clips")
    (folder / "a.mp4").write_bytes(SAMPLE_CLIP.read_bytes())
    return folder


def test_a_batch_and_what_it_left(actionunits: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = actionunits("batch", folder, "--out", out, "--workers", 0, "--every", 10)
    assert (done.code, done.errors) == (0, [])
    assert done.out.startswith("1 done, 0 failed; ")
    assert "1 to analyse, 0 done before" in done.err
    again = actionunits("batch", folder, "--out", out, "--workers", 0, "--every", 10)
    assert again.out.startswith("0 done, 1 done before, 0 failed; ")

    asked = actionunits("results", "query", "SELECT count(*) AS n FROM rows", "--data", out)
    assert (asked.code, asked.out) == (0, "n\n13\n")
    saved = actionunits("results", "summary", "--data", out, "--out", tmp_path / "people.parquet")
    assert saved.out == f"saved {tmp_path / 'people.parquet'}: 1 rows\n"
    assert pq.read_table(tmp_path / "people.parquet")["frames"].to_pylist() == [13]
    assert actionunits("results", "page", "--data", out, "--out", tmp_path / "p.html").code == 0
    assert actionunits("results", "query", "DROP", "--data", out).code == 2
    assert actionunits("results", "summary", "--by", "subject", "--data", out).code == 2
    assert actionunits("results", "query", "SELECT 1", "--data", tmp_path).code == 2


def test_some_failed(actionunits: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "bad.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(500))
    done = actionunits("batch", tmp_path / "in", "--out", tmp_path / "out", "--workers", 0)
    assert done.code == 3
    assert done.out.startswith("0 done, 1 failed")
    assert "again: bad.mp4: " in done.err
    assert done.errors[0].startswith("error: bad.mp4: ")


def test_the_run_cannot_go_on(actionunits: Run, folder: Path, tmp_path: Path) -> None:
    from actionunits.cluster.lock import OutputLock
    from actionunits.cluster.places import Place

    with OutputLock(Place(tmp_path / "out")):
        done = actionunits("batch", folder, "--out", tmp_path / "out", "--workers", 0)
    assert done.code == 4
    assert "another batch writes to it" in done.errors[0]
    (tmp_path / "file").write_text("x")
    assert actionunits("batch", folder, "--out", tmp_path / "file" / "o", "--workers", 0).code == 4


@pytest.mark.parametrize(
    "words",
    [
        ("nowhere",),
        ("none.csv",),
        (".", "--check", "smell"),
        (SAMPLE_CLIP, "--model", "nobody"),
        (SAMPLE_CLIP, "--baseline", "x"),
        (SAMPLE_CLIP, "--every", "0"),
        ("s4://x",),
    ],
)
def test_wrong_usage(
    actionunits: Run, tmp_path: Path, words: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = actionunits("batch", *words, "--out", tmp_path / "out", "--workers", 0)
    assert done.code in (2, 3)
    assert not (tmp_path / "out").exists()
