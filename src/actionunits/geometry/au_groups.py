"""AU R-CNN's partition rule: groups of action units, the box on the face of each, and the labels that it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from actionunits.errors import UsageError
from actionunits.facs import AUSet, AUSetLike
from actionunits.geometry.face_regions import CORNERS_OF

MeanBoxes = Literal["bp4d", "disfa"]

FRAME = 512
"""Side of the crop that the mean boxes are for, pixels."""


@dataclass(frozen=True, slots=True)
class AUGroup:
    """Action units that show in the same part of a face.

    Attributes:
        number: 1 to 8.
        aus: of all that FACS has.
        boxes: the regions of each of its boxes: two for group 1, image-left and image-right, else one.
        fetches: other groups whose labels its boxes carry too.
    """

    number: int
    aus: AUSet
    boxes: tuple[tuple[int, ...], ...]
    fetches: tuple[int, ...] = ()

    @property
    def regions(self) -> tuple[int, ...]:
        """All its regions, ascending."""
        return tuple(sorted(region for box in self.boxes for region in box))


def _group(number: int, aus: str, *boxes: tuple[int, ...], fetches: tuple[int, ...] = ()) -> AUGroup:
    return AUGroup(number, AUSet.parse(aus), boxes, fetches)


AU_GROUPS: tuple[AUGroup, ...] = (
    _group(1, "1 2 5 7", (1, 2, 8, 9, 40, 42), (5, 6, 12, 13, 41, 43)),
    _group(2, "4", (1, 2, 3, 4, 5, 6, 8, 9, 12, 13, 40, 41), fetches=(1,)),
    _group(3, "6", (16, 17, 18, 19, 42, 43), fetches=(4,)),
    _group(4, "9", (10, 11, 17, 18, 22, 23)),
    _group(5, "10 11 12 13 14 15", (21, 22, 23, 24, 25, 26, 27, 28, 37), fetches=(6, 8)),
    _group(6, "16 20 25 26 27", tuple(range(25, 38)), fetches=(5, 7, 8)),
    _group(7, "17", tuple(range(29, 37))),
    _group(8, "18 22 23 24 28", (26, 27, 29, 30, 31, 32, 37)),
)
"""The eight groups. Source: AU R-CNN (Ma et al. 2019), Table 2."""

MEAN_BOXES: Mapping[MeanBoxes, Mapping[int, tuple[tuple[float, float, float, float], ...]]] = MappingProxyType(
    {
        "bp4d": MappingProxyType(
            {
                1: ((30.4, 58.1, 140.3, 222.5), (30.1, 297.2, 140.9, 456.5)),
                2: ((23.9, 57.8, 139.0, 455.9),),
                3: ((109.4, 79.8, 264.5, 431.8),),
                4: ((67.0, 147.6, 335.3, 366.3),),
                5: ((198.9, 35.2, 437.0, 472.6),),
                6: ((282.7, 57.4, 510.9, 451.9),),
                7: ((378.7, 94.5, 510.9, 416.6),),
                8: ((282.7, 145.5, 455.0, 368.3),),
            }
        ),
        "disfa": MappingProxyType(
            {
                1: ((55.5, 71.3, 168.6, 220.0), (53.5, 277.6, 167.6, 431.4)),
                2: ((48.5, 58.7, 165.1, 444.0),),
                3: ((141.4, 86.7, 281.5, 418.9),),
                4: ((107.8, 152.2, 348.8, 352.8),),
                5: ((236.9, 53.5, 433.3, 454.4),),
                6: ((316.4, 73.8, 511.0, 433.4),),
                7: ((394.1, 106.0, 511.0, 400.6),),
            }
        ),
    }
)
"""Mean boxes by group, (top, left, bottom, right), pixels of the 512 pixels wide crop.

Source: AU R-CNN, Tables 12 and 13; groups 4 and 6 of BP4D and 7 of DISFA, which these leave out, are its code's.
"""


@dataclass(frozen=True, slots=True)
class AUBoxes:
    """The boxes that an AU set needs: those of the groups that have one of its AUs.

    Attributes:
        aus: A action units.
        groups: (R,) the group of each box, ascending; group 1 twice, image-left first.
        regions: (R,) the regions of each box.
    """

    aus: AUSet
    groups: tuple[int, ...]
    regions: tuple[tuple[int, ...], ...]

    @classmethod
    def of(cls, aus: AUSetLike) -> AUBoxes:
        """The boxes for these AUs: 9 for BP4D_22, 8 for DISFA_12, 7 for DISFA_8.

        Raises:
            UsageError: an AU belongs to no group.
        """
        wanted = AUSet.parse(aus)
        homeless = [au for au in wanted if not any(au in group.aus for group in AU_GROUPS)]
        if homeless:
            known = AUSet(tuple(au for group in AU_GROUPS for au in group.aus))
            reason = "belongs to none of AU R-CNN's groups"
            raise UsageError(f"AU {AUSet(tuple(homeless))}", reason, f"Those in one are {known}")
        pairs = [(group.number, box) for group in AU_GROUPS if len(group.aus & wanted) for box in group.boxes]
        return cls(wanted, tuple(number for number, _ in pairs), tuple(box for _, box in pairs))

    def __len__(self) -> int:
        return len(self.groups)

    def carries(self) -> NDArray[np.bool_]:
        """Which AUs each box carries the labels of, its group's and those of groups that it fetches from, (R, A).

        Source: AU R-CNN, Table 2, "label fetch"; one step only.
        """
        by_number = {group.number: group for group in AU_GROUPS}
        rows = []
        for number in self.groups:
            seen = {au for each in (number, *by_number[number].fetches) for au in by_number[each].aus}
            rows.append([au in seen for au in self.aus])
        return np.array(rows)

    def around(self, corners: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The boxes of faces: the least rectangle around all corners of a box's regions.

        Args:
            corners: (..., C, 2), of :func:`~actionunits.geometry.face_regions.region_corners`.

        Returns:
            (..., R, 4): top, left, bottom, right, the same pixels; NaN where a corner is unknown. They may reach beyond
            the picture.
        """
        points = np.asarray(corners, np.float64)
        boxes = []
        for chosen in self.corners():
            low, high = points[..., chosen, :].min(axis=-2), points[..., chosen, :].max(axis=-2)  # (..., 2), twice
            boxes.append(np.concatenate([low[..., ::-1], high[..., ::-1]], axis=-1))
        return np.stack(boxes, axis=-2)

    def corners(self) -> list[list[int]]:
        """The corners of each box's regions, as places in :data:`~actionunits.geometry.face_regions.CORNERS`."""
        return [sorted({corner for region in regions for corner in CORNERS_OF[region]}) for regions in self.regions]

    def mean(self, source: MeanBoxes = "bp4d", size: int = FRAME) -> NDArray[np.float64]:
        """The published mean boxes.

        Args:
            source: the data set that they are of.
            size: side of the crop, pixels.

        Returns:
            (R, 4): top, left, bottom, right.

        Raises:
            UsageError: the paper has none for one of the groups.
        """
        known, boxes = MEAN_BOXES[source], []
        for place, number in enumerate(self.groups):
            if number not in known:
                reason = f"{source} has no mean box for group {number}"
                raise UsageError(f"AU {self.aus}", reason, "Take those of bp4d")
            boxes.append(known[number][place - self.groups.index(number)])
        return np.array(boxes) * (size / FRAME)
