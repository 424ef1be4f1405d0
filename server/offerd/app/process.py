"""A serving process: what is started in which order, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable

import structlog

from offerd.app.config import ServeConfig, grpc_credentials
from offerd.app.local_backend import LocalBackend
from offerd.bundle import Bundle, open_bundle
from offerd.events import FoldPlan
from offerd.service.decisions import Decisions
from offerd.service.dispatch import Dispatcher
from offerd.service.events import Events
from offerd.service.grpc_server import GrpcServer
from offerd.service.profiles import Profiles
from offerd.store import Durability, State
from offerd_gateway.app import Gateway
from offerd_gateway.server import GatewayServer
from offerd_gateway.settings import CorsSettings, GatewaySettings

Announce = Callable[[str], None]
"""Tells the person who started the process one line."""


def dispatcher_for(
    bundle: Bundle,
    state: State,
    fold: FoldPlan,
    log: structlog.typing.FilteringBoundLogger,
    now: Callable[[], int] = time.time_ns,
) -> Dispatcher:
    """Returns what answers every rpc from one bundle and state. `now` is in nanoseconds."""
    decisions = Decisions(bundle, state, fold, now)
    events = Events(bundle, state, now)
    profiles = Profiles(bundle, state, fold, now)
    return Dispatcher(
        {
            "/offerd.v1.DecisionService/Decide": decisions.decide,
            "/offerd.v1.EventService/Collect": events.collect,
            "/offerd.v1.ProfileService/GetProfile": profiles.get_profile,
            "/offerd.v1.ProfileService/SetProfile": profiles.set_profile,
            "/offerd.v1.ProfileService/DeleteProfile": profiles.delete_profile,
        },
        log,
    )


async def serve(
    config: ServeConfig, log: structlog.typing.FilteringBoundLogger, announce: Announce
) -> None:
    """Serves until SIGTERM or SIGINT, then lets what is in flight finish and returns.

    Raises ConfigurationError, BundleError or StateError if it can't start; then nothing
    was served.
    """
    config = config.complete()
    bundle = open_bundle(config.bundle)
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    durability = Durability.RELAXED if config.relaxed_durability else Durability.FSYNC
    state = State.open(config.state, fold, durability=durability)
    try:
        await _serve_doors(config, dispatcher_for(bundle, state, fold, log), bundle, log, announce)
    finally:
        state.close()
        bundle.close()
        log.info("stopped")


async def _serve_doors(
    config: ServeConfig,
    dispatcher: Dispatcher,
    bundle: Bundle,
    log: structlog.typing.FilteringBoundLogger,
    announce: Announce,
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    credentials = None if config.tls is None else grpc_credentials(config.tls)
    grpc_server = GrpcServer(dispatcher, config.grpc.host, config.grpc.port, credentials)
    await grpc_server.start()
    gateway: GatewayServer | None = None
    try:
        grpc_address = config.grpc._replace(port=grpc_server.port)
        http_address = None
        if config.http is not None:
            settings = GatewaySettings(cors=CorsSettings(config.cors_origins))
            app = Gateway(LocalBackend(dispatcher), settings)
            gateway = GatewayServer(app, config.http.host, config.http.port, config.tls)
            http_address = config.http._replace(port=await gateway.start())
        log.info(
            "serving", revision=bundle.revision, grpc=str(grpc_address), http=str(http_address)
        )
        for line in ready_to_paste(
            config, bundle, str(grpc_address), http_address and str(http_address)
        ):
            announce(line)
        await stopping.wait()
        log.info("stopping", grace_s=config.grace_s)
    finally:
        await asyncio.gather(
            grpc_server.stop(config.grace_s),
            *([gateway.stop(config.grace_s)] if gateway is not None else []),
        )


def ready_to_paste(
    config: ServeConfig, bundle: Bundle, grpc_address: str, http_address: str | None
) -> list[str]:
    """Returns a line for each door with a request that works."""
    named = bundle.catalogue.scopes
    body = json.dumps({"scopes": [{"name": named[0].id}] if named else [], "dryRun": True})
    plain = "" if config.tls is not None else "-plaintext "
    lines = [f"gRPC  grpcurl {plain}-d '{body}' {grpc_address} offerd.v1.DecisionService/Decide"]
    if http_address is not None:
        scheme = "http" if config.tls is None else "https"
        lines.append(
            f"HTTP  curl -s {scheme}://{http_address}/v1/decisions:decide "
            f"-H 'Content-Type: application/json' -d '{body}'"
        )
    return lines
