"""What each paper's network is given: how large a part of the stored crop, how it is varied, how it is scaled."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from types import MappingProxyType
from typing import Any

from actionunits.errors import UsageError
from actionunits.facs import AUSet
from actionunits.geometry import CropRecipe, get_crop

Channels = tuple[float, float, float]

IMAGENET_MEAN: Channels = (0.485, 0.456, 0.406)
IMAGENET_STD: Channels = (0.229, 0.224, 0.225)


@dataclass(frozen=True, slots=True)
class InputRecipe:
    """From a store's picture to a network's input.

    In training the square is cut at a random whole place, mirrored, turned and lit at random; otherwise it is the
    middle one, as it is.

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
        side: side of the picture that the network gets, pixels: the square is averaged down to it. None: the square.
        shift: False for the middle square in training too.
        brightness: the picture is multiplied by a factor drawn evenly from 1 minus to 1 plus so much.
        contrast: likewise its differences from its mean grey; in a masked crop, what is masked changes with it.
        wear: the picture is made worse at random in many ways, as poor cameras, light and compression do, and parts of
            it are hidden; see :mod:`actionunits.loading.wear`.

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
    side: int | None = None
    shift: bool = True
    brightness: float = 0.0
    contrast: float = 0.0
    wear: bool = False

    def __post_init__(self) -> None:
        fault = self._fault()
        if fault is not None:
            raise UsageError(f"input recipe {self.id!r}", fault, "See actionunits.loading.InputRecipe")
        AUSet(self.duplicate)

    def _fault(self) -> str | None:
        if not 1 <= self.size <= self.crop_recipe.size:
            return f"size {self.size} is not from 1 to the {self.crop_recipe.size} pixels of {self.crop}"
        if self.side is not None and not 1 <= self.side <= self.size:
            return f"side {self.side} is not from 1 to the square's {self.size} pixels"
        if not (0 <= self.flip <= 1 and 0 <= self.rotation <= 180):
            return f"flip {self.flip} must be from 0 to 1, and rotation {self.rotation} from 0 to 180"
        if not (0 <= self.brightness <= 1 and 0 <= self.contrast <= 1):
            return f"brightness {self.brightness} and contrast {self.contrast} must be from 0 to 1"
        if not all(map(math.isfinite, (*self.mean, *self.std))) or min(self.std) <= 0:
            return f"mean {self.mean} must be finite, and std {self.std} above 0"
        return None

    @property
    def crop_recipe(self) -> CropRecipe:
        """The crop recipe itself."""
        return get_crop(self.crop)

    @property
    def output(self) -> int:
        """Side of the picture that the network gets, pixels."""
        return self.size if self.side is None else self.side

    @property
    def spare(self) -> int:
        """How many pixels wider the stored picture is than the square."""
        return self.crop_recipe.size - self.size

    def to_dict(self) -> dict[str, Any]:
        """The recipe, and the hash of its crop, as plain values that JSON can hold."""
        return asdict(self) | {
            "mean": list(self.mean),
            "std": list(self.std),
            "duplicate": list(self.duplicate),
            "crop_hash": self.crop_recipe.hash,
        }


def _recipes(*recipes: InputRecipe) -> Mapping[str, InputRecipe]:
    return MappingProxyType({recipe.id: recipe for recipe in recipes})


def _varied(recipe: InputRecipe) -> InputRecipe:
    return replace(recipe, rotation=10.0, brightness=0.3, contrast=0.3)


_HALF: Channels = (0.5, 0.5, 0.5)
_LP_MEAN: Channels = (0.5355, 0.4249, 0.3801)
_LP_STD: Channels = (0.2832, 0.2578, 0.2548)
_LITE_MEAN: Channels = (127 / 255, 127 / 255, 127 / 255)
_LITE_STD: Channels = (128 / 255, 128 / 255, 128 / 255)

