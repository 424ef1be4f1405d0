"""Passing calls on to the process that writes, which alone can answer them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from offerd.service.dispatch import Dispatcher, Handler, StreamHandler
from offerd.service.grpc_server import DRAIN_AT_MOST_S, MAXIMUM_MESSAGE_BYTES
from offerd.service.servicers import register
from offerd_client.status import error_from_call

CALLS: Final = (
    "/offerd.v1.ProfileService/PatchProfile",
    "/offerd.v1.ProfileService/DeleteProfile",
    "/offerd.v1.ProfileService/DeleteSubject",
)
STREAMS: Final = (
    "/offerd.v1.LoadService/Load",
    "/offerd.v1.AudienceService/WatchAudiences",
)


class Forwarding:
    """Handlers of the calls that are passed on, over a channel that stays the caller's to close."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self.handlers: Mapping[str, Handler] = {name: _call(channel, name) for name in CALLS}
        self.streams: Mapping[str, StreamHandler] = {
            name: _stream(channel, name) for name in STREAMS
        }


class Answering:
    """The other end: answers what is passed on, over a socket of the file system."""

    def __init__(self, dispatcher: Dispatcher, path: str) -> None:
        self._dispatcher = dispatcher
        options = [("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES)]
        self._server = grpc.aio.server(options=options)
        register(self._server, dispatcher)
        self._server.add_insecure_port(f"unix:{path}")

    async def start(self) -> None:
        """Starts to answer."""
        await self._server.start()

    async def stop(self) -> None:
        """Ends; those who ask have ended before."""
        await self._dispatcher.drain(0.0, DRAIN_AT_MOST_S)
        await self._server.stop(0)


def open_channel(path: str) -> grpc.aio.Channel:
    """Returns a channel to the socket of the process that writes."""
    options = [
        ("grpc.max_send_message_length", MAXIMUM_MESSAGE_BYTES),
        ("grpc.max_receive_message_length", -1),
    ]
    return grpc.aio.insecure_channel(f"unix:{path}", options=options)


def _call(channel: grpc.aio.Channel, name: str) -> Handler:
    ask = channel.unary_unary(name, _serialized, _answers_of(name))

    async def handle(request: Message) -> Message:
        try:
            answer: Message = await ask(request)
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error) from error
        return answer

    return handle


def _stream(channel: grpc.aio.Channel, name: str) -> StreamHandler:
    asked_with_stream = _method(name).client_streaming
    multi = channel.stream_stream if asked_with_stream else channel.unary_stream
    ask = multi(name, _serialized, _answers_of(name))

    async def handle(requests: Any) -> AsyncIterator[Message]:
        call = ask(requests)
        try:
            async for answer in call:
                yield answer
        except grpc.aio.AioRpcError as error:
            raise error_from_call(error) from error
        finally:
            call.cancel()

    return handle


def _method(name: str) -> Any:
    service, _, method = name.strip("/").partition("/")
    return descriptor_pool.Default().FindServiceByName(service).methods_by_name[method]


def _answers_of(name: str) -> Callable[[bytes], Message]:
    kind = message_factory.GetMessageClass(_method(name).output_type)
    return kind.FromString


def _serialized(message: Message) -> bytes:
    return message.SerializeToString()
