"""The pictures of a recording: files of a folder, members of a ZIP archive, frames of a video, or rows of a store."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np

from actionunits.datasets.recording import Rgb
from actionunits.errors import DatasetError, MediaError, StoreError
from actionunits.media import MAX_PIXELS, VideoReader, read_image
from actionunits.media.headers import read_header
from actionunits.media.pixels import upright
from actionunits.store import Store

MOST_BYTES = 1 << 28
"""A picture in an archive that unpacks to more is refused."""

Item = TypeVar("Item")

_UNZIP_ERRORS = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError, KeyError)


def open_archive(path: Path) -> zipfile.ZipFile:
    """Open a ZIP archive.

    Raises:
        DatasetError: it is missing, cut off or no archive.
    """
    try:
        return zipfile.ZipFile(path)
    except _UNZIP_ERRORS as error:
        raise DatasetError(path, f"the archive cannot be opened ({error})", "Copy it again") from error


@dataclass(frozen=True)
class PictureFiles:
    """A file a frame.

    Attributes:
        paths: of each frame; None where there is none.
    """

    paths: tuple[Path | None, ...]

    def __call__(self) -> Iterator[tuple[int, Rgb | None]]:
        """Yield place and picture; see :class:`~actionunits.datasets.recording.PictureSource`."""
        for place, path in enumerate(self.paths):
            try:
                yield place, None if path is None else read_image(path)
            except MediaError:
                yield place, None

    def faults(self, *, every: bool) -> Iterator[tuple[str, str]]:
        """Yield files that cannot be decoded."""
        for path in _looked_at([path for path in self.paths if path is not None], every):
            try:
                read_image(path)
            except MediaError as error:
                yield str(path), error.reason


@dataclass(frozen=True)
class ZippedPictures:
    """A member of an archive a frame.

    Attributes:
        archive: the ZIP file.
        members: name of each frame's picture; None where there is none.
    """

    archive: Path
    members: tuple[str | None, ...]

    def __call__(self) -> Iterator[tuple[int, Rgb | None]]:
        """Yield place and picture; see :class:`~actionunits.datasets.recording.PictureSource`."""
        with open_archive(self.archive) as archive:
            for place, member in enumerate(self.members):
                try:
                    yield place, None if member is None else self._read(archive, member)
                except MediaError:
                    yield place, None

    def faults(self, *, every: bool) -> Iterator[tuple[str, str]]:
        """Yield members that cannot be decoded."""
        with open_archive(self.archive) as archive:
            for member in _looked_at([member for member in self.members if member is not None], every):
                try:
                    self._read(archive, member)
                except MediaError as error:
                    yield str(self.archive / member), error.reason

    def _read(self, archive: zipfile.ZipFile, member: str) -> Rgb:
        name = self.archive / member
        again = "Copy the archive again"
        try:
            with archive.open(member) as file:
                data = file.read(MOST_BYTES + 1)
        except _UNZIP_ERRORS as error:
            raise MediaError(name, f"it cannot be unpacked ({error})", again) from error
        if len(data) > MOST_BYTES:
            raise MediaError(name, f"it unpacks to more than {MOST_BYTES >> 20} MiB", again)
        header = read_header(data, name)
        if not 0 < header.width * header.height <= MAX_PIXELS:
            raise MediaError(name, f"{header.width} x {header.height} pixels cannot be decoded", again)
        try:
            flags = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION
            stored = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
        except cv2.error as error:
            raise MediaError(name, "it is damaged", again) from error
        if stored is None:
            raise MediaError(name, "it is damaged", again)
        return upright(cv2.cvtColor(stored, cv2.COLOR_BGR2RGB), header.orientation)


@dataclass(frozen=True)
class VideoFrames:
    """Frames of a video; those after its end or after damage are missing.

    Attributes:
        path: the video; None where there is none.
        places: of each frame, counted from 0 in the order in which the video shows them, rising.
    """

    path: Path | None
    places: tuple[int, ...]

    def __call__(self) -> Iterator[tuple[int, Rgb | None]]:
        """Yield place and picture; see :class:`~actionunits.datasets.recording.PictureSource`."""
        done = 0
        if self.path is not None:
            try:
                for done, picture in self._decoded(self.path):
                    yield done - 1, picture
            except MediaError:  # what was decoded before the damage has been given
                pass
        yield from ((place, None) for place in range(done, len(self.places)))

    def faults(self, *, every: bool) -> Iterator[tuple[str, str]]:
        """Yield what is wrong with the video: damage, or an end before the last frame."""
        if self.path is None or not self.places:
            return
        wanted = self.places[-1] + 1
        try:
            if every:
                done = max((done for done, _ in self._decoded(self.path)), default=0)
                if done < len(self.places):
                    yield str(self.path), f"it ends before frame {self.places[done]} (from 0), which has labels"
                return
            with VideoReader(self.path) as reader:
                stated = reader.frame_count_estimate
            if stated is not None and stated < wanted:
                yield str(self.path), f"it states {stated} frames, {wanted} have labels"
        except MediaError as error:
            yield str(self.path), error.reason

    def _decoded(self, path: Path) -> Iterator[tuple[int, Rgb]]:
        """How many of ``places`` are done with this one, and its picture."""
        done = 0
        with VideoReader(path) as reader:
            for frame in reader:
                if done == len(self.places):
                    return
                if frame.index == self.places[done]:
                    done += 1
                    yield done, frame.image


@dataclass(frozen=True)
class StoredPictures:
    """The pictures of some rows of a store.

    Attributes:
        store: where they are.
        rows: of the store, one a frame, all of one sequence.
    """

    store: Store
    rows: tuple[int, ...]

    def __call__(self) -> Iterator[tuple[int, Rgb | None]]:
        """Yield place and picture; see :class:`~actionunits.datasets.recording.PictureSource`."""
        for place, row in enumerate(self._readable()):
            try:
                yield place, self.store.image(row)
            except StoreError:
                yield place, None

    def faults(self, *, every: bool) -> Iterator[tuple[str, str]]:
        """Yield rows whose picture cannot be decoded."""
        for row in _looked_at(list(self._readable()), every):
            try:
                self.store.image(row)
            except StoreError as error:
                yield error.subject, error.reason

    def _readable(self) -> tuple[int, ...]:
        """The rows, whose file is there and whole."""
        try:
            for row in self.rows[:1]:
                self.store.jpeg(row)
        except StoreError as error:
            raise DatasetError(error.subject, error.reason, error.next_step) from error
        return self.rows


def _looked_at(items: list[Item], every: bool) -> list[Item]:
    return items if every else [*items[:1], *items[1:][-1:]]
