"""Contacts of one customer, asked for at once and over restarts: never more than caps allow."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.definitions import load
from offerd.errors import NotFound
from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey
from offerd.service.contacts import Contacts
from offerd.store import State
from offerd.v1 import contact_service_pb2 as pb
from offerd.v1 import identity_pb2
from seeds import random_seed

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}]
placements: [{id: web, channel: web, content_type: text}]
channels:
- {id: email, caps: [{limit: 5, within: 24h}, {limit: 7, channels: [email, push]}]}
- {id: push, caps: [{limit: 4}]}
offers: [{id: a, representations: [{placement: web, text: A}]}]
fallback_offers: [{id: none, representations: [{placement: web, text: None}]}]
collections: [{id: all, offers: [a]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: d, placements: [web], strategies: [all], fallbacks: [none]}]
"""
ADA = ProfileKey("crm", "ada")
ALLOW = pb.CONTACT_OUTCOME_ALLOW


class Opened(NamedTuple):
    """A compiled bundle and where its state is."""

    bundle: Bundle
    fold: FoldPlan
    path: Path

    def state(self) -> State:
        """Opens the state."""
        return State.open(self.path, self.fold)

    def contacts(self, state: State) -> Contacts:
        """What answers contact rpcs."""
        return Contacts(self.bundle, state, self.fold, time.time_ns)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Definitions with two capped channels."""
    (tmp_path / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    write_bundle(load([tmp_path]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    fold = FoldPlan.build(bundle.catalogue, bundle.event_filters)
    yield Opened(bundle, fold, tmp_path / "state")
    bundle.close()


def question(channel: str, name: str = "") -> pb.CheckContactRequest:
    """Whether Ada may be contacted."""
    ada = identity_pb2.Identity(
        namespace=ADA.namespace,
        id=ADA.id,
        authentication_state=identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED,
    )
    return pb.CheckContactRequest(identities=[ada], channel=channel, reservation_id=name)


async def test_eight_that_ask_at_once_never_get_more_room_than_there_is(opened: Opened) -> None:
    """Whether they commit or release; and what was released is got by others."""
    seed = random_seed()
    with opened.state() as state:
        contacts = opened.contacts(state)
        made: list[str] = []

        async def sender(number: int) -> None:
            source = random.Random(f"{seed}/{number}")
            for turn in range(12):
                channel = source.choice(["email", "push"])
                name = f"{number}-{turn}"
                answer = await contacts.check_contact(question(channel, name))
                if answer.outcome != ALLOW:
                    assert answer.reason == pb.CONTACT_REASON_CAP
                    continue
                if source.random() < 0.5:
                    await contacts.commit_contact(pb.CommitContactRequest(reservation_id=name))
                    made.append(channel)
                else:
                    release = pb.ReleaseContactRequest(reservation_id=name)
                    assert (await contacts.release_contact(release)).released

        await asyncio.gather(*(sender(number) for number in range(8)))
        stored = [event.placement for event in state.events(ADA)]
        assert sorted(made) == sorted(str(channel) for channel in stored)
        assert made.count("email") <= 5
        assert made.count("push") <= 4
        assert len(made) <= 9
        # All had twelve turns: what isn't full by now is full because the shared cap is.
        for channel in ("email", "push"):
            if (await contacts.check_contact(question(channel))).outcome == ALLOW:
                assert made.count(channel) < 5


async def test_exactly_as_many_get_room_as_there_is(opened: Opened) -> None:
    """Of eight at once for four contacts."""
    with opened.state() as state:
        contacts = opened.contacts(state)
        asked = (contacts.check_contact(question("push", f"p{number}")) for number in range(8))
        answers = await asyncio.gather(*asked)
        assert [answer.outcome for answer in answers].count(ALLOW) == 4
        assert [answer.reserved for answer in answers].count(True) == 4
        for answer in answers:
            if answer.outcome != ALLOW:
                assert answer.outcome == pb.CONTACT_OUTCOME_DEFER  # until one of them expires


async def test_what_is_reserved_or_made_outlives_a_restart(opened: Opened) -> None:
    """Both take room afterwards, and what was reserved can be committed."""
    with opened.state() as state:
        contacts = opened.contacts(state)
        for name in ("p1", "p2", "p3"):
            await contacts.check_contact(question("push", name))
        await contacts.commit_contact(pb.CommitContactRequest(reservation_id="p1"))
    with opened.state() as state:
        contacts = opened.contacts(state)
        assert (await contacts.check_contact(question("push", "p4"))).outcome == ALLOW
        assert (await contacts.check_contact(question("push", "p5"))).outcome != ALLOW
        await contacts.commit_contact(pb.CommitContactRequest(reservation_id="p2"))
        assert [event.type for event in state.events(ADA)] == ["contact", "contact"]
        with pytest.raises(NotFound):
            await contacts.commit_contact(pb.CommitContactRequest(reservation_id="p5"))


async def test_contacts_made_are_events_of_their_channel(opened: Opened) -> None:
    """So that whatever tells of events tells of them."""
    with opened.state() as state:
        contacts = opened.contacts(state)
        await contacts.check_contact(question("email", "m1"))
        await contacts.commit_contact(pb.CommitContactRequest(reservation_id="m1"))
        (event,) = state.events(ADA)
        assert (event.type, event.placement, event.offer) == ("contact", "email", None)
