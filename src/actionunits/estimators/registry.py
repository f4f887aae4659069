"""Which estimators there are, and how to get one."""

from __future__ import annotations

from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path

from actionunits.defaults import DEFAULT_MODEL
from actionunits.errors import UsageError
from actionunits.estimators.base import Estimator
from actionunits.estimators.card import Card, read_card

DEVICES = ("cpu", "cuda", "auto")


def shipped_cards() -> dict[str, Path]:
    """Return name -> card of every estimator in the package, sorted by name."""
    folder = Path(str(files("actionunits.estimators"))) / "weights"
    return {path.parent.name: path for path in sorted(folder.glob("*/card.json"))}


def find_card(name_or_card: str | Path) -> tuple[Card, Path]:
    """Return the card, and where it lies, of a shipped estimator's name or of a card's path.

    Raises:
        UsageError: no such estimator.
        CardError: the file is not a card.
    """
    shipped = shipped_cards()
    name = str(name_or_card)
    path = shipped.get(name)
    if path is None:
        path = Path(name_or_card)
        if not path.is_file():
            near = get_close_matches(name, shipped, n=1)
            hint = f"Did you mean {near[0]}? " if near else ""
            raise UsageError(
                name, "no such model", f"{hint}Shipped: {', '.join(shipped)}; or give the path of a card (.json)"
            )
    return read_card(path), path


def choose_device(device: str) -> str:
    """Return ``cpu`` or ``cuda`` for what was asked.

    Raises:
        UsageError: unknown device, or CUDA asked for where ONNX Runtime has none.
    """
    if device not in DEVICES:
        raise UsageError(device, "no such device", f"Choose one of {', '.join(DEVICES)}")
    if device == "cpu":
        return "cpu"
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        return "cuda"
    if device == "cuda":
        raise UsageError(
            "cuda",
            "this machine's ONNX Runtime has no CUDA device",
            "Use --device cpu, or install onnxruntime-gpu with a CUDA driver",
        )
    return "cpu"


def load_estimator(name_or_card: str | Path = DEFAULT_MODEL, *, device: str = "cpu", threads: int = 1) -> Estimator:
    """Load an estimator.

    Args:
        name_or_card: a name of ``actionunits models list``, or a card's path.
        device: ``cpu``, ``cuda`` or ``auto``.
        threads: threads inside one inference, for ONNX models on the CPU.

    Raises:
        UsageError: unknown name or device.
        CardError: card or weights are malformed or do not belong together.
    """
    chosen = choose_device(device)
    card, path = find_card(name_or_card)
    if card.kind == "geometry":
        from actionunits.estimators.geometry import GeometryEstimator

        return GeometryEstimator(card, path)
    from actionunits.estimators.onnx import OnnxEstimator

    return OnnxEstimator(card, path, device=chosen, threads=threads)
