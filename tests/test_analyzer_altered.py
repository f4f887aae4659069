"""An analyzer with other options, frames from elsewhere, and sources by another name."""

from pathlib import Path

import numpy as np
import pytest

from actionunits.analyzer import Analyzer
from actionunits.errors import MediaError, UsageError
from actionunits.media import Frame, MediaInput, VideoReader, read_image
from actionunits.media.images import decode_image
from actionunits.outputs import Outputs, write_analysis
from actionunits.results import Results, read_sidecar
from actionunits.samples import SAMPLE_CLIP


def test_other_options_give_what_a_new_analyzer_gives(analyzer: Analyzer, numbers_of) -> None:
    for options in ({"every": 9}, {"every": 20, "baseline": "median"}, {"max_faces": 1, "every": 30}):
        altered, made = analyzer.altered(**options), Analyzer(**options)
        assert altered.settings == made.settings
        assert numbers_of(altered.stream(SAMPLE_CLIP)) == numbers_of(made.stream(SAMPLE_CLIP))
    assert analyzer.settings == Analyzer().settings  # as it was


@pytest.mark.parametrize("options", [{"every": 0}, {"max_faces": 0}, {"baseline": "later"}, {"sides": True}])
def test_options_that_cannot_be_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        Analyzer("geometry").altered(**options)


def test_frames_from_elsewhere_are_analysed_like_a_video(analyzer: Analyzer, numbers_of) -> None:
    with VideoReader(SAMPLE_CLIP, every=5) as reader:
        frames = list(reader)
    assert numbers_of(analyzer.stream(iter(frames))) == numbers_of(analyzer.altered(every=5).stream(SAMPLE_CLIP))


def test_frames_from_elsewhere_have_no_baseline(analyzer: Analyzer, blank: np.ndarray) -> None:
    with pytest.raises(UsageError, match="baseline median"):
        next(iter(analyzer.altered(baseline="median").stream([Frame("x", 0, 0.0, blank)])))


@pytest.mark.parametrize("kind", ["image", "video"])
def test_a_source_may_have_another_name(
    analyzer: Analyzer, face_files: tuple[Path, ...], tmp_path: Path, kind: str
) -> None:
    path = face_files[0] if kind == "image" else SAMPLE_CLIP
    media = MediaInput(path, kind, "../what they call it")
    write_analysis(analyzer.altered(every=50), media, "stem", Outputs(tmp_path))
    assert set(Results.read(tmp_path / "stem.csv")["source"]) == {"../what they call it"}
    sidecar = read_sidecar(tmp_path / "stem.json")
    assert sidecar.source == "../what they call it"
    assert sidecar.input_bytes == path.stat().st_size


def test_a_picture_in_memory_is_decoded_like_its_file(face_files: tuple[Path, ...]) -> None:
    data = face_files[0].read_bytes()
    np.testing.assert_array_equal(decode_image(data, Path("x")), read_image(face_files[0]))
    with pytest.raises(MediaError, match="384 x 384 pixels are more than the 100,000"):
        decode_image(data, Path("x"), max_pixels=100_000)
