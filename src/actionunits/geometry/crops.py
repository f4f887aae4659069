"""Crops: how a face is cut out of a picture for a model, stated as data that travel with the crop and the weights.

A :class:`CropRecipe` says where every pixel of the crop comes from; its hash tells whether two crops can be mixed.
Integer coordinates are pixel centres, as in OpenCV: the top left pixel is the square from (-0.5, -0.5) to (0.5, 0.5),
and a crop of side ``size`` spans the centres 0 to ``size - 1``.
"""

from __future__ import annotations

import hashlib
import json
import operator
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, get_args

import cv2
import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.geometry.alignment import apply_affine, compose_affine, similarity_matrix
from actionunits.geometry.landmarks import LEFT_BROW, LEFT_EYE, RIGHT_BROW, RIGHT_EYE, eye_centres
from actionunits.geometry.mean_face import MEAN_68
from actionunits.geometry.warp import warp

Kind = Literal["eyes_nose_mouth", "box", "similarity", "margins"]
Image = NDArray[Any]
Float64 = NDArray[np.float64]

_FRACTION_BITS = 4  # of the hull's corners

ANCHORS: Mapping[str, tuple[int, ...]] = MappingProxyType(
    {
        "right_eye": RIGHT_EYE,  # image-left
        "left_eye": LEFT_EYE,
        "nose_tip": (30,),
        "right_mouth_corner": (48,),  # image-left
        "left_mouth_corner": (54,),
        "mouth": (48, 54),
        **{f"point_{place}": (place,) for place in range(68)},
    }
)
"""Named places that a similarity crop can be pinned by: each is the mean of these iBUG points."""

_NEEDS: Mapping[Kind, str] = MappingProxyType(
    {"eyes_nose_mouth": "scale", "box": "scale", "margins": "margins", "similarity": "targets"}
)
_EYES_NOSE_MOUTH = ("right_eye", "left_eye", "nose_tip", "right_mouth_corner", "left_mouth_corner")


