from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from actionunits.errors import StoreError, UsageError
from actionunits.store import Store
from actionunits.synth.filming import film, shoot
from actionunits.synth.generate import generate, sequence_name
from actionunits.synth.performance import Moment
from actionunits.synth.sets import SetRecipe
from actionunits.synth.setting import draw_setting
from actionunits.synth.subject import Subject, build_subject

RECIPE = SetRecipe(subjects=2, frames=4, sequence_frames=2, size=64, seed=3)


@pytest.fixture(scope="session")
def person() -> Subject:
    return build_subject(3, 0)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("synth") / "store"
    generate(path, RECIPE, workers=1)
    return path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_set_is_whole(folder: Path) -> None:
    store = Store(folder)
    assert len(store) == 8
    assert store.header.dataset == "synthetic"
    assert store.image(7).shape == (64, 64, 3)
    assert store.frames["sequence"].to_pylist()[::2] == [sequence_name(i, k) for i in (0, 1) for k in (0, 1)]
    assert store.frames["timestamp"].to_pylist()[:2] == pytest.approx([0, 0.2])
    intensity = store.labels(store.au_set, kind="intensity")
    assert intensity.min() >= 0
    assert intensity.max() <= 5
    assert np.array_equal(store.labels(store.au_set) == 1, intensity >= 1)
    sides = [store.labels(store.au_set, kind=side) for side in ("left", "right")]
    assert np.array_equal(np.maximum(*sides), intensity)
    points = store.landmarks(slice(None))
    assert np.isfinite(points).all()
    assert (points[:, 45, 0] > points[:, 36, 0]).all()  # eye corners: the picture's left first
    subjects = store.subjects.to_pydict()
    assert subjects["subject"] == ["S0001", "S0002"]
    assert {"gender", "age", "tone"} <= set(subjects)


def test_processes_and_runs_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path / "again", RECIPE, workers=2)
    assert contents(tmp_path / "again") == contents(folder)


def test_a_killed_run_goes_on_where_it_stopped(folder: Path, tmp_path: Path) -> None:
    stop = tmp_path / "stopped"

    def kill(done: int, total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        generate(stop, RECIPE, workers=1, watch=kill)
    report = generate(stop, RECIPE, workers=1)
    assert (report.made, report.frames) == (2, 8)
    assert contents(stop) == contents(folder)


def test_another_seed_gives_other_pictures(folder: Path, tmp_path: Path) -> None:
    generate(tmp_path / "other", replace(RECIPE, subjects=1, frames=2, seed=4), workers=1)
    assert bytes(Store(tmp_path / "other").jpeg(0)) != bytes(Store(folder).jpeg(0))


def test_other_settings_do_not_fill_the_same_folder(folder: Path) -> None:
    before = contents(folder)
    with pytest.raises(StoreError):
        generate(folder, replace(RECIPE, seed=4), workers=1)
    assert contents(folder) == before


def test_bad_input(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="workers"):
        generate(tmp_path / "a", RECIPE, workers=0)
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StoreError, match="file"):
        generate(tmp_path / "file", RECIPE, workers=1)


def test_only_the_face_tells_its_action_units(person: Subject) -> None:
    """Same place, same noise, other expression: not a pixel of the background changes, exposure included.

    Below the chin lie the shoulders, on which an open jaw may throw a shadow.
    """
    setting = draw_setting(np.random.default_rng(8), wild=1)
    smile = {6: (4.0, 4.0), 12: (5.0, 5.0), 25: (5.0, 5.0), 27: (5.0, 5.0)}
    pictures = []
    for levels in ({}, smile):
        take = shoot(person, Moment(levels=levels), setting, 96, np.random.default_rng(1))
        pictures.append(take.picture.rgb.astype(int))
    changed = np.abs(pictures[0] - pictures[1]).max(-1) > 0
    assert changed.any()
    points = shoot(person, Moment(), setting, 96, np.random.default_rng(1)).picture.landmarks
    reach = 1.2 * np.ptp(points, axis=0).max()
    y, x = np.mgrid[:96, :96]
    far = (np.hypot(x - points[30, 0], y - points[30, 1]) > reach) & (y < points[8, 1])
    assert far.any()
    assert not changed[far].any()


def test_expressions_do_not_move_camera_or_light(person: Subject) -> None:
    """The streams are apart: another preset changes what the face does, and nothing else."""
    one, other = (
        [take.setting for take in film(person, replace(RECIPE, preset=preset), 0, 2)] for preset in ("uniform", "bp4d")
    )
    for setting, setting_2 in zip(one, other, strict=True):
        assert setting.camera == setting_2.camera
        assert setting.sensor == setting_2.sensor
        assert setting.backdrop == setting_2.backdrop
        assert np.array_equal(setting.light.colours, setting_2.light.colours)
        assert np.array_equal(setting.light.directions, setting_2.light.directions)


def test_a_sequence_keeps_its_place(person: Subject) -> None:
    takes = list(film(person, RECIPE, 0, 3))
    assert takes[0].setting is takes[2].setting
    stills = list(film(person, replace(RECIPE, content="stills"), 0, 3))
    assert stills[0].setting is not stills[2].setting
    assert [take.moment.timestamp for take in takes] == pytest.approx([0, 0.2, 0.4])
