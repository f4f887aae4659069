"""Arguments to media files: what is found, in which order, and what is reported."""

import os
from pathlib import Path

import pytest

from actionunits.errors import MediaError
from actionunits.media import expand_inputs
from actionunits.media.signatures import identify

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
MP4 = b"\0\0\0\x18ftypisom" + bytes(40)
GIF = b"GIF89a" + bytes(40)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    files = {
        "b.mp4": MP4,
        "a.jpg": JPEG,
        "notes.txt": b"text",
        ".hidden.png": PNG,
        "sub/c.PNG": PNG,
        "sub/deep/d.mkv": b"\x1a\x45\xdf\xa3",
        "sub/.cache/e.png": PNG,
        "code/index.ts": b"export const a = 1;",
        "clips [1]/f[2].gif": GIF,
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path


def names(root: Path, *arguments: str | Path) -> list[str]:
    result = expand_inputs(arguments)
    assert result.failures == ()
    return [medium.path.relative_to(root).as_posix() for medium in result.inputs]


def test_folder(tree: Path) -> None:
    assert names(tree, tree) == ["a.jpg", "b.mp4", "clips [1]/f[2].gif", "sub/c.PNG", "sub/deep/d.mkv"]


def test_order_of_arguments_and_duplicates(tree: Path) -> None:
    assert names(tree, tree / "sub", tree / "b.mp4", str(tree / "sub" / ".." / "b.mp4"), tree / "sub" / "c.PNG") == [
        "sub/c.PNG",
        "sub/deep/d.mkv",
        "b.mp4",
    ]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.mp4", ["b.mp4"]),
        ("?.*", ["a.jpg", "b.mp4"]),
        ("**/*.PNG", ["sub/c.PNG"]),
        ("**/d.mkv", ["sub/deep/d.mkv"]),
        ("[ab].*", ["a.jpg", "b.mp4"]),
        ("s*", ["sub/c.PNG", "sub/deep/d.mkv"]),
        ("clips [1]/*.gif", ["clips [1]/f[2].gif"]),
        ("clips [1]/f[2].gif", ["clips [1]/f[2].gif"]),
        ("clips [1]", ["clips [1]/f[2].gif"]),
    ],
)
def test_patterns(tree: Path, pattern: str, expected: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert names(tree, tree / pattern) == expected
    monkeypatch.chdir(tree)
    assert [medium.path.as_posix() for medium in expand_inputs([pattern]).inputs] == expected


def test_literal_name_wins_over_the_pattern(tree: Path) -> None:
    (tree / "[ab].jpg").write_bytes(JPEG)
    assert names(tree, tree / "[ab].jpg") == ["[ab].jpg"]


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("picture.mp4", PNG, "image"),
        ("video.jpg", MP4, "video"),
        ("no-suffix", JPEG, "image"),
        ("moving.gif", GIF, "video"),
        ("renamed.mp4", b"a text file", "video"),
        ("renamed.jpg", b"a text file", "image"),
        ("empty.mkv", b"", "video"),
        ("phone.jpg", b"\0\0\0\x18ftypheic", "image"),
        ("moving.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17) + b"\0\0\0\x08acTL", "video"),
        ("trap.png", b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR" + bytes(17) + b"\0\0\0\x08IDATacTL", "image"),
        ("camera.mts", (b"\0\0\0\0\x47" + bytes(187)) * 4, "video"),
        ("tone.wav", b"RIFF\0\0\0\0WAVE", "video"),
    ],
)
def test_content_decides_first(tmp_path: Path, name: str, content: bytes, kind: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    result = expand_inputs([path])
    assert [(medium.path, medium.kind) for medium in result.inputs] == [(path, kind)]


def test_failures_do_not_stop_the_others(tree: Path) -> None:
    (tree / "nothing").mkdir()
    arguments = ["none.mp4", "b.mp4", "nothing", "*.xyz", "notes.txt", "a.jpg", "none/*.mp4"]
    result = expand_inputs([tree / argument for argument in arguments])
    assert [medium.path.name for medium in result.inputs] == ["b.mp4", "a.jpg"]
    assert all(isinstance(failure, MediaError) for failure in result.failures)
    expected = [
        ("none.mp4", "no such file"),
        ("nothing", "no picture or video in this folder"),
        ("*.xyz", "matches this pattern"),
        ("notes.txt", "neither a picture nor a video"),
        ("none/*.mp4", "matches this pattern"),
    ]
    for failure, (name, reason) in zip(result.failures, expected, strict=True):
        assert str(failure).startswith(f"{tree / name}: ")
        assert reason in str(failure)


def test_folder_without_media_but_code(tree: Path) -> None:
    assert expand_inputs([tree / "code"]).inputs == ()


def test_links_in_circles(tree: Path) -> None:
    try:
        (tree / "sub" / "up").symlink_to(tree, target_is_directory=True)
        (tree / "sub" / "self").symlink_to(tree / "sub", target_is_directory=True)
        (tree / "same.mp4").symlink_to(tree / "b.mp4")
        (tree / "broken.mp4").symlink_to(tree / "gone.mp4")
    except OSError:
        pytest.skip("links need a privilege here")
    result = expand_inputs([tree, tree / "**" / "*.PNG"])
    assert result.failures == ()
    assert [medium.path.name for medium in result.inputs] == ["a.jpg", "b.mp4", "f[2].gif", "c.PNG", "d.mkv"]


def test_unreadable_folder_and_file(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Simulated, because permission bits do not stop the administrator."""
    scandir, open_file = os.scandir, Path.open

    def guarded_scandir(path: str | Path) -> object:
        if Path(path).name == "deep":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    def guarded_open(self: Path, *arguments: object, **options: object) -> object:
        if self.name == "b.mp4":
            raise PermissionError(13, "Permission denied", str(self))
        return open_file(self, *arguments, **options)

    monkeypatch.setattr(os, "scandir", guarded_scandir)
    monkeypatch.setattr(Path, "open", guarded_open)
    result = expand_inputs([tree])
    assert [medium.path.name for medium in result.inputs] == ["a.jpg", "f[2].gif", "c.PNG"]
    assert [failure.subject for failure in result.failures] == [str(tree / "sub" / "deep"), str(tree / "b.mp4")]
    assert all("Permission denied" in str(failure) for failure in result.failures)


def test_nothing_asked() -> None:
    assert expand_inputs([]).inputs == ()


@pytest.mark.parametrize("content", [b"", b"B", b"BMW is a maker of cars and this is text", b"\x47" * 10, b"RIFF"])
def test_unknown_content(content: bytes) -> None:
    assert identify(content) is None
