"""Optical flow in batches: which fields, and how they follow the picture when it is mirrored and turned."""

import shutil
from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torchvision")

import torch

from actionunits.errors import UsageError
from actionunits.loading import WINDOWS, FaceDataset, InputRecipe
from actionunits.loading.frames import Frames
from actionunits.loading.placement import Placement
from actionunits.prepare import prepare_flow
from actionunits.store import Store, StoredFlow
from actionunits.store.flow import STILL

WHOLE = InputRecipe("whole", "jaa-200", 200)


@pytest.fixture(scope="module")
def flowing(store, tmp_path_factory) -> Store:
    folder = tmp_path_factory.mktemp("flowing") / "store"
    shutil.copytree(store.folder, folder)
    prepare_flow(folder, method="dis", jobs=1)
    return Store(folder)


def test_ten_fields_around_each_frame(flowing):
    dataset, fields = FaceDataset(flowing, WHOLE, flow="flow-10"), StoredFlow(flowing)
    rows = [0, 5, 11]
    batch = dataset.batch(rows)
    assert batch.flow.shape == (3, 20, 200, 200)
    assert batch.flow.dtype == torch.uint8
    window = Frames(flowing, (1,)).window(np.array(rows), WINDOWS["flow-10"])
    assert window[0].tolist() == [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]  # the end is repeated
    for place in range(3):
        for moment, row in enumerate(window[place]):
            found = batch.flow[place, 2 * moment : 2 * moment + 2].permute(1, 2, 0)
            np.testing.assert_array_equal(found, fields.field(int(row)))


def test_normalised_fields_have_no_mean(flowing):
    recipe = replace(WHOLE, std=(0.2, 0.3, 0.4))
    batch = FaceDataset(flowing, recipe, flow="flow-10").batch([3])
    flow = batch.normalised(recipe).flow
    assert flow.dtype == torch.float32
    torch.testing.assert_close(flow.mean(dim=(2, 3)), torch.zeros(1, 20), atol=1e-5, rtol=0)
    raw = batch.flow.double()
    torch.testing.assert_close(
        flow.double(), (raw - raw.mean(dim=(2, 3), keepdim=True)) / (255 * 0.3), atol=1e-5, rtol=0
    )


def field_of(flow: np.ndarray) -> np.ndarray:
    """A field of pixels, (S, S, 2), as it is stored."""
    return np.rint(np.clip(flow / 60, -1, 1) * STILL + STILL).astype(np.uint8)


def cut(recipe: InputRecipe, field: np.ndarray, *, flipped: bool, rotation: float) -> np.ndarray:
    placement = Placement(recipe, np.zeros((1, 2), np.int64), np.array([flipped]), np.array([rotation]))
    out = np.empty((2, recipe.output, recipe.output), np.uint8)
    placement.cut_flow(0, field, out)
    return (out.transpose(1, 2, 0).astype(float) - STILL) / STILL * 60


@pytest.mark.parametrize("flipped", [False, True])
@pytest.mark.parametrize("rotation", [0.0, 20.0, -35.0])
@pytest.mark.parametrize("side", [200, 100])
def test_movements_turn_with_the_picture(flipped, rotation, side):
    """Against points: where a point and the point that it moves to come to lie."""
    recipe = InputRecipe("own", "jaa-200", 200, rotation=40, side=side)
    y, x = np.mgrid[:200, :200].astype(float)
    flow = np.stack([20 * np.sin(x / 40) + 10, 15 * np.cos(y / 50) - 5], axis=-1)
    found = cut(recipe, field_of(flow), flipped=flipped, rotation=rotation)
    placement = Placement(recipe, np.zeros((1, 2), np.int64), np.array([flipped]), np.array([rotation]))
    matrix = placement.matrices[0]
    for at in ((100, 100), (90, 130), (120, 80)):
        here = np.array([at[0], at[1], 1.0])
        there = here + np.append(flow[at[1], at[0]], 0)
        moved = (matrix @ there - matrix @ here) * 200 / side  # pixels of the stored picture
        column, row = np.rint(matrix @ here).astype(int)
        np.testing.assert_allclose(found[row, column], moved, atol=1.5)


def test_mirroring_twice_gives_the_field_back():
    field = np.random.default_rng(0).integers(0, 256, (200, 200, 2)).astype(np.uint8)
    placement = Placement(WHOLE, np.zeros((1, 2), np.int64), np.array([True]), np.zeros(1))
    once, twice = (np.empty((2, 200, 200), np.uint8) for _ in range(2))
    placement.cut_flow(0, field, once)
    np.testing.assert_array_equal(once[0], 255 - field[:, ::-1, 0])  # leftwards is rightwards now
    np.testing.assert_array_equal(once[1], field[:, ::-1, 1])
    placement.cut_flow(0, np.ascontiguousarray(once.transpose(1, 2, 0)), twice)
    np.testing.assert_array_equal(twice.transpose(1, 2, 0), field)


def test_it_varies_with_the_picture(flowing):
    """A loader's batch, through workers and unpickling: the pictures are the same with and without the flow."""
    recipe = replace(WHOLE, size=176, rotation=10)
    plain, both = (FaceDataset(flowing, recipe, training=True, flow=flow, seed=1) for flow in (None, "flow-10"))
    assert plain.batch([2, 7], 3).flow is None
    assert torch.equal(plain.batch([2, 7], 3).image, both.batch([2, 7], 3).image)
    assert not torch.equal(both.batch([2], 3).flow, both.batch([2], 4).flow)
    moved = both.batch([2, 7]).to("cpu").flow
    assert torch.equal(moved, both.batch([2, 7]).flow)


def test_a_store_without_it(store):
    with pytest.raises(UsageError, match="actionunits data flow"):
        FaceDataset(store, WHOLE, flow="flow-10")
