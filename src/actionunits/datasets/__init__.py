"""Readers of BP4D, BP4D+, DISFA and of anybody's own manifest; folds; a check of a copy on disk."""

from actionunits.datasets.check import CheckReport, check_dataset
from actionunits.datasets.dataset import Dataset, Finding
from actionunits.datasets.folds import Fold, Folds, fold_names, get_folds, published_subjects, validation_subjects
from actionunits.datasets.opening import detect_kind, open_dataset
from actionunits.datasets.protocol import KINDS, Kind, Protocol
from actionunits.datasets.recording import NO_IMAGE, NO_LANDMARKS, PictureSource, Recording

__all__ = [
    "KINDS",
    "NO_IMAGE",
    "NO_LANDMARKS",
    "CheckReport",
    "Dataset",
    "Finding",
    "Fold",
    "Folds",
    "Kind",
    "PictureSource",
    "Protocol",
    "Recording",
    "check_dataset",
    "detect_kind",
    "fold_names",
    "get_folds",
    "open_dataset",
    "published_subjects",
    "validation_subjects",
]
