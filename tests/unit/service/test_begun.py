"""Coroutines begun at once: the same as tasks, for whoever awaits them."""

from __future__ import annotations

import asyncio
from contextvars import ContextVar

import pytest

from offerd.service.begun import Ended, begin

VALUE: ContextVar[int] = ContextVar("value", default=0)


async def test_what_waits_for_nothing_needs_no_task() -> None:
    """Its result is there at once, and so is what it raised."""

    async def answer() -> int:
        return 7

    async def fail() -> int:
        raise ValueError("no")

    begun = begin(answer)
    assert isinstance(begun, Ended)
    assert begun.result() == 7
    failed = begin(fail)
    assert isinstance(failed, Ended)
    with pytest.raises(ValueError, match="no"):
        failed.result()


async def test_what_waits_goes_on_in_a_task() -> None:
    """Through several waits, with results, failures and whatever it sets for itself."""
    gates = [asyncio.get_running_loop().create_future() for _ in range(3)]

    async def work() -> list[object]:
        VALUE.set(1)
        found: list[object] = [await gates[0]]
        await asyncio.sleep(0)
        try:
            await gates[1]
        except ValueError as error:
            found.append(str(error))
        async with asyncio.timeout(30):
            found.append(await asyncio.to_thread(VALUE.get))
        found.append(await gates[2])
        return found

    begun = begin(work)
    assert isinstance(begun, asyncio.Task)
    gates[0].set_result("first")
    gates[1].set_exception(ValueError("second"))
    gates[2].set_result("third")
    assert await begun == ["first", "second", 1, "third"]
    assert VALUE.get() == 0


async def test_a_cancelled_task_cancels_what_it_goes_on_with() -> None:
    """Which may clean up, and may wait for that."""
    cleaned: list[str] = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            cleaned.append("done")

    begun = begin(work)
    assert isinstance(begun, asyncio.Task)
    await asyncio.sleep(0)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert cleaned == ["done"]


async def test_one_that_is_cancelled_at_once_may_clean_up_too() -> None:
    """Before its task has had a turn: it is told where it waits, and may wait for the rest."""
    cleaned: list[str] = []

    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            cleaned.append("done")
            raise
        return "not cancelled"

    begun = begin(work)
    assert isinstance(begun, asyncio.Task)
    begun.cancel()
    with pytest.raises(asyncio.CancelledError):
        await begun
    assert cleaned == ["done"]


async def test_one_that_is_over_meanwhile_may_still_be_cancelled() -> None:
    """As a task may: it is told, and decides."""
    gate = asyncio.get_running_loop().create_future()

    async def work() -> str:
        try:
            await gate
        except asyncio.CancelledError:
            return "told"
        return "not told"

    begun = begin(work)
    assert isinstance(begun, asyncio.Task)
    gate.set_result(None)
    begun.cancel()
    assert await begun == "told"


async def test_many_at_once_share_what_they_wait_for() -> None:
    """As tasks would."""
    event = asyncio.Event()

    async def work(number: int) -> int:
        await event.wait()
        return number

    begun = [begin(lambda number=number: work(number)) for number in range(100)]  # type: ignore[misc]
    event.set()
    tasks = [one for one in begun if isinstance(one, asyncio.Task)]
    assert await asyncio.gather(*tasks) == list(range(100))
