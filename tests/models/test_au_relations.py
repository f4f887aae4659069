"""The three layers that relate AUs, against PyTorch's own modules and against what theory says of them."""

import math

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from actionunits.models.layers.bilstm import BiLSTM
from actionunits.models.layers.hopfield import Hopfield, associate
from actionunits.models.layers.self_attention import SelfAttention
from actionunits.models.layers.sequence import Placed, sinusoidal_positions

SIZE, HEADS, AUS, FACES = 16, 4, 5, 3
MIXED = (2, 0, 4, 1, 3)  # places of AUs that are not in the order of their numbers


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


@pytest.fixture
def features():
    return torch.randn(FACES, AUS, SIZE)


def hopfield(places=range(AUS), **changes):
    settings = {"heads": HEADS, "steps": 3, "beta": None, "tolerance": None, "dropout": 0.1, "normalise": False}
    return Hopfield(list(places), SIZE, **(settings | changes))


def attention(places=range(AUS), **changes):
    return SelfAttention(list(places), SIZE, **({"heads": HEADS, "layers": 2, "dropout": 0.1} | changes))


def relations(places):
    return [hopfield(places), attention(places), BiLSTM(places, SIZE)]


@pytest.mark.parametrize(
    ("make", "count"),  # lorral.md, section 2.6
    [
        (lambda: BiLSTM(range(12), 512), 1_576_960),
        (lambda: SelfAttention(range(12), 512, heads=8, layers=2, dropout=0.1), 6_568_448),
        (
            lambda: Hopfield(range(12), 512, heads=8, steps=3, beta=None, tolerance=None, dropout=0.1, normalise=False),
            1_314_304,
        ),
    ],
)
def test_parameters(make, count):
    assert sum(each.numel() for each in make().parameters()) == count


def test_positions():
    found = sinusoidal_positions(12, 512)
    for place in range(12):
        for i in (0, 1, 100, 255):
            angle = place / 10_000 ** (2 * i / 512)
            assert found[place, 2 * i].item() == pytest.approx(math.sin(angle), abs=1e-6)
            assert found[place, 2 * i + 1].item() == pytest.approx(math.cos(angle), abs=1e-6)


