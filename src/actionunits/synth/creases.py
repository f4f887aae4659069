"""What each action unit does to the skin's relief: grooves, swellings and puckers, drawn in the chart.

Every subject has own lines: number, places, depth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from actionunits.synth.painting import Place
from actionunits.synth.pen import Pen


class Habits:
    """What one person's lines have in common across action units: forehead rows and the heads of the brows.

    Attributes:
        rows: v of the forehead's lines.
        brow: (u, v) of the inner end of the left brow.
    """

    def __init__(self, random: np.random.Generator, brow: Place) -> None:
        count = int(random.integers(2, 6))
        low, high = brow[1] + random.uniform(0.13, 0.18), brow[1] + random.uniform(0.34, 0.42)
        self.rows = tuple(np.linspace(low, high, count) + random.normal(0, 0.012, count))
        self.depths = tuple(random.uniform(0.55, 1.25, count))
        self.brow = brow


Drawing = Callable[[Pen, Habits], None]


def raise_inner_brows(pen: Pen, habits: Habits) -> None:
    """AU1: short lines across the middle of the forehead."""
    reach = pen.random.uniform(0.2, 0.28)
    for row, depth in zip(habits.rows, habits.depths, strict=True):
        pen.across([(0, row + 0.005), (0.5 * reach, row + 0.012), (reach, row - 0.03)], 0.0110, 1.1 * depth)
    pen.swell((0.12, habits.brow[1] + 0.06), (0.06, 0.035), 0.9)


def raise_outer_brows(pen: Pen, habits: Habits) -> None:
    """AU2: lines over the outer halves of the brows, arched like them."""
    for row, depth in zip(habits.rows, habits.depths, strict=True):
        points = [(0.12, row), (0.24, row + 0.022), (0.36, row + 0.012), (0.50, row - 0.05)]
        pen.groove(points, 0.0110, 1.1 * depth)
    pen.swell((0.34, habits.brow[1] + 0.10), (0.09, 0.035), 0.8)


def raise_brows(pen: Pen, habits: Habits) -> None:
    """AU1 with AU2: the lines join across the whole forehead."""
    for row, depth in zip(habits.rows, habits.depths, strict=True):
        pen.across(
            [(0, row), (0.2, row + 0.012), (0.34, row + 0.008), (0.46, row - 0.03)], 0.011, 0.5 * depth, jitter=0.003
        )


def lower_brows(pen: Pen, habits: Habits) -> None:
    """AU4: one to three furrows between the brows, bunched brow heads, a crease across the root of the nose."""
    random, (head, level) = pen.random, habits.brow
    kind = int(random.choice(3, p=[0.1, 0.62, 0.28]))
    place, lean = head * random.uniform(0.5, 0.72), random.normal(0.014, 0.012)
    deep = random.uniform(2.5, 3.1)
    if kind == 0:
        off = random.normal(0, 0.012)
        pen.stroke([(off, level - 0.09), (off * 0.6, level), (off, level + 0.11)], 0.012, 0.85 * deep, rim=0.4)
    else:
        low, high = random.uniform(0.07, 0.11), random.uniform(0.06, 0.12)
        points = [(place * 0.75, level - low), (place, level), (place + lean, level + high)]
        pen.groove(points, 0.0125, deep, rim=0.4, over=-0.3, jitter=0.007)
        pen.swell((0, level + 0.01), (0.03, 0.05), 1.6)
    if kind == 2:
        points = [(head * 1.12, level + 0.02), (head * 1.2, level + 0.06), (head * 1.3, level + 0.115)]
        pen.groove(points, 0.011, 0.6 * deep, jitter=0.009)
    pen.swell((head * 1.15, level + 0.012), (0.034, 0.030), 2.6)
    pen.swell((head * 2.1, level + 0.075), (0.05, 0.022), -1.1)
    pen.across([(0, level - 0.115), (0.035, level - 0.11), (0.075, level - 0.135)], 0.012, random.uniform(0.7, 1.7))


def _crows_feet(pen: Pen, depth: float) -> None:
    count = int(pen.random.integers(3, 6))
    for angle in np.linspace(0.62, -0.75, count) + pen.random.normal(0, 0.07, count):
        start, length = 0.046, pen.random.uniform(0.10, 0.18)
        bend = angle - 0.25
        root = (0.36 + start, 7.285 + start * np.sin(angle))
        middle = (root[0] + 0.5 * length * np.cos(angle), root[1] + 0.5 * length * np.sin(angle))
        end = (middle[0] + 0.5 * length * np.cos(bend), middle[1] + 0.5 * length * np.sin(bend))
        pen.groove([root, middle, end], 0.0085, depth, jitter=0.004)


def raise_cheeks(pen: Pen, habits: Habits) -> None:
    """AU6: crow's feet, a line and a pouch under the eye, the cheek pushed up."""
    _crows_feet(pen, 1.15)
    pen.groove([(0.15, 7.215), (0.215, 7.170), (0.30, 7.165), (0.385, 7.215)], 0.011, 1.15, over=-0.6)
    if pen.random.random() < 0.6:
        pen.groove([(0.19, 7.150), (0.27, 7.130), (0.36, 7.150), (0.43, 7.20)], 0.010, 0.7)
    pen.swell((0.27, 7.205), (0.085, 0.018), 0.6)
    pen.swell((0.30, 7.06), (0.10, 0.06), 2.2)


