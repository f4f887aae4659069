"""Charts read back from their pixels."""

import numpy as np
import pytest

from actionunits.viz.charts import BLUE, GREEN, RED, Axis, Chart, bar_chart, heat_map, round_ticks


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 0.37), (-2.3, 2.3), (0, 12345), (1e-4, 3e-4), (-5, -1)])
def test_ticks_are_round_and_inside(low, high) -> None:
    ticks = np.array(round_ticks(low, high))
    assert 2 <= len(ticks) <= 8
    assert (ticks >= low - 1e-9).all()
    assert (ticks <= high + 1e-9).all()
    steps = np.diff(ticks)
    assert np.allclose(steps, steps[0])
    mantissa = steps[0] / 10 ** np.floor(np.log10(steps[0]) + 1e-9)
    assert min(abs(mantissa - each) for each in (1, 2, 5)) < 1e-6


def test_tick_texts_tell_ticks_apart() -> None:
    texts = [text for _, text in Axis.over(0, 0.05, "").ticks]
    assert len(set(texts)) == len(texts)


def columns_of(picture: np.ndarray, colour) -> list[tuple[int, int]]:
    """Height and width of each solid bar of a colour, from left to right."""
    counts = (picture[130:] == colour).all(axis=2).sum(axis=0)  # under the legend
    edges = np.flatnonzero(np.diff(np.concatenate([[False], counts > 0, [False]]).astype(int)))
    return [(int(counts[a:b].max()), int(b - a)) for a, b in edges.reshape(-1, 2)]


def test_bars_are_as_high_as_their_values() -> None:
    values = {"a": [0.2, 0.4, 0.8], "b": [0.1, float("nan"), 0.6]}
    picture = bar_chart(["1", "2", "12"], values, "title", "share", high=1.0)
    first, second = columns_of(picture, BLUE), columns_of(picture, RED)
    assert len(first) == 3
    assert len(second) == 2
    heights = np.array([height for height, _ in first])
    assert heights[2] / heights[0] == pytest.approx(4, rel=0.03)
    assert heights[1] / heights[0] == pytest.approx(2, rel=0.03)
    assert second[1][0] / heights[2] == pytest.approx(0.75, rel=0.03)
    assert len({width for _, width in first + second}) <= 2  # rounding


def test_bars_of_nothing() -> None:
    for values in ([0.0, 0.0], [float("nan")] * 2):
        picture = bar_chart(["1", "2"], {"rate": values}, "title", "share")
        assert columns_of(picture, BLUE) == []


def test_a_heat_map_is_blue_below_and_red_above_zero() -> None:
    picture = heat_map([[1.0, -1.0], [0.0, float("nan")]], ["1", "2"], "title", note="note")
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    areas = {tuple(colour): count for colour, count in zip(colours.tolist(), counts.tolist(), strict=True)}
    assert areas[RED] > 1000
    assert areas[BLUE] > 1000
    assert abs(areas[RED] - areas[BLUE]) < 0.2 * areas[RED]
    assert areas[(214, 214, 214)] > 1000  # what is not known
    rows = np.flatnonzero((picture == RED).all(axis=2).any(axis=1))
    red, blue = (np.argwhere((picture[rows[5]] == colour).all(axis=1)).mean() for colour in (RED, BLUE))
    assert red < blue  # first row: 1, then -1


def test_the_full_colours_of_a_heat_map_can_stand_for_other_values() -> None:
    wide = heat_map([[0.1, -0.1], [0.0, 0.05]], ["1", "2"], "title", limit=0.1)
    usual = heat_map([[1.0, -1.0], [0.0, 0.5]], ["1", "2"], "title")
    for colour in (RED, BLUE):
        found, expected = ((picture == colour).all(axis=2).sum() for picture in (wide, usual))
        assert found == pytest.approx(expected, rel=0.1)


def test_points_and_lines_stand_at_their_values() -> None:
    chart = Chart(Axis.over(0, 10, "x"), Axis.over(-1, 1, "y"), "title")
    x, y = chart.pixel(5, 0.5)
    chart.points([5] * 20, [0.5] * 20, GREEN)
    green = np.argwhere(np.abs(chart.canvas.astype(int) - GREEN).sum(axis=2) < 12)
    assert green.mean(axis=0) == pytest.approx([float(y), float(x)], abs=0.6)
    chart.line([0, 10], [-0.5, -0.5], RED)
    level = float(chart.pixel(0, -0.5)[1])
    rows = np.flatnonzero((chart.canvas == RED).all(axis=2).sum(axis=1) > 100)
    assert abs(rows.mean() - level) <= 1


def test_more_points_are_darker_and_others_are_left_out() -> None:
    def darkness(count: int) -> int:
        chart = Chart(Axis.over(0, 1, ""), Axis.over(0, 1, ""), "")
        before = int(chart.canvas.sum(dtype=np.int64))
        chart.points([0.55] * count, [0.55] * count)
        return before - int(chart.canvas.sum(dtype=np.int64))

    assert 0 < darkness(1) < darkness(2) < darkness(8)
    chart = Chart(Axis.over(0, 1, ""), Axis.over(0, 1, ""), "")
    empty = chart.canvas.copy()
    chart.points([99, -99, 0.5], [0.5, 0.5, 99])
    assert np.array_equal(chart.canvas, empty)


def test_texts_beside_the_plot_do_not_touch() -> None:
    chart = Chart(Axis.over(0, 1, ""), Axis.over(0, 1, ""), "", right=150)
    chart.margin_texts([("first", 0.5, RED), ("second", 0.5, BLUE), ("third", 0.501, GREEN)])
    margin = chart.canvas[: chart.bottom - 20, chart.right + 4 :]
    inked = (margin < 200).any(axis=(1, 2))
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inked, [False]]).astype(int)))
    assert len(edges) == 6  # three lines of text with white between them
