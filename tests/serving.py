"""A whole service for a test: real bundle, real state, both doors on real sockets."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from offerd.app.local_backend import LocalBackend
from offerd.app.process import dispatcher_for
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.service.dispatch import Dispatcher
from offerd.service.grpc_server import GrpcServer, Transport
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import State
from offerd_gateway.app import Gateway
from offerd_gateway.server import GatewayServer

_numbers = itertools.count()

TRANSPORT = Transport(os.environ.get("OFFERD_TRANSPORT", Transport.AUTO.value))
"""What the gRPC door is served with in this run of the tests."""


class Running(NamedTuple):
    """A service that answers on two ports, and the dispatcher behind both.

    Nobody's entries to audiences are tracked unless a test starts the tracker of `revisions`.
    """

    bundle: Bundle
    state: State
    dispatcher: Dispatcher
    grpc_port: int
    http_port: int
    revisions: Revisions


def compile_to(folder: Path, *definitions: Path) -> Path:
    """Compiles folders of definitions into a bundle of its own in `folder`; returns its path."""
    folder.mkdir(exist_ok=True)
    bundle = folder / f"bundle-{next(_numbers)}"
    write_bundle(load(definitions).catalogue, bundle)
    return bundle


@asynccontextmanager
async def serving(
    folder: Path, definitions: Sequence[Path], now: Callable[[], int] = time.time_ns
) -> AsyncIterator[Running]:
    """Serves definitions with an empty state in `folder`. `now` is the service's clock."""
    bundle = open_bundle(compile_to(folder, *definitions))
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
    state = State.open(folder / "state", fold)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    standing = Standing(Loaded(bundle, fold))
    revisions = Revisions(standing, state, log, now)
    dispatcher = dispatcher_for(revisions, log)
    grpc_server = GrpcServer(dispatcher, "127.0.0.1", 0, None, transport=TRANSPORT)
    gateway = GatewayServer(Gateway(LocalBackend(dispatcher)), "127.0.0.1", 0)
    await grpc_server.start()
    try:
        http_port = await gateway.start()
        yield Running(bundle, state, dispatcher, grpc_server.port, http_port, revisions)
    finally:
        await asyncio.gather(gateway.stop(1.0), grpc_server.stop(1.0))
        state.close()
        bundle.close()
