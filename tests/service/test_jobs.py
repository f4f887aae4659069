"""Videos: jobs from queued to done, results, cancelling, limits."""

import io
import json
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from actionunits.analyzer import Analyzer
from actionunits.media import MediaInput
from actionunits.outputs import Outputs, write_analysis
from actionunits.results import FORMATS, Results, file_name
from actionunits.samples import SAMPLE_CLIP
from actionunits.service import Limits
from actionunits.service.job_files import disposition, report_policy

from .conftest import files_below, finished, send


@pytest.fixture(scope="module")
def done(client: Any) -> Iterator[str]:
    """The id of a job that is done, with overlay and report."""
    answer = send(client, "/v1/videos?report=true", SAMPLE_CLIP, "my clip.mp4")
    assert answer.status_code == 202
    assert answer.headers["Location"] == f"/v1/jobs/{answer.json()['id']}"
    job = answer.json()["id"]
    assert finished(client, job)["state"] == "done"
    yield job
    client.delete(f"/v1/jobs/{job}")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, analyzer: Analyzer) -> Path:
    """What the library writes of the same clip."""
    folder = tmp_path_factory.mktemp("library")
    media = MediaInput(SAMPLE_CLIP, "video", "my clip.mp4")
    write_analysis(analyzer, media, "result", Outputs(folder, tuple(FORMATS), overlay=True))
    return folder


def test_a_done_job_says_what_it_found(client: Any, done: str) -> None:
    state = client.get(f"/v1/jobs/{done}").json()
    assert state["progress"] == 1
    assert (state["frames"], state["frames_total"], state["faces"], state["frames_without_face"]) == (125, 125, 1, 0)
    assert (state["source"], state["kind"], state["error"]) == ("my clip.mp4", "video", None)
    assert 0 < state["seconds"] < 60
    assert 3000 < state["expires_in"] <= 3600


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_is_the_library_s(client: Any, done: str, library: Path, format: str, tmp_path: Path) -> None:
    answer = client.get(f"/v1/jobs/{done}/result?format={format}")
    assert answer.status_code == 200
    expected = library / file_name("result", format)
    if format == "parquet":
        (tmp_path / "sent.parquet").write_bytes(answer.content)
        assert Results.read(tmp_path / "sent.parquet") == Results.read(expected)
    elif format == "elan":
        lines = [line for line in answer.text.splitlines() if "DATE" not in line]
        assert lines == [line for line in expected.read_text().splitlines() if "DATE" not in line]
    else:
        assert answer.content == expected.read_bytes()


def test_the_sidecar_names_the_source_and_no_path(client: Any, done: str) -> None:
    sidecar = client.get(f"/v1/jobs/{done}/result?format=json").json()
    assert sidecar["source"] == "my clip.mp4"
    assert str(client.state) not in json.dumps(sidecar)


def test_the_upload_is_gone_when_the_job_is_done(client: Any, done: str) -> None:
    assert "upload" not in files_below(client.state)
    assert client.house.receiver.held == 0


def test_parts_of_the_overlay_can_be_asked_for(client: Any, done: str, library: Path) -> None:
    whole = client.get(f"/v1/jobs/{done}/media")
    assert whole.headers["Content-Type"] == "video/mp4"
    assert whole.content == (library / "result.overlay.mp4").read_bytes()
    for name in ("media", "result.overlay.mp4"):
        part = client.get(f"/v1/jobs/{done}/{name}", headers={"Range": "bytes=100-199"})
        assert part.status_code == 206
        assert part.content == whole.content[100:200]
        assert part.headers["Content-Range"] == f"bytes 100-199/{len(whole.content)}"
    assert client.get(f"/v1/jobs/{done}/media", headers={"Range": "bytes=99999999-"}).status_code == 416


def test_the_report_runs_its_own_scripts_and_nothing_else(client: Any, done: str) -> None:
    answer = client.get(f"/v1/jobs/{done}/report")
    assert "my clip.mp4" in answer.text
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["frame-ancestors"] == "'self'"
    assert "unsafe" not in policy["script-src"]
    assert policy["script-src"].count("sha256-") == answer.text.count("<script>") + answer.text.count("<script ")


