"""RE-Nets whose norms differ from AU to AU, the labels and faces for them, and the paper's network written slowly."""

import copy
import dataclasses
from functools import cache

import numpy as np
import torch
import torchvision
from torch import nn

from actionunits.loading import FaceBatch
from actionunits.models import TrainingLabels
from actionunits.models.layers.graph_norm import GraphNorm
from actionunits.models.re_net import RENet

AUS = (4, 12, 25)
LITE = {"input": "re-112", "backbone": "efficientnet_lite0", "backbone_stride": 16}


class Separate(nn.Module):
    """One batch norm per AU without scale and bias, then Eq. 5 with the relations as they are."""

    column = 0

    def __init__(self, norm: GraphNorm, relation: torch.Tensor, momentum: float | None) -> None:
        super().__init__()
        self.relation = relation
        self.gamma, self.beta = norm.gamma.detach().clone(), norm.beta.detach().clone()
        self.norms = nn.ModuleList(
            nn.BatchNorm2d(norm.channels, eps=norm.eps, momentum=momentum, affine=False) for _ in norm.gamma
        ).to(self.gamma)
        for c, each in enumerate(self.norms):
            each.running_mean.copy_(norm.running_mean[c])
            each.running_var.copy_(norm.running_var[c])

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        row = self.relation[self.column]
        gamma = sum(w * each for w, each in zip(row, self.gamma, strict=True)) / row.sum()
        beta = sum(w * each for w, each in zip(row, self.beta, strict=True)) / row.sum()
        return gamma[:, None, None] * self.norms[self.column](features) + beta[:, None, None]


class Slow:
    """RE-Net as the paper tells it: torchvision's ResNet-18, run once for each AU."""

    def __init__(self, model: RENet, momentum: float | None = 0.1) -> None:
        self.net = torchvision.models.resnet18(num_classes=model.scores).to(model.graph.relation)
        state = {name: value for name, value in model.backbone.state_dict().items() if name in self.net.state_dict()}
        state |= {f"fc.{name}": value for name, value in model.head.state_dict().items()}
        convolutions = {name for name, each in self.net.named_parameters() if each.ndim == 4}
        self.net.load_state_dict({name: state[name] for name in convolutions | {"fc.weight", "fc.bias"}}, strict=False)
        for name, layer in model.backbone.named_modules():
            if isinstance(layer, GraphNorm):
                self.net.set_submodule(name, Separate(layer, model.graph.relation, momentum))
        self.norms = [layer for layer in self.net.modules() if isinstance(layer, Separate)]

    def __call__(self, image: torch.Tensor, column: int) -> torch.Tensor:
        for norm in self.norms:
            norm.column = column
        return self.net(image)  # (N, 1 or 6)

    def running(self, name: str) -> list[torch.Tensor]:
        return [torch.stack([getattr(each, name) for each in norm.norms]) for norm in self.norms]


def norms_of(model: RENet) -> list[GraphNorm]:
    return [layer for layer in model.backbone.modules() if isinstance(layer, GraphNorm)]


def assert_same_running(model: RENet, slow: Slow) -> None:
    for name in ("running_mean", "running_var"):
        for norm, expected in zip(norms_of(model), slow.running(name), strict=True):
            torch.testing.assert_close(getattr(norm, name), expected, rtol=1e-5, atol=1e-5)


def scatter(model: RENet) -> RENet:
    """Norms that differ from AU to AU, as after training, in place."""
    with torch.no_grad():
        for norm in norms_of(model):
            norm.gamma.copy_(1 + 0.3 * torch.randn_like(norm.gamma))
            norm.beta.copy_(0.3 * torch.randn_like(norm.beta))
            norm.running_mean.normal_(0, 0.1)
            norm.running_var.uniform_(0.5, 2)
    return model


def labels(frames: int = 60, seed: int = 0) -> TrainingLabels:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(frames, 1))
    intensity = np.clip(np.round(common + rng.normal(1, 1.5, (frames, len(AUS)))), 0, 5).astype(np.int8)
    intensity[rng.random(intensity.shape) < 0.1] = -1
    return TrainingLabels(np.sign(intensity).astype(np.int8), intensity)


def make_faces(count: int, model: RENet, side: int = 33, seed: int = 0) -> FaceBatch:
    drawn = torch.Generator().manual_seed(seed)
    image = torch.randn(count, 3, side, side, generator=drawn).to(model.head.weight.dtype)
    batch = FaceBatch.unlabelled(image, torch.full((count, 68, 2), torch.nan), len(model.aus))
    intensity = torch.randint(0, 6, batch.intensity.shape, generator=drawn).to(torch.int8)
    intensity[: count // 3] = -1
    return dataclasses.replace(batch, intensity=intensity, occurrence=intensity.clamp(max=1))


@cache
def _paper_net() -> RENet:
    torch.manual_seed(0)
    model = RENet(AUS, relation_norm="paper", strategy="all")
    model.observe(labels())
    return scatter(model)


def paper_net() -> RENet:
    """The paper's network for three AUs, with the literal Eq. 5."""
    return copy.deepcopy(_paper_net())


def lite_net() -> RENet:
    torch.manual_seed(0)
    return scatter(RENet(AUS, **LITE))
