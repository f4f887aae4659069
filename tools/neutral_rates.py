"""How often the shipped detector calls an action unit on neutral faces, by skin tone, gender and age.

usage: python tools/neutral_rates.py [--first 1440] [--people 72] [--pictures 6] [--seed 7500] [--variety 1]
                                       [--model NAME]

Renders neutral faces, in any pose, light and camera and with nothing held before them, of people who come after those
that the detector was made from (their numbers begin with --first), looks at them as ``analyze`` does, and writes
docs/benchmarks/neutral.csv. Needs the dev extra.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.estimators import load_estimator
from actionunits.estimators.base import Estimator
from actionunits.faces import FaceFinder, FaceTracker, describe
from actionunits.faces.face import Pose
from actionunits.facs import column
from actionunits.pool import cores, share_out
from actionunits.synth.filming import shoot
from actionunits.synth.people import draw_traits
from actionunits.synth.performance import Moment
from actionunits.synth.presets import get_preset
from actionunits.synth.setting import draw_setting
from actionunits.synth.subject import build_subject
from actionunits.synth.traits import Traits

TABLE = Path(__file__).resolve().parents[1] / "docs/benchmarks/neutral.csv"
SIZE = 256
_STREAM = 5  # apart from those of the pictures that the detector was made from
_AGES = ((18, 30), (30, 45), (45, 60), (60, 80))


@dataclass(frozen=True)
class Called:
    """What was called on one neutral face.

    Attributes:
        person: whose.
        occurrence: (A,) bool.
        flagged: whether the analysis says to doubt the frame.
    """

    person: int
    occurrence: NDArray[np.bool_]
    flagged: bool


def neutral_pictures(seed: int, person: int, count: int, variety: float) -> Iterator[NDArray[np.uint8]]:
    """Pictures of one person at rest, each with a pose, a light and a camera of its own; (SIZE, SIZE, 3) RGB."""
    subject = build_subject(seed, person, variety=variety)
    random = np.random.default_rng([seed, person, _STREAM])
    spread = np.array(get_preset("uniform").pose_spread)
    while count:
        setting = draw_setting(random)
        if setting.occluder is not None:
            continue
        pose = Pose(*np.clip(random.normal(0, spread), (-25, -45, -20), (25, 45, 20)).tolist())
        yield shoot(subject, Moment(pose=pose), setting, SIZE, random).picture.rgb
        count -= 1


def look(estimator: Estimator, tracker: FaceTracker, picture: NDArray[np.uint8], person: int) -> Called | None:
    """What an estimator calls in a picture, or None where no face is found."""
    tracker.reset()
    found = tracker.track(picture, 0.0)
    if not found:
        return None
    face = describe(*found[0], picture)
    probability = estimator.predict([(picture, face)]).probability()[0]
    return Called(person, probability >= np.array(estimator.card.thresholds, np.float32), bool(face.flags))


_HERE: list[tuple[Estimator, FaceTracker]] = []  # of a worker process


def _begin(model: str) -> None:
    _HERE[:] = [(load_estimator(model), FaceTracker(FaceFinder(), max_faces=1))]


def _work(person: int, *, seed: int, pictures: int, variety: float) -> list[Called]:
    looked = (look(*_HERE[0], picture, person) for picture in neutral_pictures(seed, person, pictures, variety))
    return [one for one in looked if one is not None]


def groups_of(traits: Traits) -> tuple[tuple[str, str], ...]:
    """Which groups somebody belongs to."""
    age = next(f"{low}-{high - 1}" for low, high in _AGES if traits.age < high)
    return ("all", ""), ("skin tone", str(traits.tone_band)), ("gender", traits.gender), ("age", age)


def rows_of(called: Sequence[Called], seed: int, aus: Sequence[int]) -> Iterator[list[object]]:
    """One row a group: how many faces, the share in which any AU is called, the mean over AUs, then every AU's."""
    people = {one.person: groups_of(draw_traits(seed, one.person)) for one in called}
    for group in sorted({each for groups in people.values() for each in groups}):
        faces = np.stack([one.occurrence for one in called if group in people[one.person]])
        shares = faces.mean(axis=0)
        yield [*group, len(faces), *(round(float(share), 4) for share in (faces.any(axis=1).mean(), shares.mean()))] + [
            round(float(share), 4) for share in shares
        ]


def main() -> None:
    """Render, look, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for option, value in (("first", 1440), ("people", 72), ("pictures", 6), ("seed", 7500)):
        parser.add_argument(f"--{option}", type=int, default=value)
    parser.add_argument("--variety", type=float, default=1, help="as the detector's people were rendered with")
    parser.add_argument("--model", default="detector")
    parser.add_argument("--to", type=Path, default=TABLE)
    options = parser.parse_args()
    estimator = load_estimator(options.model)
    work = partial(_work, seed=options.seed, pictures=options.pictures, variety=options.variety)
    numbers = range(options.first, options.first + options.people)
    called = [
        one
        for many in share_out(numbers, work, workers=cores(), begin=_begin, facts=(options.model,), tick=lambda: None)
        for one in many
    ]
    called = [one for one in called if not one.flagged]
    with options.to.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["group", "value", "faces", "any AU", "mean", *map(column, estimator.card.aus)])
        writer.writerows(rows_of(called, options.seed, estimator.card.aus))
    print(options.to.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
