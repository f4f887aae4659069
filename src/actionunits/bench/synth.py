"""What the face mesh, trained on real photographs, sees in synthetic faces; and how fast they are made."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from actionunits.atomic import written_aside
from actionunits.bench.tables import save_table
from actionunits.errors import ResultsError
from actionunits.faces import FaceFinder
from actionunits.faces.pose import frontal
from actionunits.synth.filming import Take, film, shoot
from actionunits.synth.generate import generate
from actionunits.synth.performance import Moment
from actionunits.synth.sets import SetRecipe
from actionunits.synth.setting import draw_setting
from actionunits.synth.subject import Subject, build_subject

LEVELS = (1.0, 3.0, 5.0)
_STUDIO = 0.0

Points = NDArray[np.float64]
Measure = Callable[[Points], float]


def _height(*places: int) -> Measure:
    return lambda points: float(-points[list(places), 1].mean())


def _apart(one: int, other: int, axis: int | None = None) -> Measure:
    if axis is None:
        return lambda points: float(np.linalg.norm(points[one, :2] - points[other, :2]))
    return lambda points: float(abs(points[one, axis] - points[other, axis]))


def _mean(*measures: Measure) -> Measure:
    return lambda points: float(np.mean([measure(points) for measure in measures]))


MEASURES: dict[str, Measure] = {
    "inner brow height": _height(107, 336, 55, 285),
    "outer brow height": _height(105, 334, 70, 300, 63, 293),
    "brow gap": _apart(55, 285, 0),
    "eye opening": _mean(_apart(159, 145), _apart(386, 374)),
    "lower lid height": _height(145, 374),
    "cheek height": _height(50, 280, 101, 330),
    "nostril height": _height(129, 358, 98, 327),
    "upper lip height": _height(0, 37, 267),
    "lower lip height": _height(17, 84, 314),
    "corner height": _height(61, 291),
    "mouth width": _apart(61, 291, 0),
    "lip gap": _apart(13, 14),
    "red lips": _mean(_apart(0, 13), _apart(14, 17)),
    "chin height": _height(152),
    "chin sideways": lambda points: float(points[152, 0]),
    "lips forward": lambda points: float(-points[[0, 17, 13, 14], 2].mean()),
    "cheek width": _apart(205, 425, 0),
}
"""Measured on the frontal mesh; lengths in units of the outer-eye-corner distance."""

EXPECTED: dict[int, tuple[tuple[str, int], ...]] = {
    1: (("inner brow height", 1),),
    2: (("outer brow height", 1),),
    4: (("inner brow height", -1), ("brow gap", -1)),
    5: (("eye opening", 1),),
    6: (("lower lid height", 1), ("eye opening", -1)),
    7: (("eye opening", -1), ("lower lid height", 1)),
    9: (("inner brow height", -1), ("nostril height", 1)),
    10: (("upper lip height", 1), ("lip gap", 1)),
    11: (("upper lip height", 1),),
    12: (("corner height", 1), ("mouth width", 1)),
    13: (("corner height", 1),),
    15: (("corner height", -1),),
    16: (("lower lip height", -1), ("lip gap", 1)),
    17: (("lower lip height", 1),),
    18: (("mouth width", -1),),
    20: (("mouth width", 1),),
    22: (("mouth width", -1), ("lip gap", 1)),
    23: (("mouth width", -1),),
    24: (("red lips", -1),),
    25: (("lip gap", 1),),
    26: (("lip gap", 1), ("chin height", -1)),
    27: (("lip gap", 1), ("chin height", -1)),
    28: (("red lips", -1),),
    30: (("chin sideways", 1),),
    43: (("eye opening", -1),),
}
"""What each action unit must do to the mesh: FACS, where a mesh without depth or furrows can show it.

