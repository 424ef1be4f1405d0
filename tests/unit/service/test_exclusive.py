"""One thread at a time, and nobody is kept waiting by who comes again at once."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import threading
from collections.abc import Callable
from concurrent.futures import Future
from weakref import ref

import pytest

from offerd.service.exclusive import Exclusive
from offerd.service.landing import landed

LONG_S = 30.0


def in_threads(count: int, work: Callable[[], None]) -> None:
    """Does the same in several threads at once, and waits for all."""
    threads = [threading.Thread(target=work, daemon=True) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LONG_S)
        assert not thread.is_alive()


def test_only_one_at_a_time_is_in_it() -> None:
    """Whatever is read and then changed inside is what it was."""
    one, inside, most = Exclusive(), 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(200):
            with one:
                inside += 1
                most = max(most, inside)
                threading.Event().wait(0)  # another thread may go on
                inside -= 1

    in_threads(4, work)
    assert (inside, most) == (0, 1)


def test_nobody_is_overtaken() -> None:
    """A thread that comes again as soon as it has left lets another go first.

    By a plain lock it is let in once or twice more each time, as it needn't be woken.
    """
    one = Exclusive()
    is_held, ended = threading.Event(), threading.Event()
    turns = 0

    def greedy() -> None:
        nonlocal turns
        while not ended.is_set():
            with one:
                turns += 1
                is_held.set()
                ended.wait(0.0005)

    thread = threading.Thread(target=greedy, daemon=True)
    thread.start()
    overtaken: list[int] = []
    for _ in range(21):
        is_held.clear()
        is_held.wait(LONG_S)
        before = turns
        with one:
            overtaken.append(turns - before)
    ended.set()
    thread.join(LONG_S)
    # The system may let this thread wait between the two lines, but not each time.
    assert sorted(overtaken)[10] == 0, overtaken


async def test_a_coroutine_has_it_but_while_it_waits() -> None:
    """Each of its steps is alone, and others go on in between."""
    one = Exclusive()
    said: list[str] = []
    may_go_on: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def steps() -> str:
        assert not one._held.acquire(blocking=False)
        said.append("begins")
        found = await may_go_on
        assert not one._held.acquire(blocking=False)
        return found

    task = asyncio.create_task(_awaited(one, steps()))
    await asyncio.sleep(0)
    with one:
        said.append("between")
    may_go_on.set_result("ended")
    assert await task == "ended"
    assert said == ["begins", "between"]
    with one:
        said.append("free")


async def test_what_a_coroutine_raises_comes_through() -> None:
    """An error of its own, one that it waits for, and being cancelled; the lock is free then."""
    one = Exclusive()
    undone: list[str] = []

    async def fails(waited_for: asyncio.Future[None]) -> None:
        try:
            await waited_for
        except asyncio.CancelledError:
            undone.append("cancelled")
            raise
        raise LookupError("of its own")

    loop = asyncio.get_running_loop()
    waited_for: asyncio.Future[None] = loop.create_future()
    waited_for.set_result(None)
    with pytest.raises(LookupError, match="of its own"):
        await one.during(fails(waited_for))
    waited_for = loop.create_future()
    waited_for.set_exception(OSError("waited for"))
    with pytest.raises(OSError, match="waited for"):
        await one.during(fails(waited_for))
    task = asyncio.create_task(_awaited(one, fails(loop.create_future())))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert undone == ["cancelled"]
    with one:
        pass


async def test_it_waits_for_threads_too() -> None:
    """A step of a coroutine begins once the thread that is inside has left."""
    one = Exclusive()
    is_inside, may_leave = threading.Event(), threading.Event()
    said: list[str] = []
    left: Future[None] = Future()

    def stays() -> None:
        with one:
            is_inside.set()
            may_leave.wait(LONG_S)
            said.append("thread")
        left.set_result(None)

    threading.Thread(target=stays, daemon=True).start()
    is_inside.wait(LONG_S)
    threading.Timer(0.05, may_leave.set).start()

    async def steps() -> None:
        said.append("coroutine")

    await one.during(steps())
    left.result(LONG_S)
    assert said == ["thread", "coroutine"]


@pytest.mark.parametrize("how", ["fails", "is cancelled", "caller goes away"])
async def test_what_failed_holds_nobody(how: str) -> None:
    """Whoever waited for a write is gone with its error, without a search for cycles."""

    class Asking:
        """What a request holds while it waits."""

    async def wait(held: Asking, writes: list[Future[int]]) -> None:
        assert held is not None
        await landed(writes.pop())

    one, write, held = Exclusive(), Future[int](), Asking()
    known = ref(held)
    task = asyncio.create_task(_awaited(one, wait(held, [write])))
    del held
    await asyncio.sleep(0)
    gc.disable()
    try:
        if how == "fails":
            write.set_exception(ValueError("no room"))
        elif how == "is cancelled":
            write.cancel()
        else:
            task.cancel()
        del write
        with contextlib.suppress(ValueError, asyncio.CancelledError):
            await task
        del task
        await asyncio.sleep(0)
        assert known() is None
    finally:
        gc.enable()


def test_what_nobody_goes_on_with_is_closed_by_who_is_inside() -> None:
    """A search for cycles begins anywhere, so also where the lock is held: it waits for nothing."""

    class Abandoned:
        """Holds itself, and what waits."""

        def __init__(self, waits: object) -> None:
            self.itself, self.waits = self, waits

    async def steps() -> None:
        try:
            await asyncio.Future[None](loop=loop)
        finally:
            ended.append("closed")

    one, ended = Exclusive(), list[str]()
    loop = asyncio.new_event_loop()
    waits = one.during(steps())
    waits.send(None)
    abandoned = Abandoned(waits)
    del waits, abandoned

    def search() -> None:
        with one:
            gc.collect()

    in_threads(1, search)
    assert ended == ["closed"]
    loop.close()


async def _awaited(one: Exclusive, steps: object) -> object:
    return await one.during(steps)  # type: ignore[arg-type]
