"""Consent where only the service itself can be asked about it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from offerd.bundle import open_bundle, write_bundle
from offerd.definitions import load
from offerd.events import FoldPlan
from offerd.model.journal import DecisionEntry
from offerd.model.profile import ProfileKey
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store import JournalMode, JournalSettings, Selection, State
from offerd.v1 import consent_pb2 as pb
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import identity_pb2
from offerd.v1 import profile_service_pb2 as profiles

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}, {id: ecid, type: cookie}]
placements: [{id: web, channel: web, content_type: text}]
channels: [{id: email}]
consent: {collect: u}
offers: [{id: a, representations: [{placement: web, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [a]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
NOW_NS = 1_781_092_800 * 10**9
YES, NO = pb.CONSENT_VALUE_YES, pb.CONSENT_VALUE_NO
ADA = identity_pb2.Identity(
    namespace="crm", id="ada", authentication_state=identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED
)
DEVICE = identity_pb2.Identity(namespace="ecid", id="1")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[tuple[Revisions, State]]:
    """A service whose decisions are journalled, and its state."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    write_bundle(load([tmp_path]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    journal = JournalSettings(JournalMode.BEFORE_ANSWER)
    log = structlog.wrap_logger(structlog.ReturnLogger(), processors=[lambda *_: ""])
    with State.open(tmp_path / "state", fold, journal=journal) as state:
        yield Revisions(Standing(Loaded(bundle, fold)), state, log, lambda: NOW_NS), state
    bundle.close()


async def test_a_person_is_told_what_they_chose_under_all_identities(
    opened: tuple[Revisions, State],
) -> None:
    """If they ask for all of them; of each question the newest choice."""
    revisions, _ = opened
    device = pb.Consent(collect=NO, share=NO)
    device.choice_time.seconds = NOW_NS // 10**9 - 1
    await revisions.set_consent(profiles.SetConsentRequest(identities=[DEVICE], consent=device))
    collect = events.CollectRequest(identities=[ADA, DEVICE], consent=pb.Consent(collect=YES))
    collect.events.append(events.Event(event_id="e", type="purchase"))
    await revisions.collect(collect)
    ask = profiles.GetProfileRequest(namespace="crm", id="ada", linked=True)
    consent = (await revisions.get_profile(ask)).profile.consent
    assert (consent.collect, consent.share) == (YES, NO)
    assert consent.choice_time.seconds == NOW_NS // 10**9


async def test_a_decision_is_journalled_only_if_collecting_is_allowed(
    opened: tuple[Revisions, State],
) -> None:
    """And one that may not be personal is nobody's there too."""
    revisions, state = opened
    scope = decisions.Scope(decision="d", placement="web")
    ask = decisions.DecideRequest(scopes=[scope], identities=[DEVICE])
    (await revisions.decide(ask)).message()
    assert list(state.journal.reader.entries()) == []
    ask.consent.MergeFrom(pb.Consent(collect=YES, personalize=NO))
    (await revisions.decide(ask)).message()
    (journalled,) = state.journal.reader.entries()
    assert isinstance(journalled.entry, DecisionEntry)
    view = state.journal.reader.view(journalled.entry.view)
    assert view is not None
    assert view.subject is None
    assert not [*state.journal.reader.entries(Selection(profile=ProfileKey("ecid", "1")))]
