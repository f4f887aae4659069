"""A small corpus of rendered clips, and what a batch of it must give."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

pytest.importorskip("fsspec")

from actionunits.analyzer import Analyzer
from actionunits.cluster import BatchReport, find_corpus, run_batch
from actionunits.cluster.crews import Staff
from actionunits.media import VideoReader, VideoWriter
from actionunits.results.schema import columns
from actionunits.samples import SAMPLE_CLIP

LENGTHS = (4, 7, 11, 5, 9, 6)


@pytest.fixture(scope="session")
def corpus_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six clips of 4 to 11 frames in two folders; nobody writes here."""
    folder = tmp_path_factory.mktemp("corpus")
    with VideoReader(SAMPLE_CLIP) as reader:
        pictures = [frame.image[::2, ::2].copy() for frame in reader]
    for number, length in enumerate(LENGTHS):
        path = folder / f"day{number % 2}" / f"clip{number}.mp4"
        path.parent.mkdir(exist_ok=True)
        with VideoWriter(path, width=160, height=160, rate_hint=25) as writer:
            for place, picture in enumerate(pictures[number * 12 : number * 12 + length]):
                writer.write(picture, place / 25)
    return folder


@pytest.fixture
def clips(corpus_folder: Path, tmp_path: Path) -> Path:
    """A copy of the corpus, to be spoilt."""
    import shutil

    return Path(shutil.copytree(corpus_folder, tmp_path / "clips"))


@pytest.fixture(scope="session")
def expected(corpus_folder: Path) -> pa.Table:
    """The rows that a plain analysis of the same clips gives, sources relative to the folder."""
    table = Analyzer(threads=1).analyze(corpus_folder).to_arrow()
    names = [str(Path(name).relative_to(corpus_folder).as_posix()) for name in table["source"].to_pylist()]
    return ordered(table.set_column(0, table.schema.field(0), pa.array(names)))


def ordered(table: pa.Table) -> pa.Table:
    """The results' own columns, sorted."""
    own = [name for name in table.column_names if name.startswith("AU")]
    names = [each.name for each in columns(())] + own
    return table.select(names).sort_by([("source", "ascending"), ("frame", "ascending"), ("face_id", "ascending")])


@pytest.fixture(scope="session")
def rows_of() -> Callable[[Path], pa.Table]:
    """A function: all rows below an output, read without this package's help, sorted."""

    def read(out: Path) -> pa.Table:
        table = ds.dataset(out / "rows", format="parquet").to_table()
        return ordered(table.replace_schema_metadata(None))

    return read


@pytest.fixture(scope="session")
def same_rows() -> Callable[[pa.Table, pa.Table], bool]:
    """A function: whether two tables hold the same cells, row for row."""

    def same(one: pa.Table, other: pa.Table) -> bool:
        return one.column_names == other.column_names and bool(
            one.to_pydict() == other.to_pydict()  # schema metadata aside
        )

    return same


@pytest.fixture(scope="session")
def status_of() -> Callable[[Path], dict[str, dict[str, Any]]]:
    """A function: the status table of an output, by source."""

    def read(out: Path) -> dict[str, dict[str, Any]]:
        return {row["source"]: row for row in pq.read_table(out / "status.parquet").to_pylist()}

    return read


@pytest.fixture(scope="session")
def solo() -> Callable[..., BatchReport]:
    """A function: run a batch in this process, without Ray."""

    def run(named: object, out: object, **options: Any) -> BatchReport:
        return run_batch(find_corpus(str(named)), str(out), staff=Staff(workers=0), **options)

    return run


class Journal:
    """What was begun and committed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def lines(self) -> list[tuple[str, str]]:
        """(``begin`` or ``commit``, key) in order."""
        if not self.path.exists():
            return []
        return [(line.split()[1], line.split()[2]) for line in self.path.read_text().splitlines()]

    @property
    def begun(self) -> list[str]:
        return [key for what, key in self.lines if what == "begin"]

    def again_after_commit(self) -> list[str]:
        """Keys that were begun after they had been committed."""
        committed: set[str] = set()
        again = []
        for what, key in self.lines:
            if what == "commit":
                committed.add(key)
            elif key in committed:
                again.append(key)
        return again


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "journal.txt")
