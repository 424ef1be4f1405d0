"""What a defect leaves behind when its caller has been told."""

from __future__ import annotations

import gc
from weakref import ref

import pytest
import structlog

from doors import RPCS
from offerd.errors import RequestError
from offerd.service.dispatch import Dispatcher
from offerd.v1 import decision_service_pb2 as pb

DECIDE = RPCS["Decide"].method


@pytest.mark.parametrize("soon", [False, True])
async def test_a_defect_holds_nothing(soon: bool) -> None:
    """What it was about is gone with its error, without a search for cycles."""

    class Held:
        """What a request is about, such as a revision."""

    known: list[ref[Held]] = []

    def fail(_: object) -> None:
        held = Held()
        known.append(ref(held))
        raise ZeroDivisionError("out of numbers")

    async def decide(request: pb.DecideRequest) -> pb.DecideResponse:
        fail(request)
        return pb.DecideResponse()

    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    dispatcher = Dispatcher({DECIDE: decide}, log, soon={DECIDE: fail})
    gc.disable()
    try:
        with pytest.raises(RequestError):  # noqa: PT012 - one call, either way
            if soon:
                dispatcher.doors_soon("grpc")[DECIDE](b"")
            else:
                await dispatcher.answer(DECIDE, pb.DecideRequest(), "grpc")
        assert known[0]() is None
    finally:
        gc.enable()
