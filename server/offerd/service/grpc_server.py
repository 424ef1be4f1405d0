"""The gRPC door with health, reflection, TLS and a graceful stop, over one of two transports."""

from __future__ import annotations

import socket
from collections.abc import Callable
from enum import Enum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Protocol

import grpc
import grpc.aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from offerd.errors import ConfigurationError
from offerd.service.dispatch import Dispatcher
from offerd.service.servicers import DOOR, Server, register
from offerd.v1 import (
    audience_service_pb2,
    cap_service_pb2,
    contact_service_pb2,
    decision_service_pb2,
    event_service_pb2,
    load_service_pb2,
    place_service_pb2,
    profile_service_pb2,
)

if TYPE_CHECKING:
    from offerd.service.native_server import NativeServer

SERVICES = tuple(
    module.DESCRIPTOR.services_by_name[name].full_name
    for module, name in (
        (decision_service_pb2, "DecisionService"),
        (event_service_pb2, "EventService"),
        (profile_service_pb2, "ProfileService"),
        (cap_service_pb2, "CapService"),
        (audience_service_pb2, "AudienceService"),
        (contact_service_pb2, "ContactService"),
        (load_service_pb2, "LoadService"),
        (place_service_pb2, "PlaceService"),
    )
)
MAXIMUM_MESSAGE_BYTES = 8 << 20
"""Larger requests are refused by gRPC itself, before they are read."""
MAXIMUM_CALLS = 1_024
"""Calls at once over grpcio; more are refused by gRPC itself.

Native has a queue of its own, and so many streams.
"""
QUIET_S = 0.05
"""A stop waits until no call has come for so long, so that none is broken off unanswered."""
DRAIN_AT_MOST_S = 1.0
"""It waits no longer than this for that."""


class Transport(Enum):
    """What does HTTP/2 and gRPC: grpc.aio, or pygrpc-native where there is no TLS.

    AUTO is NATIVE where that is installed.
    """

    AUTO = "auto"
    GRPCIO = "grpcio"
    NATIVE = "native"

    def chosen(self, *, secure: bool) -> Transport:
        """Returns GRPCIO or NATIVE; raises ConfigurationError if what is asked isn't installed."""
        installed = find_spec("pygrpc_native") is not None
        if self is Transport.NATIVE and not installed:
            raise ConfigurationError(
                "the transport `native` isn't installed: `pip install 'offerd[native]'`, "
                "or choose `grpcio`"
            )
        if secure or not installed or self is Transport.GRPCIO:
            return Transport.GRPCIO
        return Transport.NATIVE


class _Serving(Server, Protocol):
    async def start(self) -> None: ...

    async def stop(self, grace_s: float, /) -> None: ...


class GrpcServer:
    """Serves a dispatcher on one address; port 0 picks a free one, and `port` says which.

    Without credentials it serves in plain text. `shared` lets other processes of the same user
    listen there too, each of which gets a share of the connections.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        host: str,
        port: int,
        credentials: grpc.ServerCredentials | None,
        *,
        shared: bool = False,
        transport: Transport = Transport.GRPCIO,
    ) -> None:
        self._dispatcher = dispatcher
        self.transport = transport.chosen(secure=credentials is not None)
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self.is_stuck: Callable[[float], bool] = _turns_with_the_loop
        """Whether what answers beside the loop has been about one call for so many seconds."""
        self._server: _Serving
        try:
            _try_to_listen(host, port, shared=shared)
            if self.transport is Transport.NATIVE:
                native = _native(address, dispatcher, shared=shared)
                self._server, self.port, self.is_stuck = native, native.port, native.is_stuck
            else:
                self._server, self.port = _grpcio(address, credentials, shared=shared)
        except (OSError, UnicodeError, RuntimeError) as error:
            text = getattr(error, "strerror", None) or str(error)
            raise ConfigurationError(f"can't listen on `{address}`: {text.lower()}") from error
        register(self._server, dispatcher)
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            (*SERVICES, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
        )

    async def start(self) -> None:
        """Starts to serve, and says so to health checks."""
        await self._server.start()
        await self._tell(health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_s: float, *, drain: bool = True) -> None:
        """Refuses new calls, lets those in flight finish for `grace_s` seconds, and ends.

        Without `drain` it refuses none: callers are told to connect anew at once, to another
        process that listens here too.
        """
        await self._tell(health_pb2.HealthCheckResponse.NOT_SERVING)
        if drain:
            await self._dispatcher.drain(QUIET_S, DRAIN_AT_MOST_S)
        await self._server.stop(grace_s)

    async def _tell(self, status: health_pb2.HealthCheckResponse.ServingStatus) -> None:
        for service in (*SERVICES, ""):
            await self._health.set(service, status)


def _grpcio(
    address: str, credentials: grpc.ServerCredentials | None, *, shared: bool
) -> tuple[_Serving, int]:
    server = grpc.aio.server(
        options=[
            ("grpc.max_receive_message_length", MAXIMUM_MESSAGE_BYTES),
            # Two servers on one port would each get half of the calls, unseen.
            ("grpc.so_reuseport", int(shared)),
        ],
        maximum_concurrent_rpcs=MAXIMUM_CALLS,
    )
    if credentials is None:
        return server, server.add_insecure_port(address)
    return server, server.add_secure_port(address, credentials)


def _turns_with_the_loop(_since_s: float) -> bool:
    """Nothing of grpc.aio goes on without the event loop."""
    return False


def _native(address: str, dispatcher: Dispatcher, *, shared: bool) -> NativeServer:
    from offerd.service.native_server import NativeServer

    return NativeServer(
        address,
        dispatcher.doors_soon(DOOR),
        maximum_message_bytes=MAXIMUM_MESSAGE_BYTES,
        maximum_streams=MAXIMUM_CALLS,
        shared=shared,
        some=dispatcher.doors_some(DOOR),
    )


def _try_to_listen(host: str, port: int, *, shared: bool) -> None:
    """Raises OSError where nobody can listen: gRPC tells that in a log of its own, not why."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    with socket.socket(family, kind, protocol) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.bind(address)
