"""A video in stretches gives the rows of the video in one piece, whoever crosses whom at a cut, killed or not."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from actionunits.cluster import BatchSettings, stretches
from actionunits.cluster.inputs import key_of
from actionunits.media import Portion, VideoReader, cut_points

Solo = Callable[..., Any]
RATE, FRAMES, GROUP = 25, 40, 6


@pytest.fixture(params=["0", "2"], ids=["no B-frames", "B-frames"])
def crossing(request: pytest.FixtureRequest, clip: Callable[..., Path], pictures: tuple[np.ndarray, ...]) -> Path:
    """Two people who change places, one passing before the other; a key frame every sixth frame; a third comes late."""
    import cv2

    faces = [cv2.resize(picture[40:360, 40:360], (150, 150), interpolation=cv2.INTER_AREA) for picture in pictures]
    frames = []
    for number in range(FRAMES):
        scene = np.full((300, 520, 3), 90, np.uint8)
        way = round(number / (FRAMES - 1) * 330)
        scene[30:180, 10 + way : 160 + way] = faces[0]
        scene[40:190, 350 - way : 500 - way] = faces[1]
        if number >= 27:
            scene[150:300, 180:330] = faces[2]
        frames.append(scene)
    folder = clip(
        "x.mp4", frames, codec="libx264", pixel_format="yuv420p", options={"g": str(GROUP), "bf": request.param}
    ).parent
    (folder / "in").mkdir()
    return (folder / "x.mp4").rename(folder / "in" / "two.mp4").parent


def test_portions_are_the_frames_of_the_whole(crossing: Path) -> None:
    path = crossing / "two.mp4"
    cuts = cut_points(path, 0.2)
    assert len(cuts) >= 5
    with VideoReader(path) as reader:
        whole = list(reader)
    portion, parts = Portion(end=cuts[0]), []
    for end in (*cuts[1:], None, None):
        with VideoReader(path, portion=portion) as reader:
            parts += list(reader)
            portion = reader.following(end)
    assert [(frame.index, frame.timestamp) for frame in parts] == [(frame.index, frame.timestamp) for frame in whole]
    assert all(np.array_equal(one.image, other.image) for one, other in zip(parts, whole, strict=True))


def test_cuts_lie_apart(crossing: Path, pictures: tuple[np.ndarray, ...], clip: Callable[..., Path]) -> None:
    path = crossing / "two.mp4"
    with VideoReader(path) as reader:
        times = [frame.timestamp for frame in reader]
    for seconds in (0.3, 0.5, 1.0):
        cuts = cut_points(path, seconds)
        base = times[GROUP] / cut_points(path, 0.1)[0]
        begins = [times[0], *(cut * base for cut in cuts)]
        assert all(after - before >= seconds - 1e-6 for before, after in pairwise(begins))
    assert cut_points(path, 60) == ()
    assert cut_points(clip("a.avi", pictures, codec="mjpeg", pixel_format="yuvj420p"), 0.01) == ()


@pytest.mark.parametrize("seconds", [0.2, 0.45])
def test_rows_are_those_of_one_piece(
    crossing: Path, tmp_path: Path, solo: Solo, rows_of: Any, same_rows: Any, seconds: float, status_of: Any
) -> None:
    solo(crossing, tmp_path / "whole")
    solo(crossing, tmp_path / "split", split_seconds=seconds)
    whole = rows_of(tmp_path / "whole")
    assert len(set(whole["face_id"].drop_null().to_pylist())) >= 2
    assert same_rows(rows_of(tmp_path / "split"), whole)
    assert not list((tmp_path / "split" / "stretches").rglob("*.parquet"))
    one, other = (status_of(tmp_path / name)["two.mp4"] for name in ("whole", "split"))
    for name in ("frames", "frames_without_face", "faces", "rows", "duration", "work_hash", "warnings"):
        assert one[name] == other[name]


def test_every_second_frame(crossing: Path, tmp_path: Path, solo: Solo, rows_of: Any, same_rows: Any) -> None:
    settings = BatchSettings(every=2)
    solo(crossing, tmp_path / "whole", settings=settings)
    solo(crossing, tmp_path / "split", settings=settings, split_seconds=0.2)
    assert same_rows(rows_of(tmp_path / "split"), rows_of(tmp_path / "whole"))


def test_a_kill_costs_one_stretch(
    crossing: Path, tmp_path: Path, solo: Solo, rows_of: Any, same_rows: Any, journal: Any, monkeypatch: Any
) -> None:
    from actionunits.cluster.worker import Worker

    solo(crossing, tmp_path / "whole")
    analysed = Worker._analysed

    def dies(self: Worker, *words: Any) -> Iterator[pa.RecordBatch]:
        if sum(what == "stretch" for what, _ in journal.lines) == 3:
            raise KeyboardInterrupt
        yield from analysed(self, *words)

    monkeypatch.setattr(Worker, "_analysed", dies)
    with pytest.raises(KeyboardInterrupt):
        solo(crossing, tmp_path / "split", split_seconds=0.2, journal=journal.path)
    monkeypatch.setattr(Worker, "_analysed", analysed)
    kept = sorted((tmp_path / "split" / "stretches" / key_of("two.mp4")).iterdir())
    assert len(kept) == 3
    kept[-1].write_bytes(b"damaged")
    solo(crossing, tmp_path / "split", split_seconds=0.2, journal=journal.path)
    assert same_rows(rows_of(tmp_path / "split"), rows_of(tmp_path / "whole"))
    count = len(cut_points(crossing / "two.mp4", 0.2)) + 1
    assert sum(what == "stretch" for what, _ in journal.lines) == count + 1  # the damaged one twice


def test_other_options_begin_anew(crossing: Path, tmp_path: Path) -> None:
    from actionunits.cluster import find_corpus
    from actionunits.cluster.places import Place
    from actionunits.media import MediaInput

    file, source = find_corpus(str(crossing)).files[0], MediaInput(crossing / "two.mp4", "video")
    plans = [
        stretches.plan_stretches(Place(tmp_path), file, source, seconds, identity, work)
        for seconds, identity, work in ((0.2, "a", "w"), (0.2, "b", "w"), (0.2, "a", "v"), (0.45, "a", "w"))
    ]
    assert len({plan.tag for plan in plans if plan is not None}) == 4
