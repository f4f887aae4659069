"""A model as one file: the weights as safetensors, and beside them, in its header, how to make the model again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from pydantic import BaseModel, ConfigDict
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from actionunits.atomic import write_failure, written_aside
from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.models.base import AUModel, load_state
from actionunits.models.registry import create_model

FORMAT = 1
_KEY = "actionunits"
_MOST_BYTES = 2**32
_AGAIN = "Name a model.safetensors that this package wrote"


def save_model(model: AUModel, path: str | Path, *, facts: Mapping[str, Any] | None = None) -> None:
    """Write a model made by :func:`~actionunits.models.create_model`; aside first, then renamed.

    Args:
        model: its weights, running statistics and settings are kept.
        path: ends in ``.safetensors``.
        facts: more plain values to keep, as the recipe and the data.

    Raises:
        UsageError: it was not made by ``create_model``.
        ResultsError: it cannot be written.
    """
    if not model.settings:
        raise UsageError(model.system, "does not know its settings", "Make it with actionunits.create_model")
    header = {
        "format": FORMAT,
        "system": model.system,
        "aus": list(model.aus.numbers),
        "settings": dict(model.settings),
        "input": model.input.to_dict(),
        "stage": model.stage,
        "facts": dict(facts or {}),
    }
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    content = save(state, {_KEY: json.dumps(header, sort_keys=True, allow_nan=False)})
    with written_aside(Path(path)) as aside:
        try:
            aside.write_bytes(content)
        except OSError as failure:
            raise write_failure(Path(path), failure) from failure


def read_model_facts(path: str | Path) -> Mapping[str, Any]:
    """What :func:`save_model` noted: format, system, aus, settings, input, stage, facts.

    Raises:
        UsageError: it is no model's file, or one of a later release.
    """
    return _read(Path(path))[0]


def load_state_of(path: str | Path) -> tuple[AUSet, Mapping[str, Tensor], str]:
    """The action units, the weights and the system of a model's file; halves are made whole.

    Raises:
        UsageError: it is no model's file, or one of a later release.
    """
    header, state = _read(Path(path))
    whole = {name: each.float() if each.dtype == torch.float16 else each for name, each in state.items()}
    return AUSet(tuple(header["aus"])), whole, str(header["system"])


def load_model(path: str | Path, *, system: str | None = None) -> AUModel:
    """Make a saved model again, in its stage, ready to predict the same to the last bit.

    Nothing is drawn from the global generator.

    Args:
        path: of its file.
        system: require this one; None takes any.

    Raises:
        UsageError: it is no model's file, one of a later release or another system, or its weights do not fit.
    """
    header, state = _read(Path(path))
    if system is not None and header["system"] != system:
        raise UsageError(path, f"is a model of {header['system']}, not of {system}", "Name another file")
    given = {key: value for key, value in header["input"].items() if key != "crop_hash"}
    changes = {"input": given, "backbone_weights": None}  # the names of these may mean something else by now
    settings = header["settings"] | {key: changes[key] for key in changes.keys() & header["settings"].keys()}
    with torch.random.fork_rng(devices=[]):
        model = create_model(header["system"], AUSet(tuple(header["aus"])), **settings)
    if model.input.crop_recipe.hash != header["input"].get("crop_hash"):
        raise UsageError(path, f"saw another crop {model.input.crop} than this release's", "Train it again")
    model.settings = header["settings"]
    load_state(model, state, source=path)
    if header["stage"] is not None:
        model.begin(header["stage"])  # wakes what was awake, on which the last bits of a prediction depend
    model.eval()
    return model


class _Header(BaseModel):
    """What a file must say."""

    model_config = ConfigDict(strict=True)

    format: int
    system: str
    aus: list[int]
    settings: dict[str, Any]
    input: dict[str, Any]
    stage: str | None
    facts: dict[str, Any]


def _read(path: Path) -> tuple[Mapping[str, Any], Mapping[str, Tensor]]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise UsageError(path, "is larger than 4 GiB", _AGAIN)
        with safe_open(path, "pt") as file:
            said = (file.metadata() or {}).get(_KEY)
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as failure:
        raise UsageError(path, f"cannot be read as a model ({failure})", _AGAIN) from failure
    try:
        header = json.loads(said or "{}")
        if header.get("format", FORMAT) != FORMAT:
            raise UsageError(path, f"has format {header['format']}; this release reads {FORMAT}", "Update actionunits")
        return _Header.model_validate(header).model_dump(), state
    except (ValueError, AttributeError, RecursionError) as failure:
        raise UsageError(path, "does not say how to make its model", _AGAIN) from failure
