"""Graph convolution without its matrix, against the matrix; and what reads its eigenvectors."""

import pytest

torch = pytest.importorskip("torch")

from torch.utils._python_dispatch import TorchDispatchMode  # noqa: E402
from torch.utils._pytree import tree_leaves  # noqa: E402

from actionunits.models.layers.graph_conv import ContextHead, GapHead, GraphConv, propagate  # noqa: E402

LAPLACIANS = ("sym", "unnorm", "adj")


class Largest(TorchDispatchMode):
    """Notes how many numbers the largest tensor has that any operation makes."""

    numbers = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        made = func(*args, **(kwargs or {}))
        sizes = [each.numel() for each in tree_leaves(made) if isinstance(each, torch.Tensor)]
        self.numbers = max([self.numbers, *sizes])
        return made


def dense(features, vectors, values, laplacian):
    """One face: X, (P, D), V, (P, K), and values, (K,), float64; from the definition, with A itself."""
    similarity = vectors @ torch.diag(values) @ vectors.T  # (P, P)
    degree = similarity.sum(dim=1)
    if laplacian == "unnorm":
        return (torch.diag(degree) - similarity) @ features
    root = torch.diag((degree + 1e-6) ** -0.5)
    smooth = root @ similarity @ root
    return (smooth if laplacian == "adj" else torch.eye(len(similarity)) - smooth) @ features


def drawn(*, faces=3, channels=10, vectors=4, side=8):
    torch.manual_seed(0)
    features = torch.randn(faces, channels, side, side)
    return features, torch.randn(faces, vectors, side, side).relu(), torch.rand(faces, vectors)


@pytest.mark.parametrize("laplacian", LAPLACIANS)
def test_it_is_the_product_with_the_matrix(laplacian):
    features, vectors, values = drawn()
    vectors[:, :, 2:4] = 0  # places without neighbours
    found = propagate(features.flatten(2), vectors.flatten(2), values, laplacian)
    for face in range(len(features)):
        matrices = [each[face].flatten(1).T.double() for each in (features, vectors)]
        expected = dense(*matrices, values[face].double(), laplacian)
        torch.testing.assert_close(found[face].T.double(), expected, rtol=1e-4, atol=1e-4)


def test_places_without_neighbours_keep_their_features():
    features, vectors, values = drawn()
    vectors[:, :, 2:4] = 0
    kept = propagate(features.flatten(2), vectors.flatten(2), values, "sym").view_as(features)
    assert torch.equal(kept[:, :, 2:4], features[:, :, 2:4])
    for laplacian in ("unnorm", "adj"):
        assert (
            not propagate(features.flatten(2), vectors.flatten(2), values, laplacian).view_as(features)[:, :, 2:4].any()
        )


def test_a_constant_map_has_no_differences():
    """The unnormalised Laplacian's rows sum to 0."""
    _, vectors, values = drawn()
    passed = propagate(torch.ones(3, 2, 64), vectors.flatten(2), values, "unnorm")
    torch.testing.assert_close(passed, torch.zeros(3, 2, 64), atol=1e-4, rtol=0)


@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("laplacian", LAPLACIANS)
def test_the_layer_by_hand(laplacian, residual):
    features, _, _ = drawn()
    layer = GraphConv(10, 4, laplacian=laplacian, residual=residual)
    layer.train()(features, layer.project(features).relu())  # statistics that are not those of the start
    layer.eval()
    with torch.no_grad():
        vectors = layer.eigenvectors[1](layer.eigenvectors[0](features)).relu()
        found = layer(features, layer.project(features).relu())
        values = torch.sigmoid(features.mean(dim=(2, 3)) @ layer.eigenvalues.weight.T + layer.eigenvalues.bias)
        for face in range(3):
            matrices = [each[face].flatten(1).T.double() for each in (features, vectors)]
            passed = dense(*matrices, values[face].double(), laplacian).float()  # (P, D)
            mixed = passed @ layer.theta[0].weight[:, :, 0, 0].T
            norm = layer.theta[1]
            mixed = (mixed - norm.running_mean) / (norm.running_var + norm.eps).sqrt() * norm.weight + norm.bias
            expected = mixed.relu().T.view_as(features[face]) + (features[face] if residual else 0)
            torch.testing.assert_close(found[face], expected, rtol=1e-3, atol=1e-4)


def test_parameters():
    """roi_gcn.md, section 4: eigenvectors, eigenvalues, Theta with its norm."""
    layer = GraphConv(270, 12)
    counts = {name: sum(each.numel() for each in child.parameters()) for name, child in layer.named_children()}
    assert counts == {"eigenvectors": 3_264, "eigenvalues": 3_252, "theta": 73_440}


@pytest.mark.parametrize("laplacian", LAPLACIANS)
def test_memory_grows_with_the_places_and_not_their_square(laplacian):
    layer, head = GraphConv(6, 3, laplacian=laplacian), ContextHead(3, 6)
    largest = []
    for side in (16, 32):
        features = torch.randn(2, 6, side, side, requires_grad=True)
        with Largest() as mode:
            raw = layer.project(features)
            (layer(features, raw.relu()).sum() + head(features, raw).sum()).backward()
        largest.append(mode.numbers)
        assert mode.numbers == features.numel() < side**4
    assert largest[1] == 4 * largest[0]


def test_the_matrix_would_be_seen():
    features, vectors, values = drawn(side=16)
    with Largest() as mode:
        dense(features[0].flatten(1).T, vectors[0].flatten(1).T, values[0], "sym")
    assert mode.numbers == 16**4


@pytest.mark.parametrize("laplacian", LAPLACIANS)
def test_half_precision_is_computed_in_full(laplacian):
    features, vectors, values = drawn()
    flat = (features.flatten(2), vectors.flatten(2), values, laplacian)
    exact = propagate(*flat)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(propagate(*flat), exact)
        assert (features[0, 0] @ features[0, 0]).dtype == torch.bfloat16  # it is on again


def test_the_context_of_an_eigenvector_by_hand():
    features, raw = torch.randn(2, 5, 4, 4), torch.randn(2, 3, 4, 4)
    raw[0, 1] = -1  # points nowhere
    head = ContextHead(3, 5)
    logits = head(features, raw)
    for face in range(2):
        for au in range(3):
            shares = raw[face, au].clamp(min=0)
            context = sum(
                (shares[y, x] * features[face, :, y, x] for y in range(4) for x in range(4)), torch.zeros(5)
            ) / (shares.sum() + 1e-6)
            expected = head.classify.weight[au, 0] @ context + head.classify.bias[au, 0]
            torch.testing.assert_close(logits[face, au], expected)
    assert torch.equal(logits[0, 1], head.classify.bias[1, 0])
    assert sum(each.numel() for each in ContextHead(12, 270).parameters()) == 3_252


def test_the_mean_of_an_eigenvector_by_hand():
    raw = torch.randn(2, 3, 4, 4)
    head = GapHead(3)
    expected = raw.mean(dim=(2, 3)) * head.classify.weight[:, 0, 0] + head.classify.bias[:, 0]
    torch.testing.assert_close(head(torch.empty(2, 5, 4, 4), raw), expected)
