"""The whole journey: every frame a row, true times, and the same numbers however they are asked for."""

import gc
import hashlib
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

import actionunits
from actionunits.analyzer import Analyzer, SourceFacts, Watch
from actionunits.errors import MediaError, UsageError
from actionunits.facs import AUSet
from actionunits.media import Camera, Frame, VideoReader, expand_inputs
from actionunits.results import FrameResult

Clip = Callable[..., Path]
Pictures = tuple[np.ndarray, ...]
Numbers = Callable[[Any], list[tuple[Any, ...]]]
IRREGULAR = (0, 33, 40, 130, 135, 500, 1250, 1251)


class Diary(Watch):
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.facts: list[SourceFacts] = []
        self.frames: list[Frame] = []
        self.warnings: list[str] = []
        self.ended = 0

    def opened(self, facts: SourceFacts) -> None:
        self.facts.append(facts)

    def looked_at(self, frame: Frame) -> None:
        self.frames.append(frame)

    def warned(self, text: str) -> None:
        self.warnings.append(text)

    def read(self, filled_timestamps: int) -> None:
        self.ended += 1


def intensities(results: list[FrameResult], face: int = 0) -> np.ndarray:
    """(T, A) of the frames that show this face."""
    rows = [one.intensity for result in results for one in result.faces if one.face.face_id == face]
    return np.array(rows)


def test_image_equals_one_frame_video(analyzer: Analyzer, tmp_path: Path, pictures: Pictures, clip: Clip) -> None:
    for number, picture in enumerate(pictures):
        still = tmp_path / f"{number}.png"
        Image.fromarray(picture).save(still)
        (from_image,) = analyzer.stream(still)
        for name, codec, pixel_format in (("png.mov", "png", "rgb24"), ("ffv1.mkv", "ffv1", "bgr0")):
            (from_video,) = analyzer.stream(clip(name, [picture], codec=codec, pixel_format=pixel_format))
            assert (from_video.image == picture).all()
            a, b = from_image.faces[0], from_video.faces[0]
            assert a.face.mesh.tobytes() == b.face.mesh.tobytes()
            for name in ("probability", "occurrence", "intensity"):
                assert getattr(a, name).tobytes() == getattr(b, name).tobytes()
        assert (from_image.frame, from_image.timestamp) == (0, 0.0)


def test_reruns_and_order_of_inputs(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, face_files: tuple[Path, ...], numbers_of: Numbers
) -> None:
    video = clip("two.mkv", [*pictures[:2] * 3])
    alone = {path: numbers_of(analyzer.stream(path)) for path in (*face_files, video)}
    for path in (video, *reversed(face_files), video):
        assert numbers_of(analyzer.stream(path)) == alone[path]
    for fresh in (Analyzer(threads=2), Analyzer(threads=1, overlap=False)):
        for path, expected in alone.items():
            assert numbers_of(fresh.stream(path)) == expected


def test_without_overlap_no_thread_is_started(clip: Clip, pictures: Pictures) -> None:
    video = clip("three.mp4", [*pictures[:2] * 3], codec="libx264", pixel_format="yuv420p")
    turns, before = Analyzer(threads=1, overlap=False).stream(video), set(threading.enumerate())
    next(turns)
    assert set(threading.enumerate()) == before
    assert [result.frame for result in turns] == [1, 2, 3, 4, 5]


