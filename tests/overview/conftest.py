"""The output of a small batch with a manifest."""

import shutil
from pathlib import Path

import pytest

pytest.importorskip("fsspec")
pytest.importorskip("duckdb")

from actionunits.cluster import find_corpus, run_batch
from actionunits.cluster.crews import Staff
from actionunits.media import VideoReader, VideoWriter
from actionunits.samples import SAMPLE_CLIP


@pytest.fixture(scope="session")
def batch_out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of one subject, one of another with a name that is HTML, and a file that cannot be read."""
    folder = tmp_path_factory.mktemp("overview")
    with VideoReader(SAMPLE_CLIP) as reader:
        pictures = [frame.image[::2, ::2].copy() for frame in reader]
    for number, length in enumerate((12, 8, 10)):
        with VideoWriter(folder / f"c{number}.mp4", width=160, height=160, rate_hint=25) as writer:
            for place, picture in enumerate(pictures[number * 30 : number * 30 + length]):
                writer.write(picture, place / 25)
    (folder / "bad <i>.mp4").write_bytes(b"no video")
    (folder / "m.csv").write_text('uri,subject\nc0.mp4,anna\nc1.mp4,anna\nc2.mp4,<b>ben</b>\n"bad <i>.mp4",anna\n')
    run_batch(find_corpus(str(folder / "m.csv")), folder / "out", staff=Staff(workers=0))
    return folder / "out"


@pytest.fixture
def batch_copy(batch_out: Path, tmp_path: Path) -> Path:
    """A copy, to be spoilt."""
    return Path(shutil.copytree(batch_out, tmp_path / "copy"))
