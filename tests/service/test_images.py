"""Pictures: the service says what the library says."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from actionunits.analyzer import Analyzer
from actionunits.media import MediaInput
from actionunits.outputs import Outputs, write_analysis
from actionunits.results import FORMATS, Results, columns, file_name
from actionunits.service import Limits
from actionunits.viz import Overlay, still_scale

from .conftest import files_below, send


@pytest.mark.parametrize("number", range(4))
def test_rows_are_the_library_s(client: Any, face_files: tuple[Path, ...], analyzer: Analyzer, number: int) -> None:
    answer = send(client, "/v1/images", face_files[number], "a face.jpg")
    assert answer.status_code == 200
    found = answer.json()
    (row,) = found["rows"]
    assert list(row) == [each.name for each in columns(analyzer.aus)]
    expected = analyzer.analyze(face_files[number]).to_pandas().iloc[0].to_dict()
    assert row.pop("source") == "a face.jpg"
    for name, value in row.items():
        wanted = expected[name]
        assert value == (wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-6)), name
    assert (found["width"], found["height"], found["model"]) == (384, 384, "detector")
    assert found["faces"] == []
    assert found["job"] is None
    assert files_below(client.state) == []


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_the_library_s_bytes(
    client: Any, face_files: tuple[Path, ...], analyzer: Analyzer, format: str, tmp_path: Path
) -> None:
    answer = send(client, f"/v1/images?format={format}", face_files[0])
    assert answer.status_code == 200
    media = MediaInput(face_files[0], "image", face_files[0].name)
    write_analysis(analyzer, media, "face", Outputs(tmp_path, (format,)))
    expected = (tmp_path / file_name("face", format)).read_bytes()
    if format == "elan":  # states when it was made
        assert answer.content.startswith(b"<?xml")
    elif format == "parquet":
        (tmp_path / "sent.parquet").write_bytes(answer.content)
        assert Results.read(tmp_path / "sent.parquet") == Results.read(tmp_path / "face.parquet")
    else:
        assert answer.content == expected
    assert "face0" in answer.headers["Content-Disposition"]
    assert files_below(client.state) == []


def test_the_overlay_is_the_library_s(client: Any, face_files: tuple[Path, ...], analyzer: Analyzer) -> None:
    answer = send(client, "/v1/images?format=overlay", face_files[0])
    assert answer.headers["Content-Type"] == "image/png"
    drawn = cv2.imdecode(np.frombuffer(answer.content, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    (result,) = analyzer.stream(MediaInput(face_files[0], "image", "face0.jpg"))
    expected = Overlay().draw(result, analyzer.aus, canvas_scale=still_scale(*result.image.shape[:2]))
    np.testing.assert_array_equal(drawn, expected)


def test_landmarks_are_told_where_asked(client: Any, face_files: tuple[Path, ...], analyzer: Analyzer) -> None:
    (face,) = send(client, "/v1/images?landmarks=true", face_files[0]).json()["faces"]
    (result,) = analyzer.stream(face_files[0])
    np.testing.assert_allclose(face["landmarks"], result.faces[0].face.landmarks, atol=0.051)


def test_a_picture_without_a_face_has_a_row(client: Any, blank: np.ndarray) -> None:
    _, png = cv2.imencode(".png", blank)
    (row,) = client.post("/v1/images", files={"file": ("blank.png", png.tobytes())}).json()["rows"]
    assert row["success"] == 0
    assert row["face_id"] is None
    assert row["AU12_r"] is None


def test_two_people_and_a_limit(client: Any, pictures: tuple[np.ndarray, ...]) -> None:
    _, png = cv2.imencode(".png", np.hstack(pictures[:2])[..., ::-1])
    for query, count in (("", 2), ("?max_faces=1", 1)):
        found = client.post(f"/v1/images{query}", files={"file": ("two.png", png.tobytes())}).json()
        assert [row["face_id"] for row in found["rows"]] == list(range(count))


def test_kept_results_are_there_until_they_are_deleted(client: Any, face_files: tuple[Path, ...]) -> None:
    answer = send(client, "/v1/images?keep=true&report=true", face_files[0]).json()
    job = answer["job"]
    state = client.get(f"/v1/jobs/{job}").json()
    assert (state["state"], state["kind"], state["faces"], state["progress"]) == ("done", "image", 1, 1)
    assert client.get(f"/v1/jobs/{job}/overlay").headers["Content-Type"] == "image/png"
    assert client.get(f"/v1/jobs/{job}/report").headers["Content-Type"].startswith("text/html")
    assert len(client.get(f"/v1/jobs/{job}/result?format=csv").text.splitlines()) == 2
    assert "upload" not in files_below(client.state)
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.get(f"/v1/jobs/{job}").status_code == 404
    assert files_below(client.state) == []


def test_the_picture_itself_is_not_among_what_is_kept(client: Any, face_files: tuple[Path, ...]) -> None:
    job = send(client, "/v1/images?keep=true", face_files[0]).json()["job"]
    sent = face_files[0].read_bytes()
    assert not any(path.read_bytes() == sent for path in client.state.rglob("*") if path.is_file())
    client.delete(f"/v1/jobs/{job}")


def _at_once(client: Any, count: int, picture: bytes) -> list[Any]:
    """Answers to so many requests that are all under way at a time."""
    import httpx

    async def ask() -> list[Any]:
        transport = httpx.ASGITransport(client.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", timeout=120) as asking:
            requests = (
                asking.post("/v1/images", files={"file": (f"{number}.jpg", picture)}) for number in range(count)
            )
            return await asyncio.gather(*requests)

    return asyncio.run(ask())


def test_fifty_at_once_are_all_answered(client: Any, face_files: tuple[Path, ...]) -> None:
    answers = _at_once(client, 50, face_files[0].read_bytes())
    assert [answer.status_code for answer in answers] == [200] * 50
    assert [answer.json()["rows"][0]["source"] for answer in answers] == [f"{number}.jpg" for number in range(50)]
    rows = [{**answer.json()["rows"][0], "source": ""} for answer in answers]
    assert all(row == rows[0] for row in rows)
    assert files_below(client.state) == []


def test_more_than_may_wait_are_told_to_come_back(in_process: Callable[..., Any], face_files: tuple[Path, ...]) -> None:
    with in_process(Limits(pictures=3)) as client:
        answers = _at_once(client, 12, face_files[0].read_bytes())
        statuses = [answer.status_code for answer in answers]
        assert set(statuses) == {200, 429}
        assert statuses.count(200) >= 3
        assert all("Retry-After" in answer.headers for answer in answers if answer.status_code == 429)
        assert client.house.pictures.open == 0
        assert send(client, "/v1/images", face_files[0]).status_code == 200