def test_a_policy_has_the_digest_that_browsers_compute(tmp_path: Path) -> None:
    import base64
    import hashlib

    script = "\n  if (1 < 2 && 'a &amp; b') alert(\"é\");\n"
    (tmp_path / "page.html").write_text(f"<title>x</title><script>{script}</script>", encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert report_policy(tmp_path / "page.html").startswith(f"script-src 'sha256-{digest}';")


def test_everything_comes_in_one_archive(client: Any, done: str, library: Path) -> None:
    answer = client.get(f"/v1/jobs/{done}/archive?formats=csv,elan")
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert archive.testzip() is None
    names = {"result.csv", "result.eaf", "result.json", "result.overlay.mp4", "result.html"}
    assert set(archive.namelist()) == names
    assert archive.read("result.csv") == (library / "result.csv").read_bytes()
    assert "my%20clip.zip" in answer.headers["Content-Disposition"]


def test_timelines_are_thinned_rows(client: Any, done: str, library: Path) -> None:
    rows = Results.read(library / "result.csv").to_pandas()
    lines = client.get(f"/v1/jobs/{done}/timelines?points=5000").json()
    (face,) = lines["faces"]
    assert face["timestamp"] == pytest.approx(rows["timestamp"].tolist())
    assert face["intensity"]["AU12"] == pytest.approx(rows["AU12_r"].tolist(), abs=0.0051)
    assert face["occurrence"]["AU12"] == rows["AU12_c"].tolist()
    assert [box[0] for box in face["box"]] == pytest.approx(rows["face_x"].tolist(), abs=0.051)
    few = client.get(f"/v1/jobs/{done}/timelines?points=10").json()["faces"][0]
    assert len(few["timestamp"]) <= 10
    assert few["timestamp"][0] == rows["timestamp"][0]


@pytest.mark.parametrize("path", ["", "/result", "/media", "/overlay", "/report", "/archive", "/timelines"])
@pytest.mark.parametrize("job", ["nobody", "..", "%2e%2e%2fetc", "a" * 65])
def test_other_ids_are_not_found(client: Any, job: str, path: str) -> None:
    assert client.get(f"/v1/jobs/{job}{path}").status_code in (404, 422)


@pytest.mark.parametrize(
    ("path", "status"),
    [("result?format=exe", 422), ("archive?formats=csv,exe", 422), ("result?format=../x", 422), ("nothing", 404)],
)
def test_other_files_are_not_given(client: Any, done: str, path: str, status: int) -> None:
    assert client.get(f"/v1/jobs/{done}/{path}").status_code == status


def test_what_was_not_asked_for_is_not_there(client: Any) -> None:
    job = send(client, "/v1/videos?every=25", SAMPLE_CLIP).json()["id"]
    state = finished(client, job)
    assert (state["frames"], state["frames_total"], state["overlay"]) == (5, 5, False)
    answer = client.get(f"/v1/jobs/{job}/report")
    assert answer.status_code == 404
    assert answer.json()["error"]["next_step"] == "Send the file again with report=true"
    client.delete(f"/v1/jobs/{job}")


def test_a_baseline_with_an_overlay_counts_frames_once(client: Any) -> None:
    job = send(client, "/v1/videos?every=10&baseline=median&overlay=true", SAMPLE_CLIP).json()["id"]
    state = finished(client, job)
    assert (state["frames"], state["frames_total"]) == (13, 13)
    assert client.get(f"/v1/jobs/{job}/result?format=json").json()["baseline"] == "median"
    client.delete(f"/v1/jobs/{job}")


def test_a_video_that_is_cut_off_fails_with_the_reason(client: Any, cut_video: Path) -> None:
    job = send(client, "/v1/videos", cut_video, "mine.mp4").json()["id"]
    state = finished(client, job)
    assert state["state"] == "failed"
    assert state["error"]["subject"] == "mine.mp4"
    assert "11 frames were read" in state["error"]["reason"]
    assert str(client.state) not in json.dumps(state)
    assert client.get(f"/v1/jobs/{job}/result").status_code == 404
    client.delete(f"/v1/jobs/{job}")


def test_cancelling_ends_a_job_and_deletes_its_files(client: Any, long_clip: Path, done: str) -> None:
    before = files_below(client.state)
    job = send(client, "/v1/videos?overlay=true", long_clip).json()["id"]
    seen = []
    while not seen or seen[-1]["frames"] < 20:
        seen.append(client.get(f"/v1/jobs/{job}").json())
        time.sleep(0.02)
    assert seen[-1]["state"] == "running"
    assert 0 < seen[-1]["progress"] < 1
    assert seen[-1]["eta"] > 0
    assert client.get(f"/v1/jobs/{job}/result").status_code == 409
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.get(f"/v1/jobs/{job}").json()["state"] == "cancelled"
    assert files_below(client.state) == before
    assert client.delete(f"/v1/jobs/{job}").status_code == 204
    assert client.get(f"/v1/jobs/{job}").status_code == 404


def test_more_than_may_wait_are_told_to_come_back(in_process: Callable[..., Any], long_clip: Path) -> None:
    with in_process(Limits(jobs=2), videos_at_once=1) as client:
        first, second = (send(client, "/v1/videos", long_clip).json() for _ in range(2))
        assert client.get(f"/v1/jobs/{second['id']}").json()["state"] == "queued"
        third = send(client, "/v1/videos", long_clip)
        assert third.status_code == 429
        assert int(third.headers["Retry-After"]) > 0
        client.delete(f"/v1/jobs/{second['id']}")  # one that waits ends at once
        assert client.get(f"/v1/jobs/{second['id']}").json()["state"] == "cancelled"
        client.delete(f"/v1/jobs/{first['id']}")
        assert send(client, "/v1/videos?every=100", SAMPLE_CLIP).status_code == 202


def test_results_go_when_their_time_is_up(in_process: Callable[..., Any]) -> None:
    with in_process(Limits(keep_seconds=0.5)) as client:
        job = send(client, "/v1/videos?every=100", SAMPLE_CLIP).json()["id"]
        ends = time.monotonic() + 20
        while client.get(f"/v1/jobs/{job}").status_code != 404:
            assert time.monotonic() < ends
            time.sleep(0.1)
        assert files_below(client.state) == []


def test_an_analysis_that_takes_too_long_fails(in_process: Callable[..., Any], long_clip: Path) -> None:
    with in_process(Limits(job_seconds=0.01)) as client:
        state = finished(client, send(client, "/v1/videos", long_clip).json()["id"])
        assert state["state"] == "failed"
        assert "longer than" in state["error"]["reason"]
        assert files_below(client.state) == []


def test_leaving_ends_jobs_and_deletes_everything(in_process: Callable[..., Any], long_clip: Path) -> None:
    with in_process() as client:
        job = send(client, "/v1/videos?overlay=true", long_clip).json()["id"]
        state = client.state
    assert files_below(state) == []
    with in_process() as other:  # a service in another folder knows nothing of it
        assert other.get(f"/v1/jobs/{job}").status_code == 404


def test_names_cannot_leave_the_header() -> None:
    value = disposition("attachment", 'a"\r\nSet-Cookie: x=1.mp4', Path("result.csv"))
    assert "\r" not in value
    assert "\n" not in value
    assert '"' not in value
