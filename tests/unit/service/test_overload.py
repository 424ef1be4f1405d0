"""How much is let in, and that what comes beyond it is told so."""

from __future__ import annotations

import asyncio
import time

import pytest

from offerd.errors import Exhausted, Reason
from offerd.service.overload import LONGEST_WAIT_S, Queueing, Turn, overloaded


def test_a_refusal_says_when_to_come_again() -> None:
    """In milliseconds, among its facts."""
    error = overloaded()
    assert error.reason is Reason.OVERLOADED
    assert int(error.metadata["retry_after_ms"]) > 0


def test_so_many_may_wait_as_are_begun_soon() -> None:
    """The slower calls are the fewer, but never hardly any, and never without end."""
    queueing = Queueing()
    most = queueing.limit
    for _ in range(500):
        queueing.took(1, 0.000_001)
    assert queueing.limit == most
    for _ in range(500):
        queueing.took(10, 10 * LONGEST_WAIT_S / 1_000)
    assert 900 <= queueing.limit <= 1_100
    for _ in range(500):
        queueing.took(1, 10.0)
    assert 1 < queueing.limit < 900
    queueing.took(0, 1.0)
    for _ in range(500):
        queueing.took(1, 0.000_001)
    assert queueing.limit == most


def test_refusals_are_logged_as_their_number_doubles(caplog: pytest.LogCaptureFixture) -> None:
    """Not each: that would cost what refusing is to save."""
    queueing = Queueing()
    for _ in range(1_000):
        queueing.refuse()
    assert [record.args for record in caplog.records] == [(2**n,) for n in range(10)]


async def test_a_turn_that_lasts_too_long_admits_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits in the same turn of the loop is refused; the next turn is another one."""
    now_s = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    turn = Turn()
    for _ in range(200):
        turn.admit()
    now_s = 10.0
    with pytest.raises(Exhausted):
        turn.admit()
    monkeypatch.undo()
    await asyncio.sleep(0)
    turn.admit()
