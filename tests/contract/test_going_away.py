"""Decisions whose callers don't wait for them: nothing is counted that nobody got."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import grpc
import grpc.aio
import httpx
import pytest

from offerd.v1 import decision_service_pb2 as pb
from offerd.v1.decision_service_pb2_grpc import DecisionServiceStub
from processes import HOST, ServeProcess, serve_process
from serving import compile_to

DEFINITIONS = """
namespaces: [{id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text}]
offers:
- id: counted
  caps: [{event: decision, per: profile, limit: 10000}]
  representations: [{placement: web, text: Counted}]
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [counted]}]
strategies: [{id: all, collection: all}]
decisions: [{id: next, placements: [web], strategies: [all], fallbacks: [none]}]
"""
SCOPES = [{"decision": "next", "placement": "web"}]
CALLERS = 20
CODES = ("OK", "CANCELLED", "DEADLINE_EXCEEDED")
WAIT_S = 30.0


@pytest.fixture
def served(tmp_path: Path) -> Iterator[ServeProcess]:
    """A process whose one offer counts propositions."""
    (tmp_path / "definitions").mkdir()
    (tmp_path / "definitions/all.yaml").write_text(DEFINITIONS)
    bundle = compile_to(tmp_path / "bundles", tmp_path / "definitions")
    with serve_process(bundle, tmp_path / "state") as process:
        yield process


def counted(served: ServeProcess, visitor: str) -> int:
    """How many propositions are counted of a visitor, once calls before are done with."""
    url = f"http://{HOST}:{served.http_port}/v1/profiles/ecid/{visitor}"
    answer = httpx.get(url, timeout=WAIT_S, trust_env=False)
    return 0 if answer.status_code == 404 else int(answer.json()["profile"].get("eventCount", 0))


def logged(served: ServeProcess, code: str) -> int:
    """How many decisions the log has with a code."""
    return sum(line.get("method") == "Decide" and line.get("code") == code for line in served.log())


def reset_after_asking(port: int, body: bytes) -> None:
    """Sends a request over HTTP and breaks the connection at once."""
    with socket.create_connection((HOST, port)) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        head = (
            f"POST /v1/decisions:decide HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n"
            "content-type: application/json\r\n\r\n"
        )
        connection.sendall(head.encode() + body)


async def settled(served: ServeProcess, visitor: str, calls: int) -> int:
    """Returns how many are counted once all calls are over: as many as were answered."""
    async with asyncio.timeout(WAIT_S):
        while True:
            await asyncio.sleep(0.05)
            answered = logged(served, "OK")
            if sum(logged(served, code) for code in CODES) < calls:
                continue
            if await asyncio.to_thread(counted, served, visitor) == answered:
                return answered


async def test_callers_over_http_who_hang_up_are_not_counted(served: ServeProcess) -> None:
    """A connection that is broken before the answer leaves cancels the decision, whose room is
    given back."""
    who = [{"namespace": "ecid", "id": "http"}]
    body = json.dumps({"scopes": SCOPES, "identities": who}).encode()
    for _ in range(CALLERS):
        await asyncio.to_thread(reset_after_asking, served.http_port, body)
    assert await settled(served, "http", CALLERS) < CALLERS
    assert logged(served, "CANCELLED") > 0


async def test_callers_over_grpc_whose_time_is_over_are_not_counted(served: ServeProcess) -> None:
    """What is answered too late is refused or cancelled, and only what was answered counts."""
    request = pb.DecideRequest(
        scopes=[pb.Scope(**SCOPES[0])], identities=[{"namespace": "ecid", "id": "grpc"}]
    )
    async with grpc.aio.insecure_channel(served.grpc_address) as channel:
        decide = DecisionServiceStub(channel).Decide
        await decide(request, timeout=WAIT_S)

        async def ask(timeout_s: float) -> bool:
            try:
                await decide(request, timeout=timeout_s)
            except grpc.aio.AioRpcError as error:
                return error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED
            return True

        got = await asyncio.gather(*(ask(0.002 * number) for number in range(1, 40)))
        # Calls whose time is over before they reach the service leave no line; this is the last.
        await decide(request, timeout=WAIT_S)
    assert await settled(served, "grpc", 2 + sum(got)) >= 2 + sum(got)
