"""Where customers are, kept with their events: at once, once, and by the places in force."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from offerd.events import FoldPlan, FoldPlans, IncomingEvent
from offerd.model.capping import Cap, CapSubject, Counter, Demand, Limit
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.identity import Subject
from offerd.model.place import Circle, Library, LocationSettings, Place, PlaceSelector, Point, Visit
from offerd.model.profile import ProfileKey
from offerd.model.schema import (
    Aggregate,
    AggregateFunction,
    Namespace,
    NamespaceType,
    Schema,
    ValueType,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.store import (
    CollectResult,
    Durability,
    Hold,
    JournalMode,
    JournalSettings,
    State,
    back_up,
)
from offerd.store.bounds import USUAL_BOUNDS, ProfileBounds
from seeds import random_seed
from store.given import NOW_NS, contradictions, incoming, key

MINUTE_NS = 60 * 10**9
HOME, AWAY = Point(59.31, 18.07), Point(59.33, 18.07)
SHOP = Place("shop", "l", "Shop", Circle(HOME, 100.0), HOME, category="shop")
OTHER = Place("other", "l", "Other", Circle(AWAY, 100.0), AWAY)
ENTRIES = Aggregate("entries", ("place_entry",), AggregateFunction.COUNT, ValueType.INT)
BY_CATEGORY = Aggregate(
    "by", ("place_entry",), AggregateFunction.COUNT, ValueType.MAP_INT, None, "category"
)
PROPOSED = Counter("profile:decision:offer/a", "decision", CapSubject.PROFILE, (0,))
PER_VISIT = Cap(0, 1, visit=PlaceSelector(category="shop"))
PHONE = ProfileKey("ecid", "phone")


def plan_of(*places: Place) -> FoldPlan:
    """Returns a plan with places, entries counted, and one proposition a visit."""
    namespaces = (
        Namespace("crm", NamespaceType.CROSS_DEVICE), Namespace("ecid", NamespaceType.COOKIE)
    )  # fmt: skip
    schema = Schema(namespaces, aggregates=(ENTRIES, BY_CATEGORY))
    offer = Offer("a", 1, None, None, None, (), {}, (), (PER_VISIT,))
    catalogue = Catalogue(
        schema, (), (), (), (), (), (offer,), (), (), (), (), (),
        counters=(PROPOSED,), location=LocationSettings(),
    )  # fmt: skip
    source = MemorySource(list(places), [Library("l", "L", 1)])
    return FoldPlan.build(catalogue, [], Places(source))


PLAN = plan_of(SHOP, OTHER)


def opened(
    path: Path,
    plan: FoldPlan = PLAN,
    bounds: ProfileBounds = USUAL_BOUNDS,
    journal: JournalMode = JournalMode.OFF,
) -> State:
    """Returns a state with places."""
    return State.open(
        path, plan, durability=Durability.RELAXED, bounds=bounds, journal=JournalSettings(journal)
    )


def located(
    event_id: str, at: Point = HOME, time_ns: int = NOW_NS, profile: ProfileKey | None = None
) -> IncomingEvent:
    """Returns a location."""
    told = {"latitude": at.latitude, "longitude": at.longitude, "accuracy_m": 5.0}
    return incoming(event_id, kind="location", time_ns=time_ns, profile=profile, **told)


def told(event_id: str, kind: str, time_ns: int = NOW_NS, **more: Any) -> IncomingEvent:
    """Returns what a phone says of the shop."""
    return incoming(event_id, kind=kind, time_ns=time_ns, **{"place": "shop", **more})


def visits(state: State, profile: ProfileKey | None = None) -> tuple[Visit, ...]:
    """Returns what is known of a profile's visits."""
    record = state.profile(profile or key())
    return () if record is None or record.whereabouts is None else record.whereabouts.visits


def test_locations_of_one_call_are_taken_by_their_times(tmp_path: Path) -> None:
    """However they are listed, each is what it is in order; results stay where the events were."""
    source = random.Random(random_seed())
    way = [HOME, AWAY, AWAY, HOME, AWAY]
    items = [
        located(f"l{number}", at, NOW_NS + number * 2 * MINUTE_NS) for number, at in enumerate(way)
    ]
    others = [incoming(f"p{number}", amount=1.0) for number in range(3)]
    now_ns = NOW_NS + 60 * MINUTE_NS
    with opened(tmp_path / "in order") as state:
        found = state.collect([*items, *others], now_ns).result()
        expected = {item.event.id: one for item, one in zip([*items, *others], found, strict=True)}
        known = visits(state)
    assert any(one.crossings for one in found)
    for number in range(5):
        mixed = source.sample([*items, *others], len(items) + len(others))
        with opened(tmp_path / str(number)) as state:
            found = state.collect(mixed, now_ns).result()
            assert {i.event.id: one for i, one in zip(mixed, found, strict=True)} == expected
            assert visits(state) == known
            assert contradictions(state, PLAN) == []


