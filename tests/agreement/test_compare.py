"""Scores against scikit-learn, matching against a loop over frames and events."""

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score, f1_score

from actionunits.agreement import agree, read_codes
from actionunits.errors import DatasetError, UsageError
from actionunits.results import Results

SECOND = 10  # frames


def test_scores_are_those_of_scikit_learn(analysis, coder, rng) -> None:
    shown = rng.random((200, 2)) < 0.4
    seen = np.where(rng.random((200, 2)) < 0.8, shown, ~shown).astype(int)
    rows = [f"{row},{a:d},{'' if row % 7 == 0 else int(b)}" for row, (a, b) in enumerate(seen)]
    path = coder("\n".join(["frame,AU1,AU12", *rows, ""]))
    lost = [3, 4, 49]
    done = agree(analysis({1: shown[:, 0], 12: shown[:, 1], 4: shown[:, 0]}, lost=lost), read_codes(path))
    assert done.aus.numbers == (1, 12)
    for place, dropped in enumerate((lost, sorted({*lost, *range(0, 200, 7)}))):
        kept = np.delete(np.arange(200), dropped)
        truth, decision = seen[kept, place], shown[kept, place].astype(int)
        assert done.f1.values[place] == pytest.approx(f1_score(truth, decision), abs=1e-12)
        assert done.kappa.values[place] == pytest.approx(cohen_kappa_score(truth, decision), abs=1e-12)
        assert done.f1.count[place] == len(kept)
    assert done.no_face.tolist() == [3, 2]  # frame 49 is coded for AU1 only
    assert done.not_coded.tolist() == [0, 29]
    assert not done.has_levels.any()
    assert any("never coded: AU 4" in remark for remark in done.remarks)


def test_levels_are_compared_by_anova(analysis, coder, rng) -> None:
    level = rng.integers(0, 6, 120)
    guess = np.clip(level + rng.normal(0, 0.7, 120), 0, 5).round(3)
    path = coder("\n".join(["time,12", *(f"{row / 10},{each}" for row, each in enumerate(level)), ""]))
    done = agree(analysis({12: guess > 0.5}, intensity={12: guess}), read_codes(path))
    table = np.stack([level, guess], axis=1)
    means, raters, mean = table.mean(axis=1), table.mean(axis=0), table.mean()
    between = 2 * ((means - mean) ** 2).sum() / 119
    error = ((table - means[:, None] - raters + mean) ** 2).sum() / 119
    assert float(done.icc.values[0]) == pytest.approx((between - error) / (between + error), abs=1e-6)
    difference = guess - level
    assert done.limits.bias[0] == pytest.approx(difference.mean(), abs=1e-6)
    assert done.limits.upper[0] == pytest.approx(difference.mean() + 1.96 * difference.std(ddof=1), abs=1e-6)
    assert done.mae.values[0] == pytest.approx(np.abs(difference).mean(), abs=1e-6)


def test_events_cover_the_frames_that_a_loop_finds(analysis, coder, rng) -> None:
    starts = np.sort(rng.integers(0, 9000, 12)) / 1000
    events = [(start, start + rng.integers(1, 1500) / 1000) for start in starts]
    path = coder("\n".join(["au,onset,offset", *(f"12,{a:.3f},{b:.3f}" for a, b in events), ""]))
    times = np.cumsum(rng.uniform(0.01, 0.06, 400))  # no two frames last equally long
    done = agree(analysis({12: [0] * 400}, times=times), read_codes(path), span=(0, 11))
    slow = []
    for time in done.frames.times:
        inside = any(a <= time + 0.0005 and time + 0.0005 < b for a, b in events)
        slow.append(int(inside) if -0.0005 <= time <= 11.0005 else -1)
    assert done.target[:, 0].tolist() == slow
    assert 0 < sum(each == 1 for each in slow) < 400


