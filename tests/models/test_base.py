"""What every system inherits: freezing, stages, weights that must fit, outputs."""

import copy

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import AUSet  # noqa: E402
from actionunits.loading import get_input  # noqa: E402
from actionunits.losses.ordinal import cumulative_levels  # noqa: E402
from actionunits.models import (  # noqa: E402
    LEVELS,
    AUModel,
    AUOutput,
    Stage,
    TrainingLabels,
    load_state,
    occurrence_logits,
)


class Toy(AUModel):
    """Two parts, of which each stage trains one, and a third that none trains."""

    system = "toy"
    stages = (Stage("one", {"stem": 0.1}, 1, 2), Stage("two", {"head": 0.1}, 1, 2), Stage("odd", {"tail": 0.1}, 1, 2))

    def __init__(self) -> None:
        super().__init__((1, 2), "lp-112")
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 16, 16), nn.BatchNorm2d(4), nn.Dropout(0.5))
        self.head = nn.Sequential(nn.BatchNorm1d(4), nn.Linear(4, 2))

    def forward(self, batch) -> AUOutput:
        return AUOutput(self.head(self.stem(batch.image).mean(dim=(2, 3))))

    def loss(self, output, batch):
        return {"total": output.logits.square().mean()}

    def map_layer(self) -> nn.Module:
        return self.stem


def test_what_it_declares() -> None:
    toy = Toy()
    assert toy.aus == AUSet((1, 2))
    assert toy.input is get_input("lp-112")
    assert toy.crop.id == "lp-240-masked"
    assert toy.stage is None
    assert toy.relations() is None
    assert all(each.requires_grad for each in toy.parameters())


@pytest.mark.parametrize(("stage", "asleep"), [("one", "head"), ("two", "stem")])
def test_frozen_parts_learn_nothing(make_batch, stage, asleep) -> None:
    toy = Toy().train()
    toy.begin(stage)
    optimizer = torch.optim.Adam(toy.parameters(), 0.1, weight_decay=0.1)
    before = copy.deepcopy(toy.state_dict())
    for seed in range(2):
        optimizer.zero_grad()
        batch = make_batch(toy, 4, seed)
        toy.loss(toy(batch), batch)["total"].backward()
        optimizer.step()
    changed = {name for name, each in toy.state_dict().items() if not torch.equal(each, before[name])}
    assert changed == {name for name in before if not name.startswith(asleep)}


def test_a_stage_wakes_what_the_last_one_froze(make_batch) -> None:
    toy = Toy().train()
    toy.begin("one")
    toy.begin("two")
    assert (toy.stem.training, toy.head.training) == (False, True)
    assert [each.requires_grad for each in toy.stem.parameters()] == [False] * 4
    assert [each.requires_grad for each in toy.head.parameters()] == [True] * 4
    toy.eval()
    assert not toy.head.training
    toy.train()
    assert (toy.stem.training, toy.head.training) == (False, True)


def test_beginning_keeps_the_mode() -> None:
    toy = Toy().eval()
    toy.begin("one")
    assert not any(each.training for each in toy.modules())


def test_beginning_drops_old_gradients(make_batch) -> None:
    """Else they would count where gradients are clipped by their common norm."""
    toy = Toy()
    batch = make_batch(toy, 4)
    toy.loss(toy(batch), batch)["total"].backward()
    toy.begin("two")
    assert all(each.grad is None for each in toy.parameters())


def test_wrong_stages() -> None:
    toy = Toy()
    with pytest.raises(UsageError, match=r"stage 'three': toy has none of this name\. It has one, two, odd"):
        toy.begin("three")
    with pytest.raises(UsageError, match=r"trains 'tail', which this model does not have\. It has stem, head"):
        toy.begin("odd")
    assert toy.stage is None


def test_weights_must_fit_exactly() -> None:
    toy, other = Toy(), Toy()
    load_state(toy, other.state_dict())
    assert all(torch.equal(each, other.state_dict()[name]) for name, each in toy.state_dict().items())
    state = other.state_dict()
    kept = copy.deepcopy(toy.state_dict())
    for wrong, said in (
        ({**state, "extra": torch.zeros(2)}, r"extra is \(2,\), here missing"),
        ({name: each for name, each in state.items() if name != "head.1.bias"}, r"head\.1\.bias is missing, here \(2,"),
        ({**state, "head.1.bias": torch.zeros(3)}, r"head\.1\.bias is \(3,\), here \(2,\)"),
    ):
        with pytest.raises(UsageError, match=said):
            load_state(toy, wrong, source="file")
    assert all(torch.equal(each, kept[name]) for name, each in toy.state_dict().items())


def test_adopting_asks_for_the_same_action_units() -> None:
    toy, other = Toy(), Toy()
    toy.adopt(other.state_dict(), AUSet((1, 2)))
    assert torch.equal(toy.head[1].weight, other.head[1].weight)
    with pytest.raises(UsageError, match=r"its weights are for AU 1,4, not 1,2"):
        toy.adopt(other.state_dict(), AUSet((1, 4)))


def test_observing_and_calibrating_are_optional() -> None:
    toy = Toy()
    unknown = np.full((3, 2), -1, np.int8)
    assert toy.observe(TrainingLabels(unknown, unknown)) is None
    assert toy.calibrate(lambda: iter(())) is None


def test_output() -> None:
    logits = torch.tensor([[0.0, 2.0]], dtype=torch.bfloat16)
    output = AUOutput(logits)
    assert output.probability.dtype == torch.float32
    torch.testing.assert_close(output.probability, torch.tensor([[0.5, 1 / (1 + np.exp(-2))]], dtype=torch.float32))
    assert output.intensity is None
    assert output.mean_intensity is None
    assert dict(output.parts) == {}
    assert dict(copy.deepcopy(output).parts) == {}
    levels = torch.eye(LEVELS)[torch.tensor([[3, 0]])]
    assert AUOutput(logits, levels=levels).intensity.tolist() == [[3.0, 0.0]]


def test_mean_intensity() -> None:
    """Of levels one at a time by their probabilities; ordered levels say it through the chances to reach each."""
    logits = torch.randn(4, 3, generator=torch.Generator().manual_seed(0))
    reached = logits[..., None] - torch.tensor([-1.0, 0.0, 0.4, 2.0, 2.5])
    levels = cumulative_levels(reached)
    wanted = torch.zeros(4, 3)
    for level in range(LEVELS):
        wanted += level * levels.exp()[..., level]
    torch.testing.assert_close(AUOutput(logits, levels=levels + 3).mean_intensity, wanted)
    torch.testing.assert_close(AUOutput(logits, levels=levels, reached=reached).mean_intensity, wanted)


def test_occurrence_from_intensities() -> None:
    levels = torch.randn(5, 3, LEVELS)
    chance = levels.softmax(dim=-1)[..., 1:].sum(dim=-1)
    torch.testing.assert_close(occurrence_logits(levels).sigmoid(), chance)
