"""Optical flow beside the pictures of a store: how every face moves until the next frame.

``flow/flow.json``
    how it was found: :class:`FlowFacts`; written last.
``flow/SEQUENCE.arrow``
    as ``images/SEQUENCE.arrow``: row k is a grey picture of twice the store's width, the movement to the right of each
    pixel from the k-th frame of the sequence to the next, and beside it that downwards. The last frame has that of the
    frame before it; a sequence of one frame stands still.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from actionunits.errors import StoreError, UsageError
from actionunits.store.header import Key, Part, Sha256, read_facts
from actionunits.store.pictures import Pictures, jpeg_size
from actionunits.store.reader import Store
from actionunits.store.union import StoreUnion

FLOW_FOLDER = "flow"
FLOW_FILE = "flow.json"
FLOW_BEGUN_FILE = "begun.json"
STILL = 127.5
"""What stands for no movement; 0 is ``bound`` pixels to the left or up, 255 as many to the right or down."""

_AGAIN = "Find the flow again: actionunits data flow STORE --overwrite"


class FlowFacts(Part):
    """The whole of ``flow.json``.

    Attributes:
        format: version of the files.
        method: ``tvl1``, ``dis`` or ``farneback``.
        opencv: version that found it.
        bound: pixels of the stored pictures that 0 and 255 stand for; what moves further was clipped.
        jpeg_quality: of the files, 1-100.
        frames_sha256: of the store's ``frames.parquet``.
        package_version: the release of actionunits that wrote it.
    """

    format: Literal[1] = 1
    method: Literal["tvl1", "dis", "farneback"]
    opencv: Key
    bound: Annotated[float, Field(gt=0, le=1000)]
    jpeg_quality: Annotated[int, Field(ge=1, le=100)]
    frames_sha256: Sha256
    package_version: Key


class StoredFlow:
    """The optical flow of a store, read in any order. Copied to another process, it takes only the store along.

    Args:
        store: opened.

    Attributes:
        facts: how it was found.

    Raises:
        UsageError: the store has none, or is several together.
        StoreError: its files are damaged, or belong to other frames.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        if isinstance(store, StoreUnion):
            raise UsageError(store.folder, "are several stores, and flow is read from one", "Train on one data set")
        folder = store.folder / FLOW_FOLDER
        if not (folder / FLOW_FILE).is_file():
            advice = f"Find it first: actionunits data flow {store.folder}"
            raise UsageError(store.folder, "has no optical flow, or not of all its sequences", advice)
        self.facts: FlowFacts = read_facts(folder / FLOW_FILE, FlowFacts)
        if self.facts.frames_sha256 != store.header.frames_sha256:
            raise StoreError(folder, "is the optical flow of other frames", _AGAIN)
        if store.header.image_size is None:
            raise StoreError(folder, "belongs to pictures of one size, and the store's differ", _AGAIN)
        self._size = store.header.image_size
        self._opened: dict[str, Pictures] = {}

    def __getstate__(self) -> Store:
        return self._store

    def __setstate__(self, store: Store) -> None:
        self.__init__(store)  # type: ignore[misc]

    def field(self, row: int) -> NDArray[np.uint8]:
        """The movement from a frame to the next one: (H, W, 2) uint8, to the right and down; see :data:`STILL`.

        Args:
            row: of the store's frames.

        Raises:
            StoreError: the file of its sequence is missing or damaged.
            IndexError: there is no such row.
        """
        name, place = self._store.place_of(row)
        pictures = self._pictures(name)
        data, (width, height) = pictures[place], self._size
        try:
            found = jpeg_size(bytes(data))
        except ValueError as failure:
            raise StoreError(pictures.path, f"row {place} cannot be decoded: {failure}", _AGAIN) from failure
        grey = (
            cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_GRAYSCALE) if found == (2 * width, height) else None
        )
        if grey is None:
            raise StoreError(pictures.path, f"row {place} is no flow of {width} x {height} pixels", _AGAIN)
        return np.ascontiguousarray(grey.reshape(height, 2, width).transpose(0, 2, 1))

    def _pictures(self, name: str) -> Pictures:
        pictures = self._opened.get(name)
        if pictures is None:
            pictures = Pictures(self._store.folder / FLOW_FOLDER / f"{name}.arrow")
            frames = len(self._store.rows_of(name))
            if len(pictures) != frames:
                raise StoreError(pictures.path, f"has {len(pictures)} fields for {frames} frames", _AGAIN)
            self._opened[name] = pictures
        return pictures


def flow_path(store: Store, sequence: str) -> Path:
    """The file with the flow of a sequence."""
    return store.folder / FLOW_FOLDER / f"{sequence}.arrow"


def encode_flow(flow: NDArray[np.floating[Any]], *, bound: float, quality: int) -> bytes:
    """A field as a grey JPEG file; see the module's text.

    Args:
        flow: (H, W, 2), pixels to the right and down.
        bound: pixels that 0 and 255 stand for.
        quality: 1-100.
    """
    scaled = np.rint((np.clip(flow / bound, -1, 1) + 1) * STILL).astype(np.uint8)
    done, data = cv2.imencode(".jpg", np.hstack([scaled[..., 0], scaled[..., 1]]), [cv2.IMWRITE_JPEG_QUALITY, quality])
    if not done:
        raise UsageError("optical flow", "cannot be encoded", "Use pictures of ordinary size")
    return bytes(data)
