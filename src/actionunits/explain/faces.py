"""Faces as a model sees them, from a picture or a store, with the crops that people see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from actionunits.errors import MediaError, UsageError
from actionunits.faces import FaceFinder, FaceTracker
from actionunits.facs import AUSet
from actionunits.geometry import central_cut, crop
from actionunits.loading import FaceBatch, FaceDataset, InputRecipe
from actionunits.media import read_image
from actionunits.store import Store

MOST_FACES = 12
"""Of one picture; the largest are taken."""


@dataclass(frozen=True, eq=False)
class SeenFaces:
    """N faces.

    Attributes:
        names: what each is called: ``face 0``, or its place in the store.
        crops: (N, S, S, 3) uint8 RGB, the square that the model sees, not scaled down.
        batch: the same faces for the model, normalised.
        known: AUs that are labelled, in the order of the batch's labels; none for a picture.
    """

    names: tuple[str, ...]
    crops: NDArray[np.uint8]
    batch: FaceBatch
    known: AUSet

    def label(self, face: int, au: int) -> int | None:
        """Whether an AU is labelled to occur in a face; None where that is unknown."""
        if au not in self.known:
            return None
        value = int(self.batch.occurrence[face, self.known.index(au)])
        return None if value < 0 else value


def faces_of_picture(path: str | Path, recipe: InputRecipe, *, finder: FaceFinder | None = None) -> SeenFaces:
    """Find the faces in a picture, and crop each as a model wants it.

    Args:
        path: of the picture.
        recipe: the model's input.
        finder: the networks; None loads them.

    Raises:
        MediaError: the picture cannot be read, or shows no face.
        AssetError: the networks' files cannot be had.
    """
    image = read_image(path)
    faces = FaceTracker(finder or FaceFinder(), max_faces=MOST_FACES).update(image, 0.0)
    if not faces:
        raise MediaError(path, "shows no face", "Choose another picture, or cut the face out larger")
    crops, pictures, landmarks = [], [], []
    for face in faces:
        whole = crop(image, face.landmarks, recipe.crop_recipe)
        crops.append(central_cut(whole.image, whole.landmarks, recipe.size)[0])
        picture, points = central_cut(whole.image, whole.landmarks, recipe.size, recipe.side)
        pictures.append(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))))
        landmarks.append(torch.from_numpy(points))
    batch = FaceBatch.unlabelled(torch.stack(pictures), torch.stack(landmarks), 0).normalised(recipe)
    return SeenFaces(tuple(f"face {face.face_id}" for face in faces), np.stack(crops), batch, AUSet(()))


def faces_of_store(
    store: Store, recipe: InputRecipe, rows: Sequence[int], aus: AUSet, *, flow: str | None = None
) -> SeenFaces:
    """Some frames of a store.

    Args:
        store: cropped as the recipe wants.
        recipe: the model's input.
        rows: of the store, N of them.
        aus: whose labels to take along, as far as the store has them.
        flow: frames around each whose optical flow to load; None for none.

    Raises:
        UsageError: no row is named, or the store has another crop, or no optical flow.
        StoreError: the store is damaged.
    """
    if not rows:
        raise UsageError(store.folder, "no frame is named", "Name one or more")
    known = aus & store.au_set
    dataset = FaceDataset(store, recipe, aus=known or store.au_set, flow=flow)
    batch = dataset.batch(list(rows)).normalised(recipe)
    nowhere = np.empty((0, 2))
    crops = np.stack([central_cut(store.image(row), nowhere, recipe.size)[0] for row in rows])
    names = tuple(
        f"{subject}, {sequence}, frame {frame}"
        for subject, sequence, frame in zip(batch.subject, batch.sequence, batch.frame.tolist(), strict=True)
    )
    return SeenFaces(names, crops, batch, known)
