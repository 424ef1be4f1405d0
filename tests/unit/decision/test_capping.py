"""Caps of one request: what they count, what is taken within it, what is demanded in the end."""

from __future__ import annotations

import pytest

from offerd.decision.capping import Capping, CapRules, Reached
from offerd.model.capping import Calendar, CalendarUnit, Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.place import Circle, Library, Place, PlaceSelector, Point, Visit, Whereabouts
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Schema
from offerd.places.index import Places
from offerd.places.memory import MemorySource

PROFILE, TOTAL = CapSubject.PROFILE, CapSubject.TOTAL
HOUR_NS = 3_600 * 10**9
NOW_NS = 500_000 * HOUR_NS + HOUR_NS // 2
KIM = ProfileKey("crm", "1")


class Counted:
    """Counts given by hand; the windows that were asked are kept."""

    def __init__(
        self,
        totals: dict[str, int] | None = None,
        held: dict[tuple[str, ProfileKey | None], int] | None = None,
        known: frozenset[tuple[str, Cap]] = frozenset(),
    ) -> None:
        self._totals = totals or {}
        self._held = held or {}
        self._known = known
        self.asked: list[tuple[int | None, int | None]] = []

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """Returns the total that was given."""
        self.asked.append((after_ns, until_ns))
        return self._totals.get(counter, 0)

    def pending(self, counter: str, subject: ProfileKey | None, _now_ns: int) -> int:
        """Returns what was given as held."""
        return self._held.get((counter, subject), 0)

    def reached(self, offer: str, cap: Cap) -> bool:
        """Returns whether it was given as known."""
        return (offer, cap) in self._known


def offer(offer_id: str, *caps: Cap) -> Offer:
    """Returns an offer that is nothing but its caps."""
    return Offer(offer_id, 1, None, None, None, (), {}, (), caps)


def rules(counters: tuple[Counter, ...], *offers: Offer) -> CapRules:
    """Returns the rules of counters and offers."""
    return CapRules(
        Catalogue(Schema(), (), (), (), (), (), offers, (), (), (), (), (), counters=counters)
    )


def view(subject: ProfileKey | None = KIM, **counted: list[int]) -> ProfileView:
    """Returns a view of somebody with times by the counters' names."""
    return ProfileView(subject, {}, {}, counted)


