"""``actionunits bench synth``: what is measured on a mesh, and what counts as the right way."""

import csv
from pathlib import Path

import pytest

from actionunits.bench.synth import EXPECTED, MEASURES, Response, measure, run_posed, save_responses
from actionunits.faces.pose import canonical_face
from actionunits.facs import FACS


def test_measures_answer_the_movements_they_are_named_for() -> None:
    """Move the points of the canonical face by hand; lengths are in % of the outer-eye-corner distance."""
    rest = canonical_face().points
    moves = {
        "inner brow height": ((107, 336, 55, 285), (0, -0.02, 0), 2.0),
        "lip gap": ((14,), (0, 0.03, 0), 3.0),
        "mouth width": ((61,), (-0.04, 0, 0), 4.0),
        "corner height": ((61, 291), (0, -0.05, 0), 5.0),
        "chin sideways": ((152,), (0.01, 0, 0), 1.0),
        "lips forward": ((0, 17, 13, 14), (0, 0, -0.02), 2.0),
    }
    before = measure(rest)
    assert before["lip gap"] < 5
    for name, (places, move, expected) in moves.items():
        moved = rest.copy()
        moved[list(places)] += move
        tolerance = 0.2 if name == "lip gap" else 1e-6
        assert measure(moved)[name] - before[name] == pytest.approx(expected, abs=tolerance)


def test_every_expectation_names_a_measure_and_an_action_unit() -> None:
    for au, checks in EXPECTED.items():
        assert au in FACS
        assert all(name in MEASURES and sign in (1, -1) for name, sign in checks)


@pytest.mark.parametrize(
    ("sign", "change", "right"),
    [
        (1, (0.1, 0.5, 1.0), True),
        (1, (0.1, -0.5, -1.0), False),
        (1, (1.0, 0.8, 0.5), False),
        (-1, (-0.1, -0.5, -1.0), True),
        (-1, (0.0, 0.0, 0.0), False),
    ],
)
def test_the_right_way_is_the_sign_and_more_with_level(
    sign: int, change: tuple[float, float, float], right: bool
) -> None:
    assert Response(1, "inner brow height", sign, change, 1.0).right is right


def test_the_table_is_saved(tmp_path: Path) -> None:
    save_responses([Response(4, "brow gap", -1, (-0.1, -0.5, -1.25), 0.9)], tmp_path / "table.csv")
    with (tmp_path / "table.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["au"] == "4"
    assert float(row["level 5"]) == -1.25
    assert row["right"] == "1"


def test_a_mesh_trained_on_photographs_finds_the_faces() -> None:
    told: list[tuple[int, int]] = []
    seen = run_posed(subjects=1, frames=3, seed=2, size=160, watch=lambda done, total: told.append((done, total)))
    assert (seen.pictures, seen.found) == (3, 3)
    assert told == [(0, 1)]
