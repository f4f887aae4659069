"""Cards: what a good one says, and that every bad one is refused by name."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actionunits.errors import CardError
from actionunits.estimators import read_card
from actionunits.estimators.card import read_weights
from actionunits.facs import AUSet

WriteCard = Callable[..., Path]
PICTURE = {"name": "face", "crop": "face-112", "crop_hash": "0" * 64, "mean": [0.5] * 3, "std": [0.5] * 3}
SHA = "0" * 64


def test_a_good_card(write_card: WriteCard) -> None:
    path = write_card(b"numbers")
    card = read_card(path)
    assert card.au_set == AUSet((12, 25))
    assert card.thresholds == (0.5, 0.25)
    assert read_weights(card, path) == b"numbers"


def test_older_cards_take_the_whole_crop_and_say_intensities(write_card: WriteCard) -> None:
    card = read_card(write_card(kind="onnx", input=PICTURE))
    assert card.input is not None
    assert (card.input.size, card.input.side, card.input.landmarks) == (None, None, None)
    assert card.intensity


def quality(*values: float | None) -> dict[str, Any]:
    rest = {"positives": 3, "f1": None, "icc": None, "mae": None, "false_positive_rate": None}
    return {"protocol": "none", "per_au": [{"au": 12, "auroc": value, **rest} for value in values]}


@pytest.mark.parametrize(
    ("measured", "mean"), [(quality(0.5, None, 1.0), 0.75), (quality(None), None), (quality(), None), (None, None)]
)
def test_mean_auroc_leaves_out_what_is_undefined(write_card: WriteCard, measured: Any, mean: float | None) -> None:
    assert read_card(write_card(quality=measured)).mean_auroc == mean


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"format": 2}, "card format 2"),
        ({"format": 0}, "format"),
        ({"format": "1"}, "format"),
        ({"name": "Upper Case"}, "name"),
        ({"name": "../up"}, "name"),
        ({"name": None}, "name"),
        ({"title": 7}, "title"),
        ({"kind": "pickle"}, "kind"),
        ({"kind": "onnx"}, "input"),
        ({"input": PICTURE}, "input"),
        ({"kind": "onnx", "input": PICTURE | {"mean": [0.5, 0.5]}}, "mean"),
        ({"kind": "onnx", "input": PICTURE | {"layout": "NHWC"}}, "layout"),
        ({"kind": "onnx", "input": PICTURE | {"std": [0.5, 0.0, 0.5]}}, "std"),
        ({"kind": "onnx", "input": PICTURE | {"mean": [0.5, 0.5, float("nan")]}}, "mean"),
        ({"kind": "onnx", "input": PICTURE | {"size": 0}}, "size"),
        ({"kind": "onnx", "input": PICTURE | {"side": 56}}, "`side` 56 must go with a `size`"),
        ({"kind": "onnx", "input": PICTURE | {"size": 96, "side": 97}}, "`side` 97"),
        ({"kind": "onnx", "input": PICTURE | {"landmarks": "face"}}, "one input"),
        ({"intensity": False}, "says intensities"),
        ({"aus": [12]}, "thresholds"),
        ({"aus": "12,25"}, "aus"),
        ({"aus": [12, 99]}, "99"),
        ({"aus": [12, 12]}, "twice"),
        ({"aus": [12, 2.5]}, "aus"),
        ({"thresholds": [0.5]}, "thresholds"),
        ({"thresholds": [0.5, 1.5]}, "thresholds"),
        ({"thresholds": [0.5, float("nan")]}, "thresholds"),
        ({"thresholds": [0.5, None]}, "thresholds"),
        ({"neutral_evidence": [0.5]}, "neutral_evidence"),
        ({"neutral_evidence": [0.5, float("inf")]}, "neutral_evidence"),
        ({"neutral_evidence": [0.5, float("nan")]}, "neutral_evidence"),
        ({"kind": "onnx", "input": PICTURE, "intensity_gain": [1.5]}, "intensity_gain has 1 entries"),
        ({"kind": "onnx", "input": PICTURE, "intensity_gain": [1.5, 0.0]}, "intensity_gain"),
        ({"kind": "onnx", "input": PICTURE, "intensity": False, "intensity_gain": [1.5, 2.0]}, "goes with kind"),
        ({"intensity_gain": [1.5, 2.0]}, "goes with kind `onnx`"),
        ({"mirrored": True}, "`mirrored` goes with kind `onnx`"),
        ({"weights": {"file": "../weights.npz", "sha256": SHA}}, "weights.file"),
        ({"weights": {"file": "/etc/passwd", "sha256": SHA}}, "weights.file"),
        ({"weights": {"file": "a\\b.npz", "sha256": SHA}}, "weights.file"),
        ({"weights": {"file": "w.npz\n", "sha256": SHA}}, "weights.file"),
        ({"weights": {"file": "..", "sha256": SHA}}, "weights.file"),
        ({"weights": {"file": "w.npz", "sha256": SHA.replace("0", "A")}}, "weights.sha256"),
        ({"weights": {"file": "w.npz"}}, "weights.sha256"),
        ({"licence": {"code": "Apache-2.0", "weights": "CC0-1.0"}}, "training_data"),
        ({"quality": quality(1.5)}, "auroc"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_bad_entries_are_named(write_card: WriteCard, changes: dict[str, Any], said: str) -> None:
    path = write_card(**changes)
    with pytest.raises(CardError) as caught:
        read_card(path)
    assert caught.value.subject == str(path)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b"[" * 200_000,
        b'{"format": 1' + b"0" * 5000 + b"}",
        b"PK\x03\x04 a zip file",
    ],
    ids=["empty", "half", "list", "null", "not UTF-8", "deep", "huge number", "zip"],
)
def test_what_is_no_card_at_all(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "card.json"
    path.write_bytes(content)
    with pytest.raises(CardError) as caught:
        read_card(path)
    assert caught.value.subject == str(path)
    assert len(str(caught.value)) < 1000


def test_missing_folder_and_too_large(tmp_path: Path, write_card: WriteCard) -> None:
    with pytest.raises(CardError, match=r"nobody\.json: cannot be read"):
        read_card(tmp_path / "nobody.json")
    with pytest.raises(CardError, match="cannot be read"):
        read_card(tmp_path)
    path = write_card()
    path.write_text(path.read_text() + " " * 2**20)
    json.loads(path.read_text())  # it is its size alone
    with pytest.raises(CardError, match="too many for a card"):
        read_card(path)


def test_weights_missing_or_others(write_card: WriteCard) -> None:
    path = write_card(b"weights")
    card = read_card(path)
    file = path.with_name("weights.bin")
    file.write_bytes(b"Weights")
    with pytest.raises(CardError) as caught:
        read_weights(card, path)
    assert caught.value.subject == str(file)
    assert card.weights.sha256[:12] in str(caught.value)
    file.unlink()
    with pytest.raises(CardError, match=r"weights\.bin: cannot be read"):
        read_weights(card, path)


def test_weights_too_large_are_not_read(write_card: WriteCard, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_card()
    card = read_card(path)
    with path.with_name("weights.bin").open("r+b") as file:
        file.truncate(2**31 + 1)  # a hole, not two gigabytes
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("it was read"))
    with pytest.raises(CardError, match="larger than 2 GiB"):
        read_weights(card, path)
