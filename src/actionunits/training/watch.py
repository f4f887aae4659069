"""Who is told how a training goes."""

from __future__ import annotations


class Watch:
    """Is told how far a training is; does nothing with it. Subclasses show it to people."""

    def say(self, line: str) -> None:
        """A line worth keeping: an epoch's figures, a stage taken from elsewhere."""

    def folds(self, done: int, total: int) -> None:
        """How many folds are done."""

    def steps(self, what: str, done: int, total: int) -> None:
        """How many batches of a stage are done."""
