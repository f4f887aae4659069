"""The registry: what is shipped, and how names, cards and devices are chosen."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import onnxruntime
import pytest

from actionunits.defaults import DEFAULT_MODEL
from actionunits.errors import CardError, UsageError
from actionunits.estimators import find_card, load_estimator, shipped_cards
from actionunits.estimators.geometry import GeometryEstimator
from actionunits.estimators.registry import choose_device
from actionunits.facs import GEOMETRY_23

CPU, CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"


def test_the_geometry_estimator_is_shipped() -> None:
    card, path = find_card("geometry")
    assert card.name == "geometry"
    assert card.au_set == GEOMETRY_23
    assert len(card.limits) >= 3
    assert card.quality is not None
    assert [row.au for row in card.quality.per_au] == list(card.aus)
    assert isinstance(load_estimator("geometry"), GeometryEstimator)
    assert path == shipped_cards()["geometry"]


def test_the_detector_is_what_is_used_where_nothing_is_named() -> None:
    card = load_estimator().card
    assert card.name == DEFAULT_MODEL == "detector"
    assert set(card.aus) == {*GEOMETRY_23, 11, 13}
    assert card.quality is not None
    assert [row.au for row in card.quality.per_au] == list(card.aus)
    assert card.intensity_gain is not None
    small, path = find_card("detector-int8")
    assert small.aus == card.aus
    assert path.with_name(small.weights.file).stat().st_size < 2_000_000


@pytest.mark.parametrize("name", shipped_cards())
def test_every_shipped_card(name: str) -> None:
    card, path = find_card(name)
    weights = path.with_name(card.weights.file)
    assert card.name == name
    assert sha256(weights.read_bytes()).hexdigest() == card.weights.sha256
    assert weights.stat().st_size < 8_000_000
    assert "CC0" in card.licence.training_data
    assert load_estimator(name).card == card


def test_a_card_is_found_by_path(write_card: Callable[..., Path]) -> None:
    path = write_card()
    for given in (path, str(path)):
        card, found = find_card(given)
        assert (card.name, found) == ("small", path)


@pytest.mark.parametrize(("name", "near"), [("geometri", True), ("Geometry", True), ("openface", False), ("", False)])
def test_unknown_models(name: str, near: bool) -> None:
    with pytest.raises(UsageError) as caught:
        find_card(name)
    assert caught.value.subject == name
    assert ("Did you mean geometry?" in str(caught.value)) == near
    assert "Shipped: detector, detector-int8, geometry" in str(caught.value)


def test_a_missing_card_and_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone\.json"):
        find_card(tmp_path / "gone.json")
    (tmp_path / "model.onnx").write_bytes(b"\x08\x07\x12\xff")
    with pytest.raises(CardError, match=r"model\.onnx"):
        find_card(tmp_path / "model.onnx")


@pytest.mark.parametrize(
    ("device", "providers", "chosen"),
    [("cpu", [CUDA, CPU], "cpu"), ("auto", [CPU], "cpu"), ("auto", [CUDA, CPU], "cuda"), ("cuda", [CUDA, CPU], "cuda")],
)
def test_devices(monkeypatch: pytest.MonkeyPatch, device: str, providers: list[str], chosen: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: providers)
    assert choose_device(device) == chosen


@pytest.mark.parametrize(("device", "said"), [("cuda", "no CUDA device"), ("gpu", "no such device"), ("", "no such")])
def test_devices_that_are_not_there(monkeypatch: pytest.MonkeyPatch, device: str, said: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: [CPU])
    with pytest.raises(UsageError, match=said):
        load_estimator("geometry", device=device)
