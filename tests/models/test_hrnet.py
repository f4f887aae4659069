"""HRNet against timm's, and maps laid beside each other."""

import pytest

torch = pytest.importorskip("torch")

import timm  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn.functional import interpolate  # noqa: E402

from actionunits.errors import UsageError  # noqa: E402
from actionunits.models.backbones import create_backbone  # noqa: E402
from actionunits.models.hrnet import HRNETS, HRNet, require_side  # noqa: E402
from actionunits.models.layers.joined_maps import JoinedMaps  # noqa: E402

SMALL = "hrnet_w18_small"
PARTS = {  # roi_gcn.md, section 4
    "stem": 38_848,
    "layer1": 286_208,
    "transition1": 124_524,
    "stage2": 124_092,
    "transition2": 23_472,
    "stage3": 2_162_880,
    "transition3": 93_600,
    "stage4": 6_708_636,
}


@pytest.fixture(scope="module")
def whole() -> nn.Module:
    """timm's network with its classifier, and statistics that are not those of the start."""
    torch.manual_seed(0)
    network = timm.create_model(SMALL, pretrained=False)
    network.train()(torch.randn(4, 3, 64, 64))
    return network.eval()


def test_parameters():
    with torch.device("meta"):
        network = HRNet("hrnet_w18")
    counts = dict.fromkeys(PARTS, 0)
    for name, each in network.network.named_parameters():
        part = name.partition(".")[0]
        counts["stem" if part in ("conv1", "bn1", "conv2", "bn2") else part] += each.numel()
    assert counts == PARTS
    assert sum(counts.values()) == 9_562_260


def test_the_whole_network_of_the_spec():
    """Four branches of pictures of 256 pixels, as 270 channels."""
    joined = JoinedMaps(HRNet("hrnet_w18")).eval()
    image = torch.randn(1, 3, 256, 256)
    with torch.no_grad():
        shapes = [tuple(each.shape[1:]) for each in joined.network.maps(image)]
        assert shapes == [(18, 64, 64), (36, 32, 32), (72, 16, 16), (144, 8, 8)]
        assert joined(image).shape == (1, joined.channels, 64, 64) == (1, 270, 64, 64)


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("prefix", ["", "module.backbone."])
def test_it_is_timms_with_bilinear_upsampling(whole, suffix, prefix, tmp_path):
    path = tmp_path / f"weights{suffix}"
    state = {prefix + name: each for name, each in whole.state_dict().items()}
    (save_file if suffix == ".safetensors" else torch.save)(state, path)
    network = HRNet(SMALL, str(path)).eval()
    assert network.map_channels == HRNETS[SMALL]
    image = torch.randn(2, 3, 64, 64)
    for layer in whole.modules():
        if isinstance(layer, nn.Upsample):
            layer.mode = "bilinear"
    with torch.no_grad():
        expected = whole.stages(whole.act2(whole.bn2(whole.conv2(whole.act1(whole.bn1(whole.conv1(image)))))))
        found = network.maps(image)
    assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))
    assert {layer.momentum for layer in network.modules() if isinstance(layer, nn.BatchNorm2d)} == {0.01}


@pytest.mark.parametrize("name", [SMALL, "efficientnet_lite0", "resnet18"])
def test_maps_beside_each_other(name):
    torch.manual_seed(0)
    network = HRNet(name) if name == SMALL else create_backbone(name, stride=16)
    joined, image = JoinedMaps(network).eval(), torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        found, maps = joined(image), network.maps(image)
    assert found.shape == (2, joined.channels, 16, 16)
    first = 0
    for each in maps:
        fine = interpolate(each, (16, 16), mode="bilinear", align_corners=False)
        assert torch.equal(found[:, first : first + each.shape[1]], fine)
        first += each.shape[1]
    assert first == joined.channels


def test_weights_that_do_not_fit(whole, tmp_path):
    path = str(tmp_path / "weights.pth")
    for change, said in (
        ({"stage2.0.branches.0.0.conv1.weight": None}, r"stage2\.0\.branches\.0\.0\.conv1\.weight is missing"),
        ({"stage4.9.weight": torch.zeros(1)}, r"has stage4\.9\.weight, which hrnet_w18_small has not"),
        ({"conv1.weight": torch.zeros(3)}, r"conv1\.weight is \(3,\)"),
    ):
        state = {name: each for name, each in (dict(whole.state_dict()) | change).items() if each is not None}
        torch.save(state, path)
        with pytest.raises(UsageError, match=said):
            HRNet(SMALL, path)
    torch.save(whole.state_dict(), path)
    with pytest.raises(UsageError, match="in hrnet_w18 "):
        HRNet("hrnet_w18", path)


@pytest.mark.parametrize("weights", ["imagenet", "faces_re"])
def test_there_are_no_weights_of_these_names(weights):
    with pytest.raises(UsageError, match=f"no weights '{weights}' for it"):
        HRNet(SMALL, weights)


def test_wrong_names_and_sides():
    with pytest.raises(UsageError, match="There are hrnet_w18, hrnet_w18_small"):
        HRNet("hrnet_w32")
    with pytest.raises(UsageError, match="multiple of 32 pixels, not 112"):
        require_side(SMALL, 112)
    require_side(SMALL, 96)
