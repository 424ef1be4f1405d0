"""That loading lets requests go first."""

from __future__ import annotations

import sys
import time

import pytest

from offerd.app import giving_way as module
from offerd.app.giving_way import LOOK_S, MOST_LOOKS, SLICE_S, Pause, giving_way


class Others:
    """Other threads, as clocks and sleeping tell of them: they work through so many looks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.looks = 0
        self.working = 0
        self._own_s = self._worked_s = self._time_s = 0.0
        monkeypatch.setattr(module.time, "thread_time", lambda: self._own_s)
        monkeypatch.setattr(module.time, "process_time", lambda: self._own_s + self._worked_s)
        monkeypatch.setattr(module.time, "monotonic", lambda: self._time_s)
        monkeypatch.setattr(module.time, "sleep", self._sleep)

    def load(self, seconds: float) -> None:
        """Has the loading thread work so long."""
        self._own_s += seconds

    def _sleep(self, seconds: float) -> None:
        assert seconds == LOOK_S
        self.looks += 1
        self._time_s += seconds
        if self.working:
            self.working -= 1
            self._worked_s += seconds / 2


@pytest.fixture
def others(monkeypatch: pytest.MonkeyPatch) -> Others:
    """Other threads that do nothing yet."""
    return Others(monkeypatch)


def test_it_goes_on_until_a_slice_is_over(others: Others) -> None:
    """Only then it looks whether others want to work, and then once for each slice."""
    pause = Pause()
    pause()
    assert others.looks == 0
    others.load(SLICE_S)
    pause()
    pause()
    assert others.looks == 1


def test_it_waits_until_others_have_stopped_working(others: Others) -> None:
    """And goes on when they did nothing for as long as it looked."""
    pause = Pause()
    others.load(2 * SLICE_S)
    others.working = 7
    pause()
    assert others.looks == 8


def test_it_gets_on_however_much_there_is_to_answer(others: Others) -> None:
    """For a slice after so many looks."""
    pause = Pause()
    others.working = 1_000
    others.load(SLICE_S)
    pause()
    pause()
    assert others.looks == MOST_LOOKS


def _fail() -> None:
    with giving_way():
        raise ValueError(sys.getswitchinterval())


def test_threads_take_turns_more_often_meanwhile() -> None:
    """Only while something is loaded, also if that fails."""
    before_s = sys.getswitchinterval()
    with pytest.raises(ValueError, match="0") as raised:
        _fail()
    assert raised.value.args[0] < before_s
    assert sys.getswitchinterval() == before_s


def test_a_real_thread_that_works_is_seen() -> None:
    """The clocks tell of others what they take."""
    before_s = module._others_s()
    end_s = time.thread_time() + SLICE_S
    while time.thread_time() < end_s:
        pass
    assert module._others_s() >= before_s - SLICE_S / 10
