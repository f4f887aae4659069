"""What AU R-CNN looks at: the 43 regions of a face, and the box of each group with what it found there (Fig. 2 and 4).

A model takes part if its output has the parts ``boxes`` and ``box_logits``; see :class:`actionunits.models.AURCNN`.
"""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from actionunits.explain.faces import SeenFaces
from actionunits.explain.sheets import TILE
from actionunits.facs import AUSet, column
from actionunits.geometry.face_regions import REGIONS, crop_lift, region_corners, region_polygon
from actionunits.models import AUModel
from actionunits.models.au_rcnn import AURCNN
from actionunits.viz.charts import GREY, INK, write_text
from actionunits.viz.palette import DARK, ORANGE, PALE, SKY_BLUE, Picture
from actionunits.viz.text import line_height, shortened, text_width

_SIDE = 768  # of the crop under the regions, pixels
_GAP, _PAD = 12, 16
_TITLE, _TEXT, _SMALL = 23, 17, 15  # letter sizes, pixels
_COVER = 0.35  # of the regions that belong to a box
_HALF = 0.5
_SUBPIXEL = 4  # bits


def box_pictures(model: AUModel, faces: SeenFaces, aus: AUSet) -> Mapping[str, Picture]:
    """The pictures that a model with boxes has to show, by the names of their files.

    Args:
        model: is left ready to predict.
        faces: to look at.
        aus: A of the model's action units.

    Returns:
        ``regions.png``, the numbered regions of the first face whose landmarks are known; ``boxes.png``, the box of
        each group on every face, with the AUs that it carries. Nothing for other models.
    """
    if not isinstance(model, AURCNN):
        return {}
    with torch.no_grad():
        output = model.eval()(faces.batch)
    landmarks = faces.batch.landmarks.cpu().numpy().astype(np.float64)  # (N, 68, 2)
    pictures = {"boxes.png": _boxes(model, output.parts, faces, landmarks, aus)}
    known = [face for face, points in enumerate(landmarks) if np.isfinite(points[1:]).all()]
    if known:
        first = known[0]
        corners = _corners(model, landmarks[first], _SIDE)
        title = f"Regions of AU R-CNN's partition rule: {faces.names[first]}"
        pictures["regions.png"] = region_picture(faces.crops[first], corners, title)
    return pictures


def region_picture(crop: Picture, corners: NDArray[np.float64], title: str) -> Picture:
    """A face with its 43 regions, numbered.

    Args:
        crop: (S, S, 3) uint8 RGB.
        corners: (C, 2) of :func:`~actionunits.geometry.face_regions.region_corners`, pixels of a crop 768 wide.
        title: over it.

    Returns:
        (H, W, 3) uint8 RGB.
    """
    drawn = _enlarged(crop, _SIDE)
    for region in REGIONS:
        _outline(drawn, region_polygon(corners, region))
    for region in REGIONS:
        x, y = region_polygon(corners, region).mean(axis=0)
        text = str(region)
        left, top = int(x - text_width(text, _SMALL, bold=True) / 2), int(y - line_height(_SMALL) / 2)
        left, top = np.clip([left, top], 1, _SIDE - line_height(_SMALL) - 4).tolist()
        for dx, dy in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            write_text(drawn, text, left + dx, top + dy, _SMALL, DARK, bold=True)
        write_text(drawn, text, left, top, _SMALL, PALE, bold=True)
    over = _PAD + line_height(_TITLE) + 8
    canvas: Picture = np.full((over + _SIDE + _PAD, _SIDE + 2 * _PAD, 3), 255, np.uint8)
    write_text(canvas, shortened(title, _TITLE, _SIDE, bold=True), _PAD, _PAD, _TITLE, bold=True)
    canvas[over : over + _SIDE, _PAD : _PAD + _SIDE] = drawn
    return canvas