def tighten_lids(pen: Pen, habits: Habits) -> None:
    """AU7: the lower lid bulges over a thin line."""
    pen.swell((0.255, 7.222), (0.08, 0.013), 0.9)
    pen.groove([(0.165, 7.222), (0.255, 7.192), (0.35, 7.222)], 0.0075, 0.9, over=0.4, jitter=0.003)
    pen.groove([(0.372, 7.292), (0.40, 7.285), (0.425, 7.27)], 0.007, 0.6, jitter=0.003)


def wrinkle_nose(pen: Pen, habits: Habits) -> None:
    """AU9: lines across the root, oblique ones on the sides of the nose, furrows beside the wings."""
    count = int(pen.random.integers(2, 4))
    for row in np.linspace(7.34, 7.22, count):
        pen.across([(0, row), (0.045, row - 0.003), (0.085, row - 0.035)], 0.0095, 1.4)
    for start in (0.0, 0.055):
        low = 7.215 - start
        pen.groove([(0.05, low), (0.075, low - 0.045), (0.105, low - 0.075)], 0.009, 1.3)
    pen.groove([(0.115, 7.275), (0.125, 7.20), (0.155, 7.13)], 0.010, 0.9)
    pen.groove([(0.115, 7.035), (0.145, 6.985), (0.165, 6.90)], 0.012, 1.5, over=0.6)
    pen.swell((0.155, 7.08), (0.035, 0.05), 1.3)
    pen.swell((0.06, habits.brow[1] - 0.03), (0.04, 0.03), 1.2)


def raise_upper_lip(pen: Pen, habits: Habits) -> None:
    """AU10: the upper part of the nasolabial furrow, like an upside-down U."""
    pen.groove([(0.118, 7.02), (0.150, 6.985), (0.190, 6.905), (0.222, 6.80)], 0.0135, 1.6, over=0.9)
    pen.swell((0.195, 7.015), (0.045, 0.05), 1.8)
    pen.swell((0.10, 6.79), (0.05, 0.03), 0.8)


def deepen_furrow(pen: Pen, habits: Habits) -> None:
    """AU11: the middle of the nasolabial furrow."""
    pen.groove([(0.155, 6.955), (0.205, 6.86), (0.238, 6.76)], 0.0135, 1.5, over=0.9)
    pen.swell((0.25, 6.93), (0.05, 0.05), 1.2)


def pull_corners(pen: Pen, habits: Habits) -> None:
    """AU12: the whole nasolabial furrow, the raised cheek, lines round the corner."""
    stray = pen.random.normal(0, 0.008)
    points = [(0.128, 6.985), (0.178 + stray, 6.905), (0.235 + stray, 6.795), (0.268, 6.68), (0.272, 6.61)]
    pen.groove(points, 0.0160, 1.6, over=0.9)
    pen.swell((0.29, 6.98), (0.075, 0.075), 2.6)
    pen.groove([(0.232, 6.665), (0.246, 6.615), (0.236, 6.565)], 0.009, 0.9)
    if pen.random.random() < 0.45:
        pen.groove([(0.325, 6.80), (0.352, 6.70), (0.345, 6.60)], 0.016, 0.6)
    if pen.random.random() < 0.5:
        pen.groove([(0.17, 7.200), (0.24, 7.168), (0.33, 7.19)], 0.010, 0.5)


def puff_cheeks(pen: Pen, habits: Habits) -> None:
    """AU13: full cheeks over sharp corners."""
    pen.swell((0.28, 6.78), (0.055, 0.07), 2.4)
    pen.groove([(0.225, 6.65), (0.243, 6.615), (0.232, 6.575)], 0.010, 1.1)


