"""Stages refuse what could not be trained."""

import dataclasses
import math

import pytest

torch = pytest.importorskip("torch")

from actionunits.errors import UsageError  # noqa: E402
from actionunits.models import Stage  # noqa: E402

GOOD = Stage("first", {"stem": 1e-3}, epochs=2, batch=4)


def test_defaults_are_plain_adam() -> None:
    assert (GOOD.optimizer, GOOD.schedule, GOOD.weight_decay, GOOD.warmup) == ("adam", "constant", 0.0, 0.0)
    assert GOOD.patience is None


@pytest.mark.parametrize("changes", [{"epochs": 0}, {"patience": 1}, {"warmup": 0.5}, {"decay": 1.0}, {"momentum": 0}])
def test_the_ends_of_ranges_belong_to_them(changes) -> None:
    assert dataclasses.replace(GOOD, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rates": {}}, "learning rate above 0"),
        ({"rates": {"stem": 0}}, "learning rate above 0"),
        ({"rates": {"stem": math.nan}}, "learning rate above 0"),
        ({"rates": {"stem": math.inf}}, "learning rate above 0"),
        ({"optimizer": "lion"}, "'lion'"),
        ({"schedule": "linear"}, "'linear'"),
        ({"epochs": -1}, "epochs must be 0 or more"),
        ({"batch": 0}, "batch and patience 1 or more"),
        ({"patience": 0}, "batch and patience 1 or more"),
        ({"momentum": 1.0}, "momentum"),
        ({"warmup": 1.0}, "warmup"),
        ({"weight_decay": -1e-4}, "weight_decay"),
        ({"weight_decay": math.nan}, "weight_decay"),
        ({"decay": 0.0}, "decay"),
        ({"milestones": (3, -1)}, "milestones"),
        ({"clip": 0.0}, "clip"),
        ({"clip": math.nan}, "clip"),
    ],
)
def test_wrong_values(changes, said) -> None:
    with pytest.raises(UsageError, match=f"stage 'first'.*{said}"):
        dataclasses.replace(GOOD, **changes)
