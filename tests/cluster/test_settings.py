"""A worker's cores become threads as the analysis itself would choose them."""

from typing import Any

import pytest

import actionunits.analyzer
from actionunits.cluster import BatchSettings
from actionunits.pool import network_threads


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What an analyzer is told, in place of loading its networks."""
    words: dict[str, Any] = {}
    monkeypatch.setattr(actionunits.analyzer, "Analyzer", lambda **given: words.update(given))
    return words


@pytest.mark.parametrize(
    ("cores", "device", "threads", "overlap"),
    [(1, "cpu", 1, False), (2, "cpu", 1, True), (4, "cpu", 2, True), (16, "cpu", 2, True), (1, "cuda", 1, True)],
)
def test_cores_become_threads(told: dict[str, Any], cores: int, device: str, threads: int, overlap: bool) -> None:
    BatchSettings(every=3).analyzer(device=device, cores=cores)
    assert (told["threads"], told["overlap"], told["every"]) == (threads, overlap, 3)
    assert threads == network_threads(cores)
