"""The package's exceptions: few, and each message names the input, what is wrong, and the next step."""

from __future__ import annotations

from typing import Self


class ActionUnitsError(Exception):
    """Base of every error this package raises on purpose.

    Args:
        subject: what the error is about: a path, a name, a value the caller wrote.
        reason: what is wrong with it, in one clause.
        next_step: what the reader can do now, in one sentence.

    The text reads ``SUBJECT: REASON. NEXT STEP.`` and is what the command line prints after ``error:``.
    """

    def __init__(self, subject: object, reason: str, next_step: str) -> None:
        self.subject = str(subject)
        self.reason = reason.rstrip(". ")
        self.next_step = next_step.rstrip(". ")
        super().__init__(f"{self.subject}: {self.reason}. {self.next_step}.")

    def __reduce__(self) -> tuple[type[Self], tuple[str, str, str]]:
        """Travel between processes whole."""
        return type(self), (self.subject, self.reason, self.next_step)


class UsageError(ActionUnitsError):
    """The caller asked for something that does not exist: an AU, a model, a device, an option (exit status 2)."""


class MediaError(ActionUnitsError):
    """A picture, video, folder or camera could not be read or written (exit status 3)."""


class AssetError(ActionUnitsError):
    """A third-party data file is missing, could not be fetched, or does not match its checksum."""


class CardError(ActionUnitsError):
    """An estimator's card or weights are malformed or do not belong together."""


class ResultsError(ActionUnitsError):
    """A results file could not be written or does not follow the schema."""


class StoreError(ActionUnitsError):
    """A data store could not be read or written, or its files do not belong together."""


class DatasetError(ActionUnitsError):
    """A data set on disk is incomplete, or its files are not what the data set's format says."""


class TrainingError(ActionUnitsError):
    """Training cannot go on: the loss is no number, or a checkpoint cannot be read (exit status 3)."""


class ClusterError(ActionUnitsError):
    """A batch cannot start or go on: its output is locked, full or not writable, or the workers are lost (status 4)."""