def dimple(pen: Pen, habits: Habits) -> None:
    """AU14: the corner is tucked in: a small crease or pit beside it, a bulge round it."""
    pen.groove([(0.228, 6.66), (0.246, 6.612), (0.232, 6.56)], 0.0115, 2.3, over=0.6)
    pen.swell((0.252, 6.612), (0.014, 0.02), -1.5 * float(pen.random.uniform(0.6, 1.3)))
    pen.swell((0.295, 6.615), (0.035, 0.05), 2.0)


def lower_corners(pen: Pen, habits: Habits) -> None:
    """AU15: lines run down from the corners over small pouches."""
    pen.groove([(0.205, 6.60), (0.232, 6.545), (0.238, 6.46)], 0.0115, 1.7, over=0.4)
    pen.swell((0.195, 6.475), (0.035, 0.035), 1.5)
    pen.swell((0.275, 6.52), (0.035, 0.05), 1.2)


def lower_lower_lip(pen: Pen, habits: Habits) -> None:
    """AU16: the crease under the lip flattens and spreads."""
    pen.across([(0, 6.415), (0.08, 6.425), (0.17, 6.395)], 0.013, 1.0)
    pen.groove([(0.19, 6.55), (0.215, 6.48), (0.21, 6.42)], 0.011, 0.8)


def raise_chin(pen: Pen, habits: Habits) -> None:
    """AU17: the chin puckers like orange peel under a deep crease."""
    pen.pucker((0, 6.295), (0.10, 0.06), 1.1 * float(pen.random.uniform(0.6, 1.3)), int(pen.random.integers(84, 130)))
    pen.across([(0, 6.435), (0.07, 6.425), (0.145, 6.375)], 0.013, 1.6)
    pen.swell((0, 6.335), (0.11, 0.05), 2.2)
    pen.groove([(0.155, 6.40), (0.172, 6.34), (0.16, 6.28)], 0.012, 0.7)


def rest_chin(pen: Pen, pebbles: float, crease: float) -> None:
    """Draw the chin of a resting face whose mentalis never quite lets go: orange peel, and a crease over it."""
    pen.pucker((0, 6.295), (0.10, 0.06), pebbles, int(pen.random.integers(84, 130)))
    pen.across([(0, 6.43), (0.07, 6.423), (0.14, 6.38)], 0.015, crease)
    pen.swell((0, 6.335), (0.11, 0.05), crease)


def _lip_lines(pen: Pen, depth: float, count: int) -> None:
    for place in np.linspace(0.02, 0.165, count) + pen.random.normal(0, 0.012, count):
        top = 6.735 - 0.9 * max(place - 0.06, 0)
        length = pen.random.uniform(0.02, 0.05)
        points = [(place, top - 0.03), (1.05 * place, top + 0.2 * length), (1.12 * place, top + length)]
        pen.groove(points, 0.0085, depth * pen.random.uniform(0.4, 1.1))
        bottom = 6.493 + 0.45 * max(place - 0.04, 0)
        points = [(place, bottom + 0.03), (1.03 * place, bottom), (1.08 * place, bottom - 0.7 * length)]
        pen.groove(points, 0.0085, 0.7 * depth * pen.random.uniform(0.4, 1.1))


def pucker_lips(pen: Pen, habits: Habits) -> None:
    """AU18: lines run towards the drawn-in mouth."""
    _lip_lines(pen, 0.75, 6)
    pen.swell((0.0, 6.79), (0.13, 0.03), 0.8)


def stretch_lips(pen: Pen, habits: Habits) -> None:
    """AU20: upright lines beside the corners, a flat chin."""
    pen.groove([(0.225, 6.70), (0.252, 6.61), (0.240, 6.50)], 0.0135, 1.0)
    pen.groove([(0.280, 6.72), (0.312, 6.60), (0.300, 6.47)], 0.0155, 0.8)
    pen.swell((0.345, 6.60), (0.035, 0.09), 0.9)


def funnel_lips(pen: Pen, habits: Habits) -> None:
    """AU22: faint lines towards the mouth, lips swollen outwards."""
    _lip_lines(pen, 0.4, 5)
    pen.swell((0, 6.775), (0.12, 0.03), 0.7)
    pen.swell((0, 6.44), (0.10, 0.03), 0.7)


def tighten_lips(pen: Pen, habits: Habits) -> None:
    """AU23: fine lines on and round the lips."""
    _lip_lines(pen, 0.5, 5)
    pen.swell((0.0, 6.50), (0.09, 0.016), 0.5)


