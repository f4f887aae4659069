"""Models so small that they are exported in a second or two."""

from collections.abc import Callable
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.export import Exported, export_model  # noqa: E402
from actionunits.loading import FaceBatch, InputRecipe  # noqa: E402
from actionunits.models import AUModel, AUOutput, create_model, occurrence_logits, save_model  # noqa: E402

AUS = (1, 12, 25)
TINY = {"id": "tiny", "crop": "re-256", "size": 224, "side": 32}


class Toy(AUModel):
    """A convolution, and what the landmarks say; levels if it is asked for them."""

    system = "toy"
    stages = ()

    def __init__(self, *, levels: bool = False, landmarks: bool = False, counts: bool = False) -> None:
        super().__init__(AUS, InputRecipe(**TINY))
        self.levels, self.needs_landmarks, self.counts = levels, landmarks, counts
        self.stem = nn.Conv2d(3, 8, 5, stride=4)
        self.head = nn.Linear(8, len(AUS) * (6 if levels else 1))
        self.shape = nn.Linear(136, len(AUS))

    def forward(self, batch: FaceBatch) -> AUOutput:
        features = self.stem(batch.image).relu().mean(dim=(2, 3))
        faces = len(batch) if self.counts else batch.image.shape[0]
        scores = self.head(features).reshape(faces, len(AUS), -1)
        levels = scores if self.levels else None
        logits = occurrence_logits(scores) if self.levels else scores.squeeze(-1)
        if self.needs_landmarks:
            logits = logits + self.shape(batch.landmarks.flatten(1) / 32)
        return AUOutput(logits, levels, {"features": features})

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict:
        return {"total": output.logits.sum()}

    def map_layer(self) -> nn.Module:
        return self.stem


@pytest.fixture(scope="session")
def toy() -> Callable[..., Toy]:
    """A function: ``toy(levels=False, landmarks=False, counts=False)``; ``counts`` asks for len(batch)."""

    def make(**words: bool) -> Toy:
        torch.manual_seed(0)
        return Toy(**words)

    return make


@pytest.fixture(scope="session")
def model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved baseline with what the training notes beside the weights."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("model") / "model.safetensors"
    facts = {
        "store": {"dataset": "SynthAU-mini", "protocol": {"occurs_from": 1}, "frames_sha256": "0" * 64},
        "recipe": {"recipe": "linear/synthau", "start": None},
        "fold": {"number": 2, "train": ["S1", "S2"], "choose": ["S3"]},
        "seed": 0,
    }
    save_model(create_model("linear", AUS, input=TINY, backbone="resnet18"), path, facts=facts)
    return path


@pytest.fixture(scope="session")
def exported(model_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """The baseline as a card and a graph."""
    return export_model(model_file, tmp_path_factory.mktemp("exported") / "mine.onnx")
