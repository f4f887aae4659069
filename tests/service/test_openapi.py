"""The OpenAPI description: true, with examples, and no request that follows or breaks it makes the service fail."""

from collections.abc import Callable
from typing import Any

import pytest

schemathesis = pytest.importorskip("schemathesis", reason="schemathesis is not installed (extra [dev])")

from hypothesis import HealthCheck, given, settings  # noqa: E402
from hypothesis.errors import Unsatisfiable  # noqa: E402

from .conftest import files_below  # noqa: E402
from .serving import Served  # noqa: E402


@pytest.fixture(scope="module")
def served(serve: Callable[..., Served]) -> Served:
    """A service of its own."""
    return serve("--patience", "5")


@pytest.mark.slow
def test_no_request_makes_it_fail(served: Served) -> None:
    """Neither those that follow the description nor those that break it; every answer is as described."""
    from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

    described = schemathesis.openapi.from_url(f"{served.url}/openapi.json")
    modes = [schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE]
    tried = 0
    for found in described.get_all_operations():
        operation = found.ok()
        for mode in modes:

            @settings(
                max_examples=8, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
            )
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: Any) -> None:
                # what is in a file, and what an id stands for, no description can say
                case.call_and_validate(excluded_checks=[positive_data_acceptance, negative_data_rejection])

            try:
                ask()
            except Unsatisfiable:  # nothing can be wrong with a request that has no parameters
                assert mode == modes[1]
                continue
            tried += 1
    assert tried > 15


def test_nothing_of_all_that_stayed(served: Served) -> None:
    assert files_below(served.folder) == []


def test_every_route_says_what_it_answers(client: Any) -> None:
    described = client.get("/openapi.json").json()
    for path, methods in described["paths"].items():
        for method, facts in methods.items():
            assert facts["description"], (method, path)
            assert {"400", "401", "403", "421"} <= set(facts["responses"]), (method, path)
            for status, answer in facts["responses"].items():
                if int(status) >= 400:
                    reference = answer["content"]["application/json"]["schema"]["$ref"]
                    assert reference.endswith("/ProblemAnswer"), (method, path, status)
    schemas = described["components"]["schemas"]
    for name in ("PictureAnswer", "JobAnswer", "ProblemAnswer"):
        assert schemas[name]["examples"]


def test_the_examples_follow_their_own_description(client: Any) -> None:
    from actionunits.service.answers import JobAnswer, PictureAnswer
    from actionunits.service.problems import ProblemAnswer

    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for model in (JobAnswer, PictureAnswer, ProblemAnswer):
        for example in schemas[model.__name__]["examples"]:
            model.model_validate(example)


def test_models_are_told_with_their_muscles(client: Any) -> None:
    answer = client.get("/v1/models").json()
    assert answer["default"] == "detector"
    (model,) = [one for one in answer["models"] if one["name"] == "geometry"]
    (smile,) = [au for au in model["aus"] if au["number"] == 12]
    assert smile["name"] == "Lip corner puller"
    assert smile["muscles"] == ["zygomaticus major"]
    assert answer["formats"] == ["csv", "parquet", "jsonl", "openface", "elan", "events"]


def test_figures_know_routes_and_no_names(client: Any) -> None:
    client.get("/v1/jobs/somebody-s-job")
    text = client.get("/metrics").text
    assert 'actionunits_requests_total{method="GET",route="/v1/jobs/{job}",status="404"}' in text
    assert "somebody" not in text
    for name in ("jobs", "pictures_open", "streams_open", "upload_bytes", "frames_total", "request_seconds_bucket"):
        assert f"actionunits_{name}" in text


def test_the_pages_load_nothing_from_elsewhere(client: Any) -> None:
    import re

    for path in ("/", "/docs"):
        page = client.get(path)
        policy = page.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy
        for found in re.findall(r'(?:src|href)="([^"]+)"', page.text):
            assert found.startswith(("/", "#"))
            if found.startswith("/page/"):
                part = client.get(found)
                assert part.status_code == 200
                assert not re.search(r"https?://(?!www\.w3\.org)", part.text)
    tag = client.get("/page/app.css").headers["ETag"]
    assert client.get("/page/app.css", headers={"If-None-Match": tag}).status_code == 304


def test_another_name_gets_nothing(in_process: Callable[..., Any]) -> None:
    with in_process() as client:
        assert client.get("/", headers={"Host": "evil.example"}).status_code == 421
