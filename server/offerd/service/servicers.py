"""Plain grpc.aio servicers in front of the dispatcher, and their registration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from offerd.errors import InvalidArgument, RequestError
from offerd.service.deadline import waiting
from offerd.service.dispatch import Dispatcher, Requests
from offerd.service.status import status_of
from offerd.service.wire import explain_malformed
from offerd.v1 import (
    audience_service_pb2_grpc,
    cap_service_pb2_grpc,
    contact_service_pb2_grpc,
    decision_service_pb2_grpc,
    event_service_pb2_grpc,
    load_service_pb2_grpc,
    profile_service_pb2_grpc,
)

DOOR = "grpc"


class _Door:
    """Passes a call to the dispatcher and its refusal to the caller.

    grpc.aio takes a method for a stream only if it is an async generator itself.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def _answer(
        self, method: str, request: Message | InvalidArgument, context: Any
    ) -> Message:
        try:
            with waiting(context.time_remaining()):
                return await self._dispatcher.call(method, request, DOOR)
        except RequestError as error:
            await _abort(context, error)
            raise

    async def _stream(
        self, method: str, requests: Requests, context: Any
    ) -> AsyncIterator[Message]:
        try:
            async for answer in self._dispatcher.stream(method, requests, DOOR):
                yield answer
        except RequestError as error:
            await _abort(context, error)
            raise


async def _abort(context: Any, error: RequestError) -> None:
    status = rpc_status.to_status(status_of(error))
    await context.abort(status.code, status.details, status.trailing_metadata)


class DecisionServicer(_Door, decision_service_pb2_grpc.DecisionServiceServicer):
    """offerd.v1.DecisionService."""

    async def Decide(self, request: Message, context: Any) -> Message:
        """Decides each scope of the request."""
        return await self._answer("/offerd.v1.DecisionService/Decide", request, context)


class EventServicer(_Door, event_service_pb2_grpc.EventServiceServicer):
    """offerd.v1.EventService."""

    async def Collect(self, request: Message, context: Any) -> Message:
        """Stores events."""
        return await self._answer("/offerd.v1.EventService/Collect", request, context)

    async def CollectStream(
        self, request_iterator: AsyncIterator[Message], context: Any
    ) -> AsyncIterator[Message]:
        """Stores events as they come."""
        async for answer in self._stream(
            "/offerd.v1.EventService/CollectStream", request_iterator, context
        ):
            yield answer


class ProfileServicer(_Door, profile_service_pb2_grpc.ProfileServiceServicer):
    """offerd.v1.ProfileService."""

    async def GetProfile(self, request: Message, context: Any) -> Message:
        """Reads a profile."""
        return await self._answer("/offerd.v1.ProfileService/GetProfile", request, context)

    async def SetProfile(self, request: Message, context: Any) -> Message:
        """Writes a profile's attributes."""
        return await self._answer("/offerd.v1.ProfileService/SetProfile", request, context)

    async def PatchProfile(self, request: Message, context: Any) -> Message:
        """Changes some of a profile's attributes."""
        return await self._answer("/offerd.v1.ProfileService/PatchProfile", request, context)

    async def DeleteProfile(self, request: Message, context: Any) -> Message:
        """Removes a profile."""
        return await self._answer("/offerd.v1.ProfileService/DeleteProfile", request, context)

    async def LinkIdentities(self, request: Message, context: Any) -> Message:
        """Says that identities are of one customer."""
        return await self._answer("/offerd.v1.ProfileService/LinkIdentities", request, context)

    async def UnlinkIdentity(self, request: Message, context: Any) -> Message:
        """Cuts an identity off the others."""
        return await self._answer("/offerd.v1.ProfileService/UnlinkIdentity", request, context)

    async def SetConsent(self, request: Message, context: Any) -> Message:
        """Stores what a customer has chosen."""
        return await self._answer("/offerd.v1.ProfileService/SetConsent", request, context)

    async def ExportSubject(self, request: Message, context: Any) -> AsyncIterator[Message]:
        """Tells everything that is stored of a customer."""
        async for answer in self._stream(
            "/offerd.v1.ProfileService/ExportSubject", request, context
        ):
            yield answer

    async def DeleteSubject(self, request: Message, context: Any) -> Message:
        """Removes everything that is stored of a customer."""
        return await self._answer("/offerd.v1.ProfileService/DeleteSubject", request, context)


class CapServicer(_Door, cap_service_pb2_grpc.CapServiceServicer):
    """offerd.v1.CapService."""

    async def Reserve(self, request: Message, context: Any) -> Message:
        """Takes room under caps."""
        return await self._answer("/offerd.v1.CapService/Reserve", request, context)

    async def Commit(self, request: Message, context: Any) -> Message:
        """Makes a reservation count for good."""
        return await self._answer("/offerd.v1.CapService/Commit", request, context)

    async def Release(self, request: Message, context: Any) -> Message:
        """Gives room back."""
        return await self._answer("/offerd.v1.CapService/Release", request, context)


