"""What is answered at once over the native transport."""

from __future__ import annotations

import grpc
import grpc.aio
import pytest
import structlog

from doors import RPCS
from offerd.service.dispatch import Dispatcher
from offerd.service.native_server import NativeServer
from offerd.service.servicers import register
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import decision_service_pb2_grpc as pb_grpc
from processes import HOST

DECIDE = RPCS["Decide"].method
TIMEOUT_S = 30


async def test_a_defect_ends_nothing_but_its_own_call(caplog: pytest.LogCaptureFixture) -> None:
    """The caller is told so, the log why, and whoever comes then is answered."""

    def at_once(data: bytes) -> bytes:
        request_id = pb.DecideRequest.FromString(data).request_id
        if request_id == "bad":
            raise OSError("the log is full")
        return pb.DecideResponse(request_id=request_id).SerializeToString()

    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    server = NativeServer(
        f"{HOST}:0",
        {DECIDE: at_once},
        maximum_message_bytes=1 << 20,
        maximum_streams=10,
        shared=False,
    )
    register(server, Dispatcher({}, log))
    await server.start()
    async with grpc.aio.insecure_channel(f"{HOST}:{server.port}") as channel:
        decide = pb_grpc.DecisionServiceStub(channel).Decide
        for _ in range(2):
            with pytest.raises(grpc.aio.AioRpcError) as raised:
                await decide(pb.DecideRequest(request_id="bad"), timeout=TIMEOUT_S)
            assert raised.value.code() is grpc.StatusCode.INTERNAL
            answer = await decide(pb.DecideRequest(request_id="good"), timeout=TIMEOUT_S)
            assert answer.request_id == "good"
    await server.stop(1.0)
    assert "the log is full" in caplog.text
