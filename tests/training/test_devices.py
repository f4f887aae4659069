"""Where it runs, and what is the same twice."""

import logging
import warnings

import pytest

pytest.importorskip("torch")

import torch

from actionunits.errors import UsageError
from actionunits.training.devices import Device, find_device, quiet, reproducible, seed_of, settle


@pytest.fixture
def cards(monkeypatch):
    """A function that makes PyTorch see so many graphics cards, with or without bf16."""

    def see(count, halves=True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda: count > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: halves)

    return see


def test_devices(cards):
    cards(0)
    assert find_device() == Device("cpu", 1, "32")
    assert find_device("cpu", "bf16") == Device("cpu", 1, "bf16")
    cards(2)
    assert find_device() == Device("cuda", 1, "bf16")
    assert find_device("auto", "32", 2) == Device("cuda", 2, "32")
    assert find_device("cpu") == Device("cpu", 1, "32")
    cards(1, halves=False)
    assert find_device() == Device("cuda", 1, "32")


@pytest.mark.parametrize(
    ("count", "asked", "said"),
    [
        (0, ("cuda",), "finds no graphics card"),
        (1, ("cuda", "auto", 2), "there are 1 graphics cards"),
        (1, ("tpu",), "is none to train on"),
        (1, ("cuda", "bf16"), "does not have it"),
    ],
)
def test_devices_that_are_not_there(cards, count, asked, said):
    cards(count, halves=False)
    with pytest.raises(UsageError, match=said):
        find_device(*asked)


def test_seeds_differ_wherever_a_part_does():
    seeds = {seed_of(*parts) for parts in ((0,), (1,), ("0",), (0, 1), (1, 0), ("a", 0), ("b", 0))}
    assert len(seeds) == 7
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seed_of(0, "stem", 1) == 1438405539  # the same on every machine, and in every release


def test_settled_generators_draw_the_same():
    drawn = []
    for _ in range(2):
        settle(3, "x")
        drawn.append(torch.rand(3))
    assert torch.equal(*drawn)


def test_a_graphics_card_is_made_to_repeat_itself_for_as_long():
    assert not torch.are_deterministic_algorithms_enabled()
    with reproducible(Device("cpu")):
        assert not torch.are_deterministic_algorithms_enabled()
    with reproducible(Device("cuda")):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.is_deterministic_algorithms_warn_only_enabled()
        assert not torch.utils.deterministic.fill_uninitialized_memory
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.utils.deterministic.fill_uninitialized_memory


def test_only_advice_is_kept_quiet(capsys):
    logger = logging.getLogger("lightning.pytorch")
    level = logger.level
    with quiet(), warnings.catch_warnings(record=True) as heard:
        assert not logger.isEnabledFor(logging.WARNING)
        assert logger.isEnabledFor(logging.ERROR)
        warnings.warn("careful", UserWarning, stacklevel=1)
    assert [str(each.message) for each in heard] == ["careful"]
    assert logger.level == level