class AudienceServicer(_Door, audience_service_pb2_grpc.AudienceServiceServicer):
    """offerd.v1.AudienceService."""

    async def ListAudiences(self, request: Message, context: Any) -> Message:
        """Tells the audiences."""
        return await self._answer("/offerd.v1.AudienceService/ListAudiences", request, context)

    async def ListMembers(self, request: Message, context: Any) -> Message:
        """Tells the members of an audience."""
        return await self._answer("/offerd.v1.AudienceService/ListMembers", request, context)

    async def ExplainMembership(self, request: Message, context: Any) -> Message:
        """Tells why a customer is a member, or isn't."""
        return await self._answer("/offerd.v1.AudienceService/ExplainMembership", request, context)

    async def WatchAudiences(self, request: Message, context: Any) -> AsyncIterator[Message]:
        """Tells who enters and leaves."""
        async for answer in self._stream(
            "/offerd.v1.AudienceService/WatchAudiences", request, context
        ):
            yield answer


class ContactServicer(_Door, contact_service_pb2_grpc.ContactServiceServicer):
    """offerd.v1.ContactService."""

    async def CheckContact(self, request: Message, context: Any) -> Message:
        """Tells whether a customer may be contacted."""
        return await self._answer("/offerd.v1.ContactService/CheckContact", request, context)

    async def CommitContact(self, request: Message, context: Any) -> Message:
        """Counts a contact that was made."""
        return await self._answer("/offerd.v1.ContactService/CommitContact", request, context)

    async def ReleaseContact(self, request: Message, context: Any) -> Message:
        """Gives back the room of one that wasn't."""
        return await self._answer("/offerd.v1.ContactService/ReleaseContact", request, context)

    async def SetSuppression(self, request: Message, context: Any) -> Message:
        """Puts addresses on the suppression list, or takes them off."""
        return await self._answer("/offerd.v1.ContactService/SetSuppression", request, context)

    async def GetSuppression(self, request: Message, context: Any) -> Message:
        """Tells which addresses are on it."""
        return await self._answer("/offerd.v1.ContactService/GetSuppression", request, context)


class LoadServicer(_Door, load_service_pb2_grpc.LoadServiceServicer):
    """offerd.v1.LoadService."""

    async def Load(
        self, request_iterator: AsyncIterator[Message], context: Any
    ) -> AsyncIterator[Message]:
        """Takes data in bulk."""
        async for answer in self._stream("/offerd.v1.LoadService/Load", request_iterator, context):
            yield answer

    async def ListLoads(self, request: Message, context: Any) -> Message:
        """Tells the loads in force."""
        return await self._answer("/offerd.v1.LoadService/ListLoads", request, context)


def register(server: grpc.aio.Server, dispatcher: Dispatcher) -> None:
    """Adds all services to a server, so that bytes that are no message get a reason too."""
    registrar = _Registrar(server)
    decision_service_pb2_grpc.add_DecisionServiceServicer_to_server(
        DecisionServicer(dispatcher), registrar
    )
    event_service_pb2_grpc.add_EventServiceServicer_to_server(EventServicer(dispatcher), registrar)
    profile_service_pb2_grpc.add_ProfileServiceServicer_to_server(
        ProfileServicer(dispatcher), registrar
    )
    cap_service_pb2_grpc.add_CapServiceServicer_to_server(CapServicer(dispatcher), registrar)
    audience_service_pb2_grpc.add_AudienceServiceServicer_to_server(
        AudienceServicer(dispatcher), registrar
    )
    contact_service_pb2_grpc.add_ContactServiceServicer_to_server(
        ContactServicer(dispatcher), registrar
    )
    load_service_pb2_grpc.add_LoadServiceServicer_to_server(LoadServicer(dispatcher), registrar)


class _Registrar:
    """Stands in for a server while generated code registers a servicer.

    Left alone, grpc answers bytes that it can't parse with INTERNAL and no reason.
    """

    def __init__(self, server: grpc.aio.Server) -> None:
        self._server = server

    def add_generic_rpc_handlers(self, handlers: object) -> None:
        """Ignored: the same handlers are registered by method."""

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Registers the handlers of a service, each with a parser that explains itself."""
        explained = {
            name: _kind(handler)(
                handler.unary_unary
                or handler.unary_stream
                or handler.stream_unary
                or handler.stream_stream,
                request_deserializer=_explaining(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
            for name, handler in handlers.items()
        }
        generic = grpc.method_handlers_generic_handler(service, explained)
        self._server.add_generic_rpc_handlers((generic,))


def _kind(handler: Any) -> Callable[..., Any]:
    """Returns what makes a handler of the same streaming as another."""
    kinds: dict[tuple[bool, bool], Callable[..., Any]] = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }
    return kinds[bool(handler.request_streaming), bool(handler.response_streaming)]


def _explaining(parse: Callable[[bytes], Message]) -> Callable[[bytes], object]:
    descriptor = parse.__self__.DESCRIPTOR  # type: ignore[attr-defined] # Message.FromString

    def parse_or_explain(data: bytes) -> object:
        try:
            return parse(data)
        except DecodeError:
            return explain_malformed(descriptor, data)

    return parse_or_explain
