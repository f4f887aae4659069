"""``make demo``: analyse a photograph and a clip, and say where the results are.

The photograph is the astronaut of scikit-image (Eileen Collins, NASA, public domain), taken from that package; the clip
is the rendered face that ships with actionunits. Tables, sidecars and overlays go to ./demo.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
from skimage.data import astronaut

import actionunits as au
from actionunits.media import write_image
from actionunits.samples import SAMPLE_CLIP

FOLDER = Path("demo")


def main() -> None:
    """Run the command line as a user would, then the Python interface."""
    FOLDER.mkdir(exist_ok=True)
    photograph = FOLDER / "astronaut.png"
    write_image(photograph, np.ascontiguousarray(astronaut()))
    command = [
        *("actionunits", "analyze", str(photograph), str(SAMPLE_CLIP)),
        *("--out", str(FOLDER / "results"), "--overlay"),
    ]
    print("$", " ".join(command), flush=True)
    subprocess.run([str(Path(sys.executable).with_name(command[0])), *command[1:]], check=True)

    table = au.Results.read(FOLDER / "results" / "astronaut.csv")
    intensity = {column: float(table[f"{column}_r"][0]) for column in table.aus.columns}
    occurring = [column for column in table.aus.columns if table[f"{column}_c"][0] == 1]
    print(f"astronaut: {len(table)} face; occurring:", ", ".join(f"{c} ({intensity[c]:.1f})" for c in occurring))
    print("Open", FOLDER / "results" / "astronaut.overlay.png", "and", FOLDER / "results" / "clip.overlay.mp4")


if __name__ == "__main__":
    main()
