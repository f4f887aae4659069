"""Weights that come with the package: what light tiers start from, trained on this project's own synthetic faces."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

FACES = ("faces_lp", "faces_re")
"""Stand for the weights of EfficientNet-Lite0 that come with the package: trained on synthetic people, of whom none is
in SynthAU or SynthAU-mini, to find 28 action units, in LP-Net's crop and in that of RE-Net and LoRRaL. They end at
stride 16; beyond it ImageNet's are taken."""

STARTS = ("re_net_stills", "lorral_stills", "linear_stills", "roi_gcn_stills", "detector_stills")
"""Stand for whole systems in their light tiers, trained on those same people to find the 15 action units of SynthAU's
recipes; each in its own crop, the linear one in RE-Net's. A recipe names one as its ``start``. ``detector_stills`` is
the shipped detector's of the version before: all its action units, on people of its own."""


def weights_file(source: str) -> Path:
    """The file of one of :data:`FACES` or :data:`STARTS`, or of the path that it is."""
    if source not in (*FACES, *STARTS):
        return Path(source)
    name = f"efficientnet_lite0-{source}" if source in FACES else source
    return Path(str(files("actionunits.models"))) / "weights" / f"{name}.safetensors"
