"""Plain grpc.aio servicers in front of the dispatcher, and their registration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError, Message
from grpc_status import rpc_status

from offerd.errors import InvalidArgument, RequestError
from offerd.service.deadline import waiting
from offerd.service.dispatch import Dispatcher
from offerd.service.status import status_of
from offerd.service.wire import explain_malformed
from offerd.v1 import (
    cap_service_pb2_grpc,
    decision_service_pb2_grpc,
    event_service_pb2_grpc,
    profile_service_pb2_grpc,
)

DOOR = "grpc"


class _Door:
    """Passes a call to the dispatcher and its refusal to the caller."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self._dispatcher = dispatcher

    async def _answer(
        self, method: str, request: Message | InvalidArgument, context: Any
    ) -> Message:
        try:
            with waiting(context.time_remaining()):
                return await self._dispatcher.call(method, request, DOOR)
        except RequestError as error:
            status = rpc_status.to_status(status_of(error))
            await context.abort(status.code, status.details, status.trailing_metadata)
            raise


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


class ProfileServicer(_Door, profile_service_pb2_grpc.ProfileServiceServicer):
    """offerd.v1.ProfileService."""

    async def GetProfile(self, request: Message, context: Any) -> Message:
        """Reads a profile."""
        return await self._answer("/offerd.v1.ProfileService/GetProfile", request, context)

    async def SetProfile(self, request: Message, context: Any) -> Message:
        """Writes a profile's attributes."""
        return await self._answer("/offerd.v1.ProfileService/SetProfile", request, context)

    async def DeleteProfile(self, request: Message, context: Any) -> Message:
        """Removes a profile."""
        return await self._answer("/offerd.v1.ProfileService/DeleteProfile", request, context)


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
            name: grpc.unary_unary_rpc_method_handler(
                handler.unary_unary,
                request_deserializer=_explaining(handler.request_deserializer),
                response_serializer=handler.response_serializer,
            )
            for name, handler in handlers.items()
        }
        generic = grpc.method_handlers_generic_handler(service, explained)
        self._server.add_generic_rpc_handlers((generic,))


def _explaining(parse: Callable[[bytes], Message]) -> Callable[[bytes], object]:
    descriptor = parse.__self__.DESCRIPTOR  # type: ignore[attr-defined] # Message.FromString

    def parse_or_explain(data: bytes) -> object:
        try:
            return parse(data)
        except DecodeError:
            return explain_malformed(descriptor, data)

    return parse_or_explain
