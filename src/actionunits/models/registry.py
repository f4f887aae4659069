"""Which trainable systems there are, and how to make one."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from difflib import get_close_matches
from importlib import import_module
from types import MappingProxyType
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic_core import PydanticSerializationError, to_json

from actionunits.errors import UsageError
from actionunits.facs import AUSetLike
from actionunits.models.base import AUModel

_HOMES = MappingProxyType(
    {
        "au_rcnn": ("actionunits.models.au_rcnn", "AURCNN"),
        "au_rcnn_conv_lstm": ("actionunits.models.au_rcnn_conv_lstm", "AURCNNConvLSTM"),
        "au_rcnn_crf": ("actionunits.models.au_rcnn_crf", "AURCNNCRF"),
        "au_rcnn_tal": ("actionunits.models.au_rcnn_tal", "AURCNNTAL"),
        "detector": ("actionunits.models.detector", "Detector"),
        "linear": ("actionunits.models.linear", "Linear"),
        "lp_net": ("actionunits.models.lp_net", "LPNet"),
        "re_net": ("actionunits.models.re_net", "RENet"),
        "lorral": ("actionunits.models.lorral", "LoRRaL"),
        "roi_gcn": ("actionunits.models.roi_gcn", "ROIGCN"),
    }
)
"""Module and class of each system; modules are imported when they are first asked for."""

_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


def list_models() -> tuple[str, ...]:
    """The names of all systems, sorted."""
    return tuple(sorted(_HOMES))


def find_model(name: str) -> type[AUModel]:
    """The class of a system.

    Raises:
        UsageError: there is none of this name; the message names the nearest.
    """
    if name not in _HOMES:
        raise UsageError(repr(name), "no such system", nearest(name, list_models()))
    module, attribute = _HOMES[name]
    found: type[AUModel] = getattr(import_module(module), attribute)
    return found


def create_model(name: str, aus: AUSetLike, **settings: Any) -> AUModel:
    """Make a system, untrained.

    Args:
        name: of :func:`list_models`.
        aus: action units to find.
        settings: what its constructor takes; plain values, as JSON has them. ``input`` may be a recipe of your own.

    Returns:
        The model, in training mode, for its last stage.

    Raises:
        UsageError: there is no such system or setting, or a value is of the wrong type or out of range.
    """
    kind = find_model(name)
    parameters = inspect.signature(kind).parameters
    defaults = {key: parameter.default for key, parameter in parameters.items() if key != "aus"}
    for key in settings:
        if key not in defaults:
            raise UsageError(f"{name}: {key!r}", "no such setting", nearest(key, tuple(defaults)))
    hints = get_type_hints(kind.__init__)
    plain = {key: _plain(f"{name}: {key}", value) for key, value in (defaults | settings).items()}
    values: Mapping[str, Any] = {key: _typed(f"{name}: {key}", value, hints[key]) for key, value in plain.items()}
    model: AUModel = kind(aus, **values)
    model.settings = plain
    return model


def nearest(name: str, known: tuple[str, ...]) -> str:
    """A next step that names the likeliest of the known names, or all of them."""
    near = get_close_matches(name, known, n=1)
    return f"The nearest is {near[0]!r}" if near else f"There are {', '.join(sorted(known))}"


def _plain(subject: str, value: object) -> Any:
    """The value as JSON has it."""
    try:
        return json.loads(to_json(value))
    except PydanticSerializationError as failure:
        step = "Give a number, a text, or a list of them"
        raise UsageError(subject, f"{type(value).__name__} is not a plain value", step) from failure


def _typed(subject: str, value: object, hint: Any) -> Any:
    """A plain value as the constructor wants it: a list may become a tuple, but no text a number."""
    try:
        return TypeAdapter(hint, config=_STRICT).validate_json(json.dumps(value))
    except ValidationError as failure:
        first = failure.errors()[0]
        raise UsageError(subject, f"{value!r}: {first['msg']}", "See the documentation of the system") from failure