def test_of_an_id_that_comes_twice_the_first_counts(tmp_path: Path) -> None:
    """Though the second is dated earlier: nothing is put in order then."""
    items = [located("l", HOME, NOW_NS), located("l", AWAY, NOW_NS - MINUTE_NS)]
    with opened(tmp_path / "state") as state:
        found = [one.result.value for one in state.collect(items, NOW_NS).result()]
        assert found == ["accepted", "reused"]
        assert [event.time_ns for event in state.events(key()) if event.type == "location"] == [
            NOW_NS
        ]


def test_an_id_that_an_event_of_another_type_has_too_keeps_all_in_order(tmp_path: Path) -> None:
    """The location comes first, and an earlier one after it doesn't change that."""
    items = [
        located("twice", HOME, NOW_NS),
        incoming("twice", amount=1.0),
        located("l", AWAY, NOW_NS - MINUTE_NS),
    ]
    with opened(tmp_path / "state") as state:
        found = [one.result.value for one in state.collect(items, NOW_NS).result()]
        assert found == ["accepted", "reused", "accepted"]


def test_a_location_is_stored_with_the_entry_that_it_causes(tmp_path: Path) -> None:
    """Both are events, counted and journalled; the same again, in one batch too, is nothing."""
    with opened(tmp_path / "state", journal=JournalMode.BEFORE_ANSWER) as state:
        item = located("l1")
        first, again = state.collect([item, item], NOW_NS).result()
        assert [one.result.value for one in (first, again)] == ["accepted", "duplicate"]
        assert [tuple(one) for one in first.crossings] == [
            ("place_entry", "shop", NOW_NS, "l1/place_entry/shop")
        ]
        entry = state.event("l1/place_entry/shop")
        assert entry is not None
        assert entry.properties == {
            "place": "shop", "category": "shop", "library": "l", "source": "location"
        }  # fmt: skip
        assert visits(state) == (Visit("shop", NOW_NS, NOW_NS),)
        journalled = [one.entry.event_id for one in state.journal.reader.entries()]  # type: ignore[union-attr]
        assert journalled == ["l1", "l1/place_entry/shop"]
        assert contradictions(state, PLAN) == []


def test_a_phones_entry_keeps_what_is_known_of_the_place(tmp_path: Path) -> None:
    """It is the entry; one more while there is kept as what nothing counts."""
    with opened(tmp_path / "state") as state:
        entered, again = state.collect(
            [told("r1", "place_entry"), told("r2", "place_entry", NOW_NS + 1)], NOW_NS + 1
        ).result()
        assert entered.crossings[0].event_id == "r1"
        assert again.crossings == ()
        assert again.not_crossed == "the customer was there already"
        stored = {event.id: event for event in state.events(key())}
        assert stored["r1"].properties["category"] == "shop"
        assert stored["r1"].properties["source"] == "device"
        assert stored["r2"].type == "place_entry/uncrossed"
        record = state.profile(key())
        assert record is not None
        assert record.aggregates == {"entries": 1, "by": {"shop": 1}}
        repeated = state.collect([told("r2", "place_entry", NOW_NS + 1)], NOW_NS + 2).result()
        assert repeated[0].result is CollectResult.DUPLICATE
        assert contradictions(state, PLAN) == []


def test_a_location_whose_entry_finds_no_room_is_refused(tmp_path: Path) -> None:
    """Nothing of it is stored, nor where the customer is."""
    with opened(tmp_path / "state", bounds=ProfileBounds(events=1)) as state:
        (full,) = state.collect([located("l1")], NOW_NS).result()
        assert full.result is CollectResult.FULL
        assert state.profile(key()) is None
        assert state.collect([located("l2", Point(0, 0))], NOW_NS).result()[0].result is (
            CollectResult.ACCEPTED
        )


def test_an_event_of_another_keeps_the_id_that_it_has(tmp_path: Path) -> None:
    """What a location would cause under an id that is taken isn't stored, or told."""
    with opened(tmp_path / "state") as state:
        taken = incoming("l1/place_entry/shop", amount=1.0)
        _, found = state.collect([taken, located("l1")], NOW_NS).result()
        assert found.crossings == ()
        assert sorted(e.type for e in state.events(key())) == ["location", "purchase"]
        assert contradictions(state, PLAN) == []


