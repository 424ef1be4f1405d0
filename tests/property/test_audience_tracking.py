"""Tracked entries and exits against asking for every one of their instants.

`OFFERD_LIVES` sets how many customers are tried, `OFFERD_SEED` with which seed to begin.
"""

from __future__ import annotations

import os
import random
from pathlib import Path

from offerd.customer.subject import alone
from offerd.customer.timeline import CustomerTimeline
from offerd.model.profile import ProfileKey
from unit.service.tracked import DAY, HOUR, Tracked, device

LIVES = int(os.environ.get("OFFERD_LIVES", "12"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
STEPS = 25
BY_EVENTS = ("keen", "lapsed")
"""Audiences that only depend on events, which can be asked as of any instant."""


def _is_member(service: Tracked, name: str, audience: str, at_ns: int) -> bool:
    """What the ordinary evaluation says of the events that had come by then."""
    loaded = service.revisions.active
    subject = alone(ProfileKey("web", name))
    known = service.state.views.known_as_of(subject, loaded.fold, at_ns)
    rules = loaded.bundle.prepared.audiences
    return CustomerTimeline(known, loaded.fold, rules, at_ns).memberships[audience] is True


async def test_every_transition_is_one_and_none_is_missing(tmp_path: Path) -> None:
    """At its instant the membership turns, one nanosecond before it hasn't; they take turns."""
    with Tracked(tmp_path).running() as service:
        turns = 0
        written: set[int] = set()
        for seed in range(FIRST_SEED, FIRST_SEED + LIVES):
            choose = random.Random(seed)
            name = f"d{seed}"
            for _ in range(STEPS):
                service.now_ns += int(choose.choice((1, HOUR, 9 * DAY, 40 * DAY)) * choose.random())
                if choose.random() < 0.7:
                    event = choose.choice(("page_view", "page_view", "purchase"))
                    written.add(service.now_ns)
                    late_ns = int(choose.choice((0, 50 * DAY)) * choose.random()) * (seed % 2)
                    await service.collect(event, device(name), at_ns=service.now_ns - late_ns)
                if choose.random() < 0.8:
                    service.look()
            service.look()
            for audience in BY_EVENTS:
                found = [t for t in service.transitions() if t[:2] == (name, audience)]
                shown = f"seed {seed}, {audience}: {found}"
                for place, (_, _, status, _) in enumerate(found):
                    assert status == ("exited" if place % 2 else "realized"), shown
                member = _is_member(service, name, audience, service.now_ns)
                assert member is (len(found) % 2 == 1), shown
                turns += len(found)
        print(f"\n{LIVES} lives from seed {FIRST_SEED}: {turns} transitions")
        assert turns > LIVES
        _check_instants(service, written)


def _check_instants(service: Tracked, written: set[int]) -> None:
    """What time alone did is dated to the nanosecond."""
    for name, audience, status, time_ns in service.transitions():
        # What comes late would be taken to have been known before.
        comes_late = int(name[1:]) % 2
        if audience not in BY_EVENTS or time_ns in written or comes_late:
            continue
        after = _is_member(service, name, audience, time_ns)
        shown = f"{name} {audience} {status} at {time_ns}"
        assert after is (status == "realized"), shown
        assert _is_member(service, name, audience, time_ns - 1) is not after, shown
