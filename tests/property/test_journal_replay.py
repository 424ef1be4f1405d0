"""Whatever the service decides, the journal decides again.

A big run: `OFFERD_REPLAY_CATALOGUES=750 python -m pytest tests/property/test_journal_replay.py`
replays some 50,000 decisions.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections import Counter
from pathlib import Path

import msgspec
import structlog

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.errors import BundleError
from offerd.events import FoldPlan, IncomingEvent, event_fingerprint
from offerd.model.catalogue import Catalogue
from offerd.model.content import Content, ContentType
from offerd.model.decision import Deduplication
from offerd.model.event import Event
from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, NamespaceType
from offerd.replay import Definitions, Replay
from offerd.service.decisions import Decisions
from offerd.store import Durability, JournalMode, JournalSettings, State
from offerd.v1 import decision_service_pb2 as pb
from offerd.v1 import identity_pb2
from seeds import random_seed
from unit.decision import catalogues, random_caps

CATALOGUES = int(os.environ.get("OFFERD_REPLAY_CATALOGUES", "10"))
ROUNDS = 8
AT_ONCE = 12
START_NS = 20_000 * 24 * catalogues.HOUR_NS


async def test_the_revision_that_decided_decides_the_same_again(tmp_path: Path) -> None:
    """Random definitions, customers and requests, many at once, with events in between."""
    seed = random_seed()
    seen: Counter[str] = Counter()
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        path = tmp_path / f"bundle-{number}"
        write_bundle(_with_content(catalogues.catalogue(source)), path)
        try:
            bundle = open_bundle(path, random_caps.MODELS)
        except BundleError:
            continue  # a catalogue that only the engine takes
        try:
            await _compare(source, bundle, tmp_path / f"state-{number}", seen, f"{seed}/{number}")
        finally:
            bundle.close()
    print(f"{seen['replayed']:,} decisions replayed: {dict(seen)}")
    assert seen["items"] > seen["replayed"] / 10, "too few of the random questions have an answer"


def _with_content(catalogue: Catalogue) -> Catalogue:
    schema = msgspec.structs.replace(
        catalogue.schema, namespaces=(Namespace("crm", NamespaceType.CROSS_DEVICE),)
    )
    contents = (Content(ContentType.TEXT, "hello"),)
    return msgspec.structs.replace(catalogue, schema=schema, contents=contents)


async def _compare(
    source: random.Random, bundle: Bundle, folder: Path, seen: Counter[str], where: str
) -> None:
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    journal = JournalSettings(source.choice((JournalMode.BEHIND, JournalMode.BEFORE_ANSWER)), 3_000)
    made = 0
    instants = iter(range(START_NS, START_NS + 10**18, catalogues.HOUR_NS // 7))
    with State.open(folder, fold, durability=Durability.RELAXED, journal=journal) as state:
        log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
        decisions = Decisions(bundle, state, fold, log, lambda: next(instants))
        for turn in range(ROUNDS):
            _prepare(source, bundle, state, next(instants), turn)
            requests = [_request(source, bundle) for _ in range(AT_ONCE)]
            await asyncio.gather(*map(decisions.decide, requests))
            made += sum(not request.dry_run for request in requests)
    with State.open(folder, fold) as state:
        replay = Replay(Definitions(bundle.prepared, bundle.revision, fold.defaults))
        for sequence, entry in state.journal.reader.entries():
            if not isinstance(entry, DecisionEntry):
                continue
            differences = replay.replay(entry, state.journal.reader.view(entry.view))
            assert differences == (), f"seed {where}, entry {sequence}: {entry}"
            seen["items"] += sum(len(scope.items) for scope in entry.scopes)
            seen["told of counters"] += bool(entry.counts)
            seen["room lost"] += bool(entry.lost)
            seen["with reasons"] += any(scope.reasons is not None for scope in entry.scopes)
            seen["held out"] += any(scope.holdout for scope in entry.scopes)
            seen["nobody's"] += entry.subject is None
        assert replay.replayed == made, f"seed {where}: made and journalled differ"
        seen["replayed"] += made


def _prepare(source: random.Random, bundle: Bundle, state: State, now_ns: int, turn: int) -> None:
    """Lets customers become others, and things happen to them."""
    futures = []
    for number in range(4):
        key = ProfileKey("crm", str(number))
        view = catalogues.view(source, bundle.catalogue, now_ns)
        if source.random() < 0.7:
            futures.append(state.set_profile(key, view.attributes, now_ns, view.scores))
        for event_number in range(source.randrange(3)):
            kind = source.choice(("display", "purchase"))
            offer = source.choice(bundle.catalogue.offers).id if kind == "display" else None
            about = (offer, "decision-0", "web", "p-0") if offer else (None, None, None, None)
            time_ns = now_ns - source.randrange(10**13)
            event = Event(f"{turn}-{number}-{event_number}", kind, time_ns, {}, *about)
            item = IncomingEvent(key, event, event_fingerprint(key, event))
            futures.append(state.collect([item], now_ns))
    for future in futures:
        future.result()


def _request(source: random.Random, bundle: Bundle) -> pb.DecideRequest:
    context = catalogues.context(source)
    options = catalogues.options(source, bundle.catalogue)
    request = pb.DecideRequest(
        scopes=[
            pb.Scope(
                decision=query.decision,
                placement=query.placement,
                item_count=query.item_count,
                top_up=query.top_up,
            )
            for query in catalogues.queries(source, bundle.catalogue)
        ],
        context=pb.Context(locales=context.locales),
        deduplication=pb.Deduplication.Value(f"DEDUPLICATION_{options.deduplication.name}"),
        arbitration=pb.Arbitration.Value(f"ARBITRATION_{options.arbitration.name}"),
        explain=options.explain,
        dry_run=source.random() < 0.1,
    )
    if options.deduplication is Deduplication.SCOPE and source.random() < 0.5:
        request.ClearField("deduplication")
    request.context.attributes.update(context.values)
    if source.random() < 0.9:
        state = identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED
        who = identity_pb2.Identity(
            namespace="crm", id=str(source.randrange(4)), authentication_state=state
        )
        request.identities.append(who)
    return request
