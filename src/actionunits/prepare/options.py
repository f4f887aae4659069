"""What a store is to hold: the crop, whose landmarks, how its pictures are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from actionunits.datasets import Dataset
from actionunits.errors import UsageError
from actionunits.geometry import CropRecipe, get_crop
from actionunits.store import CONTENTS, StoreSettings

Landmarks = Literal["mesh", "dataset"]
JPEG_SAMPLING = "4:2:0"


@dataclass(frozen=True, slots=True)
class Preparation:
    """How faces are found, cropped and stored.

    Attributes:
        crop: name of a crop recipe.
        landmarks: ``mesh`` finds the face and fits the mesh; ``dataset`` takes the landmarks that the data set has;
            None for the usual ones: a store's own, and the mesh's for every other data set.
        jpeg_quality: of the stored pictures, 1-100.

    Raises:
        UsageError: a value is none of these.
    """

    crop: str
    landmarks: Landmarks | None = None
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        get_crop(self.crop)
        if self.landmarks not in (None, *get_args(Landmarks)):
            known = ", ".join(get_args(Landmarks))
            raise UsageError(f"landmarks={self.landmarks!r}", "there is no such choice", f"Use {known}")
        if not 1 <= self.jpeg_quality <= 100:
            raise UsageError(f"jpeg_quality={self.jpeg_quality}", "is no quality of a JPEG file", "Use 1 to 100")

    @property
    def recipe(self) -> CropRecipe:
        """The crop recipe itself."""
        return get_crop(self.crop)

    def landmarks_of(self, dataset: Dataset) -> Landmarks:
        """Whose landmarks cut the faces of a data set."""
        return self.landmarks or ("dataset" if dataset.name == "store" else "mesh")


def keeps_faceless(dataset: Dataset) -> bool:
    """Whether frames without a face are stored, with the landmarks of the nearest frame that has one."""
    return dataset.protocol.frame_policy != "drop_missing_landmarks"


def settings_of(dataset: Dataset, how: Preparation) -> StoreSettings:
    """What the store says of itself: the data set, every choice of the protocol, the crop."""
    recipe, plain, landmarks = how.recipe, dataset.settings(), how.landmarks_of(dataset)
    facts = {
        "landmarks": landmarks,
        "no_face": "nearest frame" if keeps_faceless(dataset) else "left out",
        "jpeg_quality": how.jpeg_quality,
        "jpeg_sampling": JPEG_SAMPLING,
    }
    known = {*plain.contents, "landmarks", *(("pose",) if landmarks == "mesh" else ())}
    return StoreSettings(
        dataset=plain.dataset,
        protocol={**plain.protocol, **facts},
        crop=recipe.id,
        crop_hash=recipe.hash,
        image_size=(recipe.size, recipe.size),
        aus=plain.aus,
        contents=tuple(each for each in CONTENTS if each in known),
        made_by=plain.made_by,
    )
