"""The detector: its ordered head, its look at the map, its landmarks."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from scipy.special import expit  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.facs import GEOMETRY_23  # noqa: E402
from actionunits.geometry.mean_face import MEAN_68  # noqa: E402
from actionunits.loading import FaceBatch  # noqa: E402
from actionunits.models import TrainingLabels, create_model  # noqa: E402
from actionunits.models.layers.ordinal_head import OrdinalHead  # noqa: E402

AUS = (1, 4, 12, 25, 43)


def faces(count: int, side: int = 112, seed: int = 0) -> FaceBatch:
    rng = np.random.default_rng(seed)
    points = side * (0.5 + 0.3 * MEAN_68 + rng.normal(0, 0.02, (count, 68, 2)))
    image = torch.from_numpy(rng.normal(size=(count, 3, side, side)).astype(np.float32))
    return FaceBatch.unlabelled(image, torch.from_numpy(points.astype(np.float32)), len(AUS))


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return create_model("detector", AUS).eval()


def test_small_enough_to_ship() -> None:
    made = create_model("detector", GEOMETRY_23, relation="self_attention")
    assert sum(each.numel() for each in made.parameters()) * 4 < 8e6  # bytes


def test_levels_and_occurrence_agree(model) -> None:
    with torch.no_grad():
        output = model(faces(4))
    share = output.levels.softmax(dim=-1)
    assert output.levels.shape == (4, 5, 6)
    torch.testing.assert_close(share[..., 2:].sum(dim=-1), output.probability)  # B and more


@pytest.mark.parametrize("level", [1, 3, 5])
def test_where_occurrence_begins(level: int) -> None:
    torch.manual_seed(0)
    output = create_model("detector", AUS, occurs_from=level).eval()(faces(3))
    torch.testing.assert_close(output.levels.softmax(dim=-1)[..., level:].sum(dim=-1), output.probability)


def test_cuts_begin_where_the_labels_have_the_levels() -> None:
    rng = np.random.default_rng(0)
    labels = rng.choice(6, p=[0.6, 0.1, 0.1, 0.08, 0.07, 0.05], size=(4000, 2)).astype(np.int8)
    labels[::3, 0] = -1
    head = OrdinalHead(3, 8)
    untouched = head.cuts[2].detach().clone()
    head.begin_with(np.column_stack([labels, np.full(4000, -1, np.int8)]))
    for place in (0, 1):
        known = labels[labels[:, place] >= 0, place]
        for level in range(1, 6):
            assert expit(-head.cuts[place, level - 1].item()) == pytest.approx((known >= level).mean(), abs=2e-3)
    torch.testing.assert_close(head.cuts[2], untouched)


def test_cuts_rise_whatever_is_learned() -> None:
    head = OrdinalHead(4, 8)
    with torch.no_grad():
        head.gaps.normal_(std=20)
    assert (head.cuts.diff(dim=1) > 0).all()
    head.begin_with(np.zeros((50, 4), np.int8))  # of AUs that never occur
    assert head.cuts.isfinite().all()
    assert (head.cuts.diff(dim=1) > 0).all()


def test_attention_adds_up_to_one(model) -> None:
    attention = model(faces(3)).parts["attention"]
    assert attention.shape == (3, 5, 7, 7)
    torch.testing.assert_close(attention.sum(dim=(2, 3)), torch.ones(3, 5))


def test_shift_size_and_roll_of_the_landmarks_change_nothing(model) -> None:
    batch = faces(3)
    turn = torch.tensor([[0.8, -0.6], [0.6, 0.8]])
    moved = FaceBatch.unlabelled(batch.image, 1.7 * batch.landmarks @ turn.T + torch.tensor([9.0, -4.0]), 5)
    with torch.no_grad():
        torch.testing.assert_close(model(moved).logits, model(batch).logits, atol=1e-4, rtol=1e-4)


def test_unknown_landmarks_are_the_mean_faces_and_are_flagged(model) -> None:
    batch = faces(2)
    batch.landmarks[1] = torch.nan
    mean = faces(2)
    mean.landmarks[1] = torch.from_numpy(200 * MEAN_68).float()
    with torch.no_grad():
        output = model(batch)
        torch.testing.assert_close(output.logits, model(mean).logits)
    assert output.stand_in.tolist() == [False, True]


def test_the_guide_draws_attention_to_the_regions() -> None:
    torch.manual_seed(0)
    model = create_model("detector", AUS, guide=1.0)
    batch = faces(2)
    batch.intensity[:] = 0
    assert model.guided.numbers == (1, 4, 12, 25)  # AU43 has no rule for its place
    regions, _ = model.regions(batch.landmarks)
    within = regions.any(dim=2).float()
    exact = within / within.sum(dim=(2, 3), keepdim=True)
    every = torch.cat([exact, torch.full_like(exact[:, :1], 1 / 49)], dim=1)
    even = torch.full((2, 5, 7, 7), 1 / 49)
    share = within.sum(dim=(2, 3)) / 49
    assert model._outside(every, batch).item() == pytest.approx(0, abs=1e-6)
    assert model._outside(even, batch).item() == pytest.approx(-share.log().mean().item(), rel=1e-5)
    batch.landmarks[:] = torch.nan
    assert model._outside(even, batch).item() == 0


def test_picture_and_landmarks_find_the_levels_alone() -> None:
    """Each term is the loss of a network whose head is deaf to the other half."""
    torch.manual_seed(0)
    model = create_model("detector", AUS, look="mean", alone=0.5, size=8).eval()
    batch = faces(6)
    batch.intensity[:] = torch.from_numpy(np.random.default_rng(0).integers(0, 6, (6, 5)).astype(np.int8))
    with torch.no_grad():
        terms = model.loss(model(batch), batch)
        weight, expected = model.head.score.weight, 0.0
        whole = weight.clone()
        for deaf in (slice(0, 8), slice(8, 16)):
            weight.copy_(whole)
            weight[..., deaf] = 0
            expected += model.loss(model(batch), batch)["intensity"].item()
    assert terms["alone"].item() == pytest.approx(expected, rel=1e-5)
    assert terms["total"].item() == pytest.approx(terms["intensity"].item() + 0.5 * expected, rel=1e-5)


@pytest.mark.parametrize("look", ["mean", "attention"])
def test_weights_of_other_aus(look: str) -> None:
    """Scores of the AUs that both know are the same, in another order too; a new AU's stay as they began."""
    torch.manual_seed(0)
    known = create_model("detector", (1, 12, 25), look=look).eval()
    other = create_model("detector", (2, 12, 1), look=look).eval()
    fresh = other.head.cuts.detach().clone()
    other.adopt(known.state_dict(), known.aus)
    image, landmarks = faces(3).image, faces(3).landmarks
    with torch.no_grad():
        one, two = (each(FaceBatch.unlabelled(image, landmarks, 3)).logits for each in (known, other))
    places = [known.aus.index(au) for au in (1, 12)], [other.aus.index(au) for au in (1, 12)]
    torch.testing.assert_close(two[:, places[1]], one[:, places[0]])
    torch.testing.assert_close(other.head.cuts[other.aus.index(2)], fresh[other.aus.index(2)])
    with pytest.raises(UsageError, match="missing"):
        other.adopt({}, known.aus)


def test_labels_place_the_cuts_before_training() -> None:
    model = create_model("detector", AUS)
    before = model.head.cuts.detach().clone()
    levels = np.tile(np.array([[0, 0, 1, 2, 5]], np.int8), (60, 1))
    model.observe(TrainingLabels((levels > 0).astype(np.int8), levels))
    after = model.head.cuts.detach()
    assert (after[0] > before[0]).all()
    assert (after[4] < before[4]).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"size": 6},
        {"dropout": 1.0},
        {"guide": 0.1, "look": "mean"},
        {"guide": -1.0},
        {"ortho": 0.1, "shape": False},
        {"alone": 0.5, "shape": False},
        {"alone": -0.5},
        {"occurs_from": 0},
        {"occurs_from": 6},
    ],
)
def test_settings_out_of_range(settings) -> None:
    with pytest.raises(UsageError, match="out of range"):
        create_model("detector", AUS, **settings)
