import hashlib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from actionunits.assets import catalogue
from actionunits.assets.catalogue import Asset, Member
from actionunits.cli.assets import app
from actionunits.errors import AssetError, UsageError

CONTENT = b"a model"


def make_asset(name: str) -> Asset:
    members = {f"{name}.bin": Member(f"{name}.bin", hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))}
    return Asset(name, f"{name}-pack", "1.0", f"{name}.whl", "0" * 64, 6_900_000, members, "CC0-1.0", "tests")


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder named by ACTIONUNITS_ASSETS that holds the files of two made-up assets."""
    made = {name: make_asset(name) for name in ("face-models", "other")}
    monkeypatch.setattr(catalogue, "ASSETS", made)
    monkeypatch.setattr("actionunits.assets.ASSETS", made)
    monkeypatch.setenv("ACTIONUNITS_ASSETS", str(tmp_path))
    monkeypatch.setenv("ACTIONUNITS_CACHE", str(tmp_path / "cache"))
    for name in made:
        (tmp_path / f"{name}.bin").write_bytes(CONTENT)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "count"), [(["pull"], 1), (["pull", "other"], 1), (["pull", "face-models", "other"], 2)]
)
def test_pull_prints_folders(own: Path, words: list[str], count: int) -> None:
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [str(own)] * count


def test_pull_takes_what_analyze_needs_or_all(own: Path) -> None:
    (own / "other.bin").unlink()
    assert CliRunner().invoke(app, ["pull"]).exit_code == 0
    assert isinstance(CliRunner().invoke(app, ["pull", "--all"]).exception, AssetError)


def test_pull_of_an_unknown_asset_leaves_the_error_to_main(own: Path) -> None:
    assert isinstance(CliRunner().invoke(app, ["pull", "noses"]).exception, UsageError)


def test_list_has_a_line_for_each_asset(own: Path) -> None:
    (own / "other.bin").unlink()
    lines = [line.split("\t") for line in CliRunner().invoke(app, ["list"]).stdout.splitlines()]
    assert lines == [
        ["face-models", "face-models-pack==1.0", "1", "6.9 MB", "CC0-1.0", "ready", str(own)],
        ["other", "other-pack==1.0", "0", "6.9 MB", "CC0-1.0", "missing", str(own)],
    ]


def test_list_verify_reads_the_files(own: Path) -> None:
    (own / "other.bin").write_bytes(b"A MODEL")
    assert "damaged" not in CliRunner().invoke(app, ["list"]).stdout
    assert "damaged: other.bin" in CliRunner().invoke(app, ["list", "--verify"]).stdout


def test_list_is_a_table_on_a_terminal(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    output = CliRunner().invoke(app, ["list"]).stdout
    assert "━" in output
    assert "face-models-pack==1.0" in output
