"""A system of a few hundred parameters, with a part that freezes, dropout, norms, and loss terms that can be spoilt."""

import torch
from torch import nn

from actionunits.loading import InputRecipe
from actionunits.losses.occurrence import bce
from actionunits.models import AUModel, AUOutput, Stage


class Toy(AUModel):
    system = "toy"

    def __init__(
        self,
        aus,
        *,
        input: InputRecipe | str = "jaa-112",
        backbone_weights: str | None = None,
        width: int = 8,
        gain: float = 1.0,
        grades: bool = False,
        extra: bool = True,
        spoil: int = -1,
        dropout: float = 0.3,
    ):
        super().__init__(aus, input)
        self.stem = nn.Sequential(nn.AvgPool2d(8), nn.Conv2d(3, width, 3, stride=2), nn.BatchNorm2d(width), nn.ReLU())
        self.head = nn.Linear(width, len(self.aus))
        if extra:
            self.extra = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, len(self.aus)))
        self.register_buffer("rates", torch.zeros(len(self.aus)))
        self.register_buffer("settled", torch.zeros(()))
        self.gain, self.grades, self.spoil, self.seen = gain, grades, spoil, 0
        base = Stage("base", {"stem": 1e-2, "head": 1e-2}, epochs=3, batch=16)
        more = Stage("more", {"extra": 1e-2, "head": 1e-3}, epochs=2, batch=8, schedule="cosine", warmup=0.2)
        self.stages = (base, more) if extra else (base,)

    def forward(self, batch):
        features = self.stem(batch.image).mean(dim=(2, 3))
        logits = self.head(features)
        if self.stage != "base" and len(self.stages) > 1:
            logits = logits + self.gain * self.extra(features)
        levels = torch.stack([0 * logits, *[logits - k for k in range(5)]], dim=-1) if self.grades else None
        return AUOutput(logits, levels, parts={"features": features})

    def loss(self, output, batch):
        noise = torch.randn(()).abs() * 1e-3  # as Selective Learning draws
        occurrence = bce(output.logits, batch.occurrence) * (1 + noise)
        penalty = 1e-3 * output.logits.float().square().mean()
        if self.training:
            self.seen += 1
            if self.seen == self.spoil:
                penalty = penalty * torch.nan
        return {"occurrence": occurrence, "penalty": penalty, "total": occurrence + penalty}

    def map_layer(self):
        return self.stem

    def observe(self, labels):
        self.rates.copy_(torch.from_numpy((labels.occurrence == 1).mean(axis=0)))

    def calibrate(self, batches):
        self.settled.copy_(sum(batch.image.mean() for batch in batches()))

    def stage_settings(self, stage):
        self.find_stage(stage)
        later = {"gain"} if stage == "base" else set()
        return {name: value for name, value in self.settings.items() if name not in later | {"spoil", "extra"}}
