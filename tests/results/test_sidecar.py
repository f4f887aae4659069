"""The sidecar: round trip, teaching errors, and hashes against hashlib."""

import errno
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from pydantic import ValidationError

from actionunits.errors import MediaError, ResultsError
from actionunits.results import read_sidecar, sha256_of, sidecar_path, write_sidecar


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"source": 'ünï 漢, "x"\n.mp4', "command_line": None, "resting": None, "warnings": ()},
        {"input_sha256": None, "input_bytes": None, "start_time": None, "max_faces": 2, "faces": (), "aus": ()},
        {"crop_recipe": "jaa-200", "crop_hash": "abc", "resting": {0: {"AU01": 0.1}, 12: {"AU01": 1e-9}}},
    ],
)
def test_round_trip(tmp_path, fake, changes):
    sidecar = fake.sidecar(**changes)
    write_sidecar(tmp_path / "a.json", sidecar)
    assert read_sidecar(tmp_path / "a.json") == sidecar
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]


def test_any_json_reader_can_read_it(tmp_path, fake):
    write_sidecar(tmp_path / "a.json", fake.sidecar(source="ünï.mp4"))
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    facts = json.loads(text)
    assert "ünï.mp4" in text
    assert text.endswith("}\n")
    assert facts["schema_version"] == 1
    assert facts["thresholds"] == {"AU01": 0.5, "AU02": 0.25, "AU12": 0.75}
    assert facts["resting"] == {"0": {"AU01": 0.125}}
    assert facts["crop_recipe"] is None


def test_name_that_is_not_utf8_is_spelled_out(tmp_path, fake):
    write_sidecar(tmp_path / "a.json", fake.sidecar(source="caf\udce9.mp4"))
    assert read_sidecar(tmp_path / "a.json").source == r"caf\udce9.mp4"


def test_created_is_now_in_utc(fake):
    created = fake.sidecar().created
    assert abs(datetime.now(UTC) - created) < timedelta(minutes=1)
    east = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert '"created":"2025-12-31T23:30:00Z"' in fake.sidecar(created=east).model_dump_json()


def test_is_frozen(fake):
    with pytest.raises(ValidationError):
        fake.sidecar().every = 2


@pytest.mark.parametrize(
    "changes",
    [
        {"weights_sha256": "abc"},
        {"duration": float("nan")},
        {"duration": -1},
        {"every": 0},
        {"frame_count": -1},
        {"created": datetime(2026, 1, 1)},  # no time zone
        {"colour": "red"},
    ],
)
def test_impossible_facts_are_refused(fake, changes):
    with pytest.raises(ValidationError):
        fake.sidecar(**changes)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff\xfe\xfa", "is not JSON"),
        (b"[]", "not a JSON object"),
        (
            b'{"schema_version": 2}',
            "version 2 of the schema, and this release knows versions up to 1. Upgrade with `pip",
        ),
        (b'{"schema_version": 1}', "package_version: Field required; source: .* and 20 more"),
        (b'{"schema_version": "x"}', "schema_version"),
    ],
)
def test_reading_something_else_teaches(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ResultsError, match=rf"a\.json: .*{message}"):
        read_sidecar(path)


def test_newer_sidecar_with_unknown_fields_asks_for_an_upgrade(tmp_path, fake):
    facts = {**fake.sidecar().model_dump(mode="json"), "schema_version": 3, "mood": "good"}
    (tmp_path / "a.json").write_text(json.dumps(facts))
    with pytest.raises(ResultsError, match="Upgrade"):
        read_sidecar(tmp_path / "a.json")


def test_missing_sidecar_is_named(tmp_path):
    with pytest.raises(ResultsError, match=r"a\.json: cannot be read"):
        read_sidecar(tmp_path / "a.json")


def test_full_disk_keeps_the_older_file(tmp_path, fake, monkeypatch):
    path = tmp_path / "a.json"
    write_sidecar(path, fake.sidecar())
    before = path.read_bytes()

    def refuse(self, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(ResultsError, match=r"a\.json: it could not be written: the disk is full"):
        write_sidecar(path, fake.sidecar(every=2))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("size", [0, 1, 3 << 20])
def test_sha256(tmp_path, size):
    content = bytes(size)
    (tmp_path / "a").write_bytes(content)
    assert sha256_of(tmp_path / "a") == hashlib.sha256(content).hexdigest()


def test_sha256_of_a_missing_file(tmp_path):
    with pytest.raises(MediaError, match="cannot be read"):
        sha256_of(tmp_path / "a")


@pytest.mark.parametrize(("table", "beside"), [("a.csv", "a.json"), ("a.b.parquet", "a.b.json"), ("a.jsonl", "a.json")])
def test_sidecar_lies_beside_its_table(table, beside):
    assert sidecar_path(Path("out") / table) == Path("out") / beside
