"""``actionunits synth``: generate, sheet and clip, and what it says of wrong input."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from actionunits.media import read_image
from actionunits.store import Store


def test_generate(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "store"
    line = ("synth", "generate", folder, "--subjects", "1", "--frames", "2", "--size", "64", "--seed", "3")
    done = actionunits(*line, "--workers", "1")
    assert done.code == 0
    assert "gender: " in done.out
    assert "skin tone: " in done.out
    assert "2 pictures, 2 of them made" in done.out
    assert len(Store(folder)) == 2


def test_generate_as_another_data_set_lies(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    folder = tmp_path / "bp4d"
    line = ("synth", "generate", folder, "--subjects", "1", "--frames", "2", "--size", "64", "--seed", "3")
    done = actionunits(*line, "--workers", "1", "--layout", "bp4d")
    assert done.code == 0
    assert len(list(folder.rglob("*.jpg"))) >= 2
    assert list(folder.rglob("AU_OCC/*_T1.csv"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--subjects", "0"), "subjects=0"),
        (("--size", "7"), "size=7"),
        (("--seed", "-1"), "seed=-1"),
        (("--preset", "ck"), "preset=ck"),
        (("--layout", "ck"), "--layout ck"),
        (("--set", "CK+"), "CK+"),
        (("--set", "SynthAU", "--size", "64"), "size"),
        (("--workers", "0", "--frames", "1"), "workers=0"),
    ],
)
def test_wrong_use(actionunits: Callable[..., Any], tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = actionunits("synth", "generate", tmp_path / "store", *options)
    assert done.code == 2
    assert said in done.errors[0]
    assert not (tmp_path / "store").exists()


def test_an_unwritable_folder(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    done = actionunits("synth", "generate", tmp_path / "file" / "store", "--subjects", "1", "--frames", "1")
    assert done.code == 3
    assert "file" in done.errors[0]


def test_a_missing_head_mesh(actionunits: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from actionunits.synth.rig import get_rig

    get_rig.cache_clear()
    monkeypatch.setenv("ACTIONUNITS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("ACTIONUNITS_ASSETS", str(tmp_path))
    done = actionunits("synth", "clip", tmp_path / "clip.mp4", "--seconds", "0.1")
    get_rig.cache_clear()
    assert done.code == 3
    assert "ACTIONUNITS_ASSETS" in done.errors[0]


def test_clip_and_sheet_names(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    done = actionunits("synth", "clip", tmp_path / "clip.gif", "--seconds", "0.1", "--size", "64")
    assert done.code == 2
    assert "clip.gif" in done.errors[0]
    done = actionunits("synth", "sheet", tmp_path / "sheet.png", "--kind", "poster")
    assert done.code == 2
    assert "poster" in done.errors[0]


def test_sheet(actionunits: Callable[..., Any], tmp_path: Path) -> None:
    out = tmp_path / "sheet.png"
    done = actionunits("synth", "sheet", out, "--kind", "closeups", "--size", "64", "--seed", "3")
    assert (done.code, done.out.strip()) == (0, str(out))
    assert read_image(out).shape[1] == 3 * 64