def test_other_places_are_crossed_as_soon_as_they_are_in_force(tmp_path: Path) -> None:
    """Visits to those that are gone end without a word; what was counted is folded anew."""
    with opened(tmp_path / "state", plan_of(SHOP)) as state:
        assert len(state.collect([located("l1")], NOW_NS).result()[0].crossings) == 1
        narrow = replace(SHOP, id="narrow", fence=Circle(HOME, 50.0))
        state.use(FoldPlans(plan_of(narrow))).result()
        (found,) = state.collect([located("l2", time_ns=NOW_NS + 1)], NOW_NS + 1).result()
        assert [(one.type, one.place) for one in found.crossings] == [("place_entry", "narrow")]
        assert [visit.place for visit in visits(state)] == ["narrow"]


def test_whereabouts_outlast_a_change_of_what_is_folded(tmp_path: Path) -> None:
    """Folding a profile anew leaves where it is as it was."""
    path = tmp_path / "state"
    with opened(path) as state:
        state.collect([located("l1")], NOW_NS).result()
        before = visits(state)
    with opened(path, plan_of(SHOP, OTHER, replace(OTHER, id="third"))) as state:
        assert visits(state) == before
        assert contradictions(state, PLAN) == []
    without = FoldPlan.build(replace_aggregates(), [])
    with State.open(path, without, durability=Durability.RELAXED) as state:
        assert visits(state) == before


def replace_aggregates() -> Catalogue:
    """Returns a catalogue that folds nothing and has no places."""
    return Catalogue(Schema((Namespace("crm", NamespaceType.CROSS_DEVICE),)), *[()] * 11)


def test_where_somebody_was_is_found_out_from_events(tmp_path: Path) -> None:
    """As of an instant only what had happened by then counts, entries of phones among it."""
    with opened(tmp_path / "state") as state:
        news = [
            located("l1"),
            located("l2", AWAY, NOW_NS + 10 * MINUTE_NS),
            told("r1", "place_entry", NOW_NS + 20 * MINUTE_NS),
            told("r2", "place_entry", NOW_NS + 21 * MINUTE_NS),
            told("r3", "place_exit", NOW_NS + 30 * MINUTE_NS),
        ]
        state.collect(news, NOW_NS + 40 * MINUTE_NS).result()
        subject = Subject(key(), (key(),))
        expected = {
            5: [Visit("shop", NOW_NS, NOW_NS)],
            10: [
                Visit("shop", NOW_NS, NOW_NS, NOW_NS + 10 * MINUTE_NS),
                Visit("other", NOW_NS + 10 * MINUTE_NS, NOW_NS + 10 * MINUTE_NS),
            ],
            25: [
                Visit("other", NOW_NS + 10 * MINUTE_NS, NOW_NS + 10 * MINUTE_NS),
                Visit("shop", NOW_NS + 20 * MINUTE_NS, NOW_NS + 21 * MINUTE_NS),
            ],
        }
        for minutes, stays in expected.items():
            as_of_ns = NOW_NS + minutes * MINUTE_NS
            known = state.views.known_as_of(subject, PLAN, as_of_ns)
            assert known.whereabouts is not None
            assert list(known.whereabouts.visits) == stays
        latest = state.views.known_as_of(subject, PLAN, NOW_NS + 40 * MINUTE_NS)
        assert latest.whereabouts == state.view(subject, PLAN, NOW_NS).whereabouts


def test_assumed_events_move_nobody_for_good(tmp_path: Path) -> None:
    """What is assumed is seen, over all identities, and forgotten."""
    with opened(tmp_path / "state") as state:
        state.collect([located("l1", profile=PHONE)], NOW_NS).result()
        subject = Subject(key(), (key(), PHONE))
        assumed = [located("l2", AWAY, NOW_NS + MINUTE_NS).event]
        view = state.view(subject, PLAN, NOW_NS + MINUTE_NS, extra=assumed)
        assert view.whereabouts is not None
        assert [(one.place, one.exited_ns is None) for one in view.whereabouts.visits] == [
            ("shop", False), ("other", True)
        ]  # fmt: skip
        assert view.aggregates["entries"] == 2
        now = state.view(subject, PLAN, NOW_NS)
        assert now.whereabouts is not None
        assert [one.place for one in now.whereabouts.visits] == ["shop"]


def test_deleting_somebody_forgets_where_they_are(tmp_path: Path) -> None:
    """And a location from before brings nothing back."""
    with opened(tmp_path / "state") as state:
        state.collect([located("l1")], NOW_NS).result()
        assert state.delete_profile(key()).result()
        assert visits(state) == ()
        (again,) = state.collect([located("l1")], NOW_NS).result()
        assert again.result is CollectResult.DUPLICATE
        assert visits(state) == ()


def test_a_bulk_load_crosses_as_collecting_does(tmp_path: Path) -> None:
    """Each profile's locations one after the other, in their order."""
    with opened(tmp_path / "state") as state:
        items = [
            (item.key, item.event)
            for item in (located("l1"), located("l2", AWAY, NOW_NS + MINUTE_NS))
        ]
        (progress,) = state.load_events(items, NOW_NS + MINUTE_NS)
        assert progress.accepted == 2
        assert [one.place for one in visits(state)] == ["shop", "other"]
        assert contradictions(state, PLAN) == []


