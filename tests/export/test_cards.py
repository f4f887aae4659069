"""What a card says of data, licences and figures."""

import pytest

torch = pytest.importorskip("torch")

from actionunits.estimators.card import AUQuality, Quality, Weights  # noqa: E402
from actionunits.export.cards import AT_REST, make_card  # noqa: E402
from actionunits.export.history import History  # noqa: E402
from actionunits.export.quality import Measured  # noqa: E402

FACTS = {
    "store": {"dataset": "BP4D", "protocol": {"occurs_from": 1, "jpeg_quality": 95}},
    "recipe": {"recipe": "lp_net/bp4d", "start": "/somewhere/secret/start.safetensors"},
    "fold": {"number": 3, "train": ["F001", "F002"], "choose": ["M001"]},
    "seed": 7,
}
SETTINGS = {"backbone_weights": "/somewhere/secret/vggface2.pth"}
WEIGHTS = Weights(file="mine.onnx", sha256="0" * 64)


def card_of(model, history: History, **words):
    return make_card(model, "mine", WEIGHTS, history, **{"intensity": False, **words})


def of_data(dataset: str | None, *begun: str) -> History:
    return History(dataset, None, None, None, None, frozenset(), begun)


def test_what_the_file_says() -> None:
    history = History.read(FACTS, SETTINGS)
    assert history == History(
        dataset="BP4D",
        labels="occurs_from 1",
        recipe="lp_net/bp4d",
        fold=3,
        seed=7,
        known_subjects=frozenset({"F001", "F002", "M001"}),
        begun_with=("vggface2.pth", "start.safetensors"),
    )


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"store": None, "fold": 3, "recipe": [], "seed": "7"},
        {"store": {"dataset": 4, "protocol": []}, "fold": {"number": True, "train": "F001"}, "seed": True},
    ],
)
def test_a_file_that_says_other_things(facts) -> None:
    assert History.read(facts, {}) == of_data(None)


def test_no_path_of_the_trainers_machine_is_told(toy) -> None:
    card = card_of(toy(), History.read(FACTS, SETTINGS))
    assert "somewhere" not in card.model_dump_json()
    assert "vggface2.pth" in card.licence.training_data


@pytest.mark.parametrize("dataset", ["BP4D", "BP4D+", "DISFA", "SynthAU and BP4D"])
def test_weights_of_licensed_data_may_not_be_shared(toy, dataset: str) -> None:
    licence = card_of(toy(), of_data(dataset)).licence
    assert licence.weights.startswith("not to be shared")
    assert dataset in licence.weights


def test_weights_of_rendered_faces_are_free(toy) -> None:
    free = card_of(toy(), of_data("SynthAU-mini", "imagenet"))
    assert free.licence.weights == "free to use"
    assert "ImageNet" in free.licence.training_data
    assert "rendered faces only" in free.limits[0]
    begun = card_of(toy(), of_data("SynthAU-mini", "vggface2.pth"))
    assert begun.licence.weights != "free to use"


def test_unknown_data(toy) -> None:
    card = card_of(toy(), of_data(None))
    assert card.licence.weights.startswith("unknown")
    assert "does not say" in card.limits[0]
    assert (card.training.seed, card.training.subjects, card.training.images) == (None, None, None)


def test_input_and_outputs(toy) -> None:
    model = toy(landmarks=True)
    card = card_of(model, of_data(None), intensity=True)
    assert (card.input.name, card.input.landmarks) == ("image", "landmarks")
    assert (card.input.crop, card.input.crop_hash) == ("re-256", model.input.crop_recipe.hash)
    assert (card.input.size, card.input.side) == (224, 32)
    assert card.intensity
    assert card_of(toy(), of_data(None)).input.landmarks is None


def test_resting_faces(toy) -> None:
    figures = {"auroc": None, "f1": None, "icc": None, "mae": None, "false_positive_rate": None}
    quality = Quality(protocol="", per_au=tuple(AUQuality(au=au, positives=1, **figures) for au in (1, 12, 25)))
    measured = Measured(quality, (-3.0, None, -1.5))
    assert card_of(toy(), of_data(None)).neutral_evidence == (AT_REST,) * 3
    partly = card_of(toy(), of_data(None), measured=measured)
    assert partly.neutral_evidence == (-3.0, AT_REST, -1.5)
    assert any("assumption" in limit for limit in partly.limits)
    given = card_of(toy(), of_data(None), measured=measured, neutral_evidence=(-1.0, -2.0, -3.0))
    assert given.neutral_evidence == (-1.0, -2.0, -3.0)
    assert not any("--baseline" in limit for limit in given.limits)