@dataclass(frozen=True, slots=True)
class CropRecipe:
    """One way to cut a face out of a picture.

    Attributes:
        id: its name, as the command line and the cards write it.
        size: side of the square crop, pixels.
        kind: ``eyes_nose_mouth`` turns the eye line level and takes the box around both eye centres, the nose tip and
            both mouth corners; ``box`` takes the box around all landmarks and does not turn; ``margins`` takes the
            box around the landmarks 1-67 with a margin in pixels of the picture, and does not keep its proportions;
            ``similarity`` turns, scales and shifts so that the anchors come as close as possible (least squares) to
            their targets.
        scale: side of the square over the longer side of the box; only for the two kinds that take a box.
        targets: (anchor, x, y) in crop pixels, anchors from :data:`ANCHORS`; only for ``similarity``.
        margins: left, top, right and bottom margin, pixels of the picture; only for ``margins``. Where the left or top
            edge would lie outside the picture it comes to the picture's, and the opposite edge moves along.
        mask: everything outside the convex hull of the landmarks gets the grey level of the border, once the brows are
            raised by this share of the distance between the eye centres; None for no mask.
        border: grey level, 0-255, where the crop reaches beyond the picture.
        antialias: average the picture's pixels where the crop is less than half as large as its source. False takes
            bilinear samples whatever the size, as the published code does.

    Raises:
        UsageError: a number is out of range, or does not belong to the kind.
    """

    id: str
    size: int
    kind: Kind
    scale: float | None = None
    targets: tuple[tuple[str, float, float], ...] | None = None
    margins: tuple[float, float, float, float] | None = None
    mask: float | None = None
    border: int = 128
    antialias: bool = False

    def __post_init__(self) -> None:
        # One type per field, so that equal recipes have equal JSON and so equal hashes.
        object.__setattr__(self, "size", operator.index(self.size))
        object.__setattr__(self, "border", operator.index(self.border))
        object.__setattr__(self, "antialias", bool(self.antialias))
        if self.scale is not None:
            object.__setattr__(self, "scale", float(self.scale))
        if self.targets is not None:
            targets = tuple((str(anchor), float(x), float(y)) for anchor, x, y in self.targets)
            object.__setattr__(self, "targets", targets)
        if self.margins is not None:
            left, top, right, bottom = self.margins
            object.__setattr__(self, "margins", (float(left), float(top), float(right), float(bottom)))
        if self.mask is not None:
            object.__setattr__(self, "mask", float(self.mask))
        fault = self._fault()
        if fault is not None:
            raise UsageError(f"crop recipe {self.id!r}", fault, "See actionunits.geometry.CropRecipe")

    def _fault(self) -> str | None:
        if self.kind not in get_args(Kind):
            return f"kind {self.kind!r} is none of {', '.join(get_args(Kind))}"
        if self.size < 2 or not 0 <= self.border <= 255:
            return f"size {self.size} must be 2 or more, and border {self.border} from 0 to 255"
        given = [name for name in ("scale", "margins", "targets") if getattr(self, name) is not None]
        if given != [_NEEDS[self.kind]]:
            needed = "a scale" if _NEEDS[self.kind] == "scale" else _NEEDS[self.kind]
            return f"kind {self.kind!r} needs {needed}, and its other measures do not belong to it"
        if self.scale is not None and not 0 < self.scale < float("inf"):
            return f"scale {self.scale} must be above 0"
        measures = (*(self.margins or ()), self.mask or 0.0)
        if not all(0 <= measure < float("inf") for measure in measures):
            return f"margins {self.margins} and mask {self.mask} must be 0 or more"
        for anchor, _, _ in self.targets or ():
            if anchor not in ANCHORS:
                named = [name for name in ANCHORS if not name.startswith("point_")]
                return f"anchor {anchor!r} is none of {', '.join(named)}, point_0 ... point_67"
        if self.targets is not None and len(self.targets) < 2:
            return "a similarity needs two anchors or more"
        return None

    def to_dict(self) -> dict[str, Any]:
        """The recipe as plain values that JSON can hold; what does not belong to its kind is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        if self.targets is not None:
            values["targets"] = [list(target) for target in self.targets]
        if self.margins is not None:
            values["margins"] = list(self.margins)
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> CropRecipe:
        """The recipe that :meth:`to_dict` wrote.

        Raises:
            UsageError: a value is missing, unknown or wrong.
        """
        name = f"crop recipe {values.get('id', '?')!r}"
        known = {field.name for field in fields(cls)}
        if not {"id", "size", "kind"} <= values.keys() <= known:
            written = ", ".join(map(str, values))
            raise UsageError(name, f"its fields are {written}", f"Needed: id, size, kind; known: {', '.join(known)}")
        try:
            return cls(**values)
        except (TypeError, ValueError) as error:
            raise UsageError(
                name, f"a value has the wrong type ({error})", "Compare with CropRecipe.to_dict"
            ) from error

    @property
    def hash(self) -> str:
        """SHA-256 of the recipe as canonical JSON, first 16 hexadecimal digits; the same on every machine."""
        text = json.dumps(self.to_dict(), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


class Crop(NamedTuple):
    """A face cut out of a picture.

    Attributes:
        image: (size, size) or (size, size, C), the picture's dtype.
        landmarks: (68, 2), pixels of the crop.
        matrix: (2, 3), from pixels of the picture to pixels of the crop.
    """

    image: Image
    landmarks: Float64
    matrix: Float64


def crop_matrix(recipe: CropRecipe, landmarks68: NDArray[np.floating[Any]]) -> Float64:
    """The affine matrix from pixels of the picture to pixels of the crop.

    Args:
        recipe: what to cut.
        landmarks68: (68, 2), pixels of the picture. Points that the recipe does not use may be NaN.

    Returns:
        (2, 3).

    Raises:
        UsageError: the shape is another, a point that the recipe needs is not finite, or the face has no extent.
    """
    if np.shape(landmarks68) != (68, 2):
        raise UsageError(
            f"landmarks of shape {np.shape(landmarks68)}", "expected (68, 2)", "to_68 converts other conventions"
        )
    landmarks = np.asarray(landmarks68, np.float64)
    if recipe.targets is not None:
        names, targets = _targets(recipe)
        return similarity_matrix(_anchors(landmarks, names), targets)
    if recipe.margins is not None:
        return _margins_matrix(landmarks[1:], recipe.margins, recipe.size)
    if recipe.kind == "eyes_nose_mouth":
        points = _anchors(landmarks, _EYES_NOSE_MOUTH)  # (5, 2)
        turn = _level_eyes(landmarks)
    else:
        points = _finite(landmarks)
        turn = np.eye(2, 3)
    return _box_matrix(points, turn, recipe)


def crop(image: Image, landmarks68: NDArray[np.floating[Any]], recipe: CropRecipe) -> Crop:
    """Cut a face out of a picture.

    Args:
        image: (H, W) or (H, W, C) with C from 1 to 4, uint8 or float32.
        landmarks68: (68, 2), pixels of the picture.
        recipe: what to cut; :func:`get_crop` finds one by name.

    Returns:
        (image, landmarks in crop pixels, matrix); see :class:`Crop`.

    Raises:
        UsageError: as :func:`crop_matrix`, or the picture is empty or has another shape or type.
    """
    fits = image.ndim == 2 or (image.ndim == 3 and image.shape[2] <= 4)
    if not fits or 0 in image.shape or image.dtype not in (np.uint8, np.float32):
        found = f"picture of shape {image.shape} and type {image.dtype}"
        raise UsageError(found, "expected (H, W) or (H, W, 1 to 4), uint8 or float32", "Give one picture")
    matrix = crop_matrix(recipe, landmarks68)
    warped = warp(image, matrix, recipe.size, border=recipe.border, average=recipe.antialias)
    landmarks = apply_affine(landmarks68, matrix)
    if recipe.mask is not None:
        warped[~inside_hull(landmarks, recipe.size, raised=recipe.mask)] = recipe.border
    return Crop(warped, landmarks, matrix)


def inside_hull(landmarks68: NDArray[np.floating[Any]], size: int, *, raised: float) -> NDArray[np.bool_]:
    """The pixels of a crop inside the convex hull of the landmarks, with the brows raised.

    Args:
        landmarks68: (68, 2), pixels of the crop; points that are NaN are left out.
        size: side of the crop, pixels.
        raised: how far up the brows go first, as a share of the distance between the eye centres.

    Returns:
        (size, size) bool; a pixel is inside if its centre is, or comes closer to it than about half a pixel.

    Raises:
        UsageError: an eye is not finite.

    Source: LP-Net (Niu et al. 2019), section 4.1.2: "aligned and masked".
    """
    landmarks = np.asarray(landmarks68, np.float64)
    right, left = _anchors(landmarks, ("right_eye", "left_eye"))
    brows = landmarks[[*RIGHT_BROW, *LEFT_BROW]] - [0.0, raised * np.hypot(*(left - right))]
    points = _finite(np.concatenate([landmarks, brows])).astype(np.float32)  # (N, 2)
    hull = cv2.convexHull(points)[:, 0]  # (H, 2)
    inside = np.zeros((size, size), np.uint8)
    limits = 8 * size  # beyond them, fixed-point numbers would overflow
    corners = np.rint(np.clip(hull, -limits, limits) * 2**_FRACTION_BITS).astype(np.int32)
    cv2.fillConvexPoly(inside, corners, 1, cv2.LINE_8, _FRACTION_BITS)
    return inside.astype(bool)


def _anchors(landmarks: Float64, names: tuple[str, ...]) -> Float64:
    points, starts, counts = _points_of(names)
    places: Float64 = np.add.reduceat(landmarks[points], starts, axis=0) / counts  # (A, 2)
    if not np.isfinite(places).all():
        name = names[int(np.isfinite(places).all(axis=1).argmin())]
        raise UsageError("landmarks", f"the {name.replace('_', ' ')} is not finite", "Leave this face out")
    return places


@cache
def _points_of(names: tuple[str, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp], Float64]:
    """The points of some anchors one after the other, where each anchor's begin, and how many there are, (A, 1)."""
    counts = np.array([len(ANCHORS[name]) for name in names])
    points = np.array([point for name in names for point in ANCHORS[name]], np.intp)
    return points, np.cumsum(counts) - counts, counts[:, None].astype(np.float64)