def press_lips(pen: Pen, habits: Habits) -> None:
    """AU24: bulges over and under the lips, fine lines, tucked corners."""
    _lip_lines(pen, 0.3, 4)
    pen.swell((0.07, 6.755), (0.09, 0.022), 1.1)
    pen.swell((0, 6.455), (0.12, 0.024), 1.3)
    pen.groove([(0.212, 6.645), (0.226, 6.61), (0.214, 6.57)], 0.010, 0.9)


def suck_lips(pen: Pen, habits: Habits) -> None:
    """AU28: the skin over the teeth is stretched, fine lines at its edge."""
    _lip_lines(pen, 0.4, 5)
    pen.across([(0, 6.42), (0.07, 6.415), (0.14, 6.385)], 0.013, 0.9)
    pen.swell((0, 6.33), (0.10, 0.05), 1.0)


def blow_cheeks(pen: Pen, habits: Habits) -> None:
    """AU34: round cheeks, smooth."""
    pen.swell((0.38, 6.68), (0.10, 0.12), 2.0)


def close_eyes(pen: Pen, habits: Habits) -> None:
    """AU43: a fine line over the closed lid."""
    pen.groove([(0.165, 7.315), (0.255, 7.362), (0.355, 7.325)], 0.0065, 0.45, jitter=0.003)
    pen.groove([(0.375, 7.298), (0.405, 7.285), (0.43, 7.27)], 0.007, 0.35, jitter=0.003)


JOINT = 0  # the place in DRAWINGS of what AU1 and AU2 do only together

DRAWINGS: dict[int, Drawing] = {
    JOINT: raise_brows,
    1: raise_inner_brows,
    2: raise_outer_brows,
    4: lower_brows,
    6: raise_cheeks,
    7: tighten_lids,
    9: wrinkle_nose,
    10: raise_upper_lip,
    11: deepen_furrow,
    12: pull_corners,
    13: puff_cheeks,
    14: dimple,
    15: lower_corners,
    16: lower_lower_lip,
    17: raise_chin,
    18: pucker_lips,
    20: stretch_lips,
    22: funnel_lips,
    23: tighten_lips,
    24: press_lips,
    28: suck_lips,
    34: blow_cheeks,
    43: close_eyes,
}


def settle(pen: Pen, habits: Habits, lines: float) -> None:
    """Draw the lines that stay in a resting face.

    Args:
        pen: what draws.
        habits: the person's own.
        lines: 0 (a young, smooth face) to 1 (deeply lined).
    """
    random = pen.random

    def amount(young: float, old: float) -> float:
        return float((young + (old - young) * lines) * random.uniform(0.4, 1.5))

    _settle_upper_face(pen, habits, amount)
    pen.groove([(0.130, 6.98), (0.178, 6.90), (0.225, 6.80), (0.252, 6.70)], 0.019, amount(0.15, 0.95), over=1.0)
    pen.groove([(0.205, 6.585), (0.224, 6.52), (0.222, 6.44)], 0.014, amount(0.03, 0.45), over=0.5)
    pen.groove([(0.150, 7.225), (0.20, 7.18), (0.26, 7.155), (0.33, 7.165)], 0.013, amount(0.12, 0.5), over=-0.5)
    pen.across([(0, 6.425), (0.07, 6.42), (0.13, 6.385)], 0.017, amount(0.2, 0.5))
    for row in (5.98, 5.86):
        pen.across([(0, row), (0.25, row + 0.02), (0.5, row + 0.07)], 0.018, amount(0.05, 0.35))
    if lines > 0.55:
        _lip_lines(pen, amount(0, 0.13), 6)


def _settle_upper_face(pen: Pen, habits: Habits, amount: Callable[[float, float], float]) -> None:
    whole = amount(0.05, 0.8)
    for row, depth in zip(habits.rows, habits.depths, strict=True):
        reach = pen.random.uniform(0.3, 0.46)
        points = [(0, row), (0.45 * reach, row + 0.012), (0.75 * reach, row + 0.008), (reach, row - 0.03)]
        pen.across(points, 0.0095, whole * depth)
    _crows_feet(pen, amount(0.0, 0.55))
    place, level = habits.brow[0] * pen.random.uniform(0.5, 0.72), habits.brow[1]
    pen.groove([(place * 0.8, level - 0.07), (place, level), (place + 0.01, level + 0.08)], 0.010, amount(0.02, 0.65))
