"""``actionunits data prepare``: a manifest becomes a store, and what it says of wrong input."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actionunits.store import Store


@pytest.fixture
def manifest(tmp_path: Path, face_files: tuple[Path, ...]) -> Path:
    path = tmp_path / "manifest.csv"
    rows = [f"{file},S{number},{number % 2}" for number, file in enumerate(face_files)]
    path.write_text("\n".join(["image,subject,AU12", *rows, f"{tmp_path / 'gone.jpg'},S9,1"]) + "\n")
    return path


def test_a_manifest_becomes_a_store(actionunits: Callable[..., Any], manifest: Path, tmp_path: Path) -> None:
    folder = tmp_path / "store"
    done = actionunits("data", "prepare", "manifest", manifest, folder, "--crop", "re-256", "--jobs", "1")
    assert done.code == 0, done.err
    store = Store(folder)
    assert store.header.image_size == (256, 256)
    assert store.labels(12)[:, 0].tolist() == [0, 1, 0, 1]
    lines = done.out.splitlines()
    assert lines[0] == f"{folder}: 4 of 5 coded frames in 4 recordings"
    assert "1 frames without a picture, left out" in lines
    assert any(line.endswith(": nothing stored") for line in lines)
    assert lines[-1] == f"report: {folder}.report.csv"
    assert Path(f"{folder}.report.csv").is_file()
    again = actionunits("data", "prepare", "manifest", manifest, folder, "--crop", "jaa-200", "--jobs", "1")
    assert again.code == 3
    assert "finished store" in again.errors[0]
    again = actionunits(
        "data", "prepare", "manifest", manifest, folder, "--crop", "jaa-200", "--jobs", "1", "--overwrite"
    )
    assert again.code == 0
    assert Store(folder).header.crop == "jaa-200"


def test_a_store_is_cropped(
    actionunits: Callable[..., Any], write_uncropped: Callable[..., Store], tmp_path: Path
) -> None:
    source, folder = write_uncropped(tmp_path / "source"), tmp_path / "store"
    done = actionunits("data", "prepare", "store", source.folder, folder, "--crop", "lp-240-masked", "--jobs", "1")
    assert done.code == 0, done.err
    assert done.out.splitlines()[0] == f"{folder}: 12 of 12 coded frames in 3 recordings"
    header = Store(folder).header
    assert (header.dataset, header.crop, header.protocol["landmarks"]) == ("SynthFake", "lp-240-masked", "dataset")
    again = actionunits("data", "prepare", "store", folder, tmp_path / "again", "--crop", "jaa-200", "--jobs", "1")
    assert again.code == 2
    assert "cropped already" in again.errors[0]
    itself = actionunits(
        "data", "prepare", "store", source.folder, source.folder, "--crop", "jaa-200", "--jobs", "1", "--overwrite"
    )
    assert itself.code == 2
    assert len(Store(source.folder)) == 12


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--crop", "jaa-201"), "jaa-201"),
        (("--crop", "jaa-200", "--jobs", "0"), "jobs=0"),
        (("--crop", "jaa-200", "--landmarks", "own"), "landmarks='own'"),
        (("--crop", "jaa-200", "--quality", "0"), "jpeg_quality=0"),
        (("--crop", "jaa-200", "--frame-policy", "some"), "some"),
        (("--crop", "jaa-200", "--cameras", "top"), "top"),
        (("--crop", "jaa-200", "--occurs-from", "3"), "occurs_from=3"),
        (("--crop", "jaa-200", "--aus", "99"), "99"),
    ],
)
def test_wrong_use(
    actionunits: Callable[..., Any], manifest: Path, tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    done = actionunits("data", "prepare", "manifest", manifest, tmp_path / "store", *options)
    assert done.code == 2
    assert said in done.errors[0]
    assert not (tmp_path / "store").exists()


def test_missing_data_sets(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    for kind in ("bp4d", "bp4d+", "disfa", "manifest", "store"):
        done = actionunits("data", "prepare", kind, tmp_path / "none", tmp_path / "store", "--crop", "jaa-200")
        assert done.code == 3
        assert "none" in done.errors[0]
    done = actionunits("data", "prepare", "ck+", tmp_path, tmp_path / "store", "--crop", "jaa-200")
    assert (done.code, "ck+" in done.errors[0]) == (2, True)