@cache
def _targets(recipe: CropRecipe) -> tuple[tuple[str, ...], Float64]:
    """Of a similarity: its anchors, and where they belong, (A, 2)."""
    assert recipe.targets is not None
    return tuple(anchor for anchor, _, _ in recipe.targets), np.array([[x, y] for _, x, y in recipe.targets])


def _level_eyes(landmarks: Float64) -> Float64:
    """The rotation about the origin that brings the line of the eye centres level, (2, 3)."""
    right, left = eye_centres(landmarks)
    length = float(np.hypot(*(left - right)))
    if length == 0:
        raise UsageError("landmarks", "the eye centres coincide", "Leave this face out")
    cosine, sine = (left - right) / length
    return np.array([[cosine, sine, 0.0], [-sine, cosine, 0.0]])


def _box_matrix(points: Float64, turn: Float64, recipe: CropRecipe) -> Float64:
    """The square around the turned points, centred on their box and ``scale`` times as wide as its longer side."""
    turned = apply_affine(points, turn)
    if not len(turned):
        raise UsageError("landmarks", "none is finite", "Leave this face out")
    low, high = turned.min(axis=0), turned.max(axis=0)  # (2,), (2,)
    side = float((high - low).max()) * (recipe.scale or 1.0)
    if side == 0:
        raise UsageError("landmarks", "all lie at one point", "Leave this face out")
    zoom = (recipe.size - 1) / side
    corner = (low + high) / 2 - side / 2  # (2,), comes to pixel (0, 0)
    return compose_affine(np.array([[zoom, 0.0, -zoom * corner[0]], [0.0, zoom, -zoom * corner[1]]]), turn)


