"""Make a start for the light tiers out of a trained model: its stem, with half the digits, and how it was made.

usage: python tools/pack_start.py MODEL.safetensors NAME --data "..."

MODEL comes from ``actionunits train linear/start_lp`` or ``linear/start_re``; NAME is faces_lp or faces_re. The
file goes to src/actionunits/models/weights. docs/systems.md has the commands.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from actionunits.models import load_state_of, read_model_facts
from actionunits.models.backbones import FACES

WEIGHTS = Path(__file__).resolve().parents[1] / "src/actionunits/models/weights"
STEM = "stem."


def main() -> None:
    """Read, halve, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("name", choices=FACES)
    parser.add_argument("--data", required=True, help="how the pictures were made, in words")
    options = parser.parse_args()
    facts = read_model_facts(options.model)
    aus, state, _ = load_state_of(options.model)
    stem = {name.removeprefix(STEM): value for name, value in state.items() if name.startswith(STEM)}
    halved = {name: value.half() if value.is_floating_point() else value for name, value in stem.items()}
    kept = {name: value.contiguous() for name, value in halved.items() if value.dtype == torch.float16}
    said = {
        "what": f"EfficientNet-Lite0 to stride 16, from ImageNet's weights, trained to find AU {aus}",
        "data": options.data,
        "frames_sha256": facts["facts"]["store"]["frames_sha256"],
        "crop": facts["facts"]["store"]["crop"],
        "seed": str(facts["facts"]["seed"]),
        "licence": "Apache-2.0; the pictures are this project's own, free for any use",
    }
    WEIGHTS.mkdir(exist_ok=True)
    path = WEIGHTS / f"efficientnet_lite0-{options.name}.safetensors"
    save_file(kept, path, metadata=said)
    print(json.dumps(said, indent=2), f"{path.name}: {path.stat().st_size:,} bytes", sep="\n")


if __name__ == "__main__":
    main()
