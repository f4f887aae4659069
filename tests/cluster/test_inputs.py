"""From folders, patterns and manifests to files."""

from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from actionunits.cluster.inputs import find_corpus, key_of
from actionunits.errors import UsageError


def test_a_folder(corpus_folder: Path) -> None:
    corpus = find_corpus(str(corpus_folder))
    assert [file.source for file in corpus.files] == [
        *(f"day0/clip{n}.mp4" for n in (0, 2, 4)),
        *(f"day1/clip{n}.mp4" for n in (1, 3, 5)),
    ]
    assert all(Path(file.uri).is_absolute() and file.size > 0 for file in corpus.files)
    assert len({file.key for file in corpus.files}) == 6


def test_sources_do_not_depend_on_where_one_stands(corpus_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(corpus_folder.parent)
    assert find_corpus(corpus_folder.name) == find_corpus(str(corpus_folder))


def test_a_pattern_and_a_file(corpus_folder: Path) -> None:
    found = find_corpus(str(corpus_folder / "*" / "clip[12].mp4"))
    assert [file.source for file in found.files] == ["day0/clip2.mp4", "day1/clip1.mp4"]
    single = find_corpus(str(corpus_folder / "day0" / "clip0.mp4"))
    assert [file.source for file in single.files] == ["clip0.mp4"]


def test_a_store(corpus_folder: Path) -> None:
    memory = fsspec.filesystem("memory")
    for name in ("v/a.mp4", "v/sub/b.mkv", "v/.hidden/c.mp4", "v/notes.txt"):
        memory.pipe_file(f"/{name}", b"x")
    corpus = find_corpus("memory://v")
    assert [file.source for file in corpus.files] == ["a.mp4", "sub/b.mkv"]
    assert [file.uri for file in corpus.files] == ["memory://v/a.mp4", "memory://v/sub/b.mkv"]
    assert [file.source for file in find_corpus("memory://v/*.mp4").files] == ["a.mp4"]
    with pytest.raises(UsageError, match="no picture or video"):
        find_corpus("memory://nowhere")


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_manifest(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    columns = {"path": ["a.mp4", "/b.mp4", "s3://bucket/c.mp4"], "subject": ["007", None, "9"], "age": ["31", "", "2"]}
    if suffix == "csv":
        path.write_text("path,subject,age\na.mp4,007,31\n/b.mp4,,\ns3://bucket/c.mp4,9,2\n")
    else:
        pq.write_table(pa.table({**columns, "age": [31, None, 2]}), path)
    corpus = find_corpus(str(path))
    assert [file.source for file in corpus.files] == columns["path"]
    assert [file.uri for file in corpus.files] == [str(tmp_path / "a.mp4"), "/b.mp4", "s3://bucket/c.mp4"]
    assert [file.metadata["subject"] for file in corpus.files] == ["007", None, "9"]
    assert corpus.files[0].metadata["age"] == ("31" if suffix == "csv" else 31)
    assert corpus.metadata.field("subject").type == pa.string()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("video,subject\na.mp4,1\n", "no column of files"),
        ("uri\na.mp4\na.mp4\n", "named twice"),
        ("uri,subject\n,1\n", "names no file"),
        ("uri,frame\na.mp4,1\n", "results have a column of that name"),
        ("uri,state\na.mp4,1\n", "results have a column of that name"),
        ("uri\n", "no rows"),
        ("", "no manifest"),
        ("uri,x\na.mp4\n", "no manifest"),
    ],
)
def test_manifests_that_are_none(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        find_corpus(str(path))


def test_a_parquet_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "m.parquet"
    path.write_bytes(b"PAR1 or not")
    with pytest.raises(UsageError, match="no manifest"):
        find_corpus(str(path))
    with pytest.raises(UsageError, match="no such file"):
        find_corpus(str(tmp_path / "none.csv"))


def test_keys_are_for_ever() -> None:
    """Outputs of older releases are found by them."""
    assert key_of("day0/clip0.mp4") == "b430c4556b81b5be6b3f4069354ede77"
