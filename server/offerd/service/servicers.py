"""Plain grpc.aio servicers in front of the dispatcher, and their registration."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message

from offerd.errors import InvalidArgument, RequestError
from offerd.service.deadline import waiting
from offerd.service.dispatch import Dispatcher, Requests
from offerd.service.serialized import Answer, serialized
from offerd.service.status import call_status
from offerd.service.wire import explain_malformed
from offerd.v1 import (
    audience_service_pb2_grpc,
    cap_service_pb2_grpc,
    contact_service_pb2_grpc,
    decision_service_pb2_grpc,
    event_service_pb2_grpc,
    load_service_pb2_grpc,
    place_service_pb2_grpc,
    profile_service_pb2_grpc,
)

DOOR = "grpc"
_CODES = {code.value[0]: code for code in grpc.StatusCode}


class _Door:
    """Passes a call to the dispatcher and its refusal to the caller.

    grpc.aio takes a method for a stream only if it is an async generator itself.
    """

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def _answer(
        self, method: str, request: Message | InvalidArgument, context: Any
    ) -> Answer:
        try:
            with waiting(context.time_remaining()):
                return await self._dispatcher.answer(method, request, DOOR, queued=True)
        except RequestError as error:
            await _abort(context, error)
            raise

    async def _stream(self, method: str, requests: Requests, context: Any) -> AsyncIterator[Answer]:
        try:
            async for answer in self._dispatcher.stream(method, requests, DOOR):
                yield answer
        except RequestError as error:
            await _abort(context, error)
            raise


async def _abort(context: Any, error: RequestError) -> None:
    code, details, trailers = call_status(error)
    await context.abort(_CODES[code], details, trailers)


class DecisionServicer(_Door, decision_service_pb2_grpc.DecisionServiceServicer):
    """offerd.v1.DecisionService."""

    async def Decide(self, request: Message, context: Any) -> Answer:
        """Decides each scope of the request."""
        return await self._answer("/offerd.v1.DecisionService/Decide", request, context)

    async def BatchDecide(self, request: Message, context: Any) -> Answer:
        """Decides many requests."""
        return await self._answer("/offerd.v1.DecisionService/BatchDecide", request, context)

    async def DecideStream(
        self, request_iterator: AsyncIterator[Message], context: Any
    ) -> AsyncIterator[Answer]:
        """Decides requests as they come."""
        async for answer in self._stream(
            "/offerd.v1.DecisionService/DecideStream", request_iterator, context
        ):
            yield answer


class EventServicer(_Door, event_service_pb2_grpc.EventServiceServicer):
    """offerd.v1.EventService."""

    async def Collect(self, request: Message, context: Any) -> Answer:
        """Stores events."""
        return await self._answer("/offerd.v1.EventService/Collect", request, context)

    async def CollectStream(
        self, request_iterator: AsyncIterator[Message], context: Any
    ) -> AsyncIterator[Answer]:
        """Stores events as they come."""
        async for answer in self._stream(
            "/offerd.v1.EventService/CollectStream", request_iterator, context
        ):
            yield answer


class ProfileServicer(_Door, profile_service_pb2_grpc.ProfileServiceServicer):
    """offerd.v1.ProfileService."""

    async def GetProfile(self, request: Message, context: Any) -> Answer:
        """Reads a profile."""
        return await self._answer("/offerd.v1.ProfileService/GetProfile", request, context)

    async def SetProfile(self, request: Message, context: Any) -> Answer:
        """Writes a profile's attributes."""
        return await self._answer("/offerd.v1.ProfileService/SetProfile", request, context)

    async def PatchProfile(self, request: Message, context: Any) -> Answer:
        """Changes some of a profile's attributes."""
        return await self._answer("/offerd.v1.ProfileService/PatchProfile", request, context)

    async def DeleteProfile(self, request: Message, context: Any) -> Answer:
        """Removes a profile."""
        return await self._answer("/offerd.v1.ProfileService/DeleteProfile", request, context)

    async def LinkIdentities(self, request: Message, context: Any) -> Answer:
        """Says that identities are of one customer."""
        return await self._answer("/offerd.v1.ProfileService/LinkIdentities", request, context)

    async def UnlinkIdentity(self, request: Message, context: Any) -> Answer:
        """Cuts an identity off the others."""
        return await self._answer("/offerd.v1.ProfileService/UnlinkIdentity", request, context)

    async def SetConsent(self, request: Message, context: Any) -> Answer:
        """Stores what a customer has chosen."""
        return await self._answer("/offerd.v1.ProfileService/SetConsent", request, context)

    async def ExportSubject(self, request: Message, context: Any) -> AsyncIterator[Answer]:
        """Tells everything that is stored of a customer."""
        async for answer in self._stream(
            "/offerd.v1.ProfileService/ExportSubject", request, context
        ):
            yield answer

    async def DeleteSubject(self, request: Message, context: Any) -> Answer:
        """Removes everything that is stored of a customer."""
        return await self._answer("/offerd.v1.ProfileService/DeleteSubject", request, context)


