"""One call from a trained model to files that ``actionunits analyze --model`` takes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import UsageError
from actionunits.estimators import Card, shipped_cards
from actionunits.estimators.card import Weights
from actionunits.evaluation import Run
from actionunits.export.cards import make_card
from actionunits.export.graph import to_onnx
from actionunits.export.history import History
from actionunits.export.parity import Parity, check_parity
from actionunits.export.quality import measure
from actionunits.models import AUModel, load_model, read_model_facts

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]*")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.onnx")


@dataclass(frozen=True)
class Exported:
    """What an export wrote.

    Attributes:
        path: of the ONNX file.
        card_path: of the card beside it.
        card: what it says.
        parity: how far PyTorch and ONNX Runtime are apart.
    """

    path: Path
    card_path: Path
    card: Card
    parity: Parity


def export_model(
    model: AUModel | str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    run: Run | str | Path | None = None,
    fold: int | None = None,
    facts: Mapping[str, Any] | None = None,
    neutral_evidence: Sequence[float] | None = None,
    overwrite: bool = False,
) -> Exported:
    """Write a model as an ONNX file and a card; either both are whole and agree with the model, or nothing is written.

    Args:
        model: a model, or the path of its file.
        out: ``NAME.onnx``; the card is ``NAME.json`` beside it.
        name: of the card; by default that of the file.
        run: the finished run that tested the model, for the card's figures and for its resting faces.
        fold: of that run, from 1: take only the frames that it tested. By default the fold that the model's file names.
        facts: of the training; by default those that the model's file notes.
        neutral_evidence: log-odds that each AU gets on a resting face; by default measured in the run's frames without
            the AU, or an assumption that the card names.
        overwrite: take the place of files that are there.

    Raises:
        UsageError: a name is not allowed, a file is there already, the model's file is none, or the run does not fit.
        CardError: the model cannot be exported, or its graph says something else than the model.
        ResultsError: the run or a file cannot be read or written.
    """
    path = Path(out)
    card_path = path.with_suffix(".json")
    card_name = _checked_name(path, name)
    for each in () if overwrite else (path, card_path):
        if each.exists():
            raise UsageError(each, "is there already", "Choose another name, or add --overwrite")
    loaded = model if isinstance(model, AUModel) else load_model(model)
    if facts is None:
        facts = {} if isinstance(model, AUModel) else read_model_facts(model)["facts"]
    if neutral_evidence is not None and len(neutral_evidence) != len(loaded.aus):
        reason = f"has {len(neutral_evidence)} values for {len(loaded.aus)} AUs"
        raise UsageError("neutral_evidence", reason, "Give one for each AU")
    history = History.read(facts, loaded.settings)
    measured = None
    if run is not None:
        opened = run if isinstance(run, Run) else Run(run)
        _require_own(opened, facts)
        measured = measure(opened, loaded.aus, history.fold if fold is None else fold)
    content = to_onnx(loaded)
    parity = check_parity(loaded, content)
    card = make_card(
        loaded,
        card_name,
        Weights(file=path.name, sha256=sha256(content).hexdigest()),
        history,
        intensity=parity.intensity is not None,
        measured=measured,
        neutral_evidence=neutral_evidence,
    )
    with written_aside(card_path) as card_aside, written_aside(path) as aside:
        try:
            aside.write_bytes(content)
            card_aside.write_text(card.model_dump_json(indent=2) + "\n", encoding="utf-8")
        except OSError as failure:
            raise write_failure(path, failure) from failure
    return Exported(path, card_path, card, parity)


def _require_own(run: Run, facts: Mapping[str, Any]) -> None:
    """Require that a run is of the training that the facts speak of, as far as they speak of one."""
    store = facts.get("store")
    told = {
        "recipe": (facts.get("recipe"), dict(run.facts.recipe)),
        "seed": (facts.get("seed"), run.facts.seed),
        "data": (store.get("frames_sha256") if isinstance(store, Mapping) else None, run.facts.store.frames_sha256),
    }
    for what, (own, other) in told.items():
        if own is not None and own != other:
            reason = f"is of another training than the model: its {what} differs"
            raise UsageError(run.folder, reason, "Name the run that the model comes from")


def _checked_name(path: Path, name: str | None) -> str:
    """The card's name."""
    if not _FILE.fullmatch(path.name):
        reason = "is no name for the file: it needs letters, digits, '.', '_' and '-' only, and .onnx at its end"
        raise UsageError(path, reason, "Write, for example, mine.onnx")
    chosen = path.stem if name is None else name
    if not _NAME.fullmatch(chosen):
        reason = "is no name for a model: it needs small letters, digits, '_' and '-' only"
        raise UsageError(repr(chosen), reason, "Choose one with --name")
    if chosen in shipped_cards():
        raise UsageError(repr(chosen), "is the name of a shipped model", "Choose another with --name")
    return chosen
