"""Graphs and tombstones as the store keeps them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from offerd.customer.graph import Link, link, members_of
from offerd.events import FoldPlan
from offerd.model.profile import ProfileKey
from offerd.model.schema import Schema
from offerd.store import CollectResult, LoadProgress, State
from store.given import NOW_NS, catalogue_of, incoming, outcomes
from unit.customer.naive_graph import NaiveGraphs
from unit.customer.people import NAMESPACES, cookie, crm, email, random_link

PLAN = FoldPlan.build(catalogue_of(Schema(namespaces=tuple(NAMESPACES.values()))), [])
SECOND_NS = 10**9


def login(event_id: str, person: ProfileKey, device: ProfileKey, time_ns: int = NOW_NS) -> object:
    """Returns an event that shows that a device is a person's."""
    event = incoming(event_id, profile=person, time_ns=time_ns)
    return event._replace(linked=((person, device),))


def test_links_are_there_with_the_event_that_carries_them(tmp_path: Path) -> None:
    """Once, by the event's id, as of its time but never later than now; also after a restart."""
    with State.open(tmp_path, PLAN) as state:
        first = login("e1", crm(1), cookie(1), NOW_NS + 5 * SECOND_NS)
        assert state.collect([first], NOW_NS).result()[0].result is CollectResult.ACCEPTED
        assert state.identities.links(cookie(1)) == (link(crm(1), cookie(1), NOW_NS),)
        state.collect([login("e2", crm(2), cookie(1), NOW_NS + 1)], NOW_NS + 1).result()
        again = state.collect([first], NOW_NS + 9 * SECOND_NS).result()
        assert again[0].result is CollectResult.DUPLICATE
        assert state.graph(crm(1)) == {crm(1)}
        assert state.graph(crm(2)) == {crm(2), cookie(1)}
    with State.open(tmp_path, PLAN) as state:
        assert state.graph(cookie(1)) == {crm(2), cookie(1)}
        assert state.identities.unlink(cookie(1)).result()
        assert not state.identities.unlink(cookie(1)).result()
        assert state.graph(crm(2)) == {crm(2)}


@pytest.mark.parametrize("seed", range(6))
def test_the_file_has_what_the_rules_give_by_brute_force(tmp_path: Path, seed: int) -> None:
    """Random links, many in one transaction, with some cut off and some restarts."""
    rng = random.Random(seed)
    print(f"seed {seed}")
    naive = NaiveGraphs(NAMESPACES)
    state = State.open(tmp_path, PLAN)
    try:
        for _ in range(40):
            links = [random_link(rng, 5, 60) for _ in range(rng.choice([1, 3, 12]))]
            futures = [
                state.identities.link(one, [(one, other)], time_ns, NOW_NS)
                for one, other, time_ns in links
            ]
            for added in links:
                naive.add([added])
            if rng.random() < 0.3:
                gone = rng.choice(links).one
                futures.append(state.identities.unlink(gone))
                naive.remove(gone)
            for future in futures:
                future.result()
            if rng.random() < 0.1:
                state.close()
                state = State.open(tmp_path, PLAN)
            _same(state, naive, links)
    finally:
        state.close()


def _same(state: State, naive: NaiveGraphs, links: list[Link]) -> None:
    for key in members_of([*links, *naive.links]):
        assert state.graph(key) == naive.graph(key)
    held = {one for key in members_of(naive.links) for one in state.identities.links(key)}
    assert sorted(held) == sorted(naive.links)


def test_assumed_links_are_as_if_they_had_been_added(tmp_path: Path) -> None:
    """And aren't stored; they may take a device from somebody, and join two graphs."""
    with State.open(tmp_path, PLAN) as state:
        state.collect([login("e1", crm(1), cookie(1))], NOW_NS).result()
        state.collect([login("e2", crm(2), cookie(2))], NOW_NS).result()
        later = NOW_NS + 1
        pairs = [(email("a"), crm(2)), (email("a"), cookie(1))]
        assert state.identities.graph(email("a"), pairs, later) == {
            email("a"), crm(2), cookie(1), cookie(2),
        }  # fmt: skip
        assert state.identities.graph(crm(1), pairs, later) == {crm(1)}
        assert state.graph(email("a")) == {email("a")}


def test_loads_do_not_bring_back_who_was_deleted(tmp_path: Path) -> None:
    """Neither events of before nor attributes of nobody knows when, unless they came back."""
    with State.open(tmp_path, PLAN, tombstone_ns=100) as state:
        old = incoming("e1", profile=crm(1))
        assert outcomes(state.collect([old], NOW_NS)) == [CollectResult.ACCEPTED]
        deleted = state.identities.delete([crm(1)], NOW_NS + 1).result()
        assert (deleted.keys, deleted.events) == ((crm(1),), 1)
        early = incoming("e2", profile=crm(1)).event
        (progress,) = state.load_events([(crm(1), early)], NOW_NS + 2)
        assert progress == LoadProgress(deleted=1)
        (progress,) = state.load_profiles([(crm(1), {}), (crm(2), {})], NOW_NS + 2)
        assert progress == LoadProgress(accepted=1, deleted=1)
        state.set_profile(crm(1), {}, NOW_NS + 3).result()
        (progress,) = state.load_profiles([(crm(1), {})], NOW_NS + 4)
        assert progress == LoadProgress(accepted=1)
        (progress,) = state.load_events([(crm(1), early)], NOW_NS + 101)
        assert progress == LoadProgress(accepted=1)
