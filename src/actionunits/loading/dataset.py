"""A store as a PyTorch data set: frames of some subjects, cut as an input recipe says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from actionunits.errors import ActionUnitsError, StoreError, UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.loading.batch import Clip, FaceBatch
from actionunits.loading.frames import Frames, Rows
from actionunits.loading.inputs import InputRecipe, get_input
from actionunits.loading.light import LIGHT_DRAWS, Light
from actionunits.loading.placement import DRAWS, Placement
from actionunits.loading.windows import Window, get_window
from actionunits.store import Store, StoredFlow

_LIGHT, _WEAR = 2, 3  # keep these streams apart from that of the placements, and from the loader's order


class Pick(NamedTuple):
    """A frame to load, and which of its random variations.

    Attributes:
        place: in the data set, from 0.
        epoch: from 0; without meaning where nothing is random.
    """

    place: int
    epoch: int


class FaceDataset(Dataset[FaceBatch]):
    """Frames of a store, in any order; each is a batch of one. Gives bytes: see :meth:`FaceBatch.normalised`.

    How a frame is varied depends on the seed, the epoch and its place in the data set, and on nothing else: neither on
    the order of the frames nor on the batch nor on the number of workers.

    Args:
        store: opened, or its folder.
        recipe: an input recipe, or its name; the store must have its crop.
        subjects: whose frames; None for everybody's.
        aus: AUs to have labels of, A of them; None for all of the store's.
        training: vary the pictures at random; otherwise the middle of each.
        window: frames to load around each, or its name; None for none.
        flow: frames around each whose optical flow to load, or its name; None for none.
        seed: of everything random.

    Attributes:
        frames: all that the store knows.
        rows: (len,) int64, the store's row of each place.
        recipe, training, window, flow, seed: the same.

    Raises:
        UsageError: there is no such recipe, window, subject or AU; the store has another crop, or no optical flow that
            was asked for; or the seed is negative.
        StoreError: the store is damaged, or was written by a later release.
    """

    def __init__(
        self,
        store: Store | str | Path,
        recipe: InputRecipe | str,
        *,
        subjects: Iterable[str] | None = None,
        aus: AUSetLike | None = None,
        training: bool = False,
        window: Window | str | None = None,
        flow: Window | str | None = None,
        seed: int = 0,
    ) -> None:
        if seed < 0:
            raise UsageError(f"seed={seed}", "must not be negative", "Use 0 or more")
        opened = store if isinstance(store, Store) else Store(store)
        self.recipe = get_input(recipe)
        self.training = training
        self.window = None if window is None else get_window(window)
        self.flow = None if flow is None else get_window(flow)
        self._fields = None if flow is None else StoredFlow(opened)
        self.seed = seed
        _require_crop(opened, self.recipe)
        self.frames = Frames(opened, opened.au_set if aus is None else aus)
        rows = np.arange(len(opened)) if subjects is None else opened.split(subjects)
        self.rows: Rows = _duplicated(opened, rows, self.recipe) if training else rows
        self._drawn: _Drawn | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, place: int | Pick) -> FaceBatch:
        """One frame.

        Args:
            place: 0 to ``len - 1``; in epoch 0, unless a :class:`Pick` says another.

        Raises:
            IndexError: there is no such frame.
            StoreError: its picture cannot be read.
        """
        one, epoch = place if isinstance(place, Pick) else Pick(place, 0)
        return self.batch([one], epoch)

    def __getitems__(self, picks: Sequence[Pick]) -> FaceBatch | ActionUnitsError:
        """A batch of one epoch, for :class:`~actionunits.loading.loader.FaceLoader`, which raises the error."""
        try:
            return self.batch([pick.place for pick in picks], picks[0].epoch)
        except ActionUnitsError as error:
            return error

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_drawn": None}

    def batch(self, places: Sequence[int], epoch: int = 0) -> FaceBatch:
        """Some frames.

        Args:
            places: N of them, 0 to ``len - 1``, in any order; one may be named twice.
            epoch: says how they are varied, in training.

        Returns:
            N faces; the pictures uint8.

        Raises:
            IndexError: there is no such frame.
            StoreError: a picture cannot be read.
        """
        chosen = np.array(places, np.int64)
        if not len(chosen) or chosen.min() < 0 or chosen.max() >= len(self):
            raise IndexError(f"places {list(places)[:10]} of {len(self)} frames")
        rows = self.rows[chosen]
        placement, light, wear = self._variation(chosen, epoch)
        window = rows[:, None] if self.window is None else self.frames.window(rows, self.window)  # (N, T)
        image = torch.from_numpy(self._pictures(window, placement, light, wear))  # (N, T, 3, S, S)
        landmarks = torch.from_numpy(placement.landmarks(self.frames.landmarks(window)))
        occurrence, intensity, number = (
            torch.from_numpy(values[window])
            for values in (self.frames.occurrence, self.frames.intensity, self.frames.number)
        )
        at = 0 if self.window is None else self.window.centre
        subject, sequence = self.frames.names(rows)
        return FaceBatch(
            image=image[:, at],
            landmarks=landmarks[:, at],
            occurrence=occurrence[:, at],
            intensity=intensity[:, at],
            rotation=torch.from_numpy(placement.rotation.astype(np.float32)),
            row=torch.from_numpy(rows),
            frame=number[:, at],
            subject=subject,
            sequence=sequence,
            clip=None if self.window is None else Clip(image, landmarks, occurrence, intensity, number, at),
            flow=self._flow(rows, placement),
        )

    def _variation(self, places: Rows, epoch: int) -> tuple[Placement, Light | None, Rows | None]:
        if not self.training:
            return Placement.central(self.recipe, len(places)), None, None
        if self._drawn is None or self._drawn.epoch != epoch:
            self._drawn = _Drawn(
                epoch,
                np.random.default_rng([self.seed, epoch]).random((len(self), DRAWS)),
                np.random.default_rng([self.seed, epoch, _LIGHT]).random((len(self), LIGHT_DRAWS)),
                np.random.default_rng([self.seed, epoch, _WEAR]).integers(2**62, size=len(self)),
            )
        lit = self.recipe.brightness or self.recipe.contrast
        light = Light.drawn(self.recipe, self._drawn.light[places]) if lit else None
        wear = self._drawn.wear[places] if self.recipe.wear else None
        return Placement.drawn(self.recipe, self._drawn.placement[places]), light, wear

    def _pictures(
        self, window: Rows, placement: Placement, light: Light | None, wear: Rows | None
    ) -> NDArray[np.uint8]:
        """The pictures, (N, T, 3, S, S); each stored one is decoded once."""
        if wear is not None:  # brings torchvision along, which listing systems must not
            from actionunits.loading.wear import worn
        side = self.recipe.output
        out = np.empty((*window.shape, 3, side, side), np.uint8)
        for row, cuts in _users(window):
            picture = self.frames.store.image(row)
            for face, moment in cuts:
                placement.cut(face, picture, out[face, moment])
                if light is not None:
                    light.shine(face, out[face, moment])
                if wear is not None:
                    out[face, moment] = worn(out[face, moment], int(wear[face]))
        return out

    def _flow(self, rows: Rows, placement: Placement) -> torch.Tensor | None:
        """The optical flow around some rows, (N, 2 F, S, S); each stored field is decoded once."""
        if self.flow is None or self._fields is None:
            return None
        window, side = self.frames.window(rows, self.flow), self.recipe.output
        out = np.empty((*window.shape, 2, side, side), np.uint8)
        for row, cuts in _users(window):
            field = self._fields.field(row)
            for face, moment in cuts:
                placement.cut_flow(face, field, out[face, moment])
        return torch.from_numpy(out).flatten(1, 2)


class _Drawn(NamedTuple):
    """Random numbers of one epoch, by the frame's place: (len, DRAWS), (len, LIGHT_DRAWS) and (len,)."""

    epoch: int
    placement: NDArray[np.float64]
    light: NDArray[np.float64]
    wear: Rows


