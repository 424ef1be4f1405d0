"""Which counters an event adds to, which caps it tells of, and what is retained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.events import FoldPlan, FoldPlans, definition_of, retained
from offerd.events.caps import TOLD_CAPS
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer, Rule
from offerd.model.event import Event
from offerd.model.schema import Schema

ANY = Counter("total:purchase:any", "purchase", CapSubject.TOTAL, None)
SHARED = Counter("total:display:cap/x", "display", CapSubject.TOTAL, (0, 1), ("web",))
PLAIN = Counter("total:display:offer/a", "display", CapSubject.TOTAL, (0,))
FILTERED = Counter("total:click:offer/a", "click", CapSubject.TOTAL, (0,), (), 0)


class _Always:
    def evaluate(self, *roots: object) -> object:
        """Lets every event in."""
        return True


def plan_of(counters: Sequence[Counter], caps: Mapping[str, Sequence[Cap]]) -> FoldPlan:
    """Returns the plan of offers with caps."""
    offers = tuple(
        Offer(name, 1, None, None, None, (), {}, (), tuple(found)) for name, found in caps.items()
    )
    catalogue = Catalogue(
        Schema(), (), (Rule("true", b"tree"),), (), (), (), offers, (), (), (), (), (),
        counters=tuple(counters),
    )  # fmt: skip
    return FoldPlan.build(catalogue, [_Always()])


def display(placement: str = "web", offer: str = "b") -> Event:
    """Returns a display."""
    return Event("e", "display", 0, {}, offer, "d", placement)


def test_an_event_about_no_offer_tells_of_each_cap_once_and_not_of_too_many() -> None:
    """However many offers have it; of very many caps those with the lowest limits."""
    purchase = Event("e", "purchase", 0)
    same = plan_of([ANY], {f"o{n}": [Cap(0, 5)] for n in range(1_000)})
    (counting,) = same.countings.of(purchase)
    assert list(counting.caps_about(purchase)) == [("o0", Cap(0, 5))]
    own = plan_of([ANY], {f"o{n}": [Cap(0, 1_000 - n)] for n in range(1_000)})
    (counting,) = own.countings.of(purchase)
    told = list(counting.caps_about(purchase))
    assert [cap.limit for _, cap in told] == list(range(1, TOLD_CAPS + 1))
    assert told[0][0] == "o999"


def test_an_event_about_an_offer_tells_of_that_offers_caps() -> None:
    """All of them."""
    plan = plan_of([ANY], {"a": [Cap(0, 5), Cap(0, 6)], "b": [Cap(0, 7)]})
    purchase = Event("e", "purchase", 0, {}, "a")
    (counting,) = plan.countings.of(purchase)
    assert list(counting.caps_about(purchase)) == [("a", Cap(0, 5)), ("a", Cap(0, 6))]


def test_what_is_retained_counts_as_it_did() -> None:
    """Made again from data: the same events, at the same placements, each once."""
    caps = {"a": [Cap(0, 9, within_ns=5)], "b": [Cap(0, 9, within_ns=5)]}
    known = plan_of([SHARED], caps).countings.totals
    former = {}
    for name, counting in known.items():
        again = retained(name, definition_of(counting))
        assert again is not None
        assert definition_of(again) == definition_of(counting)
        former[name] = again
    plans = FoldPlans(plan_of([], {"c": []})).retaining(former)
    for event, counted in ((display(), 1), (display("app"), 0), (display(offer="c"), 0)):
        found = list(plans.totals_of(event, plans.active.countings.of(event)))
        assert [one.counter.key for one in found] == [SHARED.key] * counted
    both = FoldPlans(plan_of([SHARED], caps)).retaining(former)
    assert len(list(both.totals_of(display(), both.active.countings.of(display())))) == 1
    assert plans.retaining({}).totals == {}


def test_a_window_that_no_cap_has_any_more_keeps_its_times() -> None:
    """So that it has no hole when a cap has one again."""
    windowed = plan_of([SHARED], {"a": [Cap(0, 9, within_ns=5)], "b": []})
    plans = FoldPlans(plan_of([SHARED], {"a": [Cap(0, 2)], "b": []}))
    assert not plans.totals[SHARED.key].windowed
    kept = plans.retaining(windowed.countings.totals).totals[SHARED.key]
    assert kept.windowed
    assert kept.kept == windowed.countings.totals[SHARED.key].kept


def test_what_needs_no_retaining_or_can_not_be_is_told() -> None:
    """The total of an offer is counted anyway; a filter isn't data."""
    plan = plan_of([PLAIN, FILTERED], {"a": [Cap(0, 9), Cap(1, 9, within_ns=5)]})
    for counting in plan.countings.totals.values():
        assert retained(counting.counter.key, definition_of(counting)) is None


def test_what_is_remembered_of_events_that_are_alike_is_what_each_would_be_told() -> None:
    """Whatever they say of themselves: by type, offer, placement, marks and filters."""

    class Loud:
        def evaluate(self, *roots: Mapping[str, object]) -> object:
            return roots[0].get("repeated") == 1 or bool(roots[0].get("loud"))

    counters = (
        *(ANY, SHARED, PLAIN),
        Counter("p", "decision", CapSubject.PROFILE, None),
        Counter("here", "decision", CapSubject.TOTAL, (0,), ("web",)),
        Counter("loud", "display", CapSubject.PROFILE, None, (), 0),
        Counter("contacts", "contact", CapSubject.PROFILE, None),
    )
    offers = tuple(Offer(n, 1, None, None, None, (), {}, (), (Cap(0, 5),)) for n in "ab")
    catalogue = Catalogue(
        Schema(), (), (Rule("true", b"tree"),), (), (), (), offers, (), (), (), (), (),
        counters=counters,
    )  # fmt: skip
    plan = FoldPlan.build(catalogue, [Loud()])
    plans = FoldPlans(plan, (plan_of([PLAIN], {"a": [Cap(0, 9)]}),))
    said: list[dict[str, object]] = [
        {}, {"repeated": True}, {"repeated": 1}, {"exempt": True}, {"exempt": True, "loud": True},
        {"loud": True}, {"repeated": False},
    ]  # fmt: skip
    events = [
        Event("e", kind, 0, dict(one), offer, None, placement)
        for kind in ("decision", "display", "purchase", "contact")
        for one in said
        for offer in (None, "a", "b", "c")
        for placement in (None, "web", "app")
    ]
    for event in (*events, *reversed(events)):
        fresh = FoldPlan.build(catalogue, [Loud()])
        told = [one.counter.key for one in fresh.countings.of(event)]
        assert [one.counter.key for one in plan.countings.of(event)] == told
        adding = plans.adding(plan, event)
        own = plan.countings.of(event)
        assert list(adding.totals) == list(plans.totals_of(event, own))
        others = [one for several in plans._distinct for one in several.countings.of(event)]
        assert adding.keys == {one.counter.key for one in (*adding.totals, *others)}
    assert any(plan.countings.of(event) for event in events)
