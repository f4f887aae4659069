"""What must hold before a fold is trained."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from actionunits.errors import UsageError
from actionunits.evaluation.constant import intensities
from actionunits.loading import FaceDataset
from actionunits.models import AUModel, Stage, load_state_of
from actionunits.models.shipped import weights_file
from actionunits.store import Store
from actionunits.training.devices import Device
from actionunits.training.making import untrained
from actionunits.training.recipe import Recipe


def check_store(recipe: Recipe, store: Store, model: AUModel) -> None:
    """Require that a store is what the recipe is for.

    Raises:
        UsageError: it has another crop, lacks an AU, the landmarks or a fact; the message says how to relax the latter.
    """
    header = store.header
    missing = recipe.au_set - store.au_set
    if missing:
        kept = recipe.au_set & store.au_set
        advice = f"Use --set aus={kept}" if kept else "Use another store"
        raise UsageError(store.folder, f"no labels of AU {missing}, which recipe {recipe.label} finds", advice)
    if model.needs_landmarks and "landmarks" not in header.contents:
        raise UsageError(store.folder, f"has no landmarks, which {recipe.system} looks at", "Use another store")
    for name, wanted in recipe.store.items():
        found = header.dataset if name == "dataset" else header.protocol.get(name)
        allowed = wanted if isinstance(wanted, tuple) else (wanted,)
        if wanted is not None and found not in allowed:
            said = " or ".join(map(str, allowed))
            raise UsageError(
                store.folder,
                f"its {name} is {found}, and recipe {recipe.label} wants {said}",
                f"Use another store, or --set store.{name}=null to train on this one all the same",
            )
    # says whether the crop is right, and the optical flow there
    FaceDataset(store, recipe.input, aus=recipe.au_set, flow=model.flow_window())


def check_choice(recipe: Recipe, store: Store, rows: np.ndarray[Any, np.dtype[np.int64]]) -> None:
    """Require labels by which weights can be chosen.

    Args:
        recipe: which says by what.
        store: with the labels.
        rows: of the subjects to choose on.

    Raises:
        UsageError: there are none.
    """
    by, advice = recipe.select.by, "Use --set select.by=loss, or --set select.on=last"
    labels = (intensities(store, recipe.au_set) if by == "icc" else store.labels(recipe.au_set))[rows]
    if not (labels >= 0).any():
        what = "intensity" if by == "icc" else "occurrence"
        raise UsageError(store.folder, f"the subjects to choose on have no label of {what}", advice)
    if by == "auroc" and not ((labels == 0).any(axis=0) & (labels == 1).any(axis=0)).any():
        raise UsageError(store.folder, "no AU both occurs and does not in the subjects to choose on", advice)


def check_batches(stages: Sequence[Stage], model: AUModel, device: Device) -> None:
    """Require batches that the devices can share, and those of chunks to be of the model's size.

    Raises:
        UsageError: one is not so.
    """
    for stage in stages:
        chunk, batch, about = model.chunk(stage.name), stage.batch, f"stage {stage.name}"
        if chunk is not None and batch != chunk:
            reason = f"its batch of {batch} is not the {chunk} frames that {model.system} looks at together"
            raise UsageError(about, reason, f"Use --set model.chunk={batch}")
        if chunk is None and batch % device.count:
            advice = f"Use --set stages.{stage.name}.batch={batch // device.count * device.count or device.count}"
            raise UsageError(about, f"its batch of {batch} cannot be shared by {device.count}", advice)


def adopt_start(recipe: Recipe, model: AUModel) -> None:
    """Give a model the weights that the recipe starts from, if it names any.

    Raises:
        UsageError: they are of another system, or do not fit.
    """
    if recipe.start is None:
        return
    aus, state, system = load_state_of(weights_file(recipe.start))
    if system != recipe.system:
        raise UsageError(recipe.start, f"is a model of {system}, not of {recipe.system}", "Name another file")
    model.adopt(state, aus)


def check_start(recipe: Recipe) -> None:
    """Require that the weights to start from fit, if the recipe names any.

    Raises:
        UsageError: as :func:`adopt_start`.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # a model without numbers takes none
        adopt_start(recipe, untrained(recipe))
