"""The card: everything one must know to use, trust and cite an estimator's weights."""

from __future__ import annotations

import json
import math
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from actionunits.errors import CardError, UsageError
from actionunits.facs import AUSet

CARD_FORMAT = 1
_MOST_BYTES = 2**20  # a card is a page of text
_MOST_WEIGHTS = 2**31

Probability = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Spread = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Weights(_Part):
    """The weights file beside the card."""

    file: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")  # a name, never a path
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Licence(_Part):
    """Who may use what."""

    code: str
    weights: str
    training_data: str


class Training(_Part):
    """How the weights were made. ``None`` where a number is not known."""

    data: str
    labels: str
    command: str
    seed: int | None
    subjects: Annotated[int, Field(ge=0)] | None
    images: Annotated[int, Field(ge=0)] | None


class AUQuality(_Part):
    """Measured on subjects the weights never saw. ``None`` where a number is undefined."""

    au: int
    positives: int
    auroc: Probability | None
    f1: Probability | None
    icc: float | None
    mae: float | None
    false_positive_rate: Probability | None


class Quality(_Part):
    """The held-out test and its figures, one entry per AU."""

    protocol: str
    per_au: tuple[AUQuality, ...]


class PictureInput(_Part):
    """What an ONNX model wants to see.

    Attributes:
        name: the model's input.
        crop: id of a crop recipe.
        crop_hash: the recipe's hash when the weights were made.
        mean, std: per RGB channel, of pixel values scaled to 0-1.
        size: side of the square in the middle of the crop that is cut out, pixels; ``None`` for the whole crop.
        side: side of the picture to which the square is scaled down, pixels; ``None`` for no scaling.
        landmarks: the model's input for the 68 landmarks in pixels of that picture; ``None`` for a model without.
    """

    name: str
    crop: str
    crop_hash: str
    mean: tuple[Finite, Finite, Finite]
    std: tuple[Spread, Spread, Spread]
    size: Annotated[int, Field(ge=1)] | None = None
    side: Annotated[int, Field(ge=1)] | None = None
    landmarks: str | None = None

    @model_validator(mode="after")
    def _fit(self) -> PictureInput:
        if self.side is not None and (self.size is None or self.side > self.size):
            raise ValueError(f"`side` {self.side} must go with a `size`, and not be above it")
        if self.landmarks == self.name:
            raise ValueError("`landmarks` and `name` are one input")
        return self


class Card(_Part):
    """Facts beside weights.

    Attributes:
        format: version of this layout.
        name: what ``--model`` takes.
        kind: ``geometry`` (face mesh in) or ``onnx`` (crop in).
        aus: FACS numbers, in the order of the outputs.
        thresholds: probability from which an AU counts as occurring, one per AU.
        neutral_evidence: log-odds an AU gets on a resting face, one per AU; the person baseline moves a person there.
        input: for ``onnx``.
        intensity: whether it says intensities; without, ``AUxx_r`` stays empty.
        intensity_gain: for ``onnx``, what its intensities are multiplied with, one factor per AU, so that they spread
            as labels do (an expected level spreads less); ``None`` for nothing.
        mirrored: for ``onnx``, whether every face is looked at in the mirror too, and the two scores averaged: what it
            says of a face and of its mirror image is then the same.
        limits: what it cannot do; shown first.
    """

    format: Literal[1]
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    version: str
    title: str
    kind: Literal["geometry", "onnx"]
    aus: tuple[int, ...]
    weights: Weights
    thresholds: tuple[Probability, ...]
    neutral_evidence: tuple[float, ...]
    input: PictureInput | None = None
    intensity: bool = True
    intensity_gain: tuple[Spread, ...] | None = None
    mirrored: bool = False
    limits: tuple[str, ...]
    intended_use: str
    licence: Licence
    training: Training
    quality: Quality | None = None

    @model_validator(mode="after")
    def _agree(self) -> Card:
        for field in ("thresholds", "neutral_evidence"):
            values = getattr(self, field)
            if len(values) != len(self.aus):
                raise ValueError(f"{field} has {len(values)} entries for {len(self.aus)} AUs")
            if not all(math.isfinite(value) for value in values):
                raise ValueError(f"{field} holds a value that is not finite")
        if self.intensity_gain is not None:
            if len(self.intensity_gain) != len(self.aus):
                raise ValueError(f"intensity_gain has {len(self.intensity_gain)} entries for {len(self.aus)} AUs")
            if self.kind == "geometry" or not self.intensity:
                raise ValueError("`intensity_gain` goes with kind `onnx` and intensities")
        if (self.kind == "onnx") != (self.input is not None):
            raise ValueError("`input` goes with kind `onnx`, and only with it")
        if self.kind == "geometry" and self.mirrored:
            raise ValueError("`mirrored` goes with kind `onnx`")
        if self.kind == "geometry" and not self.intensity:
            raise ValueError("kind `geometry` says intensities")
        try:
            AUSet(self.aus)
        except UsageError as error:
            raise ValueError(str(error)) from error
        return self

    @property
    def au_set(self) -> AUSet:
        """The AUs, in the order of the outputs."""
        return AUSet(self.aus)

    @property
    def mean_auroc(self) -> float | None:
        """Mean over the AUs of the held-out AUROC; ``None`` where none was measured."""
        known = [row.auroc for row in self.quality.per_au if row.auroc is not None] if self.quality else []
        return sum(known) / len(known) if known else None


def read_card(path: Path) -> Card:
    """Read and check a card.

    Raises:
        CardError: missing, too large, not a card, or of a newer format.
    """
    try:
        size = path.stat().st_size
        text = path.read_text(encoding="utf-8") if size <= _MOST_BYTES else ""
    except (OSError, UnicodeDecodeError) as error:
        raise CardError(
            path, f"cannot be read ({error})", "Name a card's .json file, or a model of `models list`"
        ) from error
    if size > _MOST_BYTES:
        raise CardError(path, f"has {size} bytes, too many for a card", "Name the .json card, not the weights")
    try:
        content: Any = json.loads(text)
        if isinstance(content, dict) and isinstance(content.get("format"), int) and content["format"] > CARD_FORMAT:
            raise CardError(
                path, f"has card format {content['format']}; this version reads {CARD_FORMAT}", "Update actionunits"
            )
        return Card.model_validate(content)
    except (ValueError, RecursionError) as error:  # not JSON, or JSON but no card
        detail = "; ".join(str(error).splitlines()[:3])
        raise CardError(path, f"is not a card ({detail})", "See CONTRIBUTING.md, add a model") from error


def read_weights(card: Card, path: Path) -> bytes:
    """Return the bytes of the weights beside the card at ``path``, checked against the card's SHA-256.

    Raises:
        CardError: missing, too large or not the file the card speaks of.
    """
    file = path.parent / card.weights.file
    try:
        if file.stat().st_size > _MOST_WEIGHTS:
            raise CardError(file, "is larger than 2 GiB", "Name a smaller model")
        content = file.read_bytes()
    except OSError as error:
        raise CardError(file, f"cannot be read ({error.strerror})", f"Put the weights beside {path.name}") from error
    found = sha256(content).hexdigest()
    if found != card.weights.sha256:
        raise CardError(
            file,
            f"has SHA-256 {found[:12]}..., the card says {card.weights.sha256[:12]}...",
            "Get card and weights anew, together",
        )
    return content
