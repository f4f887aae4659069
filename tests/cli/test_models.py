"""``actionunits models``: units, licences and limits are told, limits first."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actionunits.estimators import find_card, shipped_cards

Run = Callable[..., Any]


@pytest.mark.parametrize("words", [("models",), ("models", "list")])
def test_list(actionunits: Run, words: tuple[str, ...]) -> None:
    done = actionunits(*words)
    assert (done.code, done.err) == (0, "")
    for name in shipped_cards():
        card, _ = find_card(name)
        assert name in done.out
        assert str(card.au_set) in done.out
        for text in (card.licence.code, card.licence.weights, card.licence.training_data):
            assert text in done.out
        assert f"{card.mean_auroc:.3f}" in done.out
    for unit in ("probability 0-1", "occurrence 0/1", "intensity 0-5"):
        assert unit in done.out


@pytest.mark.parametrize("name", shipped_cards())
def test_show(actionunits: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    card, path = find_card(name)
    done = actionunits("models", "show", name)
    assert (done.code, done.err) == (0, "")
    text = " ".join(done.out.split())
    for said in (
        *card.limits,
        card.intended_use,
        *(card.licence.code, card.licence.weights, card.licence.training_data),
        *(card.training.data, card.training.command),
        *card.au_set.columns,
        *card.au_set.names,
        *("probability 0-1", "occurrence 0/1", "intensity 0-5"),
        card.weights.sha256,
    ):
        assert " ".join(said.split()) in text, said
    places = [text.index(words) for words in (card.limits[0], card.intended_use, "Licence", "Training", "threshold")]
    assert places == sorted(places)
    assert str(path) in done.out.replace("\n", "")


def test_show_a_card_by_path(actionunits: Run, tmp_path: Path) -> None:
    """What the card says is text, not markup."""
    _, path = find_card("geometry")
    card = json.loads(path.read_text())
    card |= {"name": "mine", "title": "AUs [bold]", "limits": ["None [/known] yet."], "quality": None}
    card["intended_use"] = "Tests [red]."
    card["licence"]["weights"] = "none [/]"
    card["training"]["data"] = "[link=x]mine"
    mine = tmp_path / "mine.json"
    mine.write_text(json.dumps(card))
    done = actionunits("models", "show", mine)
    assert done.code == 0
    for said in ("mine 2", "AUs [bold]", "None [/known] yet.", "Tests [red].", "none [/]", "[link=x]mine"):
        assert said in done.out
    assert "weights.npz" in done.out  # not asked for, so not read: it is not there


@pytest.mark.parametrize(("name", "code"), [("geometri", 2), ("nobody", 2), ("nobody.json", 2)])
def test_unknown_models(actionunits: Run, name: str, code: int) -> None:
    done = actionunits("models", "show", name)
    assert (done.code, done.out) == (code, "")
    (error,) = done.errors
    assert error.startswith(f"error: {name}: ")
