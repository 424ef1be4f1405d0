"""The ways into a service, each as a caller has it: same question, same form of answer."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, NamedTuple, Protocol
from urllib.parse import quote, urlencode

import grpc
import grpc.aio
import httpx
from google.protobuf import json_format
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from client_messages import call_client
from offerd.errors import DOMAIN, Code, RequestError
from offerd.service.dispatch import Dispatcher
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import cap_service_pb2_grpc as caps_grpc
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import contact_service_pb2_grpc as contacts_grpc
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import event_service_pb2_grpc as events_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd.v1 import profile_service_pb2_grpc as profiles_grpc
from offerd_client import AsyncClient, Client
from serving import Running


class Rpc(NamedTuple):
    """One rpc: its service, its messages, and where it is over HTTP."""

    service: str
    name: str
    request: type[Message]
    response: type[Message]
    verb: str
    path: str

    @property
    def method(self) -> str:
        """The full name, as gRPC spells it."""
        return f"/offerd.v1.{self.service}/{self.name}"


_PROFILE = "/v1/profiles/{namespace}/{id}"
RPCS = {
    rpc.name: rpc
    for rpc in (
        Rpc(
            "DecisionService",
            "Decide",
            decisions.DecideRequest,
            decisions.DecideResponse,
            "POST",
            "/v1/decisions:decide",
        ),
        Rpc(
            "EventService",
            "Collect",
            events.CollectRequest,
            events.CollectResponse,
            "POST",
            "/v1/events:collect",
        ),
        Rpc(
            "ProfileService",
            "GetProfile",
            profiles.GetProfileRequest,
            profiles.GetProfileResponse,
            "GET",
            _PROFILE,
        ),
        Rpc(
            "ProfileService",
            "SetProfile",
            profiles.SetProfileRequest,
            profiles.SetProfileResponse,
            "PUT",
            _PROFILE,
        ),
        Rpc(
            "ProfileService",
            "DeleteProfile",
            profiles.DeleteProfileRequest,
            profiles.DeleteProfileResponse,
            "DELETE",
            _PROFILE,
        ),
        Rpc(
            "CapService",
            "Reserve",
            caps.ReserveRequest,
            caps.ReserveResponse,
            "POST",
            "/v1/caps:reserve",
        ),
        Rpc(
            "CapService",
            "Commit",
            caps.CommitRequest,
            caps.CommitResponse,
            "POST",
            "/v1/caps:commit",
        ),
        Rpc(
            "CapService",
            "Release",
            caps.ReleaseRequest,
            caps.ReleaseResponse,
            "POST",
            "/v1/caps:release",
        ),
        Rpc(
            "ProfileService",
            "SetConsent",
            profiles.SetConsentRequest,
            profiles.SetConsentResponse,
            "POST",
            "/v1/consent:set",
        ),
        Rpc(
            "ContactService",
            "CheckContact",
            contacts.CheckContactRequest,
            contacts.CheckContactResponse,
            "POST",
            "/v1/contacts:check",
        ),
        Rpc(
            "ContactService",
            "CommitContact",
            contacts.CommitContactRequest,
            contacts.CommitContactResponse,
            "POST",
            "/v1/contacts:commit",
        ),
        Rpc(
            "ContactService",
            "ReleaseContact",
            contacts.ReleaseContactRequest,
            contacts.ReleaseContactResponse,
            "POST",
            "/v1/contacts:release",
        ),
        Rpc(
            "ContactService",
            "SetSuppression",
            contacts.SetSuppressionRequest,
            contacts.SetSuppressionResponse,
            "POST",
            "/v1/suppressions:set",
        ),
        Rpc(
            "ContactService",
            "GetSuppression",
            contacts.GetSuppressionRequest,
            contacts.GetSuppressionResponse,
            "POST",
            "/v1/suppressions:get",
        ),
    )
}


class Refused(Exception):
    """What a caller learns when a request is refused."""

    def __init__(self, code: str, reason: str, field: str, message: str) -> None:
        super().__init__(f"{code} {reason} {field!r}: {message}")
        self.code = code
        self.reason = reason
        self.field = field
        self.message = message


class Door(Protocol):
    """A way in. `ask` is canonical proto JSON, or a message where the door takes messages."""

    name: str

    async def call(self, rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
        """Returns the answer; raises Refused."""
        ...


def as_message(rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
    """Returns a request as a message."""
    if isinstance(ask, Message):
        return ask
    return json_format.ParseDict(dict(ask), rpc.request())


class FunctionDoor:
    """The dispatcher itself."""

    name = "function"

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def call(self, rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
        try:
            return await self._dispatcher.call(rpc.method, as_message(rpc, ask), self.name)
        except RequestError as error:
            raise refused(error) from error


class GrpcDoor:
    """The generated stubs on a real socket."""

    name = "grpc"

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._channel = channel
        self._stubs = {
            "DecisionService": decisions_grpc.DecisionServiceStub(channel),
            "EventService": events_grpc.EventServiceStub(channel),
            "ProfileService": profiles_grpc.ProfileServiceStub(channel),
            "CapService": caps_grpc.CapServiceStub(channel),
            "ContactService": contacts_grpc.ContactServiceStub(channel),
        }

    async def call(self, rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
        stub = getattr(self._stubs[rpc.service], rpc.name)
        try:
            answer: Message = await stub(as_message(rpc, ask))
        except grpc.aio.AioRpcError as error:
            raise refused_call(error) from error
        return answer

    async def send_bytes(self, rpc: Rpc, data: bytes) -> Message:
        """Sends bytes that need be no message."""
        send = self._channel.unary_unary(
            rpc.method, request_serializer=bytes, response_deserializer=rpc.response.FromString
        )
        try:
            answer: Message = await send(data)
        except grpc.aio.AioRpcError as error:
            raise refused_call(error) from error
        return answer


class HttpDoor:
    """JSON over HTTP on a real socket."""

    name = "http"

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def call(self, rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
        members = dict(ask) if isinstance(ask, Mapping) else json_format.MessageToDict(ask)
        path = rpc.path
        if path == _PROFILE:
            names = {name: quote(members.pop(name, ""), safe="") for name in ("namespace", "id")}
            path = path.format(**names)
        body = json.dumps(members).encode() if rpc.verb in ("POST", "PUT", "PATCH") else b""
        if not body and members:
            told = {
                name: str(v).lower() if isinstance(v, bool) else v for name, v in members.items()
            }
            path = f"{path}?{urlencode(told, doseq=True)}"
        return json_format.ParseDict(await self.send(rpc.verb, path, body), rpc.response())

    async def send(self, verb: str, path: str, body: bytes) -> Any:
        """Sends a body that need be no JSON; returns the answer's JSON, or raises Refused."""
        headers = {"Content-Type": "application/json"} if body else {}
        answer = await self._http.request(verb, path, content=body, headers=headers)
        if answer.status_code == 200:
            return answer.json()
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["status"] == answer.status_code
        if answer.status_code not in (405, 413, 415):
            assert answer.status_code == Code[problem["code"]].http_status
        raise Refused(
            problem["code"], problem["reason"], problem.get("field", ""), problem["detail"]
        )


