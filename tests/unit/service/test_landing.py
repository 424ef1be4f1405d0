"""Waiting on an event loop for what a writer does in another thread."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from weakref import ref

import pytest
import uvloop

from offerd.service.landing import landed
from seeds import random_seed


async def waiting(futures: list[Future[int]]) -> list[asyncio.Task[int]]:
    """Returns tasks that wait for futures."""
    tasks = [asyncio.create_task(landed(future)) for future in futures]
    await asyncio.sleep(0)
    return tasks


async def test_what_is_done_together_wakes_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many wait: all of them go on, each with its own result."""
    loop = asyncio.get_running_loop()
    woken: list[object] = []
    wake = loop.call_soon_threadsafe

    def counted(callback: Callable[..., object], *arguments: Any) -> object:
        woken.append(callback)
        return wake(callback, *arguments)

    futures: list[Future[int]] = [Future() for _ in range(50)]
    tasks = await waiting(futures)
    monkeypatch.setattr(loop, "call_soon_threadsafe", counted)
    for number, future in enumerate(futures):
        future.set_result(number)
    assert await asyncio.gather(*tasks) == list(range(50))
    assert len(woken) == 1


async def test_what_fails_raises_where_it_is_waited_for() -> None:
    """While others go on; what is done already is told as well."""
    failed, done = Future[int](), Future[int]()
    done.set_result(3)
    first, second = await waiting([failed, done])
    failed.set_exception(ValueError("no room"))
    with pytest.raises(ValueError, match="no room"):
        await first
    assert await second == 3


async def test_what_failed_holds_nobody() -> None:
    """Whoever waited is gone with the error, without a search for cycles."""

    class Waiting:
        """What a request holds while it waits."""

    async def wait(held: Waiting, writes: list[Future[int]]) -> None:
        assert held is not None
        await landed(writes.pop())

    future, held = Future[int](), Waiting()
    known = ref(held)
    task = asyncio.create_task(wait(held, [future]))
    del held
    await asyncio.sleep(0)
    gc.disable()
    try:
        future.set_exception(ValueError("no room"))
        del future
        with contextlib.suppress(ValueError):
            await task
        del task
        await asyncio.sleep(0)
        assert known() is None
    finally:
        gc.enable()


async def test_nobody_waits_for_what_was_cancelled() -> None:
    """Whoever is cancelled takes back what hasn't begun; what has begun ends without them."""
    waits, begun, other = Future[int](), Future[int](), Future[int]()
    begun.set_running_or_notify_cancel()
    tasks = await waiting([waits, begun, other])
    tasks[0].cancel()
    tasks[1].cancel()
    results = await asyncio.gather(*tasks[:2], return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)
    assert waits.cancelled()
    assert not begun.cancelled()
    begun.set_result(1)
    other.cancel()
    with pytest.raises(asyncio.CancelledError):
        await tasks[2]


@pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_threads_and_loops_in_any_order(new_loop: Callable[[], Any]) -> None:
    """Thousands of results from several threads all arrive, on one loop after another."""
    seed = random_seed()
    rng = random.Random(seed)

    async def work(pool: ThreadPoolExecutor) -> int:
        async def ask() -> int:
            total = 0
            for _ in range(20):
                future: Future[int] = Future()
                pool.submit(future.set_result, 1)
                total += await landed(future)
                for _ in range(rng.randrange(3)):
                    await asyncio.sleep(0)
            return total

        return sum(await asyncio.gather(*(ask() for _ in range(50))))

    with ThreadPoolExecutor(3) as pool:
        for _ in range(2):
            with asyncio.Runner(loop_factory=new_loop) as runner:
                assert runner.run(work(pool)) == 1_000


def test_a_loop_that_is_closed_is_left_alone() -> None:
    """A write that ends later disturbs nobody."""
    future: Future[int] = Future()
    future.set_running_or_notify_cancel()

    async def give_up() -> None:
        (task,) = await waiting([future])
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(give_up())
    future.set_result(1)
