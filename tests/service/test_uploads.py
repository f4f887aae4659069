"""Uploads that are not what they should be: each gets its 4xx, and nothing stays on disk."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actionunits.samples import SAMPLE_CLIP
from actionunits.service import Limits
from actionunits.service.problems import ProblemError
from actionunits.service.uploads import checked_file_name

from .conftest import files_below, send

PICTURE = (Path(__file__).parents[1] / "data" / "face0.jpg").read_bytes()
SMALL = Limits(picture_bytes=60_000, video_bytes=300_000, pixels=200_000, seconds=6)


@pytest.fixture(scope="module")
def small(in_process: Callable[..., Any]) -> Iterator[Any]:
    """A service that takes little."""
    with in_process(SMALL) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_stays(small: Any) -> Iterator[None]:
    yield
    assert files_below(small.state) == []
    assert small.house.receiver.held == 0
    assert small.house.pictures.open == 0


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem of an answer with this status; it is whole and says nothing of where files lie."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()["error"]
    assert set(error) == {"status", "subject", "reason", "next_step"}
    assert error["status"] == status
    assert "upload-" not in answer.text
    assert "/state" not in answer.text
    return error


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd.jpg",
        "/etc/x.jpg",
        "..\\..\\x.jpg",
        "C:\\x.jpg",
        "a/b.jpg",
        "..",
        "a\x00b.jpg",
        "a\nb.jpg",
        "x" * 1025,
    ],
)
def test_a_name_that_is_a_path_is_refused(name: str) -> None:
    with pytest.raises(ProblemError) as caught:
        checked_file_name(name)
    assert caught.value.problem.status == 422


@pytest.mark.parametrize("name", ["../../x.jpg", "..%2f..%2fx/y.jpg", "/srv/x.jpg"])
def test_a_path_in_a_form_is_refused(small: Any, name: str) -> None:
    body = f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + PICTURE
    answer = small.post(
        "/v1/images", content=body + b"\r\n--b--\r\n", headers={"Content-Type": "multipart/form-data; boundary=b"}
    )
    assert problem(answer, 422)["subject"] == "filename"


def test_odd_names_are_kept_as_text(small: Any, face_files: tuple[Path, ...]) -> None:
    for name in ("=1+1.jpg", "<script>alert(1)</script>.jpg".replace("/", ""), "日本語 🙂.jpg", "a" * 900 + ".jpg"):
        answer = send(small, "/v1/images", face_files[0], name)
        assert answer.status_code == 200, answer.text
        assert answer.json()["source"] == name
        assert answer.json()["rows"][0]["source"] == name


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"not a picture at all", 415),
        (b"", 422),
        (b"PK\x03\x04 a zip file called .jpg", 415),
        (PICTURE[:9000], 422),
        (b"\xff\xd8\xff" + b"\0" * 500, 422),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 500, 422),
        (b"GIF89a" + b"\0" * 100, 415),
        (b"#EXTM3U\nfile:///etc/passwd\n", 415),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", 415),
    ],
)
def test_what_is_no_picture_is_refused(small: Any, content: bytes, status: int) -> None:
    error = problem(small.post("/v1/images", files={"file": ("face.jpg", content)}), status)
    assert "face.jpg" in error["subject"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (PICTURE, 415),
        (b"text", 415),
        (SAMPLE_CLIP.read_bytes()[:4000], 422),
        (b"\0\0\0\x18ftypmp42" + b"\0" * 300, 422),
        (b"\x1a\x45\xdf\xa3" + b"\xff" * 300, 422),
        (b"RIFF\0\0\0\0AVI " + b"\0" * 300, 422),
    ],
)
def test_what_is_no_video_is_refused(small: Any, content: bytes, status: int) -> None:
    problem(small.post("/v1/videos", files={"file": ("clip.mp4", content)}), status)


def test_too_large_is_refused_by_its_stated_length_and_by_its_bytes(small: Any) -> None:
    problem(small.post("/v1/images", files={"file": ("x.jpg", b"\xff\xd8\xff" + b"\0" * 200_000)}), 413)

    def pieces() -> Iterator[bytes]:  # sent in chunks: no length is stated
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jpg"\r\n\r\n'
        for _ in range(40):
            yield b"\0" * 4000

    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    problem(small.post("/v1/images", content=pieces(), headers=headers), 413)


def test_too_many_pixels_are_refused_before_they_are_decoded(small: Any) -> None:
    import cv2
    import numpy as np

    _, png = cv2.imencode(".png", np.zeros((3000, 3000, 3), np.uint8))
    assert len(png) < SMALL.picture_bytes
    error = problem(small.post("/v1/images", files={"file": ("wide.png", png.tobytes())}), 413)
    assert "3000 x 3000" in error["reason"]


def test_too_long_a_video_is_refused(in_process: Callable[..., Any]) -> None:
    with in_process(Limits(seconds=2)) as client:
        error = problem(send(client, "/v1/videos", SAMPLE_CLIP), 413)
        assert error["reason"].startswith("it lasts 5 s")
        assert files_below(client.state) == []


@pytest.mark.parametrize(
    ("kind", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("image/jpeg", PICTURE, 415),
        ("multipart/form-data", b"x", 400),
        ("multipart/form-data; boundary=b", b"no form", 400),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx',
            400,
        ),
        ("multipart/form-data; boundary=b", b"--b--\r\n", 422),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\nx\r\n--b--\r\n',
            422,
        ),
        ("multipart/form-data; boundary=b", b"--b\r\nNo: disposition\r\n\r\nx\r\n--b--\r\n", 422),
        (f"multipart/form-data; boundary={'b' * 5000}", b"x", 400),
        ("multipart/form-data; boundary=b", b"--b\r\n" + b"A: b\r\n" * 5000 + b"\r\nx\r\n--b--\r\n", 400),
    ],
)
def test_what_is_no_whole_form_is_refused(small: Any, kind: str, body: bytes, status: int) -> None:
    problem(small.post("/v1/images", content=body, headers={"Content-Type": kind}), status)


def test_two_files_are_refused(small: Any) -> None:
    files = [("file", ("a.jpg", PICTURE)), ("file", ("b.jpg", b"x"))]
    problem(small.post("/v1/images", files=files), 422)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/images?model=../../card.json",
        "/v1/images?model=nobody",
        "/v1/images?max_faces=0",
        "/v1/images?format=exe",
        "/v1/images?model=geometry&sides=true",
        "/v1/videos?baseline=later",
        "/v1/videos?every=0",
        "/v1/videos?model=geometry&sides=true",
    ],
)
def test_impossible_wishes_are_refused(small: Any, path: str) -> None:
    content = SAMPLE_CLIP.read_bytes() if "videos" in path else PICTURE
    problem(small.post(path, files={"file": ("x", content)}), 422)
