"""What each paper's network is given: how large a part of the stored crop, how it is varied, how it is scaled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import CropRecipe, get_crop

Channels = tuple[float, float, float]

IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class InputRecipe:
    """From a store's picture to a network's input.

    In training the square is cut at a random whole place, mirrored and turned; otherwise it is the middle one.

    Attributes:
        id: its name.
        crop: name of the crop recipe that the store must have.
        size: side of the square that is cut out, pixels.
        mean: of red, green and blue, where black is 0 and white 1; subtracted.
        std: likewise; divided by.
        flip: probability of mirroring.
        rotation: the picture is turned by an angle drawn evenly from minus to plus so many degrees, about the middle
            of the square. What comes from beyond the stored picture gets the border's grey of the crop recipe.
        duplicate: training frames in which one of these AUs occurs are there twice.

    Raises:
        UsageError: a value is out of range, or there is no such crop.
    """

    id: str
    crop: str
    size: int
    mean: Channels = IMAGENET_MEAN
    std: Channels = IMAGENET_STD
    flip: float = 0.5
    rotation: float = 0.0
    duplicate: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault is not None:
            raise UsageError(f"input recipe {self.id!r}", fault, "See actionunits.loading.InputRecipe")
        AUSet(self.duplicate)

    def _fault(self) -> str | None:
        if not 1 <= self.size <= self.crop_recipe.size:
            return f"size {self.size} is not from 1 to the {self.crop_recipe.size} pixels of {self.crop}"
        if not (0 <= self.flip <= 1 and 0 <= self.rotation <= 180):
            return f"flip {self.flip} must be from 0 to 1, and rotation {self.rotation} from 0 to 180"
        if not all(map(math.isfinite, (*self.mean, *self.std))) or min(self.std) <= 0:
            return f"mean {self.mean} must be finite, and std {self.std} above 0"
        return None

    @property
    def crop_recipe(self) -> CropRecipe:
        """The crop recipe itself."""
        return get_crop(self.crop)

    @property
    def spare(self) -> int:
        """How many pixels wider the stored picture is than the square."""
        return self.crop_recipe.size - self.size


def _recipes(*recipes: InputRecipe) -> Mapping[str, InputRecipe]:
    return MappingProxyType({recipe.id: recipe for recipe in recipes})


_HALF: Channels = (0.5, 0.5, 0.5)

INPUT_RECIPES = _recipes(
    # LoRRaL (Shi et al. 2020) in the setting of JAA-Net: pixels to -1 ... 1.
    InputRecipe("jaa-176", "jaa-200", 176, mean=_HALF, std=_HALF),
    # LP-Net (Niu et al. 2019) turns too, and does not say how far: 10 degrees are our choice. Mean and std are of the
    # first author's later code for the same crop.
    InputRecipe(
        "lp-224",
        "lp-240-masked",
        224,
        mean=(0.5355, 0.4249, 0.3801),
        std=(0.2832, 0.2578, 0.2548),
        rotation=10,
    ),
    InputRecipe("lp-224-imagenet", "lp-240-masked", 224, rotation=10),
    # RE-Net (Yang and Yin 2020), and its study "DA", in which the frames of rare AUs are there twice.
    InputRecipe("re-224", "re-256", 224),
    InputRecipe("re-224-da", "re-256", 224, duplicate=(1, 2, 15, 23, 24)),
    # ROI maps (Zhang et al. 2020): turned by up to 30 degrees in BP4D, 10 in DISFA.
    InputRecipe("roi-256", "roi-256", 256, rotation=30),
    InputRecipe("roi-256-disfa", "roi-256", 256, rotation=10),
    # AU R-CNN (Ma et al. 2019): mirrored only.
    InputRecipe("aurcnn-512", "aurcnn-512", 512),
)
"""Every input recipe by name. Those without a remark are scaled by the mean and std of ImageNet."""


def get_input(recipe: str | InputRecipe) -> InputRecipe:
    """The recipe of this name; a recipe is returned as it is.

    Raises:
        UsageError: there is none; the message lists those there are.
    """
    if isinstance(recipe, InputRecipe):
        return recipe
    if recipe not in INPUT_RECIPES:
        raise UsageError(repr(recipe), "no such input recipe", f"There are {', '.join(sorted(INPUT_RECIPES))}")
    return INPUT_RECIPES[recipe]
