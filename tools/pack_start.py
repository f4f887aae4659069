"""Make a start for the light tiers out of a trained model, with half the digits, and with how it was made.

usage: python tools/pack_start.py MODEL.safetensors NAME --data "..."

MODEL comes from ``actionunits train linear/start_lp`` or ``linear/start_re`` for faces_lp or faces_re, of which the
stem is kept; or from a light tier for one of the starts of whole systems. The file goes to
src/actionunits/models/weights. docs/systems.md has the commands.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from actionunits.models import load_state_of, read_model_facts
from actionunits.models.shipped import FACES, STARTS, weights_file

LICENCE = "Apache-2.0; the pictures are this project's own, free for any use"
STEM = "stem."


def main() -> None:
    """Read, halve, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("name", choices=(*FACES, *STARTS))
    parser.add_argument("--data", required=True, help="how the pictures were made, in words")
    options = parser.parse_args()
    facts = dict(read_model_facts(options.model))
    aus, state, _ = load_state_of(options.model)
    of_run = facts["facts"]
    said = {
        "data": options.data,
        "frames_sha256": of_run["store"]["frames_sha256"],
        "crop": of_run["store"]["crop"],
        "seed": str(of_run["seed"]),
        "licence": LICENCE,
    }
    if options.name in FACES:
        what = f"EfficientNet-Lite0 to stride 16, from ImageNet's weights, trained to find AU {aus}"
        stem = {name.removeprefix(STEM): value for name, value in state.items() if name.startswith(STEM)}
        kept = {name: value for name, value in halved(stem).items() if value.dtype == torch.float16}
        metadata = {"what": what, **said}
    else:
        kept = halved(state)
        metadata = {"actionunits": json.dumps({**facts, "facts": {**said, "recipe": of_run["recipe"]}}, sort_keys=True)}
    path = weights_file(options.name)
    path.parent.mkdir(exist_ok=True)
    save_file(kept, path, metadata=metadata)
    print(json.dumps(said, indent=2), f"{path.name}: {path.stat().st_size:,} bytes", sep="\n")


def halved(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Floating-point numbers in 16 bits."""
    return {name: (each.half() if each.is_floating_point() else each).contiguous() for name, each in state.items()}


if __name__ == "__main__":
    main()