def test_tables_of_many_inputs(
    analyzer: Analyzer, face_files: tuple[Path, ...], pictures: Pictures, clip: Clip
) -> None:
    video = clip("video.mkv", [pictures[1]] * 3)
    inputs = [*face_files[:2], video]
    table = analyzer.analyze(inputs).to_pandas()
    turned = analyzer.analyze(inputs[::-1]).to_pandas()
    assert table["source"].tolist() == [*map(str, face_files[:2]), *[str(video)] * 3]
    for path in inputs:
        mine, other = (each[each["source"] == str(path)].reset_index(drop=True) for each in (table, turned))
        assert mine.equals(other)
        assert mine.equals(analyzer.analyze(path).to_pandas())


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv"])
@pytest.mark.parametrize("start", [0, 1500])
@pytest.mark.parametrize("steps", [IRREGULAR, tuple(range(0, 320, 40))], ids=["variable", "constant"])
def test_every_frame_has_a_row_at_its_own_time(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, name: str, start: int, steps: tuple[int, ...]
) -> None:
    codec, pixels = ("libx264", "yuv420p") if name.endswith("mp4") else ("ffv1", "bgr0")
    path = clip(name, [pictures[0]] * len(steps), [start + step for step in steps], codec=codec, pixel_format=pixels)
    with av.open(str(path)) as container:
        base = container.streams.video[0].time_base or Fraction(1)
        stated = [float(frame.pts * base) for frame in container.decode(video=0)]
    assert stated == pytest.approx([(start + step) / 1000 for step in steps], abs=1e-9)
    results = list(analyzer.stream(path))
    assert [result.timestamp for result in results] == pytest.approx(stated, abs=1e-3)
    assert [result.frame for result in results] == list(range(len(steps)))
    table = analyzer.analyze(path).to_pandas()
    assert table["timestamp"].tolist() == pytest.approx(stated, abs=1e-3)
    assert table["success"].tolist() == [1] * len(steps)


def test_no_faces_at_all(analyzer: Analyzer, blank: np.ndarray, clip: Clip) -> None:
    table = analyzer.analyze(clip("blank.mkv", [blank] * 4)).to_pandas()
    assert table["success"].tolist() == [0] * 4
    assert table["timestamp"].tolist() == pytest.approx([0, 0.04, 0.08, 0.12])
    said = {"source", "frame", "timestamp", "success"}
    assert table.drop(columns=list(said)).isna().all(axis=None)


def test_faces_in_some_frames(analyzer: Analyzer, blank: np.ndarray, pictures: Pictures, clip: Clip) -> None:
    shown = [0, 0, 1, 1, 0, 1, 1, 1, 0]
    path = clip("some.mkv", [pictures[0] if there else blank for there in shown])
    table = analyzer.analyze(path).to_pandas()
    assert table["success"].tolist() == shown
    assert table["frame"].tolist() == list(range(len(shown)))
    assert table["AU12_p"].notna().tolist() == [bool(there) for there in shown]
    assert table["face_id"].dropna().unique().tolist() == [0]


def test_two_people(analyzer: Analyzer, pictures: Pictures, clip: Clip) -> None:
    path = clip("pair.mkv", [np.concatenate([pictures[1], pictures[0]], axis=1)] * 3)
    results = list(analyzer.stream(path))
    assert [[one.face.face_id for one in result.faces] for result in results] == [[0, 1]] * 3
    left = {one.face.face_id: one.face.box[0] < 384 for one in results[0].faces}
    for result in results:
        for one in result.faces:
            brows, smile = one.intensity[[analyzer.aus.index(1), analyzer.aus.index(12)]]
            assert (brows > smile) == left[one.face.face_id]
    assert analyzer.analyze(path).to_pandas()["frame"].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize(("turned", "turn"), [(90, 1), (180, 2), (270, 3)])
def test_rotated_container(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, numbers_of: Numbers, turned: int, turn: int
) -> None:
    """The clip is stored turned back, so that the player's turn makes it upright."""
    words = {"codec": "libx264rgb", "pixel_format": "rgb24", "options": {"crf": "0"}}  # lossless
    for picture in pictures[:2]:
        stored = np.rot90(picture, turn)
        (upright,) = analyzer.stream(clip("upright.mp4", [picture], **words))
        (result,) = analyzer.stream(clip("phone.mp4", [stored], turned=turned, **words))
        assert (result.image == picture).all()
        assert numbers_of([result]) == numbers_of([upright])


