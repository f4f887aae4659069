"""Opening a copy of a data set, and telling which one it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, cast

from actionunits.datasets import bp4d_places, disfa_places
from actionunits.datasets.bp4d import Bp4d, Bp4dPlus
from actionunits.datasets.dataset import Dataset
from actionunits.datasets.disfa import Disfa
from actionunits.datasets.folds import published_subjects
from actionunits.datasets.manifest import Manifest
from actionunits.datasets.manifest_rows import TABLE_SUFFIXES
from actionunits.datasets.protocol import KINDS, Kind, Protocol
from actionunits.datasets.stored import StoredFaces
from actionunits.errors import DatasetError, UsageError
from actionunits.store.header import HEADER_FILE

_READERS: Mapping[Kind, Callable[[Path, Protocol], Dataset]] = MappingProxyType(
    {"bp4d": Bp4d, "bp4d+": Bp4dPlus, "disfa": Disfa, "manifest": Manifest, "store": StoredFaces}
)
_MANIFESTS = tuple(f"manifest{suffix}" for suffix in TABLE_SUFFIXES)
_NAME_ONE = f"Name its kind: {', '.join(KINDS)}"


def open_dataset(kind: str, folder: str | Path, **protocol: Any) -> Dataset:
    """Open a copy of a data set; only names of files are read, a manifest's table, or a store's header.

    Args:
        kind: ``bp4d``, ``bp4d+``, ``disfa``, ``manifest`` or ``store``.
        folder: the data set's, or any above it; for a manifest its file, or a folder with ``manifest.csv``; for a store
            the folder with ``store.json``.
        protocol: the fields of :class:`~actionunits.datasets.protocol.Protocol`.

    Raises:
        UsageError: there is no such kind, or the data set does not have what the protocol asks for.
        DatasetError: the folder cannot be read, or lacks what makes it this data set.
        StoreError: it is a damaged store, or none.
    """
    if kind not in _READERS:
        raise UsageError(repr(kind), "is no kind of data set", f"Use {', '.join(KINDS)}")
    unknown = sorted(set(protocol) - set(Protocol.__dataclass_fields__))
    if unknown:
        raise UsageError(unknown[0], "is no choice of a protocol", f"Use {', '.join(Protocol.__dataclass_fields__)}")
    path = Path(folder)
    if not path.exists():
        raise DatasetError(path, "there is no such file or folder", "Check the path")
    if kind == "manifest":
        path = _manifest_of(path)
    return _READERS[cast(Kind, kind)](path, Protocol(**protocol))


def detect_kind(folder: str | Path) -> Kind:
    """Tell which data set lies in a folder, by the names of its files.

    BP4D+ is told from BP4D by archives of pictures, a folder ``2D+3D``, task T9 or T10, or subjects that BP4D has not.

    Raises:
        DatasetError: it is missing, or none of them.
    """
    path = Path(folder)
    if not path.exists():
        raise DatasetError(path, "there is no such file or folder", "Check the path")
    if path.is_file() or any((path / name).is_file() for name in _MANIFESTS):
        _manifest_of(path)
        return "manifest"
    if (path / HEADER_FILE).is_file():
        return "store"
    faces = bp4d_places.find_places(path)
    if faces.occurrence:
        return "bp4d+" if _is_plus(faces) else "bp4d"
    if disfa_places.find_places(path).labels:
        return "disfa"
    raise DatasetError(
        path, "neither label tables of BP4D, BP4D+ or DISFA nor a manifest or a store lie here", _NAME_ONE
    )


def _is_plus(places: bp4d_places.Places) -> bool:
    candidates = [path for paths in places.pictures.values() for path in paths]
    subjects = {name.split("_")[0] for name in places.occurrence} | set(places.pictures)
    tasks = bp4d_places.pictured_tasks(places).values()
    return (
        any(path.suffix.lower() == ".zip" for path in candidates)
        or any(path.parent.name == "2D+3D" for path in candidates)
        or any(task in ("T9", "T10") for own in tasks for task in own)
        or bool(subjects - set(published_subjects("bp4d")))
    )


def _manifest_of(path: Path) -> Path:
    if path.is_dir():
        for name in _MANIFESTS:
            if (path / name).is_file():
                return path / name
        raise DatasetError(path, f"there is no {_MANIFESTS[0]} in it", "Name the manifest's file")
    if path.suffix.lower() not in TABLE_SUFFIXES:
        raise DatasetError(path, "it is no CSV, TSV or Parquet file", "Save the manifest as one of these")
    return path
