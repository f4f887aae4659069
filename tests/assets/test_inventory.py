import pytest

from actionunits import assets
from actionunits.assets import cache
from actionunits.errors import UsageError


def state() -> str:
    return assets.status()[0].state


def test_states_of_the_cache(ruled_shop) -> None:
    assert (state(), assets.status()[0].files) == ("missing", 0)
    assert not ruled_shop.cache.exists(), "status must not create anything"
    folder = assets.pull("fake", progress=False)
    assert (state(), assets.status()[0].files) == ("ready", 22)
    (folder / "small.bin").unlink()
    assert assets.status()[0].problems == ("small.bin",)
    assert state() == "incomplete"
    (folder / "large.bin").write_bytes(b"cut")
    assert state() == "damaged"


def test_a_kept_wheel_counts_as_begun(shop) -> None:
    cache.work_folder(shop.asset).mkdir(parents=True)
    assert state() == "incomplete"


def test_verify_finds_a_flipped_bit_and_takes_the_file_away(shop) -> None:
    path = assets.asset_path("fake", "large.bin", progress=False)
    content = bytearray(path.read_bytes())
    content[1234] ^= 1
    path.write_bytes(content)
    assert state() == "ready", "sizes alone do not tell"
    found = assets.verify("fake")
    assert (found.state, found.problems) == ("damaged", ("large.bin",))
    assert not path.exists()
    assert assets.asset_path("fake", "large.bin", progress=False) == path
    assert assets.verify("fake").state == "ready"


def test_verify_of_an_unknown_asset() -> None:
    with pytest.raises(UsageError, match="noses"):
        assets.verify("noses")
