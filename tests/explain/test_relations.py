"""Relations from a graph, from attention, and their picture."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from actionunits.explain import Relations, relations_of  # noqa: E402
from actionunits.facs import AUSet  # noqa: E402
from actionunits.viz.charts import BLUE, RED  # noqa: E402


def test_a_graph(toy, monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy()
    graph = torch.tensor([[1.0, 0.5, -0.25], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]])
    monkeypatch.setattr(model, "relations", lambda: graph)
    found = relations_of(model)
    np.testing.assert_allclose(found.values, graph)
    assert found.aus == model.aus


def test_attention_is_the_mean_over_heads_and_faces(toy, faces) -> None:
    model = toy(heads=2).train()
    found = relations_of(model, faces(3))
    weights = np.exp(np.arange(3.0))
    np.testing.assert_allclose(found.values, np.tile(weights / weights.sum(), (3, 1)), rtol=1e-5)
    assert "3 faces" in found.kind
    assert model.training
    assert relations_of(model) is None  # nobody to attend to


def test_a_model_without_relations(toy, faces) -> None:
    assert relations_of(toy(), faces(2)) is None


def test_the_strongest_colour_is_the_largest_value_off_the_diagonal() -> None:
    values = np.array([[9.0, 0.2], [-0.2, 9.0]])
    picture = Relations(values, AUSet((1, 12)), "weights").picture("title")
    colours, counts = np.unique(picture.reshape(-1, 3), axis=0, return_counts=True)
    areas = {tuple(colour): count for colour, count in zip(colours.tolist(), counts.tolist(), strict=True)}
    assert areas[RED] > 2.5 * areas[BLUE] > 1000  # three cells against one
    alone = Relations(np.ones((1, 1)), AUSet((1,)), "weights").picture("title")  # nothing off the diagonal
    assert alone.ndim == 3
