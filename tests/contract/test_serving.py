"""What a running service offers beside its rpcs: health, reflection, deadlines, a log."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import grpc
import grpc.aio
import httpx
import pytest
import structlog
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from doors import NO_TLS, RPCS
from offerd.app.local_backend import LocalBackend
from offerd.errors import DeadlineExceeded
from offerd.service.dispatch import Dispatcher
from offerd.service.grpc_server import SERVICES, GrpcServer
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from processes import HOST, run, serve_process
from serving import TRANSPORT

QUESTION = decisions.DecideRequest(scopes=[decisions.Scope(name="hero")])
DECIDE = RPCS["Decide"].method


def test_health_and_reflection(bundle: Path, tmp_path: Path) -> None:
    """Each service is healthy by its name, unknown ones aren't found, and all can be discovered."""
    with (
        serve_process(bundle, tmp_path / "state") as served,
        grpc.insecure_channel(served.grpc_address) as channel,
    ):
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", *SERVICES):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=30)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as refused:
            health.Check(health_pb2.HealthCheckRequest(service="offerd.v1.Other"), timeout=30)
        assert refused.value.code() is grpc.StatusCode.NOT_FOUND
        reflected = ProtoReflectionDescriptorDatabase(channel)
        assert set(SERVICES) <= set(reflected.get_services())
        file = reflected.FindFileContainingSymbol("offerd.v1.DecisionService")
        assert file.name == "offerd/v1/decision_service.proto"
        assert run("health", served.grpc_address).stdout == f"{served.grpc_address} serves\n"
    asleep = run("health", served.grpc_address, "--timeout", "0.2")
    assert asleep.returncode == 1
    assert asleep.stderr.startswith(f"error: `{served.grpc_address}` doesn't answer")


def test_passed_deadlines_and_the_log(bundle: Path, tmp_path: Path) -> None:
    """A deadline of a nanosecond passes, the service lives on, and each request is one line."""
    with (
        serve_process(bundle, tmp_path / "state") as served,
        grpc.insecure_channel(served.grpc_address) as channel,
        httpx.Client(
            base_url=f"http://{HOST}:{served.http_port}", verify=NO_TLS, trust_env=False
        ) as http,
    ):
        stub = decisions_grpc.DecisionServiceStub(channel)
        hurried = decisions.DecideRequest(scopes=QUESTION.scopes, request_id="hurried")
        codes = [_code(stub, hurried, timeout_s=1e-9) for _ in range(50)]
        assert set(codes) <= {grpc.StatusCode.OK, grpc.StatusCode.DEADLINE_EXCEEDED}
        assert grpc.StatusCode.DEADLINE_EXCEEDED in codes
        named = decisions.DecideRequest(scopes=QUESTION.scopes, request_id="mine")
        assert stub.Decide(named, timeout=30).request_id == "mine"
        with pytest.raises(grpc.RpcError):
            stub.Decide(decisions.DecideRequest(request_id="wrong"), timeout=30)
        body = {"scopes": [{"name": "hero"}], "requestId": "over http"}
        assert http.post("/v1/decisions:decide", json=body).status_code == 200
        assert http.post("/v1/decisions:decide", json={"scope": 1}).status_code == 400
        assert served.terminate() == 0
    lines = [line for line in served.log() if line["event"] == "request"]
    found = [
        (line["method"], line["door"], line["code"], line.get("request_id", ""))
        for line in lines
        if line.get("request_id") != "hurried"
    ]
    assert found == [
        ("Decide", "grpc", "OK", "mine"),
        ("Decide", "grpc", "INVALID_ARGUMENT", "wrong"),
        ("Decide", "http", "OK", "over http"),
        ("Decide", "http", "INVALID_ARGUMENT", ""),
    ]
    refused = [line for line in lines if line["code"] == "INVALID_ARGUMENT"]
    assert [line["reason"] for line in refused] == ["MISSING_FIELD", "UNKNOWN_FIELD"]
    for line in lines:
        assert {"timestamp", "level", "duration_us"} <= line.keys()


def _code(stub: Any, request: decisions.DecideRequest, timeout_s: float) -> grpc.StatusCode:
    try:
        stub.Decide(request, timeout=timeout_s)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


class _Waiting:
    """Answers a call only when told to, and knows whether it was given up."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.given_up = asyncio.Event()
        self.lines: list[dict[str, object]] = []
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[self._keep])
        self.dispatcher = Dispatcher({DECIDE: self._decide}, log)

    def _keep(self, _log: object, _name: str, line: MutableMapping[str, Any]) -> str:
        self.lines.append(dict(line))
        return ""

    async def _decide(self, _request: Message) -> Message:
        self.begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.given_up.set()
            raise
        raise AssertionError


async def test_a_deadline_ends_the_work_over_grpc() -> None:
    """What nobody waits for any more is given up, and the log doesn't call that a success."""
    waiting = _Waiting()
    server = GrpcServer(waiting.dispatcher, HOST, 0, None, transport=TRANSPORT)
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        call = decisions_grpc.DecisionServiceStub(channel).Decide(QUESTION, timeout=0.5)
        with pytest.raises(grpc.aio.AioRpcError) as passed:
            await call
        assert passed.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await asyncio.wait_for(waiting.given_up.wait(), 30)
    await server.stop(0.0)
    assert [line["code"] for line in waiting.lines] == ["CANCELLED"]


async def test_a_deadline_ends_the_work_over_http() -> None:
    """The gateway tells the caller that the deadline has passed."""
    waiting = _Waiting()
    with pytest.raises(DeadlineExceeded, match=r"not answered within 0\.01 s"):
        await LocalBackend(waiting.dispatcher).call(DECIDE, QUESTION, timeout_s=0.01, metadata=())
    assert waiting.given_up.is_set()
    assert [line["code"] for line in waiting.lines] == ["CANCELLED"]


async def test_a_defect_is_told_as_one() -> None:
    """A failure inside is INTERNAL, tells the caller nothing of its cause, and is logged."""
    lines: list[dict[str, object]] = []

    def keep(_log: object, name: str, line: MutableMapping[str, Any]) -> str:
        lines.append({"level": name, **line})
        return ""

    async def fail(_request: Message) -> Message:
        raise ZeroDivisionError("secret")

    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[keep])
    server = GrpcServer(Dispatcher({DECIDE: fail}, log), HOST, 0, None, transport=TRANSPORT)
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        with pytest.raises(grpc.aio.AioRpcError) as failed:
            await decisions_grpc.DecisionServiceStub(channel).Decide(QUESTION)
    await server.stop(0.0)
    assert failed.value.code() is grpc.StatusCode.INTERNAL
    assert "secret" not in str(failed.value.details())
    assert [(line["level"], line["event"]) for line in lines] == [
        ("error", "failed"),
        ("error", "request"),
    ]