def test_preprocessing(features):
    placed = Placed(MIXED, SIZE, 0.5)
    plain = placed.norm(placed.linear(features))
    torch.testing.assert_close(
        placed.eval()(features) - plain, sinusoidal_positions(AUS, SIZE)[list(MIXED)].expand(FACES, -1, -1)
    )
    dropped = (placed.train()(features) - placed.positions).flatten()
    kept = dropped != 0
    assert 0.3 < kept.float().mean() < 0.7
    torch.testing.assert_close(dropped[kept], 2 * plain.flatten()[kept], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("which", range(3))
def test_the_order_of_columns_does_not_matter(which, features):
    """Only the AU's number says where it stands in the sequence."""
    ordered, mixed = relations(range(AUS))[which].eval(), relations(MIXED)[which].eval()
    mixed.load_state_dict(ordered.state_dict())
    in_order = torch.argsort(torch.tensor(MIXED))
    result, _ = mixed(features)
    expected, _ = ordered(features[:, in_order])
    torch.testing.assert_close(result[:, in_order], expected)


@pytest.mark.parametrize("which", range(3))
def test_every_au_hears_of_every_other(which, features):
    relation = relations(range(AUS))[which].eval()
    before, _ = relation(features)
    for au in range(AUS):
        changed = features.clone()
        changed[:, au] += 1
        assert ((relation(changed)[0] - before).abs().amax(dim=(0, 2)) > 1e-7).all()


def test_bilstm_is_pytorchs(features):
    relation = BiLSTM(range(AUS), SIZE)
    reference = nn.LSTM(SIZE, SIZE // 2, bidirectional=True)
    reference.load_state_dict(relation.lstm.state_dict())
    torch.testing.assert_close(relation(features)[0], reference(features.transpose(0, 1))[0].transpose(0, 1))


def test_self_attention_from_its_equations(features):
    """Layer by layer, with softmax(Q K^T / sqrt(d)) V written out, and layer norm last."""
    relation = attention().eval()
    state = relation.placed(features)
    for layer in relation.layers:
        projected = state @ layer.self_attn.in_proj_weight.T + layer.self_attn.in_proj_bias
        q, k, v = (part.unflatten(2, (HEADS, -1)).transpose(1, 2) for part in projected.chunk(3, dim=-1))
        weights = torch.softmax(q @ k.mT / math.sqrt(SIZE / HEADS), dim=-1)
        heard = layer.self_attn.out_proj((weights @ v).transpose(1, 2).flatten(2))
        state = layer.norm1(state + heard)
        state = layer.norm2(state + layer.linear2(torch.relu(layer.linear1(state))))
    result, found = relation(features)
    torch.testing.assert_close(result, state, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found, weights, rtol=1e-4, atol=1e-5)


def test_self_attention_tells_its_weights_only_when_it_predicts(features):
    assert attention().train()(features)[1] is None


@pytest.mark.parametrize("normalise", [False, True])
def test_hopfield_without_steps_is_multi_head_attention(features, normalise):
    relation = hopfield(steps=0, normalise=normalise).eval()
    with torch.no_grad():
        for parameter in relation.parameters():
            parameter.add_(torch.rand_like(parameter) / 10)  # biases too
    reference = nn.MultiheadAttention(SIZE, HEADS, batch_first=True).eval()
    projections = (relation.query, relation.key, relation.value)
    reference.load_state_dict(
        {
            "in_proj_weight": torch.cat([each.weight for each in projections]),
            "in_proj_bias": torch.cat([each.bias for each in projections]),
            "out_proj.weight": relation.out.weight,
            "out_proj.bias": relation.out.bias,
        }
    )
    placed = relation.placed(features)
    stored = relation.stored_norm(placed)
    expected, weights = reference(relation.state_norm(placed), stored, stored, average_attn_weights=False)
    result, association = relation(features)
    torch.testing.assert_close(result, expected, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(association, weights, rtol=1e-4, atol=1e-5)


def test_hopfield_begins_as_multi_head_attention():
    """With one draw for queries, keys and values together."""
    relation, reference = hopfield(), nn.MultiheadAttention(SIZE, HEADS)
    limit = reference.in_proj_weight.abs().max()
    for projection in (relation.query, relation.key, relation.value):
        assert projection.weight.abs().max().item() == pytest.approx(limit.item(), rel=0.1)
        assert (projection.bias == 0).all()


def test_a_step_is_one_line_of_the_paper():
    state, stored = torch.randn(2, AUS, 4), torch.randn(2, AUS, 4)
    once = torch.softmax(0.7 * state @ stored.mT, -1) @ stored
    twice = torch.softmax(0.7 * once @ stored.mT, -1) @ stored
    torch.testing.assert_close(associate(state, stored, beta=0.7, steps=2), torch.softmax(0.7 * twice @ stored.mT, -1))


@pytest.mark.parametrize("beta", [0.3, 1.0, 8.0])
def test_many_steps_come_to_a_fixed_point(beta):
    state, stored = torch.randn(6, AUS, 8).double(), torch.randn(6, AUS, 8).double()
    resting = associate(state, stored, beta=beta, steps=3000) @ stored
    torch.testing.assert_close(torch.softmax(beta * resting @ stored.mT, -1) @ stored, resting, rtol=0, atol=1e-8)


def test_cold_states_come_to_the_pattern_that_they_resemble():
    stored = torch.randn(AUS, 32)
    found = associate(stored + 0.3 * torch.randn(AUS, 32), stored, beta=5, steps=10)
    torch.testing.assert_close(found, torch.eye(AUS), rtol=0, atol=1e-4)


@pytest.mark.parametrize("beta", [0.3, 1.0, 8.0])
def test_the_energy_never_rises(beta):
    """Ramsauer et al. 2021, Eq. 2 and Theorem 1."""
    state, stored = torch.randn(20, AUS, 8).double(), torch.randn(20, AUS, 8).double()
    states = [state] + [associate(state, stored, beta=beta, steps=steps) @ stored for steps in range(8)]
    energies = torch.stack(
        [each.square().sum(-1) / 2 - torch.logsumexp(beta * each @ stored.mT, -1) / beta for each in states]
    )
    assert (energies.diff(dim=0) <= 1e-10).all()
    assert (energies[1] < energies[0]).all()


def test_resting_states_stay_where_they_are():
    state, stored = torch.randn(4, AUS, 8).double(), torch.randn(4, AUS, 8).double()
    options = {"beta": 0.3, "tolerance": 1e-9}
    rested = associate(state, stored, **options, steps=500)
    assert torch.equal(rested, associate(state, stored, **options, steps=501))
    torch.testing.assert_close(rested, associate(state, stored, beta=0.3, steps=500), rtol=0, atol=1e-7)


def test_sets_rest_on_their_own():
    """One that moves long does not keep another one moving."""
    state, stored = torch.randn(4, AUS, 8), torch.randn(4, AUS, 8)
    options = {"beta": 1.0, "tolerance": 0.05, "steps": 50}
    together = associate(state, stored, **options)
    moved_on = associate(state, stored, beta=1.0, steps=50)
    assert ((together - moved_on).abs().amax(dim=(1, 2)) > 1e-4).any()
    for one in range(4):
        torch.testing.assert_close(together[one], associate(state[one], stored[one], **options))


def test_steps_have_no_parameters():
    assert hopfield(steps=0).state_dict().keys() == hopfield(steps=9).state_dict().keys()


def test_the_inverse_temperature(features):
    plain = hopfield().eval()
    assert plain.beta == pytest.approx(1 / math.sqrt(SIZE / HEADS))
    warm = hopfield(beta=0.0).eval()
    warm.load_state_dict(plain.state_dict())
    assert not torch.allclose(plain(features)[1], torch.tensor(1 / AUS), atol=1e-3)
    torch.testing.assert_close(warm(features)[1], torch.full((FACES, HEADS, AUS, AUS), 1 / AUS))