class ClientDoor:
    """The client of this project, for asyncio or for threads."""

    def __init__(self, client: AsyncClient | Client) -> None:
        self._client = client
        self.name = "async client" if isinstance(client, AsyncClient) else "client"

    async def call(self, rpc: Rpc, ask: Mapping[str, Any] | Message) -> Message:
        message = as_message(rpc, ask)
        answer: Message
        try:
            if isinstance(self._client, Client):
                answer = await asyncio.to_thread(call_client, self._client, rpc.name, message)
            else:
                answer = await call_client(self._client, rpc.name, message)
            return answer
        except RequestError as error:
            raise refused(error) from error


def refused(error: RequestError) -> Refused:
    """Returns an error of offerd as what the caller learns."""
    return Refused(error.code.name, error.reason.value, error.field, error.message)


def refused_call(error: grpc.aio.AioRpcError) -> Refused:
    """Returns a gRPC error as what the caller learns; without ErrorInfo the reason is empty."""
    info = error_details_pb2.ErrorInfo()
    status = rpc_status.from_call(error)
    for detail in status.details if status is not None else ():
        assert detail.Unpack(info)
        assert info.domain == DOMAIN
    message = error.details() or ""
    return Refused(error.code().name, info.reason, info.metadata.get("field", ""), message)


NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody: reading the system's authorities for each case takes longer than the case."""
DOORS = ("function", "grpc", "http", "client", "async client")
DOORS_OF_ALL_RPCS = ("function", "grpc", "http")


@asynccontextmanager
async def door_to(running: Running, name: str) -> AsyncIterator[Door]:
    """Opens one of DOORS to a running service."""
    grpc_address = f"127.0.0.1:{running.grpc_port}"
    async with AsyncExitStack() as stack:
        door: Door
        match name:
            case "function":
                door = FunctionDoor(running.dispatcher)
            case "grpc":
                door = GrpcDoor(
                    await stack.enter_async_context(grpc.aio.insecure_channel(grpc_address))
                )
            case "http":
                url = f"http://127.0.0.1:{running.http_port}"
                http = httpx.AsyncClient(base_url=url, timeout=30, trust_env=False, verify=NO_TLS)
                door = HttpDoor(await stack.enter_async_context(http))
            case "client":
                door = ClientDoor(stack.enter_context(Client(grpc_address)))
            case _:
                door = ClientDoor(await stack.enter_async_context(AsyncClient(grpc_address)))
        yield door
