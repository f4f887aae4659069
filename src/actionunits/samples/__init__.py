"""A short clip of a rendered face, for demonstrations, benchmarks and tests. No person is shown."""

from importlib.resources import files
from pathlib import Path

SAMPLE_CLIP = Path(str(files("actionunits.samples"))) / "clip.mp4"
"""Five seconds, 320 x 320, 25 frames per second, H.264."""
