"""Where training runs, how precisely, and how to have it the same twice."""

from __future__ import annotations

import hashlib
import logging
import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

import torch

from actionunits.errors import UsageError

_LOGGERS = tuple(logging.getLogger(f"lightning.{room}") for room in ("pytorch", "fabric"))


@dataclass(frozen=True, slots=True)
class Device:
    """What computes.

    Attributes:
        kind: ``cpu`` or ``cuda``.
        count: how many; each gets its share of every batch.
        precision: ``32``, or ``bf16`` with float32 weights.
    """

    kind: Literal["cpu", "cuda"]
    count: int = 1
    precision: Literal["32", "bf16"] = "32"


def find_device(name: str = "auto", precision: str = "auto", count: int = 1) -> Device:
    """The device to train on.

    Args:
        name: ``auto`` (a graphics card if there is one), ``cpu`` or ``cuda``.
        precision: ``auto``, ``32`` or ``bf16``.
        count: graphics cards, or processes on a CPU.

    Raises:
        UsageError: there is no such device, it cannot compute so, or there are fewer.
    """
    if name not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device {name!r}", "is none to train on", "Use auto, cpu or cuda")
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    kind: Literal["cpu", "cuda"] = "cuda" if name == "cuda" or (name == "auto" and cards) else "cpu"
    if kind == "cuda" and not cards:
        raise UsageError("device cuda", "PyTorch finds no graphics card", "Use --device cpu")
    if count < 1 or (kind == "cuda" and count > cards):
        raise UsageError(f"{count} devices", f"there are {cards} graphics cards", "Use --devices 1")
    halves = kind == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)
    if precision == "bf16" and kind == "cuda" and not halves:
        raise UsageError("precision bf16", "this graphics card does not have it", "Use --set precision=32")
    return Device(kind, count, "bf16" if precision == "bf16" or (precision == "auto" and halves) else "32")


def seed_of(*parts: str | int) -> int:
    """A seed, 0 to 2**31 - 1, that differs wherever a part does, on every machine alike.

    >>> seed_of(0, "stem", 1) == seed_of(0, "stem", 1) != seed_of(0, "stem", 2)
    True
    """
    return int.from_bytes(hashlib.sha256(repr(parts).encode()).digest()[:4], "big") >> 1


def settle(*parts: str | int) -> None:
    """Set PyTorch's generators, the only ones that systems draw from, by :func:`seed_of`."""
    torch.manual_seed(seed_of(*parts))


@contextmanager
def reproducible(device: Device) -> Iterator[None]:
    """Have a graphics card compute in the same order each time; CPUs do. PyTorch warns of what it cannot."""
    if device.kind == "cpu":
        yield
        return
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    memory: Any = import_module("torch.utils.deterministic")
    filled, tried = memory.fill_uninitialized_memory, torch.backends.cudnn.benchmark
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    try:
        torch.use_deterministic_algorithms(True, warn_only=True)
        memory.fill_uninitialized_memory = False  # only costs time
        torch.backends.cudnn.benchmark = False
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        memory.fill_uninitialized_memory = filled
        torch.backends.cudnn.benchmark = tried


@contextmanager
def quiet() -> Iterator[None]:
    """Keep Lightning's advice to itself; errors come through."""
    levels = [each.level for each in _LOGGERS]
    with warnings.catch_warnings():
        try:
            hush()
            yield
        finally:
            for each, level in zip(_LOGGERS, levels, strict=True):
                each.setLevel(level)


def hush() -> None:
    """Silence Lightning's advice in this process for good."""
    warnings.filterwarnings("ignore", module=r"lightning\.")
    for each in _LOGGERS:
        each.setLevel(logging.ERROR)
