"""The doors of a process: gRPC, and JSON over HTTP in front of the same dispatcher."""

from __future__ import annotations

import asyncio
import socket

import structlog

from offerd.app.config import ServeConfig, grpc_credentials
from offerd.app.local_backend import DOOR, LocalBackend
from offerd.service.dispatch import Dispatcher
from offerd.service.grpc_server import GrpcServer
from offerd_gateway.access import AccessRecord
from offerd_gateway.app import Gateway
from offerd_gateway.listen import Address
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings


class Doors:
    """Opens and closes every door that the settings ask for.

    `grpc` and `http` are the addresses once open, with the ports that were got; `http` is
    None without a gateway. `shared` doors may be those of other processes of the same user too;
    `listener` is the socket of the gateway then, if it isn't to have one of its own.
    """

    def __init__(
        self,
        config: ServeConfig,
        dispatcher: Dispatcher,
        log: structlog.typing.FilteringBoundLogger,
        *,
        shared: bool = False,
        listener: socket.socket | None = None,
    ) -> None:
        self._config = config
        self._shared = shared
        self._listener = listener
        self._log = log
        credentials = None if config.tls is None else grpc_credentials(config.tls)
        self._grpc = GrpcServer(
            dispatcher,
            config.grpc.host,
            config.grpc.port,
            credentials,
            shared=shared,
            transport=config.transport,
        )
        self._backend = LocalBackend(dispatcher)
        self._gateway: GatewayServer | None = None
        self.grpc = config.grpc._replace(port=self._grpc.port)
        self.http: Address | None = None

    @property
    def transport(self) -> str:
        """What the gRPC door is served with."""
        return self._grpc.transport.value

    def is_stuck(self, since_s: float) -> bool:
        """Whether what answers beside the event loop has been about one call for so long."""
        return self._grpc.is_stuck(since_s)

    async def open(self) -> None:
        """Starts to serve; raises ConfigurationError if an address can't be had."""
        config = self._config
        await self._grpc.start()
        if config.http is not None:
            settings = GatewaySettings(cors=CorsSettings(config.cors_origins))
            app = Gateway(self._backend, settings, self._log_turned_away, only_turned_away=True)
            gateway = GatewayServer(
                app,
                config.http.host,
                config.http.port,
                config.tls,
                shared=self._shared,
                listener=self._listener,
            )
            self.http = config.http._replace(port=await gateway.start())
            self._gateway = gateway

    async def close(self, *, drain: bool = True) -> None:
        """Refuses new calls, and lets those in flight finish within the grace.

        Without `drain` callers are sent to the other processes that share these doors.
        """
        if drain:
            self._backend.stop()
        grace_s = self._config.grace_s
        await asyncio.gather(
            self._grpc.stop(grace_s, drain=drain),
            *([] if self._gateway is None else [self._gateway.stop(grace_s, leave=not drain)]),
        )

    def _log_turned_away(self, record: AccessRecord) -> None:
        """Logs the requests that the dispatcher, which logs all others, never saw."""
        if record.is_call:
            self._log.info("request", **record.line(DOOR))
