"""Where a service may listen, and with what token."""

from pathlib import Path

import pytest

from actionunits.errors import UsageError
from actionunits.service import Settings
from actionunits.service.settings import is_loopback, token_from

TOKEN = "0123456789abcdef"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"])
def test_this_machine_alone_needs_no_token(host: str, tmp_path: Path) -> None:
    assert is_loopback(host)
    assert Settings(tmp_path, host).token is None


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org", ""])
def test_any_other_address_needs_a_token(host: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="ACTIONUNITS_TOKEN"):
        Settings(tmp_path, host)
    assert Settings(tmp_path, host, token=TOKEN).token == TOKEN


@pytest.mark.parametrize("token", ["short", "", "ünïcödé-ünïcödé-ünïcödé"])
def test_a_weak_token_is_refused_and_not_repeated(token: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        Settings(tmp_path, token=token)
    assert not token or token not in str(caught.value)


def test_settings_do_not_show_their_token(tmp_path: Path) -> None:
    assert TOKEN not in repr(Settings(tmp_path, token=TOKEN))


def test_the_command_line_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ACTIONUNITS_TOKEN", "of the environment")
    assert token_from("of the command line") == "of the command line"
    assert token_from(None) == "of the environment"
    monkeypatch.delenv("ACTIONUNITS_TOKEN")
    assert token_from(None) is None