def test_events_exact_to_the_frame(analysis, coder) -> None:
    """A coder's clock is rounded to milliseconds: 1/3 s becomes 0.333, 2/3 s 0.667."""
    path = coder("au,onset,offset,level\n12,0.333,0.667,B\n12,0.5,0.6,D\n12,0.8,0.8,\n4,0,1,\n")
    times = np.arange(31) / 30
    done = agree(analysis({12: [0] * 31}, times=times), read_codes(path))
    assert np.flatnonzero(done.target[:, 0] == 1).tolist() == [*range(10, 20), 24]
    assert done.level[10:20, 0].tolist() == [2] * 5 + [4] * 3 + [2] * 2
    assert done.level[24, 0] == -1  # shown, but no level given
    assert done.level[0, 0] == 0
    assert (done.target[:, 0] >= 0).all()


def test_of_two_events_at_once_the_stronger_counts(analysis, coder) -> None:
    path = coder("au,onset,offset,level\n12,0,1,D\n12,0.2,0.4,B\n4,0,1,\n")
    done = agree(analysis({4: [1] * 10, 12: [1] * 10}), read_codes(path))
    assert done.level[:, 1].tolist() == [4] * 10
    assert done.has_levels.tolist() == [False, True]
    assert (agree(analysis({4: [0] * 20}), read_codes(path), span=(0, 2)).level == -1).all()  # no levels, no zeros


def test_what_is_hidden_is_not_coded(analysis, coder) -> None:
    path = coder("au,onset,offset\n12,0,2\n4,0,2\n70,0.5,1\n73,1.5,1.8\n")
    done = agree(analysis({4: [1] * 20, 12: [1] * 20}), read_codes(path))
    assert np.flatnonzero(done.target[:, 0] < 0).tolist() == [*range(5, 10), 15, 16, 17]
    assert np.flatnonzero(done.target[:, 1] < 0).tolist() == [15, 16, 17]


def test_the_span_is_the_coders(analysis, coder) -> None:
    path = coder("au,onset,offset\n12,1,2\n12,3,4\n")
    shown = {12: [1] * 6 * SECOND}
    done = agree(analysis(shown), read_codes(path))
    assert done.not_coded.tolist() == [10 + 19]
    assert (done.facts["coded_from"], done.facts["coded_to"]) == (1.0, 4.0)
    assert agree(analysis(shown), read_codes(path), span=(0, 6)).not_coded.tolist() == [0]
    assert agree(analysis(shown), read_codes(path), offset=2).not_coded.tolist() == [30]


def test_offset_moves_codes_of_frames_too(analysis, coder) -> None:
    seen = [0, 0, 1, 1, 0, 0]
    by_number = coder("frame,AU12\n" + "".join(f"{row},{each}\n" for row, each in enumerate(seen)), "n.csv")
    by_time = coder("time,AU12\n" + "".join(f"{row / 10},{each}\n" for row, each in enumerate(seen)), "t.csv")
    for path in (by_number, by_time):
        done = agree(analysis({12: [0, 0, 0, 0, 1, 1]}), read_codes(path), offset=0.2)
        assert done.target[:, 0].tolist() == [-1, -1, 0, 0, 1, 1]
    from_one = coder("frame,AU12\n" + "".join(f"{row + 1},{each}\n" for row, each in enumerate(seen)), "o.csv")
    assert agree(analysis({12: seen}), read_codes(from_one), first_frame=1).target[:, 0].tolist() == seen


def test_other_frame_rates(analysis, coder) -> None:
    """Every fifth frame analysed, every frame coded; and the other way round."""
    codes = coder("time,AU12\n" + "".join(f"{row / 50},{row % 2}\n" for row in range(50)))
    done = agree(analysis({12: [0] * 10}, numbers=range(0, 50, 5)), read_codes(codes))
    assert done.target[:, 0].tolist() == [0, 1] * 5
    codes = coder("time,AU12\n" + "".join(f"{row},1\n" for row in range(3)))
    done = agree(analysis({12: [0] * 21}), read_codes(codes))
    assert np.flatnonzero(done.target[:, 0] >= 0).tolist() == [0, 10, 20]
    by_number = coder("frame,AU12\n" + "".join(f"{row},{int(row == 15)}\n" for row in range(50)))
    done = agree(analysis({12: [0] * 10}, numbers=range(0, 50, 5)), read_codes(by_number))
    assert np.flatnonzero(done.target[:, 0]).tolist() == [3]


