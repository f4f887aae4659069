"""Generating a set: subjects dealt to processes, sequences written one by one, a killed run resumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa

from actionunits.errors import UsageError
from actionunits.pool import cores, share_out
from actionunits.store import FrameRow, Store, StoreSettings, StoreWriter
from actionunits.synth.action_units import AUS
from actionunits.synth.filming import FPS, Take, film
from actionunits.synth.people import draw_traits
from actionunits.synth.sensor import encode_jpeg
from actionunits.synth.sets import SetRecipe
from actionunits.synth.subject import Subject, build_subject
from actionunits.synth.traits import Traits

GENERATOR_VERSION = 1
OCCURS_FROM = 1  # FACS A: labels are what is visible, so any visible level counts

Watch = Callable[[int, int], None]
"""Told (sequences done, sequences in all) now and then."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What a run did.

    Attributes:
        frames: in the store.
        made: in this run; the rest were there already.
        seconds: this run took.
    """

    frames: int
    made: int
    seconds: float


def generate(
    folder: Path,
    recipe: SetRecipe,
    *,
    workers: int | None = None,
    overwrite: bool = False,
    watch: Watch | None = None,
) -> Generated:
    """Generate a set into a store; sequences that are there already are kept.

    Args:
        folder: of the store; made if missing.
        recipe: what to generate.
        workers: processes; None for one a core. The bytes do not depend on it.
        overwrite: replace a finished store.
        watch: progress.

    Raises:
        UsageError: ``workers`` below 1.
        StoreError: the folder cannot be written, holds something else, or was begun with other settings.
        AssetError: the head mesh cannot be had.
    """
    workers = cores() if workers is None else workers
    if workers < 1:
        raise UsageError(f"workers={workers}", "somebody has to do the work", "Use 1 or more")
    began = time.perf_counter()
    writer = StoreWriter(folder, settings_of(recipe), overwrite=overwrite)
    jobs = list(_jobs(recipe))
    todo = [job for job in jobs if not writer.has(sequence_name(*job[:2]))]
    made = sum(frames for _, _, frames in todo)
    subjects = sorted({index for index, _, _ in todo})
    tell = watch or (lambda done, total: None)
    tell(len(jobs) - len(todo), len(jobs))
    if workers == 1 or len(subjects) == 1:
        for done, _ in enumerate(_fill(writer, recipe, subjects), len(jobs) - len(todo) + 1):
            tell(done, len(jobs))
    elif subjects:
        facts, tick = (writer, recipe), lambda: tell(_count(writer, jobs), len(jobs))
        for _ in share_out(subjects, _work, workers=min(workers, len(subjects)), begin=_begin, facts=facts, tick=tick):
            pass
    writer.finish(subjects=subjects_table(recipe), sequences=sequences_table(recipe))
    tell(len(jobs), len(jobs))
    return Generated(frames=len(Store(folder)), made=made, seconds=time.perf_counter() - began)


def settings_of(recipe: SetRecipe) -> StoreSettings:
    """Return what the store says of itself."""
    facts = {name: value for name, value in asdict(recipe).items() if name != "name"}
    return StoreSettings(
        dataset=recipe.name,
        protocol={"occurs_from": OCCURS_FROM, "labels": "what is visible"},
        image_size=(recipe.size, recipe.size),
        aus=AUS,
        made_by={"generator": "actionunits.synth", "generator_version": GENERATOR_VERSION, **facts},
    )


def sequence_name(index: int, number: int) -> str:
    """Return the name of a subject's sequence: ``S0001_02`` for (0, 1)."""
    return f"S{index + 1:04d}_{number + 1:02d}"


def frame_row(name: str, frame: int, take: Take) -> FrameRow:
    """Return a picture's row in the store."""
    labels, picture = take.labels, take.picture
    worn = ("occluded",) if take.setting.occluder else ()
    return FrameRow(
        subject=name,
        frame=frame,
        timestamp=take.moment.timestamp,
        occurrence={au: int(labels.intensity[au] >= OCCURS_FROM) for au in AUS},
        intensity=labels.intensity,
        left=labels.left,
        right=labels.right,
        landmarks=picture.landmarks,
        visible=picture.visible,
        pose=(picture.pose.pitch, picture.pose.yaw, picture.pose.roll),
        gaze=picture.gaze,
        flags=worn,
    )


def subjects_table(recipe: SetRecipe) -> pa.Table:
    """Return who is in a set, one row a subject."""
    people = [draw_traits(recipe.seed, index) for index in range(recipe.subjects)]
    return pa.Table.from_pylist([_facts(one) for one in people])


def sequences_table(recipe: SetRecipe) -> pa.Table:
    """Return a set's sequences, one row each."""
    rows = [
        {
            "sequence": sequence_name(index, number),
            "subject": f"S{index + 1:04d}",
            "frames": frames,
            "fps": FPS / recipe.every if recipe.content == "sequences" else 0.0,
            "seed": recipe.seed,
        }
        for index, number, frames in _jobs(recipe)
    ]
    return pa.Table.from_pylist(rows)


def _facts(one: Traits) -> dict[str, str | int | float]:
    return {
        "subject": one.name,
        "gender": one.gender,
        "age": round(one.age, 1),
        "tone": round(one.tone, 2),
        "african": round(one.ethnicity[0], 3),
        "asian": round(one.ethnicity[1], 3),
        "caucasian": round(one.ethnicity[2], 3),
        "hair": one.hair,
        "fringe": one.fringe,
        "beard": one.beard,
        "glasses": one.glasses,
        "cap": one.cap,
        "makeup": round(max(one.makeup.lipstick, one.makeup.shadow, one.makeup.liner), 2),
        "seed": one.seed,
    }


def _jobs(recipe: SetRecipe) -> Iterator[tuple[int, int, int]]:
    """Yield (subject, sequence, frames)."""
    for index in range(recipe.subjects):
        for number, frames in enumerate(recipe.sequence_lengths()):
            yield index, number, frames


def _count(writer: StoreWriter, jobs: list[tuple[int, int, int]]) -> int:
    return sum(writer.has(sequence_name(*job[:2])) for job in jobs)


def _fill(writer: StoreWriter, recipe: SetRecipe, subjects: list[int]) -> Iterator[str]:
    """Write every missing sequence of some subjects; yield its name."""
    for index in subjects:
        subject: Subject | None = None
        for number, frames in enumerate(recipe.sequence_lengths()):
            name = sequence_name(index, number)
            if writer.has(name):
                continue
            subject = subject or build_subject(recipe.seed, index, strength=recipe.strength, variety=recipe.variety)
            takes = film(subject, recipe, number, frames)
            rows, jpegs = [], []
            for frame, take in enumerate(takes):
                rows.append(frame_row(subject.traits.name, frame, take))
                jpegs.append(encode_jpeg(take.picture.rgb, take.setting.sensor))
            writer.add(name, rows, jpegs)
            yield name


_HERE: list[tuple[StoreWriter, SetRecipe]] = []  # of a worker process: set once, when it begins


def _begin(writer: StoreWriter, recipe: SetRecipe) -> None:
    _HERE[:] = [(writer, recipe)]


def _work(index: int) -> None:
    for _ in _fill(*_HERE[0], [index]):
        pass
