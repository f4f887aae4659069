"""What a training would take, without a trace."""

import pytest

pytest.importorskip("torch")
pytest.importorskip("lightning")

from actionunits.errors import UsageError
from actionunits.models import create_model
from actionunits.training.crossval import Settings, estimate_named

from .conftest import AUS


def test_a_row_for_each_stage(store, recipe_file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    sheet = estimate_named(str(recipe_file), store, fold=2, settings=Settings(changes=["model.grades=true"]))
    assert sorted(tmp_path.rglob("*")) == before
    assert "toy on fake, fold 2: a toy" in sheet.title
    rows = [dict(zip(sheet.columns, row.cells, strict=True)) for row in sheet.rows]
    assert [row["stage"] for row in rows] == ["base", "more", "all"]
    model = create_model("toy", AUS)
    sizes = {name: sum(each.numel() for each in part.parameters()) for name, part in model.named_children()}
    assert rows[0]["parameters"] == f"{sizes['stem'] + sizes['head']:,}"
    assert rows[0]["frozen"] == f"{sizes['extra']:,}"
    assert rows[0]["trains"] == "stem 0.01, head 0.01"
    assert (rows[0]["epochs"], rows[0]["batch"], rows[0]["batches"], rows[0]["steps"]) == ("3", "16", "3", "9")
    assert (rows[1]["batches"], rows[1]["steps"]) == ("6", "12")
    assert all(float(row["s a step"]) >= 0 and "s" in row["time"] for row in rows[:2])
    assert "pictures (8, 3, 112, 112): logits (8, 2), levels (8, 2, 6)" in " ".join(sheet.notes)


def test_folds_and_names_that_are_not_there(store, recipe_file):
    with pytest.raises(UsageError, match="fold 4: 3fold has none of this number"):
        estimate_named(str(recipe_file), store, fold=4)
    with pytest.raises(UsageError, match="is no recipe"):
        estimate_named("base-rate", store)
