"""A serving process: what is started in which order, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

import structlog

from offerd.app.config import ServeConfig
from offerd.app.doors import Doors
from offerd.app.revisions import first_standing
from offerd.bundle import Bundle
from offerd.service.batches import Batches
from offerd.service.dispatch import Dispatcher, Handler, StreamHandler
from offerd.service.failures import LeftOut
from offerd.service.revisions import Revisions
from offerd.store import Durability, State
from offerd.store.membership_writer import Kept
from offerd.store.tombstones import DAY_NS
from offerd_gateway.listen import Address

Announce = Callable[[str], None]
"""Tells the person who started the process one line."""


class Elsewhere(Protocol):
    """What answers some of the rpcs instead, by their full names."""

    handlers: Mapping[str, Handler]
    streams: Mapping[str, StreamHandler]


def dispatcher_for(
    revisions: Revisions,
    log: structlog.typing.FilteringBoundLogger,
    elsewhere: Elsewhere | None = None,
) -> Dispatcher:
    """Returns what answers every rpc by the revisions, but for those answered elsewhere."""
    batches = Batches(
        revisions.decide,
        lambda error: log.error("failed", method="Decide", exc_info=error),
        revisions.quick.some_at_once,
    )
    return Dispatcher(
        {
            "/offerd.v1.DecisionService/Decide": revisions.decide,
            "/offerd.v1.DecisionService/BatchDecide": batches.batch_decide,
            "/offerd.v1.EventService/Collect": revisions.collect,
            "/offerd.v1.ProfileService/GetProfile": revisions.get_profile,
            "/offerd.v1.ProfileService/SetProfile": revisions.set_profile,
            "/offerd.v1.ProfileService/PatchProfile": revisions.patch_profile,
            "/offerd.v1.ProfileService/DeleteProfile": revisions.delete_profile,
            "/offerd.v1.ProfileService/LinkIdentities": revisions.link_identities,
            "/offerd.v1.ProfileService/UnlinkIdentity": revisions.unlink_identity,
            "/offerd.v1.ProfileService/DeleteSubject": revisions.delete_subject,
            "/offerd.v1.ProfileService/SetConsent": revisions.set_consent,
            "/offerd.v1.CapService/Reserve": revisions.reserve,
            "/offerd.v1.CapService/Commit": revisions.commit,
            "/offerd.v1.CapService/Release": revisions.release,
            "/offerd.v1.ContactService/CheckContact": revisions.check_contact,
            "/offerd.v1.ContactService/CommitContact": revisions.commit_contact,
            "/offerd.v1.ContactService/ReleaseContact": revisions.release_contact,
            "/offerd.v1.ContactService/SetSuppression": revisions.set_suppression,
            "/offerd.v1.ContactService/GetSuppression": revisions.get_suppression,
            "/offerd.v1.LoadService/ListLoads": revisions.list_loads,
            "/offerd.v1.AudienceService/ListAudiences": revisions.audiences.list_audiences,
            "/offerd.v1.AudienceService/ListMembers": revisions.audiences.list_members,
            "/offerd.v1.AudienceService/ExplainMembership": revisions.audiences.explain_membership,
            "/offerd.v1.PlaceService/Within": revisions.places.within,
            "/offerd.v1.PlaceService/Nearby": revisions.places.nearby,
            "/offerd.v1.PlaceService/InBox": revisions.places.in_box,
            "/offerd.v1.PlaceService/Ahead": revisions.places.ahead,
            "/offerd.v1.PlaceService/Regions": revisions.places.regions,
            "/offerd.v1.PlaceService/GetPlace": revisions.places.get_place,
            **({} if elsewhere is None else elsewhere.handlers),
        },
        log,
        streams={
            "/offerd.v1.DecisionService/DecideStream": batches.decide_stream,
            "/offerd.v1.EventService/CollectStream": revisions.collect_stream,
            "/offerd.v1.ProfileService/ExportSubject": revisions.export_subject,
            "/offerd.v1.LoadService/Load": revisions.load,
            "/offerd.v1.AudienceService/WatchAudiences": revisions.audiences.watch,
            **({} if elsewhere is None else elsewhere.streams),
        },
        at_once={"/offerd.v1.DecisionService/Decide": revisions.quick.at_once},
        soon={"/offerd.v1.DecisionService/Decide": revisions.quick.soon},
        some={"/offerd.v1.DecisionService/Decide": revisions.quick.some_soon},
        some_at_once={"/offerd.v1.DecisionService/Decide": revisions.quick.some_at_once},
    )


async def serve(
    config: ServeConfig, log: structlog.typing.FilteringBoundLogger, announce: Announce
) -> None:
    """Serves until SIGTERM or SIGINT, then lets what is in flight finish and returns.

    Raises ConfigurationError, DefinitionsError, BundleError, ReleaseError or StateError if it
    can't start; then nothing was served.
    """
    config = config.complete()
    told_to_stop = until_told_to_stop()
    standing, follower = first_standing(config, log)
    durability = Durability.RELAXED if config.relaxed_durability else Durability.FSYNC
    with State.open(
        config.state,
        standing.plans(),
        durability=durability,
        journal=config.journal,
        tombstone_ns=config.tombstone_days * DAY_NS,
    ) as state:
        state.journal.when_left_out = LeftOut(log).count
        state.tracking.kept = Kept(age_ns=config.transition_days * DAY_NS)
        revisions = Revisions(standing, state, log, time.time_ns)
        revisions.track()
        revisions.tracker.start()
        doors = Doors(config, dispatcher_for(revisions, log), log)
        following = None
        try:
            await doors.open()
            settle()
            bundle = revisions.active.bundle
            log.info(
                "serving",
                revision=bundle.revision,
                grpc=str(doors.grpc),
                http=str(doors.http),
                transport=doors.transport,
            )
            for line in ready_to_paste(bundle, doors, secure=config.tls is not None):
                announce(line)
            if follower is not None:
                following = asyncio.create_task(follower.follow(revisions))
                following.add_done_callback(partial(_tell_of_end, log))
            await told_to_stop.wait()
            log.info("stopping", grace_s=config.grace_s)
        finally:
            if following is not None:
                following.cancel()
            await doors.close()
            revisions.tracker.stop()
    log.info("stopped")


def settle() -> None:
    """Prepares the interpreter to answer, now that all is loaded."""
    # What is loaded stays: looking through it for garbage only takes time.
    gc.freeze()


def _tell_of_end(log: structlog.typing.FilteringBoundLogger, following: asyncio.Task[None]) -> None:
    """Says so if releases are followed no longer; what is served goes on."""
    if not following.cancelled():
        log.critical("releases are followed no longer", exc_info=following.exception())


def until_told_to_stop() -> asyncio.Event:
    """Returns an event that a signal to stop sets; from now on such a signal kills nothing."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


class Addresses(Protocol):
    """Where the doors are."""

    grpc: Address
    http: Address | None


def ready_to_paste(bundle: Bundle, doors: Addresses, *, secure: bool) -> list[str]:
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
