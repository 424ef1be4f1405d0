"""Asked to stop, the service finishes what it has begun and leaves with status 0."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest

from doors import NO_TLS
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from processes import HOST, ServeProcess, serve_process

REQUESTS = 300
ANSWERED_BEFORE_THE_SIGNAL = 20

Send = Callable[[int], Awaitable[bool]]
"""Sends the request of a number; returns whether it was answered, False if never begun."""


def _visit(number: int) -> dict[str, Any]:
    identity = {"namespace": "ecid", "id": "customer"}
    return {"event_id": f"event-{number}", "type": "visit", "identities": [identity]}


async def _send_through_the_end(served: ServeProcess, send: Send) -> list[bool]:
    """Sends many requests at once and asks the process to stop when some are answered."""
    answered = 0

    async def one(number: int) -> bool:
        nonlocal answered
        done = await send(number)
        answered += done
        if answered == ANSWERED_BEFORE_THE_SIGNAL:
            served.process.send_signal(signal.SIGTERM)
        return done

    return await asyncio.gather(*(one(number) for number in range(REQUESTS)))


def _unavailable(error: grpc.aio.AioRpcError) -> bool:
    """Returns that a request was not answered; any other error than UNAVAILABLE is wrong."""
    assert error.code() is grpc.StatusCode.UNAVAILABLE, error
    return False


def _spent(served: ServeProcess) -> str:
    times = {line["event"]: datetime.fromisoformat(line["timestamp"]) for line in served.log()}
    return f"stopped within {(times['stopped'] - times['stopping']).total_seconds():.2f} s"


async def _statuses(served: ServeProcess, count: int) -> list[int]:
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        request = events.CollectRequest(events=[events.Event(**_visit(n)) for n in range(count)])
        answer = await events_grpc.EventServiceStub(channel).Collect(request)
    return [result.status for result in answer.results]


@pytest.mark.parametrize("door", ["grpc", "http"])
async def test_collecting_through_the_end(door: str, bundle: Path, tmp_path: Path) -> None:
    """Each event is either acknowledged and stored, or told unavailable and not stored."""
    with serve_process(bundle, tmp_path / "state") as served:
        async with (
            grpc.aio.insecure_channel(served.grpc_address) as channel,
            httpx.AsyncClient(
                base_url=f"http://{HOST}:{served.http_port}",
                verify=NO_TLS,
                trust_env=False,
                timeout=30,
                limits=httpx.Limits(max_connections=100),
            ) as http,
        ):
            stub = events_grpc.EventServiceStub(channel)

            async def over_grpc(number: int) -> bool:
                try:
                    answer = await stub.Collect(events.CollectRequest(events=[_visit(number)]))
                except grpc.aio.AioRpcError as error:
                    return _unavailable(error)
                assert answer.results[0].status == events.EVENT_STATUS_ACCEPTED
                return True

            async def over_http(number: int) -> bool:
                try:
                    answer = await http.post(
                        "/v1/events:collect", json={"events": [_visit(number)]}
                    )
                except httpx.TransportError:
                    return False
                assert answer.status_code in (200, 503), answer.text
                return answer.status_code == 200

            answered = await _send_through_the_end(
                served, over_grpc if door == "grpc" else over_http
            )
        assert served.wait() == 0
        print(_spent(served))
    assert sum(answered) >= ANSWERED_BEFORE_THE_SIGNAL
    with serve_process(bundle, tmp_path / "state") as served:
        statuses = await _statuses(served, REQUESTS)
    stored = [status == events.EVENT_STATUS_DUPLICATE for status in statuses]
    assert stored == answered


async def test_deciding_through_the_end(bundle: Path, tmp_path: Path) -> None:
    """Each question is answered whole, or told unavailable."""
    with serve_process(bundle, tmp_path / "state") as served:
        async with grpc.aio.insecure_channel(served.grpc_address) as channel:
            stub = decisions_grpc.DecisionServiceStub(channel)
            question = decisions.DecideRequest(scopes=[decisions.Scope(name="hero")])

            async def ask(_number: int) -> bool:
                try:
                    answer = await stub.Decide(question)
                except grpc.aio.AioRpcError as error:
                    return _unavailable(error)
                assert answer.propositions[0].items[0].offer == "everyone"
                return True

            answered = await _send_through_the_end(served, ask)
        assert served.wait() == 0
        print(_spent(served))
    assert sum(answered) >= ANSWERED_BEFORE_THE_SIGNAL


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_leaves_when_idle(number: signal.Signals, bundle: Path, tmp_path: Path) -> None:
    """Without work, both signals end the process with status 0, and the log says so."""
    with serve_process(bundle, tmp_path / "state") as served:
        served.process.send_signal(number)
        assert served.wait() == 0
        print(_spent(served))
        assert [line["event"] for line in served.log()] == ["serving", "stopping", "stopped"]


def test_leaves_though_a_caller_stays(bundle: Path, tmp_path: Path) -> None:
    """Connections that are kept open without a request don't keep the process."""
    with (
        serve_process(bundle, tmp_path / "state") as served,
        grpc.insecure_channel(served.grpc_address) as channel,
        httpx.Client(verify=NO_TLS, trust_env=False) as http,
    ):
        grpc.channel_ready_future(channel).result(timeout=30)
        assert http.get(f"http://{HOST}:{served.http_port}/readyz").status_code == 200
        assert served.terminate() == 0