def _margins_matrix(points: Float64, margins: tuple[float, float, float, float], size: int) -> Float64:
    """The box of the points with margins, stretched to the square: x' = (x - left) size / width (AU R-CNN's crop)."""
    finite = _finite(points)
    if not len(finite):
        raise UsageError("landmarks", "none is finite", "Leave this face out")
    low, high = finite.min(axis=0), finite.max(axis=0)  # (2,), (2,)
    if (high == low).any():
        raise UsageError("landmarks", "all lie on one line", "Leave this face out")
    corner = np.maximum(low - margins[:2], 0)
    zoom = size / (high - low + margins[:2] + margins[2:])  # (2,)
    return np.array([[zoom[0], 0.0, -zoom[0] * corner[0]], [0.0, zoom[1], -zoom[1] * corner[1]]])


def _finite(points: Float64) -> Float64:
    """The points without those that are NaN, (N, 2)."""
    return points[np.isfinite(points).all(axis=-1)]


def _rigid_targets(size: int, between_eyes: float) -> tuple[tuple[str, float, float], ...]:
    """Brows, nose and eyes of the mean face, the mean of its 68 points in the middle of the crop."""
    places = ((size - 1) / 2 + between_eyes * MEAN_68).round(3).tolist()  # (68, 2)
    return tuple((f"point_{place}", places[place][0], places[place][1]) for place in range(17, 48))


def _recipes(*recipes: CropRecipe) -> Mapping[str, CropRecipe]:
    return MappingProxyType({recipe.id: recipe for recipe in recipes})


CROP_RECIPES = _recipes(
    # JAA-Net's alignment (Shao et al. 2018), to the pixel; its networks then take 176 x 176 out of these 200.
    CropRecipe("jaa-200", 200, "eyes_nose_mouth", scale=2.9),
    # The alignment that OpenFace has and LP-Net (Niu et al. 2019) took over: brows, nose and eyes brought to a mean
    # face whose eye centres are 0.4 of the crop's width apart; its networks then take 224 x 224 out of these 240.
    CropRecipe("lp-240-masked", 240, "similarity", targets=_rigid_targets(240, 96.0), mask=0.25, border=0),
    # RE-Net (Yang and Yin 2020) does not say how it aligns: JAA-Net's alignment at RE-Net's size.
    CropRecipe("re-256", 256, "eyes_nose_mouth", scale=2.9),
    # ROI maps (Zhang et al. 2020): the face's box, not aligned; 1.4 is our choice.
    CropRecipe("roi-256", 256, "box", scale=1.4, antialias=True),
    # AU R-CNN (Ma et al. 2019): 20 pixels left and right, 50 above, none below, stretched to a square.
    CropRecipe("aurcnn-512", 512, "margins", margins=(20, 50, 20, 0)),
    CropRecipe("aurcnn-608", 608, "margins", margins=(20, 50, 20, 0)),
    # For small networks: eye centres 36 px apart and level, mouth 39 px below them. Over 40 neutral photographs the
    # mesh's top came to row 5, the brows to row 22 and the chin to row 100, 104 at most.
    CropRecipe(
        "face-112",
        112,
        "similarity",
        targets=(("right_eye", 37.5, 36.0), ("left_eye", 73.5, 36.0), ("mouth", 55.5, 75.0)),
        antialias=True,
    ),
    # The same at 1.25 times the size, with a rim of 10 px on which training can move about: the shipped detector's.
    CropRecipe(
        "face-160",
        160,
        "similarity",
        targets=(("right_eye", 57.0, 55.125), ("left_eye", 102.0, 55.125), ("mouth", 79.5, 103.875)),
        antialias=True,
    ),
)
"""Every crop recipe by name."""


def get_crop(id: str) -> CropRecipe:
    """The recipe of this name.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if id not in CROP_RECIPES:
        raise UsageError(repr(id), "no such crop recipe", f"There are {', '.join(sorted(CROP_RECIPES))}")
    return CROP_RECIPES[id]
