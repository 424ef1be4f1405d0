"""Until when membership is certain that depends on places, against asking at sampled instants.

`OFFERD_LIVES` sets how many customers are tried, `OFFERD_SEED` with which seed to begin.
"""

from __future__ import annotations

import os
import random
from collections.abc import Mapping

from offerd import expression as ex
from offerd.audience.certainty import BRIEF, THOROUGH, Foresight
from offerd.audience.environment import decision_environment
from offerd.audience.place_names import names_of
from offerd.audience.place_questions import PlaceAsking, answers
from offerd.customer.loaded import Found
from offerd.customer.timeline import CustomerTimeline
from offerd.customer.tracking import NOTHING, AudienceTracking
from offerd.customer.view import Known, Member
from offerd.events import FoldPlan
from offerd.events.series import EMPTY
from offerd.model.catalogue import Audience, Catalogue
from offerd.model.identity import Subject
from offerd.model.place import Fix, Place, Visit, Whereabouts
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import Schema
from offerd.places.record import PlaceQuestions
from unit.places.naive_answers import MINUTE_NS
from unit.places.place_worlds import LIBRARIES, NOW_NS, SETTINGS, opened, town, whereabouts

LIVES = int(os.environ.get("OFFERD_LIVES", "40"))
FIRST_SEED = int(os.environ.get("OFFERD_SEED", "0"))
_KEY = ProfileKey("web", "a")
_SCHEMA = Schema()
_PLAN = FoldPlan.build(Catalogue(_SCHEMA, (), (), (), (), (), (), (), (), (), (), ()), ())


class _Asked:
    """Rules about places, by the id of their audience, and what they ask."""

    def __init__(self, places: list[Place], sources: Mapping[str, str]) -> None:
        asking = PlaceAsking(lambda: names_of(places, [one.id for one in LIBRARIES]))
        written = decision_environment(_SCHEMA, sources, asking.record)
        checked = [ex.compile_expression(source, written) for source in sources.values()]
        self.environment = decision_environment(_SCHEMA, sources, answers(asking.reads))
        self.rules = dict(zip(sources, ex.plan_many(checked, self.environment), strict=True))
        self.questions = PlaceQuestions(asking.reads, opened(places), SETTINGS)

    def known(self, there: Whereabouts | None) -> Known:
        record = ProfileRecord(_KEY.namespace, _KEY.id, whereabouts=there)
        subject = Subject(_KEY, (_KEY,))
        return Known(subject, _PLAN, [Member(record, lambda _: EMPTY)], Found())

    def timeline(self, there: Whereabouts | None, begin_ns: int) -> CustomerTimeline:
        return CustomerTimeline(self.known(there), _PLAN, self.rules, begin_ns, self.questions)


def _condition(source: random.Random) -> str:
    place = source.choice(('"studio"', '"shop"', "", '"place:place-1"'))
    stay = source.choice(
        (f"places.dwell({place})", f"places.dwell({place}) + duration('{source.randrange(90)}m')")
    )
    return source.choice(
        (
            f"places.inside({place})",
            f"{stay} {source.choice(('>', '<', '>=', '=='))} duration('{source.randrange(150)}m')",
            f"places.current({place}).open",
            f"has(places.current({place}).name)",
            f"places.nearest({place}).open",
            f"has(places.nearest_open({place}).name)",
            f"places.nearest({place}).closes_at - now < duration('{source.randrange(1, 20)}h')",
            f"now - places.last_entered({place}).entered_at < duration('{source.randrange(90)}m')",
            f"has(places.last_exited({place}).name)",
            f"places.nearest({place}).distance_m < 400.0",
            'audience("other")',
            "now.getMinutes() < 30",
        )
    )


def _rule(source: random.Random) -> str:
    first, second = _condition(source), _condition(source)
    while second == first:
        second = _condition(source)
    return source.choice(
        (first, f"{first} && {second}", f"{first} || {second}", f"{first} ? {second} : !({first})")
    )