@pytest.mark.parametrize("every", [2, 3, 50])
def test_every(pictures: Pictures, clip: Clip, every: int) -> None:
    path = clip("clip.mkv", [pictures[0]] * len(IRREGULAR), IRREGULAR)
    results = list(Analyzer(every=every).stream(path))
    wanted = range(0, len(IRREGULAR), every)
    assert [result.frame for result in results] == list(wanted)
    assert [result.timestamp for result in results] == pytest.approx([IRREGULAR[n] / 1000 for n in wanted])


def test_max_faces_keeps_the_largest(pictures: Pictures, clip: Clip, analyzer: Analyzer) -> None:
    small = np.zeros_like(pictures[1])
    small[96:288, 96:288] = np.asarray(Image.fromarray(pictures[1]).resize((192, 192)))
    path = clip("pair.mkv", [np.concatenate([small, pictures[0]], axis=1)] * 3)
    assert [len(result.faces) for result in analyzer.stream(path)] == [2, 2, 2]
    for result in Analyzer(max_faces=1).stream(path):
        (one,) = result.faces
        assert one.face.box[0] > 384


def test_chosen_action_units_keep_their_order(analyzer: Analyzer, face_files: tuple[Path, ...]) -> None:
    chosen = Analyzer(aus="25, 12, 1")
    assert chosen.aus == AUSet((25, 12, 1))
    assert list(chosen.thresholds) == ["AU25", "AU12", "AU01"]
    (few,), (all_of_them,) = chosen.stream(face_files[1]), analyzer.stream(face_files[1])
    places = [analyzer.aus.index(au) for au in (25, 12, 1)]
    for name in ("probability", "occurrence", "intensity"):
        assert (getattr(few.faces[0], name) == getattr(all_of_them.faces[0], name)[places]).all()
    columns = [name for name in chosen.analyze(face_files[1]).to_pandas() if name.startswith("AU")]
    assert columns == [f"AU{au}_{kind}" for au in ("25", "12", "01") for kind in "pcr"]


