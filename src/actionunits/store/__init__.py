"""The store: a folder of labelled pictures of faces, sorted by subject, quick to read in any order.

``store.json``
    what the store holds and how it was made: :class:`StoreHeader`.
``frames.parquet``
    one row a frame, sorted by subject, sequence and frame: :func:`frame_schema`.
``subjects.parquet``, ``sequences.parquet``
    one row a subject, one row a sequence; columns beyond the required ones are free.
``images/SEQUENCE.arrow``
    the pictures of a sequence: an Arrow IPC file with one column ``jpeg``; row k is the k-th frame of the sequence.
``flow/``
    optical flow, where it was asked for: :mod:`actionunits.store.flow`.

:class:`StoreWriter` fills the folder, from several processes if need be, :class:`Store` reads it, and
:class:`StoreUnion` reads several as one.
"""

from actionunits.store.flow import FlowFacts, StoredFlow
from actionunits.store.header import Counts, StoreHeader, StoreSettings
from actionunits.store.reader import Store
from actionunits.store.schema import CONTENTS, FrameRow, LabelKind, frame_schema, label_column
from actionunits.store.union import StoreUnion
from actionunits.store.writer import StoreWriter

__all__ = [
    "CONTENTS",
    "Counts",
    "FlowFacts",
    "FrameRow",
    "LabelKind",
    "Store",
    "StoreHeader",
    "StoreSettings",
    "StoreUnion",
    "StoreWriter",
    "StoredFlow",
    "frame_schema",
    "label_column",
]
