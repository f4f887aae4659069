"""Performances: limits that hold in every frame, rates over many sequences, and what must not know of each other."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import groupby

import numpy as np
import pytest

from actionunits.errors import UsageError
from actionunits.facs import FACS
from actionunits.synth.presets import PRESETS, get_preset
from actionunits.synth.sampler import EXCLUSIONS
from actionunits.synth.sequence import (
    GAZE_LIMITS,
    POSE_LIMITS,
    TRACKS,
    draw_sequence,
    spoken_rates,
    still_moments,
)

SEQUENCES, FRAMES = 24, 400


def levels_of(moments) -> np.ndarray:
    """Levels of every track, (frames, tracks, 2)."""
    levels = np.zeros((len(moments), len(TRACKS), 2))
    for row, moment in zip(levels, moments, strict=True):
        for au, sides in moment.levels.items():
            row[TRACKS.index(au)] = sides
    return levels


@pytest.fixture(scope="module", params=sorted(PRESETS))
def performed(request):
    preset = get_preset(request.param)
    return preset, [draw_sequence(np.random.default_rng([seed, 9]), preset, FRAMES) for seed in range(SEQUENCES)]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"frames": 0}, "frames=0"),
        ({"frames": 5, "fps": 0}, "fps=0"),
        ({"frames": 5, "fps": math.nan}, "fps=nan"),
        ({"frames": 5, "every": 0}, "every=0"),
    ],
)
def test_impossible_wishes_are_refused(arguments, named) -> None:
    with pytest.raises(UsageError, match=named):
        draw_sequence(np.random.default_rng(0), get_preset("bp4d"), **arguments)


def test_stills_need_a_count() -> None:
    with pytest.raises(UsageError, match="count=0"):
        still_moments(np.random.default_rng(0), get_preset("bp4d"), 0)


def test_same_seed_same_performance() -> None:
    preset = get_preset("uniform")
    first, again, other = (draw_sequence(np.random.default_rng(seed), preset, 60) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_timestamps_are_exact() -> None:
    moments = draw_sequence(np.random.default_rng(0), get_preset("disfa"), 50, fps=30.0, every=7)
    assert [moment.timestamp for moment in moments] == [at * 7 / 30.0 for at in range(50)]


def test_every_keeps_frames_of_the_same_performance() -> None:
    preset = get_preset("bp4d")
    all_frames = draw_sequence(np.random.default_rng(8), preset, 96)
    kept = draw_sequence(np.random.default_rng(8), preset, 20, every=5)
    assert kept == all_frames[::5]


@pytest.mark.parametrize("fps", [0.5, 5.0, 120.0])
def test_one_frame_and_odd_rates_work(fps) -> None:
    for frames in (1, 2, 30):
        assert len(draw_sequence(np.random.default_rng(1), get_preset("uniform"), frames, fps)) == frames


def test_levels_and_sides(performed) -> None:
    _, sequences = performed
    for moment in (moment for sequence in sequences for moment in sequence):
        for au, (left, right) in moment.levels.items():
            assert min(left, right) >= 0
            assert 0 < max(left, right) <= 5
            assert left == right or FACS[au].sided


def test_opposing_units_never_share_a_frame(performed) -> None:
    _, sequences = performed
    for moment in (moment for sequence in sequences for moment in sequence):
        assert not [pair for pair in EXCLUSIONS if pair[0] in moment.levels and pair[1] in moment.levels]


def test_levels_move_smoothly(performed) -> None:
    _, sequences = performed
    steps = np.max([np.abs(np.diff(levels_of(one), axis=0)).max(axis=(0, 2)) for one in sequences], axis=0)
    blinks = TRACKS.index(45)
    assert np.delete(steps, blinks).max() < 2.3
    assert steps[blinks] < 4.5
    assert np.delete(steps, blinks).max() > 0.3  # faces do move


def test_blinks_are_short_even_and_about_as_many_as_people_have(performed) -> None:
    _, sequences = performed
    count = 0
    for sequence in sequences:
        lids = levels_of(sequence)[:, TRACKS.index(45)]
        np.testing.assert_array_equal(lids[:, 0], lids[:, 1])
        runs = [len(list(run)) for shut, run in groupby(lids[:, 0] > 0) if shut]
        assert all(run <= 9 for run in runs)  # 0.35 s at 25 fps
        count += len(runs)
    per_minute = count / (SEQUENCES * FRAMES / 25 / 60)
    assert 13 < per_minute < 21


def test_closed_eyes_last_half_a_second() -> None:
    preset = get_preset("uniform")
    runs = []
    for seed in range(20):
        lids = levels_of(draw_sequence(np.random.default_rng(seed), preset, 2000))[:, TRACKS.index(43)].max(axis=1)
        runs += [len(list(run)) for shut, run in groupby(lids[1:-1] > 0) if shut][1:-1]
    assert len(runs) > 20
    assert min(runs) > 12.5


def test_rates_over_many_short_sequences_follow_the_preset() -> None:
    for name in PRESETS:
        preset = get_preset(name)
        frames = [
            moment.levels
            for seed in range(130)
            for moment in draw_sequence(np.random.default_rng([seed, 2]), preset, 30, every=25)
        ]
        for au, rate in preset.rates.items():
            share = np.mean([max(levels.get(au, (0.0, 0.0))) >= preset.threshold for levels in frames])
            error = 5 * np.sqrt(rate * (1 - rate) / len(frames)) + 0.12 * rate
            assert share == pytest.approx(rate, abs=error), f"{name} AU{au}"


def test_sequences_may_begin_within_an_expression() -> None:
    preset = get_preset("bp4d")
    first = [draw_sequence(np.random.default_rng([seed, 4]), preset, 1)[0].levels for seed in range(300)]
    smiles = np.mean([max(levels.get(12, (0.0, 0.0))) >= preset.threshold for levels in first])
    assert smiles == pytest.approx(preset.rates[12], abs=0.12)


def test_heads_and_eyes_stay_within_their_limits_and_move_smoothly(performed) -> None:
    preset, sequences = performed
    centres = []
    for sequence in sequences:
        pose = np.array([(moment.pose.pitch, moment.pose.yaw, moment.pose.roll) for moment in sequence])
        gaze = np.array([moment.gaze for moment in sequence])
        assert (np.abs(pose) <= POSE_LIMITS).all()
        assert (np.abs(gaze) <= GAZE_LIMITS).all()
        assert np.abs(np.diff(pose, axis=0)).max() < 5  # 125 degrees a second
        assert pose.std(axis=0).min() > 0.1
        centres.append(pose.mean(axis=0))
    spread = np.std(centres, axis=0)
    assert (spread > 0.4 * np.array(preset.pose_spread)).all()
    assert (spread < 2.5 * np.array(preset.pose_spread)).all()


def test_eyes_jump_and_rest() -> None:
    sequence = draw_sequence(np.random.default_rng(5), get_preset("disfa"), 1500)
    head_yaw = np.array([moment.pose.yaw for moment in sequence])
    steps = np.abs(np.diff([moment.gaze[1] for moment in sequence]))
    assert np.quantile(steps, 0.5) < 0.3
    assert steps.max() > 3
    assert np.corrcoef(head_yaw, [moment.gaze[1] for moment in sequence])[0, 1] < -0.1  # they take the turn back


def test_head_and_gaze_do_not_know_of_the_expression() -> None:
    preset = get_preset("bp4d")
    rows = []
    for seed in range(400):
        moment = draw_sequence(np.random.default_rng([seed, 6]), preset, 1)[0]
        face = [max(moment.levels.get(au, (0.0, 0.0))) for au in (1, 4, 12, 17)]
        rows.append((moment.pose.pitch, moment.pose.yaw, moment.pose.roll, *moment.gaze, *face))
    between = np.corrcoef(np.array(rows).T)[:5, 5:]
    assert np.abs(between).max() < 4 / math.sqrt(400)


def test_the_expressions_of_a_seed_are_the_same_whatever_the_head_does() -> None:
    still = replace(get_preset("bp4d"), pose_spread=(0.0, 0.0, 0.0), gestures=0.0, gaze_spread=(0.0, 0.0))
    moving = draw_sequence(np.random.default_rng(2), get_preset("bp4d"), 100)
    calm = draw_sequence(np.random.default_rng(2), still, 100)
    assert [moment.levels for moment in moving] == [moment.levels for moment in calm]
    assert [moment.pose for moment in moving] != [moment.pose for moment in calm]


def test_speech_moves_jaw_and_lips_at_its_own_pace() -> None:
    silent_face = dict.fromkeys(get_preset("bp4d").rates, 0.0)
    talker = replace(
        get_preset("bp4d"), rates=silent_face, neutral=1.0, single=0.0, prototype=0.0, copula=0.0, speech=1.0
    )
    sequences = [levels_of(draw_sequence(np.random.default_rng(seed), talker, 1000)) for seed in range(5)]
    levels = np.concatenate(sequences).max(axis=2)
    moved = {TRACKS[track] for track in np.flatnonzero(levels.max(axis=0) > 0)}
    assert moved == {18, 20, 22, 24, 25, 26, 45}
    for au, share in spoken_rates(talker).items():
        present = (levels[:, TRACKS.index(au)] >= talker.threshold).mean()
        assert present == pytest.approx(share, abs=0.02 + 0.15 * share), f"AU{au}"
    lips = levels[:, TRACKS.index(25)]
    openings = np.sum((lips[1:] > 0) & (lips[:-1] == 0)) / (len(lips) / 25)
    assert 0.5 < openings < 6


def test_stills_are_independent_and_follow_the_rates() -> None:
    preset = get_preset("uniform")
    moments = still_moments(np.random.default_rng(1), preset, 3000)
    assert len(moments) == 3000
    assert {moment.timestamp for moment in moments} == {0.0}
    assert not any(45 in moment.levels for moment in moments)
    assert np.mean([12 in moment.levels for moment in moments]) == pytest.approx(preset.rates[12], abs=0.02)
    yaw = np.array([moment.pose.yaw for moment in moments])
    assert np.abs(yaw).max() <= POSE_LIMITS[1]
    assert np.std(yaw) > 8
    assert abs(np.corrcoef(yaw[1:], yaw[:-1])[0, 1]) < 0.08
    smiles = np.array([max(moment.levels.get(12, (0.0, 0.0))) for moment in moments])
    assert abs(np.corrcoef(yaw, smiles)[0, 1]) < 0.08
    assert moments == still_moments(np.random.default_rng(1), preset, 3000)
