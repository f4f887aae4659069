"""AU R-CNN's boxes from landmarks, for batches of faces."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from actionunits.facs import AUSet
from actionunits.geometry.au_groups import AUBoxes
from actionunits.geometry.face_regions import BP4D_HEIGHT, CORNERS, LIFT, TOP_MARGIN, Lift, corner_lifts

_LEAST_SIDE = 1.0  # pixels that a box must have inside the picture


class FaceBoxes(nn.Module):
    """The boxes of every face: :meth:`actionunits.geometry.au_groups.AUBoxes.around`, clipped to the picture.

    Where a landmark that a box needs is unknown, or less than a pixel of it lies in the picture, the mean box stands
    in: of the faces that it was settled with, or before that, the published one of BP4D.

    Args:
        aus: A action units.
        side: of the picture, pixels; a whole crop of AU R-CNN's.
        lift: as :func:`~actionunits.geometry.face_regions.crop_lift` takes it.

    Attributes:
        rule: which boxes there are, R of them.
        mean: (R, 4) the mean boxes: left, top, right, bottom.

    Raises:
        UsageError: an AU belongs to no box.
    """

    first: Tensor
    second: Tensor
    lifts: Tensor
    members: Tensor
    mean: Tensor

    def __init__(self, aus: AUSet, side: int, lift: Lift = "pixels") -> None:
        super().__init__()
        self.rule, self.side, self.lift = AUBoxes.of(aus), side, lift
        corners = self.rule.corners()
        longest = max(map(len, corners))
        constants = {
            "first": torch.tensor([corner.points[0] for corner in CORNERS]),
            "second": torch.tensor([corner.points[-1] for corner in CORNERS]),
            "lifts": torch.from_numpy(corner_lifts()).float(),
            "members": torch.tensor([[*row, *row[:1] * (longest - len(row))] for row in corners]),  # (R, K)
        }
        for name, value in constants.items():
            self.register_buffer(name, value, persistent=False)
        self.register_buffer("mean", torch.from_numpy(self.rule.mean(size=side)[:, [1, 0, 3, 2]]).float())

    def forward(self, landmarks: Tensor, rotation: Tensor) -> tuple[Tensor, Tensor]:
        """Boxes.

        Args:
            landmarks: (N, 68, 2), pixels of the picture; NaN where unknown.
            rotation: (N,) degrees by which the picture was turned, counter-clockwise.

        Returns:
            (N, R, 4) float32: left, top, right, bottom, pixels from 0 to side - 1; and (N, R) bool, where it is the
            mean box that stands in.
        """
        found = self._found(landmarks.float(), rotation)  # (N, R, 4)
        known = torch.isfinite(found).all(dim=-1)  # (N, R)
        clipped = torch.nan_to_num(found).clamp(0, self.side - 1)
        extent = clipped[..., 2:] - clipped[..., :2]  # (N, R, 2)
        known = known & (extent >= _LEAST_SIDE).all(dim=-1)
        return torch.where(known[..., None], clipped, self.mean), ~known

    def settle(self, faces: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Take the mean of the boxes of these faces, where they are known, for the mean boxes from now on.

        Args:
            faces: batches of landmarks and rotations, as the forward pass takes them.
        """
        total = torch.zeros_like(self.mean, dtype=torch.float64)
        count = torch.zeros_like(total[:, :1])
        for landmarks, rotation in faces:
            boxes, stand_in = self(landmarks, rotation)
            total += boxes.double().masked_fill(stand_in[..., None], 0).sum(dim=0)
            count += (~stand_in).sum(dim=0)[:, None]
        self.mean.copy_(torch.where(count > 0, total / count.clamp(min=1), self.mean.double()))

    def _found(self, landmarks: Tensor, rotation: Tensor) -> Tensor:
        """Boxes before clipping, NaN where unknown."""
        angle = torch.deg2rad(rotation)
        down = torch.stack([angle.sin(), angle.cos()], dim=-1)[:, None]  # (N, 1, 2)
        lift = self._lift(landmarks, down)  # (N,)
        corners = (landmarks[:, self.first] + landmarks[:, self.second]) / 2  # (N, C, 2)
        corners = corners - (lift[:, None] * self.lifts)[..., None] * down
        members = corners[:, self.members]  # (N, R, K, 2)
        known = torch.isfinite(members).all(dim=-1).all(dim=-1)  # (N, R)
        members = torch.nan_to_num(members)
        boxes = torch.cat([members.amin(dim=2), members.amax(dim=2)], dim=-1)  # (N, R, 4)
        return boxes.masked_fill(~known[..., None], torch.nan)

    def _lift(self, landmarks: Tensor, down: Tensor) -> Tensor:
        """How far a corner is raised, (N,) pixels."""
        if self.lift == "relative":
            return torch.full_like(landmarks[:, 0, 0], LIFT / BP4D_HEIGHT * self.side)
        place = (landmarks[:, 1:] * down).sum(dim=-1)  # (N, 67)
        known = torch.isfinite(place)
        low = place.masked_fill(~known, torch.inf).amin(dim=1)
        high = place.masked_fill(~known, -torch.inf).amax(dim=1)
        return LIFT / TOP_MARGIN * (self.side - (high - low))
