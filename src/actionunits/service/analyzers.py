"""Warm analyzers: networks are loaded once and used by many requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from actionunits.analyzer import Analyzer
from actionunits.estimators import Card, find_card, shipped_cards
from actionunits.media import MediaInput
from actionunits.samples import SAMPLE_CLIP
from actionunits.service.problems import ProblemError
from actionunits.service.settings import Settings


@dataclass(frozen=True)
class Options:
    """What a client may choose of an analysis; see :class:`actionunits.Analyzer`.

    Attributes:
        model: a name of ``GET /v1/models``; empty for the service's own.
        max_faces, every, baseline, sides: as there.
    """

    model: str = ""
    max_faces: int | None = None
    every: int = 1
    baseline: str = "none"
    sides: bool = False


class Analyzers:
    """Analyzers by model, as many of each as pictures are analysed at a time.

    A client chooses among the names offered; a path is never one.

    Args:
        settings: the model that is offered beside the shipped ones, the device, and how many.

    Raises:
        UsageError: no such model.
        CardError: its card is malformed.
    """

    def __init__(self, settings: Settings) -> None:
        self._device = settings.device
        self._most = settings.pictures_at_once
        own, path = find_card(settings.model)
        self.default = own.name
        self._paths: dict[str, Path] = {**shipped_cards(), own.name: path}
        self.cards: dict[str, Card] = {name: find_card(path)[0] for name, path in self._paths.items()}
        self._lock = Lock()
        self._free: dict[str, list[Analyzer]] = {}
        self._all: dict[str, list[Analyzer]] = {}

    def warm(self, count: int = 1) -> None:
        """Load the networks of the default model, and run them once: what they put off until then is done."""
        while len(self._all.get(self.default, ())) < min(count, self._most):
            made = self._load(self.default)
            with closing(made.stream(MediaInput(SAMPLE_CLIP, "video"))) as results:  # type: ignore[type-var]
                next(results)
            self._free.setdefault(self.default, []).append(made)

    def checked(self, options: Options) -> str:
        """The name of the model that is meant.

        Raises:
            ProblemError: 422: there is none of that name.
        """
        name = options.model or self.default
        if name not in self._paths:
            raise ProblemError(422, "model", "no such model", f"Choose one of {', '.join(sorted(self._paths))}")
        return name

    @contextmanager
    def lent(self, options: Options) -> Iterator[Analyzer]:
        """An analyzer for a while: one that nobody uses, else a new one, else one that is shared (slower, not wrong).

        Raises:
            ProblemError: 422: no such model.
            UsageError: the model cannot do what is asked.
        """
        name = self.checked(options)
        with self._lock:
            free = self._free.setdefault(name, [])
            taken = free.pop() if free else None
        if taken is None:
            taken = self._load(name)
        try:
            yield taken.altered(
                max_faces=options.max_faces, every=options.every, baseline=options.baseline, sides=options.sides
            )
        finally:
            with self._lock:
                if not any(one is taken for one in free):
                    free.append(taken)

    def _load(self, name: str) -> Analyzer:
        with self._lock:
            loaded = self._all.setdefault(name, [])
            if len(loaded) >= self._most + 1:  # pictures, and a video beside them
                loaded.append(loaded.pop(0))
                return loaded[-1]
            made = Analyzer(self._paths[name], device=self._device)
            loaded.append(made)
            return made