class CapServicer(_Door, cap_service_pb2_grpc.CapServiceServicer):
    """offerd.v1.CapService."""

    async def Reserve(self, request: Message, context: Any) -> Answer:
        """Takes room under caps."""
        return await self._answer("/offerd.v1.CapService/Reserve", request, context)

    async def Commit(self, request: Message, context: Any) -> Answer:
        """Makes a reservation count for good."""
        return await self._answer("/offerd.v1.CapService/Commit", request, context)

    async def Release(self, request: Message, context: Any) -> Answer:
        """Gives room back."""
        return await self._answer("/offerd.v1.CapService/Release", request, context)


class AudienceServicer(_Door, audience_service_pb2_grpc.AudienceServiceServicer):
    """offerd.v1.AudienceService."""

    async def ListAudiences(self, request: Message, context: Any) -> Answer:
        """Tells the audiences."""
        return await self._answer("/offerd.v1.AudienceService/ListAudiences", request, context)

    async def ListMembers(self, request: Message, context: Any) -> Answer:
        """Tells the members of an audience."""
        return await self._answer("/offerd.v1.AudienceService/ListMembers", request, context)

    async def ExplainMembership(self, request: Message, context: Any) -> Answer:
        """Tells why a customer is a member, or isn't."""
        return await self._answer("/offerd.v1.AudienceService/ExplainMembership", request, context)

    async def WatchAudiences(self, request: Message, context: Any) -> AsyncIterator[Answer]:
        """Tells who enters and leaves."""
        async for answer in self._stream(
            "/offerd.v1.AudienceService/WatchAudiences", request, context
        ):
            yield answer


class ContactServicer(_Door, contact_service_pb2_grpc.ContactServiceServicer):
    """offerd.v1.ContactService."""

    async def CheckContact(self, request: Message, context: Any) -> Answer:
        """Tells whether a customer may be contacted."""
        return await self._answer("/offerd.v1.ContactService/CheckContact", request, context)

    async def CommitContact(self, request: Message, context: Any) -> Answer:
        """Counts a contact that was made."""
        return await self._answer("/offerd.v1.ContactService/CommitContact", request, context)

    async def ReleaseContact(self, request: Message, context: Any) -> Answer:
        """Gives back the room of one that wasn't."""
        return await self._answer("/offerd.v1.ContactService/ReleaseContact", request, context)

    async def SetSuppression(self, request: Message, context: Any) -> Answer:
        """Puts addresses on the suppression list, or takes them off."""
        return await self._answer("/offerd.v1.ContactService/SetSuppression", request, context)

    async def GetSuppression(self, request: Message, context: Any) -> Answer:
        """Tells which addresses are on it."""
        return await self._answer("/offerd.v1.ContactService/GetSuppression", request, context)


class LoadServicer(_Door, load_service_pb2_grpc.LoadServiceServicer):
    """offerd.v1.LoadService."""

    async def Load(
        self, request_iterator: AsyncIterator[Message], context: Any
    ) -> AsyncIterator[Answer]:
        """Takes data in bulk."""
        async for answer in self._stream("/offerd.v1.LoadService/Load", request_iterator, context):
            yield answer

    async def ListLoads(self, request: Message, context: Any) -> Answer:
        """Tells the loads in force."""
        return await self._answer("/offerd.v1.LoadService/ListLoads", request, context)


class PlaceServicer(_Door, place_service_pb2_grpc.PlaceServiceServicer):
    """offerd.v1.PlaceService."""

    async def Within(self, request: Message, context: Any) -> Answer:
        """Tells the places that contain a position."""
        return await self._answer("/offerd.v1.PlaceService/Within", request, context)

    async def Nearby(self, request: Message, context: Any) -> Answer:
        """Tells the nearest places."""
        return await self._answer("/offerd.v1.PlaceService/Nearby", request, context)

    async def InBox(self, request: Message, context: Any) -> Answer:
        """Tells the places in a box."""
        return await self._answer("/offerd.v1.PlaceService/InBox", request, context)

    async def Ahead(self, request: Message, context: Any) -> Answer:
        """Tells the places on the way."""
        return await self._answer("/offerd.v1.PlaceService/Ahead", request, context)

    async def Regions(self, request: Message, context: Any) -> Answer:
        """Tells the regions to watch."""
        return await self._answer("/offerd.v1.PlaceService/Regions", request, context)

    async def GetPlace(self, request: Message, context: Any) -> Answer:
        """Tells one place."""
        return await self._answer("/offerd.v1.PlaceService/GetPlace", request, context)


def register(server: Server, dispatcher: Dispatcher) -> None:
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
    place_service_pb2_grpc.add_PlaceServiceServicer_to_server(PlaceServicer(dispatcher), registrar)


class Server(Protocol):
    """What servicers are registered with, as grpc.aio.Server."""

    def add_generic_rpc_handlers(self, handlers: Any, /) -> None:
        """Takes handlers of any kind."""
        ...

    def add_registered_method_handlers(self, service: str, handlers: Any, /) -> None:
        """Takes the handlers of a service, by method."""
        ...


class _Registrar:
    """Stands in for a server while generated code registers a servicer.

    Left alone, grpc answers bytes that it can't parse with INTERNAL and no reason.
    """

    def __init__(self, server: Server) -> None:
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
                response_serializer=serialized,
            )
            for name, handler in handlers.items()
        }
        generic = grpc.method_handlers_generic_handler(service, explained)
        self._server.add_generic_rpc_handlers((generic,))
        self._server.add_registered_method_handlers(service, explained)


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
