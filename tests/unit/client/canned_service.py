"""A real gRPC server of offerd.v1 with answers and errors that a test sets."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_status import rpc_status

from offerd.errors import DOMAIN, RequestError
from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import load_service_pb2 as loads
from offerd.v1 import place_service_pb2 as places
from offerd.v1 import profile_service_pb2 as profiles
from unit.client.canned_customers import CANNED_CUSTOMERS
from unit.client.canned_places import CANNED_PLACES

DECIDE = "/offerd.v1.DecisionService/Decide"
COLLECT = "/offerd.v1.EventService/Collect"
GET_PROFILE = "/offerd.v1.ProfileService/GetProfile"
SET_PROFILE = "/offerd.v1.ProfileService/SetProfile"
DELETE_PROFILE = "/offerd.v1.ProfileService/DeleteProfile"
RESERVE = "/offerd.v1.CapService/Reserve"
COMMIT = "/offerd.v1.CapService/Commit"
RELEASE = "/offerd.v1.CapService/Release"

Failure = RequestError | grpc.StatusCode


@dataclass
class Seen:
    """A call as the server saw it."""

    method: str
    request: Message
    metadata: dict[str, str]
    time_left_s: float | None


@dataclass
class CannedService:
    """Answers each rpc from `answers`, after the failures in `failures` are used up.

    What answers an rpc that streams gives an iterator.

    While `held` is set calls wait for `release`; `entered` tells that one has begun.
    """

    port: int = 0
    answers: dict[str, Callable[[Any], Any]] = field(default_factory=dict)
    failures: deque[Failure] = field(default_factory=deque)
    seen: list[Seen] = field(default_factory=list)
    held: bool = False
    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    health: health.HealthServicer = field(default_factory=health.HealthServicer)

    @property
    def target(self) -> str:
        return f"localhost:{self.port}"

    def answer(self, method: str, request: Message, context: grpc.ServicerContext) -> Any:
        """Answer one call as the test has set it."""
        metadata = {item.key: item.value for item in context.invocation_metadata()}
        self.seen.append(Seen(method, request, metadata, context.time_remaining()))
        self.entered.set()
        if self.held:
            self.release.wait(timeout=30)
        if self.failures:
            abort(context, self.failures.popleft())
        return self.answers[method](request)

    def serving(self, serving: bool) -> None:
        """Set what the health check says."""
        status = health_pb2.HealthCheckResponse
        self.health.set("", status.SERVING if serving else status.NOT_SERVING)


def abort(context: grpc.ServicerContext, failure: Failure) -> None:
    """Fail a call: with all the facts of an error, or with a bare status code."""
    if isinstance(failure, grpc.StatusCode):
        context.abort(failure, "a bare status")
        return
    metadata = dict(failure.metadata)
    if failure.field:
        metadata["field"] = failure.field
    detail = AnyMessage()
    detail.Pack(
        error_details_pb2.ErrorInfo(reason=failure.reason.value, domain=DOMAIN, metadata=metadata)
    )
    status = status_pb2.Status(code=failure.code.number, message=failure.message, details=[detail])
    context.abort_with_status(rpc_status.to_status(status))


def decide(request: decisions.DecideRequest) -> decisions.DecideResponse:
    """Propose one offer for each scope."""
    answer = decisions.DecideResponse(request_id=request.request_id or "made", revision="r1")
    answer.decide_time.FromJsonString("2026-03-01T09:30:00Z")
    answer.event_results.extend(collect(request).results)
    for scope in request.scopes:
        proposition = answer.propositions.add(
            proposition_id="p1", scope=scope, outcome=decisions.OUTCOME_PROPOSED
        )
        item = proposition.items.add(offer="free-class", token="t0ken")
        item.content.html = "<p>hej</p>"
        item.content.language = "sv"
        item.attributes.update({"category": "yoga", "value": 20.0})
        item.selection.strategy = "classes-first"
        item.selection.ranking_method = decisions.RANKING_METHOD_PRIORITY
        item.selection.score = 100
        if request.explain:
            proposition.explanation.funnel.add(stage=decisions.STAGE_LIVE, count=3)
            proposition.explanation.candidates.add(offer="free-class", chosen=True)
    return answer


def batch_decide(request: decisions.BatchDecideRequest) -> decisions.BatchDecideResponse:
    """Decide each request."""
    results = [decisions.DecideResult(response=decide(one)) for one in request.requests]
    return decisions.BatchDecideResponse(results=results)


def collect(request: events.CollectRequest | decisions.DecideRequest) -> events.CollectResponse:
    """Accept every event, a second one with the same id as a duplicate."""
    answer = events.CollectResponse()
    ids: set[str] = set()
    for event in request.events:
        status = events.EVENT_STATUS_ACCEPTED
        if event.event_id in ids:
            status = events.EVENT_STATUS_DUPLICATE
        ids.add(event.event_id)
        answer.results.add(event_id=event.event_id, status=status)
    return answer


def reserve(request: caps.ReserveRequest) -> caps.ReserveResponse:
    """Grant every reservation but one named `full`, whose first item has no room."""
    if request.reservation_id == "full":
        answer = caps.ReserveResponse()
        answer.reached.add(item=0, counter="c1", cap="weekly", count=5, limit=5)
        return answer
    answer = caps.ReserveResponse(granted=True, tokens=["t0ken" for _ in request.items])
    answer.expire_time.FromJsonString("2026-03-01T09:40:00Z")
    return answer


def profile(namespace: str, id: str) -> profiles.Profile:
    """A profile with something in every field."""
    answer = profiles.Profile(namespace=namespace, id=id, event_count=5_000_000_000)
    answer.attributes.update({"loyalty": {"tier": "plus"}})
    answer.update_time.FromJsonString("2026-03-01T09:30:00.5Z")
    return answer


CANNED: dict[str, Callable[[Any], Any]] = {
    **CANNED_CUSTOMERS,
    **CANNED_PLACES,
    DECIDE: decide,
    "/offerd.v1.DecisionService/BatchDecide": batch_decide,
    COLLECT: collect,
    GET_PROFILE: lambda asked: profiles.GetProfileResponse(
        profile=profile(asked.namespace, asked.id)
    ),
    SET_PROFILE: lambda asked: profiles.SetProfileResponse(
        profile=profile(asked.namespace, asked.id)
    ),
    DELETE_PROFILE: lambda asked: profiles.DeleteProfileResponse(existed=True),
    RESERVE: reserve,
    COMMIT: lambda asked: caps.CommitResponse(),
    RELEASE: lambda asked: caps.ReleaseResponse(released=True),
}


@contextmanager
def serving(
    credentials: grpc.ServerCredentials | None = None, port: int = 0
) -> Iterator[CannedService]:
    """Run a server on a port of this machine."""
    service = CannedService(answers=dict(CANNED))
    server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
    for file in (
        decisions.DESCRIPTOR,
        events.DESCRIPTOR,
        profiles.DESCRIPTOR,
        caps.DESCRIPTOR,
        audiences.DESCRIPTOR,
        contacts.DESCRIPTOR,
        loads.DESCRIPTOR,
        places.DESCRIPTOR,
    ):
        for descriptor in file.services_by_name.values():
            handlers = {
                method.name: _handler(service, descriptor.full_name, method)
                for method in descriptor.methods
                if not method.client_streaming
            }
            server.add_generic_rpc_handlers(
                (grpc.method_handlers_generic_handler(descriptor.full_name, handlers),)
            )
    health_pb2_grpc.add_HealthServicer_to_server(service.health, server)
    service.serving(True)
    address = f"localhost:{port}"
    service.port = (
        server.add_insecure_port(address)
        if credentials is None
        else server.add_secure_port(address, credentials)
    )
    server.start()
    try:
        yield service
    finally:
        service.release.set()
        server.stop(0).wait()


def _handler(service: CannedService, name: str, method) -> grpc.RpcMethodHandler:
    path = f"/{name}/{method.name}"
    handler = (
        grpc.unary_stream_rpc_method_handler
        if method.server_streaming
        else grpc.unary_unary_rpc_method_handler
    )
    return handler(
        lambda request, context: service.answer(path, request, context),
        request_deserializer=GetMessageClass(method.input_type).FromString,
        response_serializer=lambda message: message.SerializeToString(),
    )