def demand(limit: int = 1) -> list[Demand]:
    """Returns what asks for room of one proposition a visit."""
    return [Demand(0, "a", "d", "web", (Limit(PROPOSED, PER_VISIT, limit),))]


def granted(state: State, stem: str, now_ns: int, **more: Any) -> bool:
    """Whether there is room for one more proposition."""
    return state.take(key(), demand(), stem, now_ns, **more).result().granted


def test_room_under_a_cap_per_visit_is_that_of_the_visit(tmp_path: Path) -> None:
    """Once a visit, however many ask at once; on none there is room, and none is counted."""
    with opened(tmp_path / "state") as state:
        assert all(granted(state, f"before-{n}", NOW_NS) for n in range(2))
        state.collect([located("l1", time_ns=NOW_NS + 1)], NOW_NS + 1).result()
        several = [state.take(key(), demand(), f"t{n}", NOW_NS + 2) for n in range(5)]
        assert [one.result().granted for one in several] == [True, False, False, False, False]
        state.collect([located("l2", AWAY, NOW_NS + MINUTE_NS)], NOW_NS + MINUTE_NS).result()
        assert granted(state, "away", NOW_NS + MINUTE_NS)
        back_ns = NOW_NS + 2 * MINUTE_NS
        state.collect([located("l3", time_ns=back_ns)], back_ns).result()
        assert granted(state, "back", back_ns, hold=Hold("h", MINUTE_NS))
        assert not granted(state, "held", back_ns + 1)


@pytest.mark.parametrize("on", [key(), PHONE])
def test_a_visit_of_any_linked_identity_counts(tmp_path: Path, on: ProfileKey) -> None:
    """Whichever of a customer's identities told that they came."""
    with opened(tmp_path / "state") as state:
        state.identities.link(key(), [(key(), PHONE)], NOW_NS - 1, NOW_NS - 1).result()
        state.collect([located("l1", profile=on)], NOW_NS).result()
        assert granted(state, "one", NOW_NS)
        assert not granted(state, "two", NOW_NS + 1)


def test_a_backup_knows_where_customers_are(tmp_path: Path) -> None:
    """It holds visits as it does events."""
    with opened(tmp_path / "state") as state:
        state.collect([located("l1")], NOW_NS).result()
        expected = visits(state)
    back_up(tmp_path / "state", tmp_path / "copy")
    with opened(tmp_path / "copy") as copy:
        assert visits(copy) == expected != ()


def test_a_location_dated_ahead_counts_as_of_when_it_came(tmp_path: Path) -> None:
    """So that a clock that is ahead doesn't make all others late."""
    with opened(tmp_path / "state") as state:
        ahead = located("l1", time_ns=NOW_NS + 60 * MINUTE_NS)
        state.collect([ahead], NOW_NS).result()
        assert visits(state) == (Visit("shop", NOW_NS, NOW_NS),)
        later_ns = NOW_NS + 10 * MINUTE_NS
        (left,) = state.collect([located("l2", AWAY, later_ns)], later_ns).result()
        assert [one.type for one in left.crossings] == ["place_exit", "place_entry"]
        known = state.views.known_as_of(Subject(key(), (key(),)), PLAN, later_ns)
        assert known.whereabouts == state.view(Subject(key(), (key(),)), PLAN, later_ns).whereabouts


def test_random_news_leave_a_state_without_contradictions(tmp_path: Path) -> None:
    """In any order, with repeats, in batches, over several profiles; and read back the same."""
    seed = random_seed()
    rng = random.Random(seed)
    items: list[IncomingEvent] = []
    for number in range(200):
        time_ns = NOW_NS + rng.randrange(200) * MINUTE_NS
        profile = rng.choice([key(), key(8), PHONE])
        if rng.random() < 0.3:
            kind = rng.choice(["place_entry", "place_exit"])
            event = told(f"r{number}", kind, time_ns, place=rng.choice(["shop", "other", "gone"]))
            items.append(event._replace(key=profile))
        else:
            at = rng.choice([HOME, AWAY, Point(59.3105, 18.07), Point(10.0, 10.0)])
            items.append(located(f"l{number}", at, time_ns, profile))
    items += rng.choices(items, k=50)
    path = tmp_path / "state"
    with opened(path) as state:
        while items:
            count = rng.randint(1, 20)
            state.collect(items[:count], NOW_NS + 200 * MINUTE_NS).result()
            del items[:count]
        assert contradictions(state, PLAN) == []
        known = {record.id: record.whereabouts for record in state.profiles()}
        assert all(one is not None for one in known.values())
    with opened(path) as state:
        assert {record.id: record.whereabouts for record in state.profiles()} == known
