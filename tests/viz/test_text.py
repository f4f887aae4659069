from __future__ import annotations

import numpy as np
import pytest

from actionunits.viz.palette import FACE_COLOURS, darken, lighten, stain
from actionunits.viz.text import TRUETYPE, drawable, line_height, shortened, text_ink, text_width


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.array(colour) / 255]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    """The contrast ratio of WCAG 2, 1-21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [0, 128, 255])
def test_text_is_readable_on_any_picture(ground):
    region = np.full((20, 20, 3), ground, np.uint8)
    darken(region)
    assert contrast(region[0, 0], (255, 255, 255)) > 7


@pytest.mark.parametrize("colour", FACE_COLOURS)
def test_black_names_are_readable_on_every_colour(colour):
    assert contrast(colour, (0, 0, 0)) > 7


def test_ink_is_blended():
    ink = np.array([[0, 51, 255]], np.uint8)
    white, black = (np.full((1, 3, 3), 100, np.uint8) for _ in range(2))
    lighten(white, ink)
    stain(black, ink)
    assert white[0, :, 0].tolist() == [100, 131, 255]
    assert black[0, :, 0].tolist() == [100, 80, 0]


def test_rounded_backing_keeps_the_outermost_pixels():
    region = np.full((40, 60, 3), 255, np.uint8)
    darken(region, radius=10)
    for corner in (region[0, 0], region[0, -1], region[-1, 0], region[-1, -1]):
        assert (corner == 255).all()
    assert region[20, 30].max() < 100
    assert np.array_equal(region, region[::-1, ::-1])


def test_names_are_written_as_they_are_or_folded():
    assert drawable("Gro\u0308sse") == ("Gr\u00f6sse" if TRUETYPE else "Grosse")
    assert drawable("a\udcff\x07b") == "a??b"


def test_text_has_its_size_and_grows():
    widths = [text_width("AU12 Lip corner puller", size) for size in (9, 12, 20, 58)]
    assert widths == sorted(set(widths))
    ink = text_ink("AU12 gjpqy", 60)
    assert ink.shape == (line_height(60), text_width("AU12 gjpqy", 60))
    assert not ink[[0, -1]].any()  # neither capitals nor tails are cut


def test_long_names_are_shortened_in_the_middle():
    name = "participant_0042_session_03_interview_camera_left.mp4"
    short = shortened(name, 12, 150)
    start, end = short.split("...")
    assert name.startswith(start)
    assert name.endswith(end)
    assert text_width(short, 12) <= 150
    assert shortened(name, 12, 5000) == name
    assert shortened(name, 12, 10) == ""
