"""Facial action units from photographs and video.

>>> import actionunits as au
>>> analyzer = au.Analyzer()                                    # doctest: +SKIP
>>> table = analyzer.analyze("interview.mp4")                   # doctest: +SKIP
>>> table.to_pandas()                                           # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0.dev0"

if TYPE_CHECKING:
    from actionunits.analyzer import Analyzer
    from actionunits.errors import ActionUnitsError
    from actionunits.facs import (
        BP4D_12,
        BP4D_22,
        BP4D_DISFA_15,
        BP4D_INTENSITY_5,
        DISFA_8,
        DISFA_12,
        GEOMETRY_23,
        AUSet,
    )
    from actionunits.models import create_model, list_models
    from actionunits.results import Results

_ROOMS = {
    "Analyzer": "analyzer",
    "ActionUnitsError": "errors",
    "Results": "results",
    **dict.fromkeys(
        ("AUSet", "BP4D_12", "BP4D_22", "BP4D_DISFA_15", "BP4D_INTENSITY_5", "DISFA_8", "DISFA_12", "GEOMETRY_23"),
        "facs",
    ),
    **dict.fromkeys(("create_model", "list_models"), "models"),  # need the extra [train]
}

__all__ = [
    "BP4D_12",
    "BP4D_22",
    "BP4D_DISFA_15",
    "BP4D_INTENSITY_5",
    "DISFA_8",
    "DISFA_12",
    "GEOMETRY_23",
    "AUSet",
    "ActionUnitsError",
    "Analyzer",
    "Results",
    "__version__",
    "create_model",
    "list_models",
]


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used: ``import actionunits`` itself is quick."""
    if name in _ROOMS:
        from importlib import import_module

        return getattr(import_module(f"actionunits.{_ROOMS[name]}"), name)
    raise AttributeError(f"module 'actionunits' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
