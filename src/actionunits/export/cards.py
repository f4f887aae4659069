"""The card of an exported model: what its file and its run say of it, in the card's words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from actionunits.estimators.card import CARD_FORMAT, Card, Licence, PictureInput, Training, Weights
from actionunits.export.graph import IMAGE, LANDMARKS
from actionunits.export.history import History
from actionunits.export.quality import Measured
from actionunits.models import AUModel

THRESHOLD = 0.5
"""Of every AU, as in the papers: no threshold is tuned."""

AT_REST = -2.2
"""Log-odds of a resting face where nothing is known of it: a probability of a tenth."""

_INTENDED_USE = (
    "Research on facial movement in photographs and video of consenting people. Not for inferring emotion, health, "
    "honesty or identity, and not for decisions about a person."
)
_CODE = "Apache-2.0"
_GATED = ("bp4d", "disfa")
_FREE = ("synthau", "synthetic")
_RENDERED = "faces rendered by actionunits synth from CC0 meshes"
_PINNED = {"imagenet": "weights from ImageNet (EfficientNet-Lite0, Apache-2.0)"}


def make_card(
    model: AUModel,
    name: str,
    weights: Weights,
    history: History,
    *,
    intensity: bool,
    measured: Measured | None = None,
    neutral_evidence: Sequence[float] | None = None,
) -> Card:
    """Put a card together.

    Args:
        model: that was exported.
        name: what ``--model`` takes.
        weights: the ONNX file.
        history: of its training; what is missing there is said to be unknown.
        intensity: whether the graph says intensities.
        measured: on test frames.
        neutral_evidence: log-odds of a resting face, one per AU; by default what was measured, or :data:`AT_REST`.
    """
    data = history.dataset
    rest = tuple(neutral_evidence) if neutral_evidence is not None else _at_rest(len(model.aus), measured)
    recipe = model.input
    return Card(
        format=CARD_FORMAT,
        name=name,
        version="1",
        title=f"{model.system} trained on {data}" if data else f"{model.system}, training unknown",
        kind="onnx",
        aus=model.aus.numbers,
        weights=weights,
        thresholds=(THRESHOLD,) * len(model.aus),
        neutral_evidence=rest,
        input=PictureInput(
            name=IMAGE,
            crop=recipe.crop,
            crop_hash=recipe.crop_recipe.hash,
            mean=recipe.mean,
            std=recipe.std,
            size=recipe.size,
            side=recipe.side,
            landmarks=LANDMARKS if model.needs_landmarks else None,
        ),
        intensity=intensity,
        limits=tuple(_limits(data, intensity, measured, neutral_evidence)),
        intended_use=_INTENDED_USE,
        licence=_licence(history),
        training=_training(history),
        quality=None if measured is None else measured.quality,
    )


def _at_rest(aus: int, measured: Measured | None) -> tuple[float, ...]:
    values: Sequence[float | None] = (None,) * aus if measured is None else measured.neutral_evidence
    return tuple(AT_REST if value is None else value for value in values)


def _limits(
    data: str | None, intensity: bool, measured: Measured | None, neutral_evidence: Sequence[float] | None
) -> Iterator[str]:
    if data is None:
        yield "Its file does not say what it was trained on, so nothing can be promised."
    elif data.lower().startswith(_FREE):
        yield "It was trained on rendered faces only; how it does on photographs of people was not measured."
    else:
        yield f"It was trained on {data}; expect less of it on faces, cameras and light that are not there."
    if measured is None:
        yield "How good it is was not measured, or not noted: export it with --run."
    yield f"An action unit occurs from probability {THRESHOLD}; no threshold is tuned."
    if intensity:
        yield "Intensities are means over the levels 0-5 by their probabilities: at rest a little more than 0."
    else:
        yield "It says whether action units occur, not how strong they are: intensities stay empty."
    if neutral_evidence is None:
        known = measured is not None and None not in measured.neutral_evidence
        rest = "what test frames without the action unit get" if known else f"log-odds of {AT_REST}, an assumption"
        yield f"--baseline brings a resting face to {rest}."


def _licence(history: History) -> Licence:
    data = history.dataset
    begun = " and ".join(_PINNED.get(name, f"{name}, under its own licence") for name in history.begun_with)
    start = f"; training began with {begun}" if begun else ""
    if data is None:
        weights, source = "unknown: ask whoever trained it", "unknown"
    elif any(name in data.lower() for name in _GATED):
        weights = f"not to be shared: the agreement of {data} reaches into what is made from it"
        source = f"{data}, under its own agreement"
    elif data.lower().startswith(_FREE):
        own = set(history.begun_with) <= _PINNED.keys()
        weights = "free to use" if own else "free to use as far as the weights that training began with are"
        source = f"{data}: {_RENDERED}"
    else:
        weights, source = f"as the licence of {data} allows", f"{data}, under its own licence"
    return Licence(code=_CODE, weights=weights, training_data=source + start)


def _training(history: History) -> Training:
    said = [history.dataset or "unknown", f"fold {history.fold} held out" if history.fold is not None else ""]
    return Training(
        data=", ".join(filter(None, said)),
        labels=history.labels or "unknown",
        command=f"recipe {history.recipe}" if history.recipe else "unknown",
        seed=history.seed,
        subjects=len(history.known_subjects) or None,
        images=None,
    )
