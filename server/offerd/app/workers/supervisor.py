"""The process that writes, and that looks after those who answer."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog

from offerd.app.config import ServeConfig
from offerd.app.process import Announce, dispatcher_for, ready_to_paste, until_told_to_stop
from offerd.app.revisions import first_standing
from offerd.app.workers.addresses import Addresses
from offerd.app.workers.crew import Crew
from offerd.app.workers.forwarding import Answering
from offerd.app.workers.worker import LogSettings, WorkerSettings
from offerd.bundle import write_bundle
from offerd.errors import ConfigurationError
from offerd.service.failures import LeftOut
from offerd.service.revisions import Revisions
from offerd.store import Durability, State
from offerd.store.membership_writer import Kept
from offerd.store.sharing import WriterDoor
from offerd.store.tombstones import DAY_NS


async def serve_with_workers(
    config: ServeConfig,
    workers: int,
    log_settings: LogSettings,
    log: structlog.typing.FilteringBoundLogger,
    announce: Announce,
) -> None:
    """As `serve`, but that so many other processes answer; this one writes for them all."""
    config = config.complete()
    if config.releases is not None:
        raise ConfigurationError(
            "`--workers` serves a bundle or definitions; with `--releases` there is one process"
        )
    told_to_stop = until_told_to_stop()
    with _compiled(config, log) as served, Addresses(config) as addresses:
        standing, _ = first_standing(served, log)
        with State.open(
            config.state,
            standing.plans(),
            durability=Durability.RELAXED if config.relaxed_durability else Durability.FSYNC,
            journal=config.journal,
            tombstone_ns=config.tombstone_days * DAY_NS,
        ) as state:
            state.journal.when_left_out = LeftOut(log).count
            state.tracking.kept = Kept(age_ns=config.transition_days * DAY_NS)
            revisions = Revisions(standing, state, log, time.time_ns)
            revisions.track()
            revisions.tracker.start()
            door = WriterDoor(state)
            with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
                path = f"{folder}/writer"
                answering = Answering(dispatcher_for(revisions, _quiet()), path)
                settings = WorkerSettings(
                    served._replace(grpc=addresses.grpc, http=addresses.http),
                    log_settings, 0, path, 0, 1 / (workers + 1),
                    revisions.active.bundle.revision,
                )  # fmt: skip
                crew = Crew(settings, workers, door, addresses.listener, log)
                renewing: asyncio.Task[None] | None = None
                try:
                    await answering.start()
                    await crew.start()
                    renewing = _renewing_when_told(crew)
                    revision = revisions.active.bundle.revision
                    log.info(
                        "serving", revision=revision, workers=workers,
                        grpc=str(addresses.grpc), http=str(addresses.http),
                    )  # fmt: skip
                    bundle = revisions.active.bundle
                    for line in ready_to_paste(bundle, addresses, secure=config.tls is not None):
                        announce(line)
                    await told_to_stop.wait()
                    log.info("stopping", grace_s=config.grace_s)
                finally:
                    if renewing is not None:
                        renewing.cancel()
                    await crew.stop()
                    await answering.stop()
                    door.close()
                    revisions.tracker.stop()
    log.info("stopped")


def _renewing_when_told(crew: Crew) -> asyncio.Task[None]:
    """Returns a task that has workers replaced one by one whenever SIGHUP comes."""
    told = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told.set)

    async def renew() -> None:
        while True:
            await told.wait()
            told.clear()
            await crew.renew()

    return asyncio.create_task(renew())


@contextmanager
def _compiled(
    config: ServeConfig, log: structlog.typing.FilteringBoundLogger
) -> Iterator[ServeConfig]:
    """Returns settings of what all processes serve: definitions are compiled once for all."""
    if not config.definitions:
        yield config
        return
    from offerd.definitions import load

    loaded = load(config.definitions)
    for warning in loaded.warnings:
        log.warning("definitions", warning=str(warning))
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        compiled = Path(folder) / "bundle"
        write_bundle(loaded.catalogue, compiled)
        yield config._replace(bundle=compiled, definitions=())


def _quiet() -> structlog.typing.FilteringBoundLogger:
    """Returns a log of defects only: workers have logged what they pass on."""
    log: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    return log
