"""Runs on disk: what is damaged, foreign or of a later release is refused by name."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.errors import ResultsError, UsageError
from actionunits.evaluation.runs import Run, RunWriter, read_runs

from .conftest import make_run


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "run")


def changed(run, **columns):
    """The run's table with some columns replaced, written in its place."""
    table = pq.read_table(run.folder / "predictions.parquet")
    for name, values in columns.items():
        place = table.column_names.index(name)
        field = table.schema.field(name)
        table = table.set_column(place, field, pa.array(values, field.type))
    pq.write_table(table, run.folder / "predictions.parquet")
    return Run(run.folder)


def test_a_run_reads_what_was_written(run):
    assert run.labels("12").shape == (180, 1)
    assert set(run.fold_of.values()) == {1, 2, 3}
    assert run.predicts_intensity
    assert "guess on fake" in repr(run)
    with pytest.raises(UsageError, match="no AU 45"):
        run.labels("45")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("AU12_p", 1.5, "AU12_p"),
        ("AU12_p", np.nan, "AU12_p"),
        ("AU12_true", 9, "AU12_true"),
        ("AU12_level", 6, "AU12_level"),
        ("AU12_r", np.inf, "AU12_r"),
        ("fold", 4, "fold"),
        ("fold", 0, "fold"),
        ("fold", 1, "two folds"),
        ("frame", 1, "twice"),
    ],
)
def test_values_that_cannot_be(run, name, value, said):
    old = run.frames[name].to_numpy().copy()
    old[:70] = value  # the last of these subjects in part
    with pytest.raises(ResultsError, match=said):
        _ = changed(run, **{name: old}).frames


@pytest.mark.parametrize(
    "spoil",
    [
        lambda table: table.slice(1),
        lambda table: table.drop_columns(["AU12_p"]),
        lambda table: table.append_column("more", table["frame"]),
        lambda table: table.set_column(3, "frame", table["frame"].cast(pa.int64())),
        lambda table: table.set_column(3, "frame", pa.nulls(len(table), pa.int32())),
    ],
    ids=["rows", "missing", "more", "type", "empty"],
)
def test_tables_that_are_not_the_runs(run, spoil):
    path = run.folder / "predictions.parquet"
    pq.write_table(spoil(pq.read_table(path)), path)
    with pytest.raises(ResultsError, match=r"predictions\.parquet"):
        _ = Run(run.folder).frames


def test_damage(run):
    path = run.folder / "predictions.parquet"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ResultsError):
        _ = Run(run.folder).frames
    path.unlink()
    with pytest.raises(ResultsError):
        _ = Run(run.folder).frames


@pytest.mark.parametrize(
    "spoil",
    [
        lambda facts: facts.update(format=2),
        lambda facts: facts.update(future=1),
        lambda facts: facts.update(aus=[12, 12]),
        lambda facts: facts.update(aus=[99]),
        lambda facts: facts.update(selection="oracle"),
        lambda facts: facts.pop("store"),
        lambda facts: facts.update(frames=-1),
    ],
)
def test_facts_that_this_release_does_not_write(run, spoil):
    path = run.folder / "run.json"
    facts = json.loads(path.read_text())
    spoil(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(ResultsError, match="Update actionunits"):
        Run(run.folder)


def test_facts_that_are_no_facts(run, tmp_path):
    (run.folder / "run.json").write_text("{")
    with pytest.raises(ResultsError):
        Run(run.folder)
    (run.folder / "run.json").write_bytes(b" " * (2**22 + 1))
    with pytest.raises(ResultsError, match="too large"):
        Run(run.folder)
    with pytest.raises(ResultsError, match="finished run"):
        Run(tmp_path / "nowhere")


def test_a_folder_of_runs_stands_for_all(tmp_path):
    for name in ("b", "a"):
        make_run(tmp_path / "runs" / name, system=name)
    assert [run.facts.system for run in read_runs([tmp_path / "runs", tmp_path / "runs" / "b"])] == ["a", "b", "b"]
    with pytest.raises(UsageError, match="nothing to compare"):
        read_runs([])
    with pytest.raises(ResultsError):
        read_runs([tmp_path])


def test_folds_that_do_not_fit_together(run, tmp_path):
    writer = RunWriter(tmp_path / "new", run.facts)
    with pytest.raises(ResultsError, match="fit together"):
        writer.merge()
    part = run.frames.filter(pa.array(run.folds == 1))
    writer.add(1, part)
    writer.add(2, part.drop_columns(["AU12_r"]))
    writer.add(3, part)
    with pytest.raises(ResultsError, match="fit together"):
        writer.merge()


def test_a_full_disk_is_named_and_keeps_the_folds(run, tmp_path, monkeypatch):
    writer = RunWriter(tmp_path / "new", run.facts)
    writer.add(1, run.frames.filter(pa.array(run.folds == 1)))

    def full(*rest, **more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(ResultsError, match="disk is full"):
        writer.add(2, run.frames.filter(pa.array(run.folds == 2)))
    assert writer.has(1)
    assert not writer.has(2)