The mesh cannot show 14 (the tuck beside the corner), 29 (forward jaw) or 34 (puffed cheeks); 45 is 43, briefly.
"""


@dataclass(frozen=True, slots=True)
class Response:
    """How one measure answers one action unit.

    Attributes:
        au: FACS number.
        measure: key of :data:`MEASURES`.
        sign: the direction FACS tells, 1 or -1.
        change: mean change against the neutral face at levels 1, 3, 5, % of the outer-eye-corner distance.
        share: of the subjects in whom level 5 moves it the right way.
    """

    au: int
    measure: str
    sign: int
    change: tuple[float, float, float]
    share: float

    @property
    def right(self) -> bool:
        """Whether the mean moves the right way and level 5 moves it more than level 1."""
        first, _, last = (self.sign * value for value in self.change)
        return last > 0 and last > first


@dataclass(frozen=True, slots=True)
class Found:
    """In how many pictures the face was found."""

    kind: str
    pictures: int
    found: int


def measure(points: Points) -> dict[str, float]:
    """Return every measure of one frontal mesh, % of the outer-eye-corner distance."""
    return {name: 100 * each(points) for name, each in MEASURES.items()}


def run_responses(
    *, subjects: int, seed: int, size: int, watch: Callable[[int, int], None]
) -> tuple[list[Response], Found]:
    """Render every action unit at levels 1, 3, 5 on several people, frontal, and mesh the pictures.

    Args:
        subjects: how many people.
        seed: of the people.
        size: of the pictures.
        watch: told (people done, people in all).

    Returns:
        A row per action unit and measure, and how many faces were found.
    """
    changes: dict[tuple[int, float], list[dict[str, float]]] = {}
    pictures = found = 0
    for index in range(subjects):
        watch(index, subjects)
        seen = dict(_meshes(build_subject(seed, index), size))
        pictures += len(seen)
        found += sum(points is not None for points in seen.values())
        rest = seen[0, 0.0]
        if rest is None:
            continue
        neutral = measure(rest)
        for key, points in seen.items():
            if points is not None:
                change = {name: value - neutral[name] for name, value in measure(points).items()}
                changes.setdefault(key, []).append(change)
    rows = [_row(au, name, sign, changes) for au, checks in EXPECTED.items() for name, sign in checks]
    return rows, Found("frontal, one action unit", pictures, found)


def run_posed(*, subjects: int, frames: int, seed: int, size: int, watch: Callable[[int, int], None]) -> Found:
    """Count in how many random pictures (any pose, camera, light, occluders) the mesh finds the face."""
    recipe = SetRecipe(subjects=subjects, frames=frames, seed=seed, size=size, content="stills")
    finder = FaceFinder()
    found = 0
    for index in range(subjects):
        watch(index, subjects)
        takes = film(build_subject(seed, index), recipe, 0, frames)
        found += sum(_finds(finder, take) for take in takes)
    return Found("any pose, light and camera", subjects * frames, found)


@dataclass(frozen=True, slots=True)
class Fact:
    """A figure besides the response table: a timing, a size, a share."""

    what: str
    value: float
    unit: str


def run_speed(*, subjects: int = 8, frames: int = 100, size: int = 256, seed: int = 0) -> list[Fact]:
    """Time a cold start and generation with one and two processes; each in a fresh interpreter.

    Args:
        subjects: people a process makes in the timed run.
        frames: pictures of each, in sequences of 25.
        size: of the pictures.
        seed: of the people.
    """
    rows = []
    with tempfile.TemporaryDirectory(prefix="actionunits-bench-") as name:
        folder = Path(name)
        cold = {**os.environ, "NUMBA_CACHE_DIR": str(folder / "numba")}
        seconds, _ = _timed(folder / "cold", SetRecipe(subjects=1, frames=1, size=size, seed=seed), 1, cold)
        rows.append(Fact("cold start: compiling, one subject, one picture", seconds, "s"))
        start, _ = _timed(folder / "warm", SetRecipe(subjects=1, frames=1, size=size, seed=seed), 1, cold)
        rows.append(Fact("warm start: one subject, one picture", start, "s"))
        rates = []
        for workers in (1, 2):
            recipe = SetRecipe(subjects=subjects * workers, frames=frames, size=size, seed=seed)
            _, report = _timed(folder / str(workers), recipe, workers, cold)
            made, taken, peak = (float(word) for word in report.split())
            rates.append(made / taken)
            rows.append(Fact(f"{workers} process{'es' * (workers > 1)}, subjects included", rates[-1], "pictures/s"))
            rows.append(Fact("largest process", peak, "MB"))
        rows.append(Fact("2 processes against 1", rates[1] / rates[0], "times"))
    return rows


def _timed(folder: Path, recipe: SetRecipe, workers: int, environment: dict[str, str]) -> tuple[float, str]:
    """Generate in a fresh interpreter; return the seconds from its start to its end and what it printed."""
    code = (
        "import sys; from pathlib import Path; from actionunits.bench.synth import report_run; "
        "report_run(Path(sys.argv[1]), *map(int, sys.argv[2:]))"
    )
    numbers = (recipe.subjects, recipe.frames, recipe.size, recipe.seed, workers)
    command = [sys.executable, "-c", code, str(folder), *map(str, numbers)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return time.perf_counter() - began, done.stdout.strip()


def report_run(folder: Path, subjects: int, frames: int, size: int, seed: int, workers: int) -> None:
    """Generate a set and print pictures, seconds and the peak memory of the largest process in MB (for a fresh one)."""
    recipe = SetRecipe(subjects=subjects, frames=frames, size=size, seed=seed)
    done = generate(folder, recipe, workers=workers)
    try:
        import resource  # not on Windows

        largest = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        megabytes = largest / (1e6 if sys.platform == "darwin" else 1e3)
    except ImportError:
        megabytes = 0.0
    print(done.made, done.seconds, megabytes)


def save_responses(rows: list[Response], path: Path) -> None:
    """Write the table as CSV.

    Raises:
        ResultsError: the file cannot be written.
    """
    with written_aside(path, ResultsError) as aside, aside.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["au", "measure", "expected", *(f"level {level:.0f}" for level in LEVELS), "share", "right"])
        for row in rows:
            numbers = [f"{value:.2f}" for value in row.change]
            writer.writerow([row.au, row.measure, row.sign, *numbers, f"{row.share:.2f}", int(row.right)])


def save_facts(facts: list[Fact], path: Path) -> None:
    """Write figures as CSV, the machine in the last column.

    Raises:
        ResultsError: the file cannot be written.
    """
    save_table(path, ("what", "value", "unit"), [(fact.what, f"{fact.value:.2f}", fact.unit) for fact in facts])


def _finds(finder: FaceFinder, take: Take) -> bool:
    """Whether a face is found where the nose is."""
    nose = take.picture.landmarks[30]
    meshes = [face.mesh[:, :2] for face in finder.find(take.picture.rgb)]
    return any(bool(((mesh.min(0) < nose) & (nose < mesh.max(0))).all()) for mesh in meshes)


def _meshes(person: Subject, size: int) -> Iterator[tuple[tuple[int, float], Points | None]]:
    """Yield the frontal mesh of the neutral face as (0, 0) and of every (action unit, level); None where not found."""
    finder = FaceFinder()
    setting = draw_setting(np.random.default_rng([person.traits.seed, person.traits.index]), wild=_STUDIO)
    jobs = [(0, 0.0), *((au, level) for au in EXPECTED for level in LEVELS)]
    for au, level in jobs:
        one_side = au == 30
        moment = Moment(levels={au: (level, 0.0 if one_side else level)} if au else {})
        noise = np.random.default_rng([person.traits.seed, person.traits.index, 1])
        faces = finder.find(shoot(person, moment, setting, size, noise).picture.rgb)
        yield (au, level), frontal(faces[0].mesh)[0] if faces else None


def _row(au: int, name: str, sign: int, changes: dict[tuple[int, float], list[dict[str, float]]]) -> Response:
    def moves(level: float) -> NDArray[np.float64]:
        return np.array([change[name] for change in changes.get((au, level), [])] or [np.nan])

    first, middle, last = (float(moves(level).mean()) for level in LEVELS)
    return Response(au, name, sign, (first, middle, last), float((sign * moves(LEVELS[-1]) > 0).mean()))
