"""What ``tools/make_detector.py`` ships: the mean of what training began and ended with."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("torch")

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))

import torch

from actionunits.models import load_model, load_state_of, save_model
from actionunits.models.shipped import weights_file
from make_detector import mixed_with_start

START = weights_file("detector_stills")


@pytest.fixture
def trained(tmp_path: Path) -> Path:
    model = load_model(START)
    with torch.no_grad():
        for weights in model.parameters():
            weights.add_(1.0)
    save_model(model, tmp_path / "trained.safetensors", facts={"seed": 3})
    return tmp_path / "trained.safetensors"


def test_a_share_of_the_start_is_taken(trained: Path, tmp_path: Path) -> None:
    mixed = mixed_with_start(trained, "detector/shipped", 0.25, tmp_path / "mixed.safetensors")
    (_, begun, _), (aus, found, system) = load_state_of(START), load_state_of(mixed)
    learned = dict(load_model(START).named_parameters())
    assert (aus, system) == (load_model(trained).aus, "detector")
    for name, weights in found.items():
        torch.testing.assert_close(weights, begun[name] + 0.75 if name in learned else begun[name], msg=name)


def test_none_of_the_start(trained: Path, tmp_path: Path) -> None:
    assert mixed_with_start(trained, "detector/shipped", 0, tmp_path / "mixed.safetensors") == trained
    assert mixed_with_start(trained, "detector/start", 0, tmp_path / "mixed.safetensors") == trained


def test_a_recipe_without_a_start_is_named(trained: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="detector/start"):
        mixed_with_start(trained, "detector/start", 0.5, tmp_path / "mixed.safetensors")