def test_certainty_holds_at_every_sampled_instant() -> None:
    """What is told to be certain is so until then, and what is exact turns just then."""
    turned = 0
    for seed in range(FIRST_SEED, FIRST_SEED + LIVES):
        source = random.Random(seed)
        places = town(source)
        other = _condition(source).replace('audience("other")', "places.inside()")
        rule = _rule(source)
        try:
            asked = _Asked(places, {"other": other, "asked": rule})
        except ex.ExpressionError:
            continue  # the same condition twice, or another that is always so
        there = whereabouts(places, source)
        begin_ns = NOW_NS + source.randrange(100 * MINUTE_NS) - 30 * MINUTE_NS
        foresight = Foresight(asked.rules, asked.environment)
        for effort in (BRIEF, THOROUGH):
            look = foresight.look("asked", asked.timeline(there, begin_ns), begin_ns, effort)
            until_ns, exact = look.certainty
            end_ns = begin_ns + 240 * MINUTE_NS if until_ns is None else until_ns
            sampled = [source.randrange(begin_ns, max(end_ns, begin_ns + 1)) for _ in range(30)]
            shown = f"seed {seed}: {rule} ({other}) until {until_ns}, {exact}"
            for at_ns in (begin_ns, *sampled, end_ns - 1):
                if begin_ns <= at_ns < end_ns:
                    member = asked.timeline(there, at_ns).memberships["asked"] is True
                    assert member is look.member, f"{shown}, at {at_ns}"
            if until_ns is not None and exact:
                turned += 1
                member = asked.timeline(there, until_ns).memberships["asked"] is True
                assert member is not look.member, shown
    print(f"\n{LIVES} lives from seed {FIRST_SEED}: {turned} turns")
    assert turned or LIVES < 20


def test_belief_that_ends_is_a_transition_of_its_own() -> None:
    """Nobody has to say anything for somebody to leave an audience when belief ends."""
    places = town(random.Random(3))
    sources = {"here": "places.inside()", "long": "places.dwell() > duration('20m')"}
    asked = _Asked(places, sources)
    tracking = AudienceTracking(
        [Audience(name, name, number) for number, name in enumerate(sources)],
        asked.rules,
        _SCHEMA,
        asked.environment,
        _PLAN,
        places=asked.questions,
        revision="r",
    )
    assert tracking.event_types >= {"location", "place_entry", "place_exit"}
    ttl_ns = places[0].ttl_ns or SETTINGS.ttl_ns
    there = Whereabouts(Fix(NOW_NS, 0.0, 0.0), (Visit(places[0].id, NOW_NS, NOW_NS),))
    known = asked.known(there)
    begun = tracking.look(known, NOTHING, NOW_NS, NOW_NS, tracking.tracked)
    assert [(one.audience, one.status.value) for one in begun.transitions] == [("here", "realized")]
    later = tracking.look(known, begun.tracked, NOW_NS + ttl_ns, NOW_NS + ttl_ns, ())
    told = {(one.audience, one.status.value, one.time_ns) for one in later.transitions}
    assert ("here", "exited", NOW_NS + ttl_ns) in told
    if ttl_ns > 20 * MINUTE_NS:
        assert ("long", "realized", NOW_NS + 20 * MINUTE_NS + 1) in told


def test_what_is_tracked_of_places_is_another_with_other_definitions() -> None:
    """Where rules ask for places, a new revision is looked at anew; where none does, it isn't."""
    asked = _Asked(town(random.Random(3)), {"here": "places.inside()"})

    def fingerprint(revision: str, *, with_places: bool) -> bytes:
        return AudienceTracking(
            [Audience("here", "Here", 0)],
            asked.rules,
            _SCHEMA,
            asked.environment,
            _PLAN,
            places=asked.questions if with_places else None,
            revision=revision,
        ).fingerprint

    assert fingerprint("a", with_places=True) != fingerprint("b", with_places=True)
    assert fingerprint("a", with_places=False) == fingerprint("b", with_places=False)
