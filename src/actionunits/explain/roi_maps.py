"""Maps that a model regresses, and what it made them of: ROI maps, eigenvectors, and channels (ROI-GCN, Fig. 5 and 6).

A model takes part if its output has the parts ``maps`` and ``regions``; see :class:`actionunits.models.roi_gcn.ROIGCN`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from actionunits.explain.faces import SeenFaces
from actionunits.explain.sheets import FaceRow, map_sheet
from actionunits.facs import AUSet
from actionunits.models import AUModel, AUOutput
from actionunits.models.layers.roi_maps import region_means
from actionunits.viz.charts import GREY, write_text
from actionunits.viz.palette import Picture
from actionunits.viz.text import line_height, shortened, text_width

Float32 = NDArray[np.float32]

_LEAST = 1e-6
_CELL, _GAP, _PAD = 32, 2, 16  # pixels: side of a channel, between channels, around
_TITLE, _SMALL = 23, 15  # letter sizes, pixels
_WIDER = 1.2  # columns for each row of channels


def roi_pictures(model: AUModel, faces: SeenFaces, aus: AUSet) -> Mapping[str, Picture]:
    """The pictures that a model with ROI maps has to show, by the names of their files.

    Args:
        model: is left ready to predict.
        faces: to look at.
        aus: A of the model's action units.

    Returns:
        ``roi_maps.png``, the maps with the regions framed, all on one scale; ``eigenvectors.png``, where labels
        supervise them, each scaled to its own highest value; and ``channels.png``, those of the first face before and
        after the graph convolution. Nothing for other models.
    """
    with torch.no_grad():
        output = model.eval()(faces.batch)
    parts = output.parts
    if "maps" not in parts or "regions" not in parts:
        return {}
    places = [model.aus.index(au) for au in aus]
    pictures = {"roi_maps.png": _maps(model, output, faces, aus, places)}
    if "eig_logits" in parts:
        pictures["eigenvectors.png"] = _eigenvectors(model, output, faces, aus, places)
    if "eigenvectors" in parts:
        before, after = (_plain(parts[name][0]) for name in ("unrefined", "refined"))
        titles = (f"X0: {len(before)} channels of {faces.names[0]}", "X1: the same after the graph convolution")
        pictures["channels.png"] = channel_sheet((before, after), titles)
    return pictures


def channel_sheet(maps: Sequence[Float32], titles: Sequence[str]) -> Picture:
    """All channels of some maps, beside each other: white is the largest size within the channel, black is 0.

    Args:
        maps: each (D, h, w).
        titles: over each.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    columns = math.ceil(math.sqrt(_WIDER * max(len(each) for each in maps)))
    rows = math.ceil(max(len(each) for each in maps) / columns)
    step, top = _CELL + _GAP, _PAD + line_height(_TITLE) + 8
    wide = max(columns * step - _GAP, *(text_width(title, _TITLE, bold=True) for title in titles))
    note = "each channel's sizes, scaled to the largest of its own"
    height = top + rows * step + line_height(_SMALL) + _PAD
    canvas: Picture = np.full((height, _PAD + len(maps) * (wide + _PAD), 3), 255, np.uint8)
    for number, (channels, title) in enumerate(zip(maps, titles, strict=True)):
        left = _PAD + number * (wide + _PAD)
        write_text(canvas, shortened(title, _TITLE, wide, bold=True), left, _PAD, _TITLE, bold=True)
        for place, channel in enumerate(np.abs(channels)):
            y, x = top + place // columns * step, left + place % columns * step
            grey = (255 * channel / max(float(channel.max()), _LEAST)).astype(np.uint8)
            small = cv2.resize(grey, (_CELL, _CELL), interpolation=cv2.INTER_AREA)
            canvas[y : y + _CELL, x : x + _CELL] = small[..., None]
    write_text(canvas, note, _PAD, top + rows * step, _SMALL, GREY)
    return canvas


def _maps(model: AUModel, output: AUOutput, faces: SeenFaces, aus: AUSet, places: list[int]) -> Picture:
    maps, regions = output.parts["maps"][:, places], output.parts["regions"][:, places]
    means = _plain(region_means(maps, regions))  # (N, A, 2)
    highest = max(float(maps.abs().max()), _LEAST)
    notes = [
        [f"{one:.2f} and {other:.2f}{_label(faces, face, au)}" for au, (one, other) in zip(aus, pair, strict=True)]
        for face, pair in enumerate(means.tolist())
    ]
    found = output.logits[:, places] > 0
    rows = _rows(faces, _plain(maps) / highest, aus, notes, found, regions=regions.cpu().numpy())
    note = f"red is above 0, blue below; the largest value is {highest:.2f}; framed: an AU's regions, then their means"
    return map_sheet(rows, f"Maps of {model.system}", note)


def _eigenvectors(model: AUModel, output: AUOutput, faces: SeenFaces, aus: AUSet, places: list[int]) -> Picture:
    vectors = _plain(output.parts["eigenvectors"][:, places])  # (N, A, h, w)
    logits = output.parts["eig_logits"][:, places]
    notes = [
        [f"p {p:.2f}{_label(faces, face, au)}" for au, p in zip(aus, row, strict=True)]
        for face, row in enumerate(logits.sigmoid().tolist())
    ]
    scaled = vectors / np.maximum(vectors.max(axis=(2, 3), keepdims=True), _LEAST)
    rows = _rows(faces, scaled, aus, notes, logits > 0)
    note = "each scaled to its own highest value, the line runs at half of it; p is what its AU's labels taught it"
    return map_sheet(rows, f"Eigenvectors of {model.system}'s graph", note)


def _rows(
    faces: SeenFaces,
    maps: Float32,
    aus: AUSet,
    notes: list[list[str]],
    bold: Tensor,
    *,
    regions: NDArray[np.bool_] | None = None,
) -> list[FaceRow]:
    return [
        FaceRow(
            name,
            faces.crops[face],
            maps[face],
            aus.numbers,
            tuple(notes[face]),
            tuple(bold[face].tolist()),
            signed=regions is not None,
            regions=None if regions is None else regions[face],
        )
        for face, name in enumerate(faces.names)
    ]


def _label(faces: SeenFaces, face: int, au: int) -> str:
    return {None: "", 0: ", absent", 1: ", present"}[faces.label(face, au)]


def _plain(values: Tensor) -> Float32:
    return np.asarray(values.float().cpu().numpy(), np.float32)
