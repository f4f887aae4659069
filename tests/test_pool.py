"""Work shared out to processes: results come back, and the end of a process is an error in words."""

import os

import pytest

from actionunits.errors import ActionUnitsError
from actionunits.pool import cores, share_out


def shared(pieces, work, begin=print, facts=()):
    return share_out(pieces, work, workers=1, begin=begin, facts=facts, tick=lambda: None)


def test_a_process_that_is_ended_is_an_error_in_words():
    with pytest.raises(ActionUnitsError, match=r"ended from outside.*kept"):
        list(shared(["a", "b"], len, begin=os._exit, facts=(3,)))


def test_errors_of_the_work_come_through():
    with pytest.raises(ValueError, match="invalid literal"):
        list(shared(["a"], int))


def test_results_come_back_and_the_environment_is_left_alone(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("MKL_NUM_THREADS", "7")
    assert list(shared(["OMP_NUM_THREADS", "MKL_NUM_THREADS"], os.getenv)) == ["1", "7"]
    assert "OMP_NUM_THREADS" not in os.environ


def test_cores_are_counted():
    assert 1 <= cores() <= (os.cpu_count() or 1)