def test_occurrence_is_probability_from_the_threshold_on(analyzer: Analyzer, face_files: tuple[Path, ...]) -> None:
    thresholds = np.array(list(analyzer.thresholds.values()), np.float32)
    for path in face_files:
        (result,) = analyzer.stream(path)
        one = result.faces[0]
        assert (one.occurrence == (one.probability >= thresholds)).all()
        assert one.intensity.min() >= 0
        assert one.intensity.max() <= 5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"model": "geometri"}, "geometri.*geometry"),
        ({"device": "gpu"}, "gpu"),
        ({"aus": "12,99"}, "99"),
        ({"aus": "12,46"}, "AU46.*detector"),
        ({"aus": []}, "names no action unit"),
        ({"max_faces": 0}, "max_faces=0"),
        ({"every": 0}, "every=0"),
        ({"threads": -1}, "threads=-1"),
        ({"baseline": "mean"}, "mean"),
        ({"baseline": "neutral:2-1"}, "neutral:2"),
    ],
)
def test_wrong_words_are_named(words: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Analyzer(**words)


def test_device_is_the_one_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("onnxruntime.get_available_providers", lambda: ["CPUExecutionProvider"])
    assert Analyzer(device="auto").device == "cpu"


def test_inputs_that_cannot_be_analysed(analyzer: Analyzer, tmp_path: Path, face_files: tuple[Path, ...]) -> None:
    with pytest.raises(MediaError, match=r"nobody\.mp4"):
        analyzer.analyze(tmp_path / "nobody.mp4")
    with pytest.raises(MediaError, match="no picture or video"):
        analyzer.analyze([face_files[0], tmp_path])
    with pytest.raises(MediaError, match="nothing to analyse"):
        analyzer.analyze([])
    with pytest.raises(MediaError, match="is 4 files"):
        next(analyzer.stream(face_files[0].parent))
    with pytest.raises(MediaError, match=r"nobody\.png"):
        next(analyzer.stream(tmp_path / "nobody.png"))


def test_stream_is_lazy_and_closing_it_leaves_nothing(
    analyzer: Analyzer, pictures: Pictures, clip: Clip, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = clip("long.mkv", [pictures[0]] * 40)
    decoded: list[int] = []
    step = VideoReader.__next__

    def counted(reader: VideoReader) -> Frame:
        frame = step(reader)
        decoded.append(frame.index)
        return frame

    monkeypatch.setattr(VideoReader, "__next__", counted)
    before = set(threading.enumerate())
    diary = Diary()
    stream = analyzer.stream(path, watch=diary)
    assert not decoded
    assert next(stream).frame == 0
    assert len(decoded) < 20
    assert len(diary.frames) == 1
    assert set(threading.enumerate()) > before
    stream.close()
    assert set(threading.enumerate()) == before
    assert len(decoded) < 20
    for result in analyzer.stream(path):
        if result.frame == 2:
            break
    del result
    gc.collect()
    assert set(threading.enumerate()) == before


def test_frames_before_the_damage_are_yielded(analyzer: Analyzer, cut_video: Path) -> None:
    before = set(threading.enumerate())
    results: list[FrameResult] = []
    with pytest.raises(MediaError, match=r"cut\.mp4: it is") as caught:
        results.extend(analyzer.stream(cut_video))
    assert 2 <= len(results) < 12
    assert all(result.faces for result in results)
    assert f"{len(results)} frames were read" in str(caught.value)
    del caught
    assert set(threading.enumerate()) == before


def test_the_watch_is_told(analyzer: Analyzer, pictures: Pictures, clip: Clip, face_files: tuple[Path, ...]) -> None:
    diary = Diary()
    list(analyzer.stream(clip("clip.mkv", [pictures[0]] * 5, range(500, 700, 40)), watch=diary))
    (facts,) = diary.facts
    assert (facts.kind, facts.width, facts.height, facts.start_time) == ("video", 384, 384, 0.5)
    assert [frame.index for frame in diary.frames] == [0, 1, 2, 3, 4]
    assert (diary.ended, diary.warnings) == (1, [])
    diary = Diary()
    list(analyzer.stream(face_files[0], watch=diary))
    assert diary.facts == [SourceFacts("image", width=384, height=384, frame_count=1)]


@pytest.mark.filterwarnings("ignore")
def test_a_camera(analyzer: Analyzer, pictures: Pictures, clip: Clip) -> None:
    diary = Diary()
    camera = Camera(str(clip("camera.mp4", [pictures[0]] * 4, codec="libx264", pixel_format="yuv420p")))
    results = list(analyzer.stream(camera, watch=diary))
    assert [len(result.faces) for result in results] == [1] * 4
    assert diary.facts == [SourceFacts("camera")]


def test_an_expanded_input_is_a_source(analyzer: Analyzer, face_files: tuple[Path, ...], numbers_of: Numbers) -> None:
    (source,) = expand_inputs([face_files[0]]).inputs
    assert numbers_of(analyzer.stream(source)) == numbers_of(analyzer.stream(str(face_files[0])))


def test_the_front_door() -> None:
    assert actionunits.Analyzer is Analyzer
    assert set(actionunits.__all__) <= set(dir(actionunits))
    assert all(hasattr(actionunits, name) for name in actionunits.__all__)
    with pytest.raises(AttributeError, match="noses"):
        actionunits.noses  # noqa: B018


def test_one_inputs_table_says_how_it_was_made(analyzer, face_files, tmp_path):
    table = analyzer.analyze(face_files[0])
    assert table.sidecar["input_sha256"] == hashlib.sha256(face_files[0].read_bytes()).hexdigest()
    assert table.sidecar["frame_count"] == len(table) == 1
    assert table.sidecar["estimator"] == "detector"
    table.save(tmp_path / "one.csv")
    assert (tmp_path / "one.json").exists()
    assert analyzer.analyze(face_files[:2]).sidecar == {}
