"""`offerd serve --workers`: workers that hang are replaced, and all can be renewed at work."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from pathlib import Path

import httpx

from doors import NO_TLS
from offerd_client import AsyncClient
from processes import HOST, ServeProcess, serve_process

WORKERS = 2


async def until(condition: Callable[[], bool]) -> None:
    """Returns once a condition holds; fails after two minutes."""
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - nothing tells of another process
            await asyncio.sleep(0.05)


def said(process: ServeProcess, event: str) -> bool:
    """Whether a line of the log tells of an event."""
    return any(line["event"] == event for line in process.log())


async def test_a_worker_that_hangs_is_killed_and_replaced(bundle: Path, tmp_path: Path) -> None:
    """One that is stopped in its tracks makes way for another, and the rest goes on."""
    with serve_process(bundle, tmp_path / "state", "--workers", str(WORKERS)) as process:
        first = process.workers()
        victim = min(first)
        os.kill(victim, signal.SIGSTOP)
        await until(lambda: victim not in process.workers())
        await until(lambda: len(process.workers()) == WORKERS)
        assert said(process, "worker hangs")
        process.wait_until_ready()
        async with AsyncClient(process.grpc_address) as client:
            assert (await client.decide(["hero"], timeout_s=60)).propositions
        assert process.terminate() == 0


async def test_workers_are_renewed_without_losing_a_request(bundle: Path, tmp_path: Path) -> None:
    """SIGHUP replaces them one by one, while clients ask over both doors and always get answers."""
    with serve_process(bundle, tmp_path / "state", "--workers", str(WORKERS)) as process:
        first = process.workers()
        stopping = asyncio.Event()
        answered = [0, 0, 0]

        async def ask_grpc() -> None:
            async with AsyncClient(process.grpc_address) as client:
                while not stopping.is_set():
                    decision = await client.decide(["hero"], timeout_s=60)
                    assert decision.error is None
                    answered[0] += 1

        async def ask_http() -> None:
            url = f"http://{HOST}:{process.http_port}"
            # None of them tries again: connections that wait are left to the successor.
            async with httpx.AsyncClient(base_url=url, verify=NO_TLS, timeout=60) as http:
                while not stopping.is_set():
                    answer = await http.get("/readyz")
                    assert answer.status_code == 200
                    answered[1] += 1

        async def ask_anew() -> None:
            url = f"http://{HOST}:{process.http_port}/readyz"
            while not stopping.is_set():
                async with httpx.AsyncClient(verify=NO_TLS, timeout=60) as http:
                    answer = await http.get(url)
                assert answer.status_code == 200
                answered[2] += 1

        several = (ask_grpc, ask_grpc, ask_http, ask_anew, ask_anew)
        asking = [asyncio.create_task(one()) for one in several]
        await until(lambda: min(answered) > 20)
        process.process.send_signal(signal.SIGHUP)
        await until(lambda: said(process, "workers renewed"))
        assert len(process.workers()) == WORKERS
        assert not process.workers() & first
        before = min(answered)
        await until(lambda: min(answered) > before + 20 or asking[0].done())
        stopping.set()
        await asyncio.gather(*asking)
        assert process.terminate() == 0
