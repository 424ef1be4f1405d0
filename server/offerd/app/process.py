"""A serving process: what is started in which order, and how it ends."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog

from offerd.app.config import ServeConfig
from offerd.app.doors import Doors
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.events import FoldPlan
from offerd.expression import prepare
from offerd.service.decisions import Decisions
from offerd.service.dispatch import Dispatcher
from offerd.service.events import Events
from offerd.service.profiles import Profiles
from offerd.store import Durability, State

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

    Raises ConfigurationError, DefinitionsError, BundleError or StateError if it can't start;
    then nothing was served.
    """
    config = config.complete()
    told_to_stop = _told_to_stop()
    with closing(_opened(config, log)) as bundle:
        # Here rather than in the first requests, which would pay for it.
        prepare(bundle.prepared.rules)
        fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
        durability = Durability.RELAXED if config.relaxed_durability else Durability.FSYNC
        with State.open(config.state, fold, durability=durability) as state:
            doors = Doors(config, dispatcher_for(bundle, state, fold, log), log)
            try:
                await doors.open()
                log.info(
                    "serving", revision=bundle.revision, grpc=str(doors.grpc), http=str(doors.http)
                )
                for line in ready_to_paste(bundle, doors, secure=config.tls is not None):
                    announce(line)
                await told_to_stop.wait()
                log.info("stopping", grace_s=config.grace_s)
            finally:
                await doors.close()
    log.info("stopped")


def _opened(config: ServeConfig, log: structlog.typing.FilteringBoundLogger) -> Bundle:
    """Returns the bundle to serve: one that is there, or one compiled now from definitions."""
    if config.bundle is not None:
        return open_bundle(config.bundle)
    from offerd.definitions import load

    loaded = load(config.definitions)
    for warning in loaded.warnings:
        log.warning("definitions", warning=str(warning))
    # Once open the bundle needs no name: however the process ends, nothing of it stays behind.
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        compiled = Path(folder) / "bundle"
        write_bundle(loaded.catalogue, compiled)
        return open_bundle(compiled)


def _told_to_stop() -> asyncio.Event:
    """Returns an event that a signal to stop sets; from now on such a signal kills nothing."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


def ready_to_paste(bundle: Bundle, doors: Doors, *, secure: bool) -> list[str]:
    """Returns a line for each door with a request that works."""
    named = bundle.catalogue.scopes
    body = json.dumps({"scopes": [{"name": named[0].id}] if named else [], "dryRun": True})
    plain = "" if secure else "-plaintext "
    lines = [f"gRPC  grpcurl {plain}-d '{body}' {doors.grpc} offerd.v1.DecisionService/Decide"]
    if doors.http is not None:
        lines.append(
            f"HTTP  curl -s http{'s' if secure else ''}://{doors.http}/v1/decisions:decide "
            f"-H 'Content-Type: application/json' -d '{body}'"
        )
    return lines