INPUT_RECIPES = _recipes(
    # LoRRaL (Shi et al. 2020) in the setting of JAA-Net: pixels to -1 ... 1.
    InputRecipe("jaa-176", "jaa-200", 176, mean=_HALF, std=_HALF),
    # LP-Net (Niu et al. 2019) turns too, and does not say how far: 10 degrees are our choice. Mean and std are of the
    # first author's later code for the same crop. "plain": its rows without data augmentation.
    InputRecipe("lp-224", "lp-240-masked", 224, mean=_LP_MEAN, std=_LP_STD, rotation=10),
    InputRecipe("lp-224-plain", "lp-240-masked", 224, mean=_LP_MEAN, std=_LP_STD, flip=0, shift=False),
    InputRecipe("lp-224-imagenet", "lp-240-masked", 224, rotation=10),
    # RE-Net (Yang and Yin 2020), and its study "DA", in which the frames of rare AUs are there twice.
    InputRecipe("re-224", "re-256", 224),
    InputRecipe("re-224-da", "re-256", 224, duplicate=(1, 2, 15, 23, 24)),
    # The same cuts as 112 x 112, for light networks that begin with the weights of EfficientNet-Lite0.
    InputRecipe("lp-112", "lp-240-masked", 224, mean=_LITE_MEAN, std=_LITE_STD, rotation=10, side=112),
    InputRecipe("lp-112-plain", "lp-240-masked", 224, mean=_LITE_MEAN, std=_LITE_STD, flip=0, side=112, shift=False),
    InputRecipe("re-112", "re-256", 224, mean=_LITE_MEAN, std=_LITE_STD, side=112),
    # "varied": turned, and lit otherwise, for data sets of few people.
    _varied(InputRecipe("re-112-varied", "re-256", 224, mean=_LITE_MEAN, std=_LITE_STD, side=112)),
    _varied(
        InputRecipe("re-112-varied-da", "re-256", 224, _LITE_MEAN, _LITE_STD, duplicate=(1, 2, 15, 23, 24), side=112)
    ),
    InputRecipe("jaa-112", "jaa-200", 176, mean=_LITE_MEAN, std=_LITE_STD, side=112),
    # ROI maps (Zhang et al. 2020): turned by up to 30 degrees in BP4D, 10 in DISFA.
    InputRecipe("roi-256", "roi-256", 256, rotation=30),
    InputRecipe("roi-256-disfa", "roi-256", 256, rotation=10),
    # The latter as 128 x 128, for light networks that begin with the weights of EfficientNet-Lite0.
    InputRecipe("roi-128", "roi-256", 256, mean=_LITE_MEAN, std=_LITE_STD, rotation=10, side=128),
    # AU R-CNN (Ma et al. 2019): mirrored only. The other sizes are those of its Table 6.
    InputRecipe("aurcnn-512", "aurcnn-512", 512),
    InputRecipe("aurcnn-256", "aurcnn-512", 512, side=256),
    InputRecipe("aurcnn-416", "aurcnn-512", 512, side=416),
    InputRecipe("aurcnn-608", "aurcnn-608", 608),
    # The four as a quarter, for light networks.
    InputRecipe("aurcnn-64", "aurcnn-512", 512, mean=_LITE_MEAN, std=_LITE_STD, side=64),
    InputRecipe("aurcnn-104", "aurcnn-512", 512, mean=_LITE_MEAN, std=_LITE_STD, side=104),
    InputRecipe("aurcnn-128", "aurcnn-512", 512, mean=_LITE_MEAN, std=_LITE_STD, side=128),
    InputRecipe("aurcnn-152", "aurcnn-512", 512, mean=_LITE_MEAN, std=_LITE_STD, side=152),
    # The shipped detector's, at two sizes: moved, turned and worn, since it is to work on photographs of any quality.
    InputRecipe("face-112", "face-160", 140, mean=_LITE_MEAN, std=_LITE_STD, rotation=8, side=112, wear=True),
    InputRecipe("face-140", "face-160", 140, mean=_LITE_MEAN, std=_LITE_STD, rotation=8, wear=True),
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
