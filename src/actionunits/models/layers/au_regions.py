"""Where each AU shows, from landmarks that a network found, and the parts of a map around these places."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import AU_CENTRES, GROUPS_68, INDICES_49_IN_68

_INNER_CORNERS = (39, 42)
_LEAST_DISTANCE = 1e-6  # of the eyes, pixels


class AUCentres(nn.Module):
    """The two centres of every AU: :func:`actionunits.geometry.au_centres` for batches of landmarks.

    Args:
        aus: A of them.
        points: the convention of the landmarks, 68 or 49.

    Raises:
        UsageError: an AU has no rule for its place.
    """

    points: Tensor
    offsets: Tensor

    def __init__(self, aus: AUSet, points: int = 49) -> None:
        super().__init__()
        unknown = [au for au in aus if au not in AU_CENTRES]
        if unknown:
            reason = f"AU {AUSet(tuple(unknown))} have no rule for their place on the face"
            raise UsageError(f"AU {aus}", reason, f"Those with one are {AUSet(tuple(AU_CENTRES))}")
        place = {point: place for place, point in enumerate(INDICES_49_IN_68 if points == 49 else range(68))}
        rules = [AU_CENTRES[au] for au in aus]
        self.register_buffer("points", _places(place, *(rule.points for rule in rules)), persistent=False)
        self.register_buffer("offsets", torch.tensor([rule.offset for rule in rules]), persistent=False)
        self._eyes = tuple([place[point] for point in GROUPS_68[eye]] for eye in ("right_eye", "left_eye"))
        self._inner = [place[point] for point in _INNER_CORNERS]

    def forward(self, landmarks: Tensor) -> Tensor:
        """Landmarks, (N, 68 or 49, 2), pixels, to centres (x, y), (N, A, 2, 2), in the same pixels, float32.

        The last axis but one has the order of the rule's points: image-left and image-right, or upper and lower lip.
        """
        landmarks = landmarks.float()
        right, left = (landmarks[:, eye].mean(dim=1) for eye in self._eyes)  # (N, 2), (N, 2)
        across = left - right
        across = across / across.square().sum(dim=-1, keepdim=True).sqrt().clamp(min=_LEAST_DISTANCE)
        down = torch.stack([-across[:, 1], across[:, 0]], dim=-1)  # (N, 2)
        inner = landmarks[:, self._inner]  # (N, 2, 2)
        ruler = ((inner[:, 1] - inner[:, 0]) * across).sum(dim=-1, keepdim=True).abs()  # (N, 1)
        moves = self.offsets[:, None] * (ruler * down)[:, None]  # (N, A, 2)
        return landmarks[:, self.points] + moves[:, :, None]


def cut_regions(features: Tensor, centres: Tensor, *, cells: int, side: int) -> Tensor:
    """Squares of a map around places of the picture: bilinear samples one cell apart; beyond the map there is 0.

    Args:
        features: (N, D, h, h), a map that covers the whole picture.
        centres: (N, R, 2), x and y, pixels of the picture, pixel centres at integers.
        cells: side of each square, cells of the map.
        side: of the picture, pixels.

    Returns:
        (N, R, D, cells, cells) float32.
    """
    steps = torch.arange(cells, device=centres.device) - (cells - 1) / 2  # (cells,)
    down, across = torch.meshgrid(steps, steps, indexing="ij")  # (cells, cells), twice
    around = torch.stack([across, down], dim=-1) * (2 / features.shape[-1])  # (cells, cells, 2), x and y
    middle = (2 * centres.float() + 1) / side - 1  # (N, R, 2): -1 and 1 are the picture's edges
    grid = middle[:, :, None, None] + around  # (N, R, cells, cells, 2)
    sampled = functional.grid_sample(features.float(), grid.flatten(1, 2), align_corners=False)  # (N, D, R * cells, ..)
    return torch.unflatten(sampled, 2, (-1, cells)).transpose(1, 2)


def _places(place: dict[int, int], *pairs: tuple[int, int]) -> Tensor:
    return torch.tensor([[place[point] for point in pair] for pair in pairs])