def _boxes(
    model: AURCNN,
    parts: Mapping[str, torch.Tensor],
    faces: SeenFaces,
    landmarks: NDArray[np.float64],
    aus: AUSet,
) -> Picture:
    """One row a face: its crop, and its boxes."""
    rule = model.boxes.rule
    carries, scale = rule.carries(), TILE / model.input.output
    found = parts["box_logits"].float().sigmoid().cpu().numpy()  # (N, R, A)
    boxes, stand_in = parts["boxes"].cpu().numpy() * scale, parts["mean_box"].cpu().numpy()
    lines = 1 + max(sum(au in aus and carried for au, carried in zip(rule.aus, row, strict=True)) for row in carries)
    block = line_height(_TEXT) + 6 + TILE + 6 + line_height(_TEXT) + lines * line_height(_SMALL) + _GAP
    top = _PAD + line_height(_TITLE) + line_height(_SMALL) + 14
    width = 2 * _PAD + (1 + len(rule)) * (TILE + _GAP) - _GAP
    canvas: Picture = np.full((top + len(faces.names) * block + _PAD, width, 3), 255, np.uint8)
    write_text(canvas, f"Boxes of {model.system}", _PAD, _PAD, _TITLE, bold=True)
    note = "coloured: the group's regions; under each box the AUs whose labels it carries, with what it says of each"
    write_text(canvas, note, _PAD, _PAD + line_height(_TITLE) + 4, _SMALL, GREY)
    for face, name in enumerate(faces.names):
        y = top + face * block
        write_text(canvas, shortened(name, _TEXT, width - 2 * _PAD, bold=True), _PAD, y, _TEXT, bold=True)
        y += line_height(_TEXT) + 6
        canvas[y : y + TILE, _PAD : _PAD + TILE] = _enlarged(faces.crops[face], TILE)
        corners = _corners(model, landmarks[face], TILE)
        for number, group in enumerate(rule.groups):
            x = _PAD + (number + 1) * (TILE + _GAP)
            tile = _enlarged(faces.crops[face], TILE)
            _fill(tile, [region_polygon(corners, region) for region in rule.regions[number]])
            _frame(tile, boxes[face, number])
            canvas[y : y + TILE, x : x + TILE] = tile
            under = y + TILE + 3
            said = f"group {group}" + (", mean box" if stand_in[face, number] else "")
            write_text(canvas, said, x, under, _TEXT, bold=True)
            under += line_height(_TEXT)
            for place, au in enumerate(rule.aus):
                if au in aus and carries[number, place]:
                    p = float(found[face, number, place])
                    colour = INK if p >= _HALF else GREY
                    write_text(canvas, f"{column(au)}  {p:.2f}", x, under, _SMALL, colour, bold=p >= _HALF)
                    under += line_height(_SMALL)
    return canvas


def _corners(model: AURCNN, landmarks: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Corners of a face's regions, pixels of a crop so wide."""
    given = model.input.output
    lift = crop_lift(landmarks, given, mode=model.boxes.lift)
    return (region_corners(landmarks, lift=lift) + 0.5) * (side / given) - 0.5


def _enlarged(crop: Picture, side: int) -> Picture:
    how = cv2.INTER_AREA if crop.shape[0] > side else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(crop, (side, side), interpolation=how), np.uint8)


def _outline(drawn: Picture, polygon: NDArray[np.float64]) -> None:
    points = np.rint(polygon * 2**_SUBPIXEL).astype(np.int32)
    cv2.polylines(drawn, [points], True, SKY_BLUE, 1, cv2.LINE_AA, _SUBPIXEL)


def _fill(tile: Picture, polygons: list[NDArray[np.float64]]) -> None:
    """Colour regions, in place; those with unknown corners are left out."""
    inside = np.zeros(tile.shape[:2], np.uint8)
    for polygon in polygons:
        if np.isfinite(polygon).all():
            cv2.fillConvexPoly(inside, np.rint(polygon * 2**_SUBPIXEL).astype(np.int32), 1, cv2.LINE_8, _SUBPIXEL)
    covered = inside > 0
    tile[covered] = (tile[covered] * (1 - _COVER) + np.array(SKY_BLUE) * _COVER + 0.5).astype(np.uint8)


def _frame(tile: Picture, box: NDArray[np.float32]) -> None:
    left, top, right, bottom = np.rint(box).astype(int).tolist()
    for colour, width in ((DARK, 3), (ORANGE, 2)):
        cv2.rectangle(tile, (left, top), (right, bottom), colour, width, cv2.LINE_AA)
