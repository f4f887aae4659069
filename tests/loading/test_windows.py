"""Windows against a search by hand."""

import numpy as np
import pytest

pytest.importorskip("torch")

from actionunits.errors import UsageError
from actionunits.loading import WINDOWS, Window, get_window
from actionunits.loading.frames import Frames

from .conftest import AROUND, PEOPLE


def test_the_papers_windows():
    assert WINDOWS["clip-10x5"].offsets == (-45, -40, -35, -30, -25, -20, -15, -10, -5, 0)
    assert WINDOWS["clip-10x5"].centre == 9
    assert WINDOWS["flow-10"].offsets == (-5, -4, -3, -2, -1, 0, 1, 2, 3, 4)
    assert WINDOWS["flow-10"].centre == 5
    assert get_window(own := Window("own", (0, 2))) is own


@pytest.mark.parametrize("offsets", [(), (1, 2), (0, 0), (1, 0), tuple(range(2000))])
def test_windows_that_cannot_be(offsets):
    with pytest.raises(UsageError):
        Window("own", offsets)
    with pytest.raises(UsageError, match="flow-10"):
        get_window("flow")


def by_hand(frames: list[int], frame: int, offset: int) -> int:
    """The place in a sequence: nearest number, the earlier of two."""
    return min(range(len(frames)), key=lambda place: (abs(frames[place] - frame - offset), place))


@pytest.mark.parametrize("offsets", [(-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5), tuple(range(-45, 1, 5)), (0,), (-3, 0, 4)])
def test_the_nearest_frames_of_the_same_sequence(store, offsets):
    frames = Frames(store, (1,))
    rows = np.random.default_rng(0).permutation(len(store))
    found = frames.window(rows, Window("own", offsets))
    assert found.shape == (len(rows), len(offsets))
    for numbers in (dict(sequences) for sequences in PEOPLE.values()):
        for name, sequence in numbers.items():
            span = store.rows_of(name)
            for row, window in zip(rows, found, strict=True):
                if row in span:
                    frame = sequence[row - span.start]
                    assert window.tolist() == [span.start + by_hand(list(sequence), frame, each) for each in offsets]


def test_inside_a_whole_sequence_they_follow_each_other(store):
    frames = Frames(store, (1,))
    row = store.rows_of("S1-a").start + 6
    window = frames.window(np.array([row]), AROUND)[0]
    assert np.diff(frames.number[window]).tolist() == [1] * 10
    assert set(frames.names(window)[1]) == {"S1-a"}


def test_ends_are_repeated(store):
    frames = Frames(store, (1,))
    first, last = store.rows_of("S3-a").start, store.rows_of("S3-a").stop - 1
    found = frames.window(np.array([first, last]), AROUND)
    assert found[0].tolist() == [first] * 6 + list(range(first + 1, first + 6))
    assert found[1].tolist() == list(range(last - 5, last + 1)) + [last] * 5
