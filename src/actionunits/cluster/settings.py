"""How every file of a batch is analysed; the same settings give the same rows."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from actionunits.defaults import DEFAULT_MODEL
from actionunits.pool import network_threads

if TYPE_CHECKING:
    from actionunits.analyzer import Analyzer

_NOT_OF_THE_ROWS = ("device",)  # devices agree to rounding; a file done on one is not done again on another


@dataclass(frozen=True)
class BatchSettings:
    """Options of the analysis, those of :class:`actionunits.Analyzer`.

    Attributes:
        model: a shipped estimator's name, or the path of a card that every worker can read.
        max_faces: follow at most so many faces.
        every: analyse every Nth frame.
        baseline: ``none``, ``median`` or ``neutral:START-END``.
        sides: tell left and right apart.
    """

    model: str = DEFAULT_MODEL
    max_faces: int | None = None
    every: int = 1
    baseline: str = "none"
    sides: bool = False

    def analyzer(self, *, device: str = "cpu", cores: int = 1) -> Analyzer:
        """Load the model, to use so many cores: on one, decoding, tracking and scoring take turns.

        Raises:
            UsageError: an unknown model or device, or a wrong option.
        """
        from actionunits.analyzer import Analyzer

        model = str(Path(self.model).resolve()) if Path(self.model).suffix == ".json" else self.model
        overlap = cores > 1 or device != "cpu"
        how = {"model": model, "device": device, "threads": network_threads(cores), "overlap": overlap}
        return Analyzer(**(asdict(self) | how))

    def absolute(self) -> BatchSettings:
        """The same with the card's path made absolute, for workers that run in another folder."""
        if Path(self.model).suffix != ".json":
            return self
        return BatchSettings(**(asdict(self) | {"model": str(Path(self.model).resolve())}))


def work_hash(facts: dict[str, Any]) -> str:
    """SHA-256 of all that decides the rows beside the input: weights and options.

    Args:
        facts: what :attr:`actionunits.Analyzer.settings` says.
    """
    kept = {name: value for name, value in facts.items() if name not in _NOT_OF_THE_ROWS}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, default=list).encode()).hexdigest()
