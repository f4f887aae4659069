"""Pictures for the eye: what was found, drawn on the picture it was found in."""

from actionunits.viz.overlay import Overlay, Points, still_scale

__all__ = ["Overlay", "Points", "still_scale"]