HERE = Point(59.31, 18.07)
SHOP = Place("shop", "l", "Shop", Circle(HERE, 50.0), HERE, category="shop")
BAR = Place("bar", "l", "Bar", Circle(HERE, 50.0), HERE, category="bar", ttl_ns=HOUR_NS // 4)


def in_town(counters: tuple[Counter, ...], *offers: Offer) -> CapRules:
    """Returns the rules of counters and offers where there are a shop and a bar."""
    places = Places(MemorySource([SHOP, BAR], [Library("l", "L", 1)]))
    return CapRules(
        Catalogue(Schema(), (), (), (), (), (), offers, (), (), (), (), (), counters=counters),
        places,
    )


def no_rule(_number: int) -> int | None:
    """Stands for limit rules where there are none."""
    raise AssertionError


@pytest.mark.parametrize(
    ("cap", "count"),
    [
        (Cap(0, 9), 4),
        (Cap(0, 9, within_ns=HOUR_NS), 2),
        (Cap(0, 9, within_ns=HOUR_NS + 1), 3),
        (Cap(0, 9, calendar=Calendar(CalendarUnit.HOUR)), 1),
    ],
)
def test_a_window_counts_after_it_began_up_to_now(cap: Cap, count: int) -> None:
    """An event exactly as long ago as the window is wide is out, one at this instant is in."""
    times = [1, NOW_NS - HOUR_NS, NOW_NS - HOUR_NS // 2 - 1, NOW_NS, NOW_NS + 1]
    shown = Counter("shown", "display", PROFILE, (0,))
    for limit, expected in ((count, True), (count + 1, False)):
        one = offer("a", Cap(0, limit, cap.within_ns, cap.calendar))
        capping = Capping(rules((shown,), one), view(shown=times), Counted(), NOW_NS)
        reached = capping.first_reached(one, "d", "web", no_rule)
        assert (reached is not None) == expected
        assert reached is None or reached == Reached(one.caps[0], count, limit)


def test_propositions_dated_ahead_count_and_feedback_does_not() -> None:
    """A proposition's time is the service's own; a device's clock may be wrong."""
    made = Counter("made", "decision", PROFILE, (0,))
    one = offer("a", Cap(0, 1))
    ahead = view(made=[NOW_NS + 5])
    assert Capping(rules((made,), one), ahead, Counted(), NOW_NS).first_reached(
        one, "d", "web", no_rule
    )
    counts = Counted()
    for event, until_ns in (("decision", None), ("display", NOW_NS)):
        total = Counter("t", event, TOTAL, (0,))
        capping = Capping(rules((total,), one), view(), counts, NOW_NS)
        capping.first_reached(one, "d", "web", no_rule)
        assert counts.asked.pop() == (None, until_ns)


def test_reservations_count_for_their_profile_or_for_all() -> None:
    """And only under caps that count propositions."""
    for event, subject, held, blocked in (
        ("decision", TOTAL, {("c", None): 2}, True),
        ("decision", PROFILE, {("c", KIM): 2}, True),
        ("decision", PROFILE, {("c", None): 2}, False),
        ("display", TOTAL, {("c", None): 2}, False),
    ):
        one = offer("a", Cap(0, 2))
        counter = Counter("c", event, subject, (0,))
        capping = Capping(rules((counter,), one), view(), Counted(held=held), NOW_NS)
        assert (capping.first_reached(one, "d", "web", no_rule) is not None) == blocked


def test_a_cap_holds_at_its_placements_alone() -> None:
    """Elsewhere it doesn't matter that it is reached."""
    one = offer("a", Cap(0, 1, placements=("web",)))
    counter = Counter("c", "decision", TOTAL, (0,), ("web",))
    capping = Capping(rules((counter,), one), view(), Counted({"c": 1}), NOW_NS)
    assert capping.first_reached(one, "d", "web", no_rule) is not None
    assert capping.first_reached(one, "d", "app", no_rule) is None


@pytest.mark.parametrize(("value", "limit"), [(2, 2), (9, 3), (0, 0), (-4, -4), (None, None)])
def test_a_limit_may_be_computed(value: int | None, limit: int | None) -> None:
    """Never more than the bound; nothing or less, unknown or failed is reached."""
    one = offer("a", Cap(0, 3, limit_rule=7))
    counter = Counter("c", "display", TOTAL, (0,))
    asked: list[int] = []

    def limit_of(number: int) -> int | None:
        asked.append(number)
        return value

    for count in range(5):
        capping = Capping(rules((counter,), one), view(), Counted({"c": count}), NOW_NS)
        reached = capping.first_reached(one, "d", "web", limit_of)
        blocked = limit is None or count >= limit
        assert reached == (Reached(one.caps[0], count, limit) if blocked else None)
    assert set(asked) == {7}


def test_what_is_known_to_be_reached_is() -> None:
    """Of caps on propositions alone: others can't be taken by a faster request."""
    one = offer("a", Cap(0, 5))
    for event, blocked in (("decision", True), ("display", False)):
        counter = Counter("c", event, TOTAL, (0,))
        counts = Counted(known=frozenset({("a", one.caps[0])}))
        capping = Capping(rules((counter,), one), view(), counts, NOW_NS)
        assert (capping.first_reached(one, "d", "web", no_rule) is not None) == blocked


def test_items_of_a_request_leave_less_room_for_each_other() -> None:
    """Through shared counters too; the same offer of the same decision costs once."""
    shared = Counter("shared", "decision", TOTAL, (0, 1))
    single = Counter("single", "decision", TOTAL, (0,), ("app",))
    a, b = offer("a", Cap(0, 2), Cap(1, 1, placements=("app",))), offer("b", Cap(0, 2))
    capping = Capping(rules((shared, single), a, b), view(), Counted(), NOW_NS)
    capping.take(0, a, "d", "web", no_rule)
    capping.take(1, a, "d", "app", no_rule)
    assert capping.first_reached(a, "d", "web", no_rule) is None
    assert capping.first_reached(a, "d", "app", no_rule) == Reached(a.caps[1], 1, 1)
    assert capping.first_reached(b, "d", "web", no_rule) is None
    capping.take(2, b, "d", "web", no_rule)
    assert capping.first_reached(b, "other", "web", no_rule) == Reached(b.caps[0], 2, 2)
    assert capping.first_reached(a, "d", "web", no_rule) is None
    assert [(one.scope, one.offer, one.repeated, len(one.limits)) for one in capping.demands] == [
        (0, "a", False, 1),
        (1, "a", True, 2),
        (2, "b", False, 1),
    ]


def test_what_no_counter_counts_is_not_demanded() -> None:
    """Unless a counter counts every proposition, whatever it is of."""
    shown = Counter("shown", "display", TOTAL, (0,))
    everything = Counter("all", "decision", TOTAL, None)
    a, b = offer("a", Cap(0, 2)), offer("b", Cap(1, 1))
    capping = Capping(rules((shown,), a), view(), Counted(), NOW_NS)
    capping.take(0, a, "d", "web", no_rule)
    assert capping.demands == []
    capping = Capping(rules((shown, everything), a, b), view(), Counted(), NOW_NS)
    capping.take(0, a, "d", "web", no_rule)
    assert [(one.offer, one.limits) for one in capping.demands] == [("a", ())]
    assert capping.first_reached(b, "d", "web", no_rule) == Reached(b.caps[0], 1, 1)


def test_nobody_has_no_counts_of_their_own() -> None:
    """Caps per profile keep nothing from a request about nobody."""
    made = Counter("made", "decision", PROFILE, (0,))
    one = offer("a", Cap(0, 1))
    capping = Capping(rules((made,), one), view(None), Counted(), NOW_NS)
    capping.take(0, one, "d", "web", no_rule)
    assert capping.first_reached(one, "other", "web", no_rule) is None


@pytest.mark.parametrize(
    ("visit", "count"),
    [
        (PlaceSelector(category="shop"), 2),
        (PlaceSelector(place="shop"), 2),
        (PlaceSelector(library="l"), 2),
        (PlaceSelector(), 2),
        (PlaceSelector(category="bar"), None),
        (PlaceSelector(category="gone"), None),
    ],
)
def test_a_cap_per_visit_counts_since_the_customer_came(
    visit: PlaceSelector, count: int | None
) -> None:
    """From the very instant; where they aren't, or aren't believed to be, it holds nothing back."""
    came_ns = NOW_NS - HOUR_NS // 2
    known = Whereabouts(None, (Visit("bar", came_ns, came_ns), Visit("shop", came_ns, NOW_NS)), {})
    times = [came_ns - 1, came_ns, NOW_NS]
    shown = Counter("shown", "display", PROFILE, (0,))
    for limit in (2, 3):
        one = offer("a", Cap(0, limit, visit=visit))
        somebody = view(shown=times)._replace(whereabouts=known)
        capping = Capping(in_town((shown,), one), somebody, Counted(), NOW_NS)
        reached = capping.first_reached(one, "d", "web", no_rule)
        assert (reached is not None) is (count == limit)


def test_what_the_store_says_of_a_visit_counts_for_who_is_on_none() -> None:
    """The customer came to the place since the view was read: the offer is left out."""
    proposed = Counter("proposed", "decision", PROFILE, (0,))
    one = offer("a", Cap(0, 1, visit=PlaceSelector(place="shop")))
    town = in_town((proposed,), one)
    unknown = Capping(town, view(proposed=[NOW_NS]), Counted(), NOW_NS)
    assert unknown.first_reached(one, "d", "web", no_rule) is None
    counts = Counted(known=frozenset({("a", one.caps[0])}))
    known = Capping(town, view(proposed=[NOW_NS]), counts, NOW_NS)
    assert known.first_reached(one, "d", "web", no_rule) == Reached(one.caps[0], 1, 1)
