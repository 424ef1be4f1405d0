"""Requests that the JSON door has together: each is counted, logged and answered as if alone."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from offerd.app.process import dispatcher_for
from offerd.errors import Exhausted
from offerd.service import overload
from offerd.service.dispatch import Dispatcher
from offerd.service.serialized import AnsweredAtOnce
from offerd.v1 import decision_service_pb2 as pb
from seeds import random_seed
from unit.service.random_requests import asking, mangled
from unit.service.test_at_once import Asked, asked, fill

__all__ = ["asked"]

DECIDE = "/offerd.v1.DecisionService/Decide"
HERO = pb.DecideRequest(scopes=[pb.Scope(name="hero")]).SerializeToString()
UNREADABLE = b"\xff"


def together(dispatcher: Dispatcher, several: Sequence[bytes]) -> list[bytes | None]:
    """Returns what each of several requests is answered, however many at a time."""
    some = dispatcher.doors_some_at_once("http", queued=True)[DECIDE]
    answers: list[bytes | None] = []
    while len(answers) < len(several):
        found = some(several[len(answers) :])
        assert found
        answers += [None if one is None else one.data for one in found]
    return answers


def lines(asked: Asked) -> list[dict[str, Any]]:
    """Returns the lines of requests in the log, and forgets them."""
    found = [{**line, "duration_us": 0} for line in asked.lines if line["event"] == "request"]
    asked.lines.clear()
    return found


async def test_the_same_answers_and_lines(asked: Asked) -> None:
    """Of right, wrong and mangled ones, in their order."""
    source = random.Random(random_seed())
    await fill(asked, source)
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    alone = dispatcher.doors_at_once("http", queued=True)[DECIDE]
    answered = 0
    for _ in range(40):
        several = [
            mangled(source, asking(source).SerializeToString())
            for _ in range(source.randrange(1, 40))
        ]
        await asyncio.sleep(0)  # another turn, or those that come late would be refused
        found = [alone(data) for data in several]
        expected = [None if one is None else one.data for one in found]
        told = lines(asked)
        assert together(dispatcher, several) == expected
        assert lines(asked) == told
        answered += len(told)
    assert answered > 200


async def test_how_long_each_took_is_told(asked: Asked) -> None:
    """From when the first of them was begun until the last was decided."""
    together(dispatcher_for(asked.revisions, asked.log), [HERO] * 5)
    took = [line["duration_us"] for line in asked.lines]
    assert len(took) == 5
    assert all(one > 0 for one in took)


async def test_nobody_is_answered_once_the_service_stops(asked: Asked) -> None:
    """They are asked for otherwise, where they are refused and logged."""
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    assert all(together(dispatcher, [HERO] * 3))
    lines(asked)
    await dispatcher.drain(0.0, 1.0)
    assert together(dispatcher, [HERO] * 3) == [None] * 3
    assert not asked.lines


async def test_what_comes_late_in_a_long_turn_is_asked_for_alone(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where each is refused; what wasn't answered together doesn't count twice."""
    monkeypatch.setattr(overload, "LONGEST_WAIT_S", -1.0)
    monkeypatch.setattr(overload, "_FEWEST", 4)
    dispatcher = dispatcher_for(asked.revisions, asked.log)
    alone = dispatcher.doors_at_once("http", queued=True)[DECIDE]
    assert together(dispatcher, [UNREADABLE] * 4) == [None] * 4
    assert all(together(dispatcher, [HERO, HERO]))
    with pytest.raises(Exhausted):
        together(dispatcher, [HERO, HERO, HERO])
    assert all(together(dispatcher, [HERO, HERO]))
    lines(asked)
    with pytest.raises(Exhausted):
        together(dispatcher, [HERO])
    assert not asked.lines
    with pytest.raises(Exhausted):
        alone(HERO)
    (line,) = asked.lines
    assert line["code"] == "RESOURCE_EXHAUSTED"
    await asyncio.sleep(0)
    assert all(together(dispatcher, [HERO, HERO]))


async def test_one_that_fails_fails_alone(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """None is answered or logged together with it, nor counted as begun in this turn."""
    monkeypatch.setattr(overload, "LONGEST_WAIT_S", -1.0)
    monkeypatch.setattr(overload, "_FEWEST", 3)

    def fail(*_: object) -> list[AnsweredAtOnce | None]:
        raise ZeroDivisionError("out of numbers")

    with monkeypatch.context() as patch:
        patch.setattr(asked.revisions.quick, "some_at_once", fail)
        dispatcher = dispatcher_for(asked.revisions, asked.log)
    alone = dispatcher.doors_at_once("http", queued=True)[DECIDE]
    with pytest.raises(ZeroDivisionError):
        together(dispatcher, [HERO, HERO, HERO])
    assert not asked.lines
    assert all(alone(HERO) is not None for _ in range(3))
    assert len(asked.lines) == 3