def _users(window: Rows) -> Iterator[tuple[int, list[tuple[int, int]]]]:
    """Each row of a window, (N, T), once, and where it stands there."""
    rows, which = np.unique(window, return_inverse=True)
    users: list[list[tuple[int, int]]] = [[] for _ in rows]
    for flat, one in enumerate(which.ravel().tolist()):
        users[one].append(divmod(flat, window.shape[1]))
    return zip(rows.tolist(), users, strict=True)


def _require_crop(store: Store, recipe: InputRecipe) -> None:
    """Refuse a store whose pictures are not what the recipe cuts."""
    header, wanted = store.header, recipe.crop_recipe
    again = f"Prepare the data with --crop {wanted.id}"
    if header.crop != wanted.id:
        found = f"its pictures are cropped as {header.crop}" if header.crop else "its pictures are not cropped"
        raise UsageError(store.folder, f"{found}, and {recipe.id} needs {wanted.id}", again)
    if header.crop_hash != wanted.hash:
        reason = f"was cropped by another {wanted.id} ({header.crop_hash}) than this release's ({wanted.hash})"
        raise UsageError(store.folder, reason, again)
    if header.image_size != (wanted.size, wanted.size):
        reason = f"says that its pictures have {header.image_size} pixels, which are not those of {wanted.id}"
        raise StoreError(store.folder, reason, again)


def _duplicated(store: Store, rows: Rows, recipe: InputRecipe) -> Rows:
    """The rows, and once more those in which an AU occurs that the recipe duplicates."""
    aus = AUSet(recipe.duplicate) & store.au_set
    if not len(aus):
        return rows
    rare = (store.labels(aus)[rows] == 1).any(axis=1)
    return np.concatenate([rows, rows[rare]])
