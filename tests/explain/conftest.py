"""A model whose maps can be worked out by hand, and a small store of faces it can look at."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pyarrow as pa
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.geometry import get_crop  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch, InputRecipe  # noqa: E402
from actionunits.models import AUModel, AUOutput  # noqa: E402
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter  # noqa: E402

AUS = (1, 4, 12)
SIDE = 32


class Toy(AUModel):
    """Two convolutions, then a weight of its own for every place and channel: nothing is pooled away.

    With ``per_au``, every AU has a feature of its own; with ``heads``, it also tells of an attention.
    """

    system = "toy"
    stages = ()

    def __init__(self, *, per_au: bool = False, heads: int = 0) -> None:
        super().__init__(AUS, InputRecipe("tiny", "re-256", 224, side=SIDE))
        self.per_au, self.heads = per_au, heads
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 4, stride=4), nn.Tanh(), nn.Conv2d(4, 5, 2, stride=2))
        self.drop = nn.Dropout(0.5)
        self.weight = nn.Parameter(torch.randn(len(AUS), 5, 4, 4))

    def forward(self, batch: FaceBatch) -> AUOutput:
        maps = self.drop(self.stem(batch.image))  # (N, 5, 4, 4)
        logits = torch.einsum("ndhw,adhw->na", maps.relu(), self.weight)
        features = maps.mean(dim=(2, 3))
        parts = {"features": features[:, None] * self.weight.mean(dim=(2, 3)) if self.per_au else features}
        if self.heads:
            raw = features.new_zeros(len(features), self.heads, len(AUS), len(AUS))
            parts["attention"] = (raw + torch.arange(float(len(AUS)))).softmax(dim=-1)
        return AUOutput(logits, parts=parts)

    def loss(self, output: AUOutput, batch: FaceBatch) -> dict:
        return {"total": output.logits.sum()}

    def map_layer(self) -> nn.Module:
        return self.stem


@pytest.fixture
def toy() -> Callable[..., Toy]:
    """A function: ``toy(per_au=False, heads=0)``."""

    def make(**words: object) -> Toy:
        torch.manual_seed(0)
        return Toy(**words)

    return make


@pytest.fixture
def faces() -> Callable[..., FaceBatch]:
    """A function: ``faces(count, seed=0)``, noise."""

    def make(count: int, seed: int = 0) -> FaceBatch:
        generator = torch.Generator().manual_seed(seed)
        image = torch.randn((count, 3, SIDE, SIDE), generator=generator)
        return FaceBatch.unlabelled(image, torch.zeros(count, 68, 2), len(AUS))

    return make


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Three people, eight frames each; AU1 and AU12 are labelled, AU12 in turn; cropped as re-256."""
    recipe = get_crop("re-256")
    settings = StoreSettings(
        dataset="fake",
        aus=(1, 12, 25),
        contents=("occurrence", "landmarks"),
        image_size=(recipe.size, recipe.size),
        crop=recipe.id,
        crop_hash=recipe.hash,
    )
    writer = StoreWriter(tmp_path_factory.mktemp("explain") / "store", settings)
    rng = np.random.default_rng(0)
    people = ("S1", "S2", "S3")
    for person, name in enumerate(people):
        rows, jpegs = [], []
        for frame in range(8):
            labels = {1: int(person == 2 and frame == 3), 12: frame % 2, 25: -1}
            points = (256 * (0.5 + 0.3 * MEAN_68)).astype(np.float32)
            rows.append(FrameRow(name, frame, frame / 25, occurrence=labels, landmarks=points))
            coarse = rng.integers(0, 256, (16, 16, 3)).astype(np.uint8)
            picture = cv2.resize(coarse, (recipe.size, recipe.size), interpolation=cv2.INTER_CUBIC)
            jpegs.append(cv2.imencode(".jpg", picture)[1].tobytes())
        writer.add(f"{name}-a", rows, jpegs)
    sequences = pa.table({"sequence": [f"{name}-a" for name in people], "subject": list(people)})
    return writer.finish(pa.table({"subject": list(people)}), sequences)


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """A folder that is not there yet."""
    return tmp_path / "explained"
