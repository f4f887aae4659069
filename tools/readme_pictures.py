"""Make docs/images/overlay.jpg: the overlay on a rendered face and on scikit-image's astronaut (NASA, public domain).

usage: python tools/readme_pictures.py
"""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.data import astronaut

from actionunits import Analyzer
from actionunits.media import read_image, write_image
from actionunits.viz import Overlay, still_scale

ROOT = Path(__file__).resolve().parents[1]
HEIGHT = 768


def overlay(analyzer: Analyzer, path: Path) -> NDArray[np.uint8]:
    """Analyse one picture and return its overlay, HEIGHT pixels high."""
    (result,) = analyzer.stream(path)
    picture = Overlay().draw(result, analyzer.aus, canvas_scale=still_scale(*result.image.shape[:2]))
    width = round(picture.shape[1] * HEIGHT / picture.shape[0])
    return np.asarray(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA), np.uint8)


def main() -> None:
    """Draw both and put them side by side."""
    analyzer = Analyzer()
    with TemporaryDirectory() as folder:
        wide = Path(folder) / "rendered-face.png"
        face = read_image(ROOT / "tests/data/face1.jpg")
        write_image(wide, cv2.copyMakeBorder(face, 0, 0, 0, 200, cv2.BORDER_REPLICATE))
        photograph = Path(folder) / "astronaut.png"
        write_image(photograph, np.ascontiguousarray(astronaut()[:380, :]))
        gap = np.full((HEIGHT, 16, 3), 255, np.uint8)
        both = np.hstack([overlay(analyzer, wide), gap, overlay(analyzer, photograph)])
    write_image(ROOT / "docs/images/overlay.jpg", both)
    print("docs/images/overlay.jpg", both.shape)


if __name__ == "__main__":
    main()