def test_occurs_from(analysis, coder) -> None:
    path = coder("frame,AU12\n0,0\n1,1\n2,2\n3,9\n")
    results = analysis({12: [0, 0, 1, 1]})
    assert agree(results, read_codes(path)).target[:, 0].tolist() == [0, 1, 1, -1]
    assert agree(results, read_codes(path), occurs_from=2).target[:, 0].tolist() == [0, 0, 1, -1]
    events = coder("au,onset,offset,level\n12,0,0.1,A\n12,0.1,0.2,\n12,0.2,0.4,C\n", "e.csv")
    assert agree(results, read_codes(events), occurs_from=2).target[:, 0].tolist() == [0, -1, 1, 1]


def test_several_faces(analysis, coder) -> None:
    both = Results.concat([analysis({12: [0, 1, 1]}), analysis({12: [1, 0, 0]}, face_id=3, lost=[2])])
    codes = read_codes(coder("frame,AU12\n0,0\n1,1\n2,1\n"))
    with pytest.raises(UsageError, match=r"several faces \(0 in 3 frames, 3 in 2 frames\).*--face-id"):
        agree(both, codes)
    assert agree(both, codes, face_id=0).decision[:, 0].tolist() == [0, 1, 1]
    assert agree(both, codes, face_id=3).decision[:, 0].tolist() == [1, 0, -1]
    with pytest.raises(UsageError, match="The faces are 0, 3"):
        agree(both, codes, face_id=7)


def test_what_cannot_be_compared(analysis, coder) -> None:
    codes = read_codes(coder("time,AU12\n0,0\n0.1,1\n"))
    with pytest.raises(UsageError, match="codes AU 12, the analysis knows AU 4"):
        agree(analysis({4: [0, 1]}), codes)
    with pytest.raises(UsageError, match="shows no face"):
        agree(analysis({12: [0, 1]}, lost=[0, 1]), codes)
    with pytest.raises(UsageError, match="2 sources"):
        agree(Results.concat([analysis({12: [0]}), analysis({12: [0]}, source="b.mp4")]), codes)
    with pytest.raises(DatasetError, match=r"cover 90\.00 to 90\.10 s, the analysis 0\.00 to 0\.10 s"):
        agree(analysis({12: [0, 1]}), codes, offset=90)
    with pytest.raises(UsageError, match="codes of frames"):
        agree(analysis({12: [0, 1]}), codes, span=(0, 1))
    with pytest.raises(UsageError, match="occurs_from=0"):
        agree(analysis({12: [0, 1]}), codes, occurs_from=0)


def test_a_picture(analysis, coder) -> None:
    done = agree(analysis({12: [1]}), read_codes(coder("frame,AU12\n0,C\n")))
    assert done.target.tolist() == [[1]]
    assert float(done.f1.values[0]) == 1.0


def test_disagreements_are_spans_the_longest_first(analysis, coder) -> None:
    seen = [0] * 5 + [1] * 10 + [0] * 5
    shown = [0] * 5 + [1, 0, 0, 1, 0] + [1] * 5 + [0, 0, 1, 1, 0]
    path = coder("frame,AU12\n" + "".join(f"{row},{3 * each}\n" for row, each in enumerate(seen)))
    done = agree(analysis({12: shown}), read_codes(path))
    first, second = done.disagreements
    assert (first.kind, first.first_frame, first.last_frame, first.frames, first.level) == ("coder only", 6, 9, 3, 3)
    assert (first.start, first.stop) == (pytest.approx(0.6), pytest.approx(1.0))  # 8 agrees, for no more than 0.1 s
    assert (second.kind, second.first_frame, second.last_frame, second.level) == ("analysis only", 17, 18, 0)
    assert first.probability == pytest.approx(0.1)
    assert sum(each.frames for each in done.disagreements) == sum(a != b for a, b in zip(seen, shown, strict=True))
