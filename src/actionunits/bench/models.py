"""``actionunits bench models``: how many faces a second each system can look at, cropped ones, the network alone.

For RE-Net, whose every action unit needs a pass of its own, there are two lines: all of them folded into one batch, as
it predicts, and one pass after the other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from actionunits.bench.tables import save_table
from actionunits.geometry.mean_face import MEAN_68
from actionunits.loading import FaceBatch
from actionunits.models import AUModel
from actionunits.models.re_net import RENet
from actionunits.training import load_recipe
from actionunits.training.devices import Device
from actionunits.training.making import make_model

ROWS = (
    "linear/resnet18",
    "linear/resnet34",
    "linear/resnet50",
    "lp_net/bp4d",
    "re_net/bp4d",
    "lorral/none_bp4d",
    "lorral/bilstm_bp4d",
    "lorral/sa_bp4d",
    "lorral/hopfield_bp4d",
    "roi_gcn/ablations/roi_map",
    "roi_gcn/bp4d",
    "au_rcnn/ablations/cnn_res",
    "au_rcnn/bp4d",
    "au_rcnn/ablations/vgg19",
    "au_rcnn/ablations/two_stream",
)
"""The recipes whose systems are timed."""

_WEIGHTS = "model.backbone_weights=null"  # speed does not depend on them


@dataclass(frozen=True, slots=True)
class ModelRate:
    """One line of the table.

    Attributes:
        recipe: of the system, with its tier.
        how: ``one pass``; for RE-Net ``folded`` or ``an AU at a time``.
        parameters: how many, buffers left out.
        side: of the pictures, pixels.
        aus: how many action units.
        batch: faces at once.
        device: what computed, and how precisely.
        seconds: of one batch, the median of all.
    """

    recipe: str
    how: str
    parameters: int
    side: int
    aus: int
    batch: int
    device: str
    seconds: float

    @property
    def rate(self) -> float:
        """Faces a second."""
        return self.batch / self.seconds


def run_benchmark(
    *,
    recipes: Sequence[str] = ROWS,
    tier: str | None = None,
    batches: Sequence[int] = (1, 8),
    device: Device | None = None,
    seconds: float = 3.0,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[ModelRate]:
    """Time systems with weights drawn at random.

    Args:
        recipes: names of recipes.
        tier: of the recipes, or None.
        batches: how many faces at once.
        device: what computes; None for the CPU.
        seconds: for which each is repeated, after two rounds that do not count.
        watch: progress, in timings.
    """
    used = device or Device("cpu")
    done, total = 0, len(recipes) * len(batches)
    for name in recipes:
        recipe = load_recipe(name, tier=tier, changes=[_WEIGHTS])
        model = make_model(recipe).eval().requires_grad_(False)
        model = model.to(used.kind, memory_format=torch.channels_last)  # type: ignore[call-overload]
        for batch in batches:
            faces = _faces(model, batch, used.kind)
            for how, look in _ways(model, faces):
                took = _median(look, used, seconds)
                count = sum(each.numel() for each in model.parameters())
                side, said = model.input.output, f"{used.kind} {used.precision}"
                yield ModelRate(recipe.label, how, count, side, len(model.aus), batch, said, took)
            done += 1
            watch(done, total)


def save(lines: Sequence[ModelRate], path: Path) -> None:
    """Write the table as CSV, the machine in its last column."""
    head = ("recipe", "how", "parameters", "pixels", "aus", "batch", "device", "ms_per_batch", "images_per_second")
    rows = [
        (
            line.recipe,
            line.how,
            line.parameters,
            line.side,
            line.aus,
            line.batch,
            line.device,
            f"{1000 * line.seconds:.2f}",
            f"{line.rate:.1f}",
        )
        for line in lines
    ]
    save_table(path, head, rows)


def _faces(model: AUModel, count: int, device: str) -> FaceBatch:
    random = torch.Generator().manual_seed(0)
    side = model.input.output
    image = torch.randn(count, 3, side, side, generator=random).contiguous(memory_format=torch.channels_last)
    landmarks = side * (0.5 + 0.3 * torch.tensor(MEAN_68, dtype=torch.float32)).expand(count, 68, 2)
    return FaceBatch.unlabelled(image, landmarks, len(model.aus)).to(device)


def _ways(model: AUModel, faces: FaceBatch) -> Iterator[tuple[str, Callable[[], Tensor]]]:
    if not isinstance(model, RENet):
        yield "one pass", lambda: model(faces).logits
        return
    yield "folded", lambda: model(faces).logits
    columns = range(len(model.aus))
    yield "an AU at a time", lambda: torch.cat([model.forward_single(faces, each).logits for each in columns], dim=1)


def _median(look: Callable[[], Tensor], device: Device, seconds: float) -> float:
    """Seconds of one call."""
    taken: list[float] = []
    with torch.inference_mode(), torch.autocast(device.kind, torch.bfloat16, enabled=device.precision == "bf16"):
        for _ in range(2):
            look()
        while len(taken) < 3 or sum(taken) < seconds:
            if device.kind == "cuda":
                torch.cuda.synchronize()
            began = time.perf_counter()
            look()
            if device.kind == "cuda":
                torch.cuda.synchronize()
            taken.append(time.perf_counter() - began)
    return sorted(taken)[len(taken) // 2]
