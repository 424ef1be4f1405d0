"""What the rules of crossings say, one by one."""

from __future__ import annotations

import random

from msgspec.structs import replace

from offerd.model.place import (
    Circle,
    Fix,
    Library,
    LocationSettings,
    Place,
    PlaceSelector,
    Point,
    Visit,
    Whereabouts,
)
from offerd.places import believed
from offerd.places.approaches import MOST_PENDING
from offerd.places.crossings import (
    DWELL,
    ENTRY,
    EXIT,
    INACCURATE,
    LATE,
    MOST_ENDED,
    MOST_LASTING,
    NO_ROOM,
    NOT_INSIDE,
    TOO_FAST,
    UNKNOWN,
    Crossed,
    Region,
    crossed,
    told,
)
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.sphere import destination
from seeds import random_seed

SECOND_NS = 10**9
MINUTE_NS = 60 * SECOND_NS
NOW_NS = 1_767_225_600 * SECOND_NS
HOME = Point(59.31, 18.07)
SETTINGS = LocationSettings(highest_speed_mps=50.0)
SHOP = Place("shop", "l", "Shop", Circle(HOME, 100.0), HOME, category="shop")


def places_of(*several: Place) -> Places:
    """Returns places of one library."""
    return Places(MemorySource(list(several), [Library("l", "L", 1)]))


ONE = places_of(SHOP)


def fix(away_m: float, seconds: float = 0, accuracy_m: float | None = 5.0) -> Fix:
    """Returns a location so far east of the shop's middle."""
    at = destination(HOME.latitude, HOME.longitude, 90.0, away_m)
    return Fix(NOW_NS + int(seconds * SECOND_NS), at.latitude, at.longitude, accuracy_m)


def go(
    *news: Fix | Region, places: Places = ONE, settings: LocationSettings = SETTINGS
) -> list[Crossed]:
    """Takes in news one after the other; returns what came of each."""
    found: list[Crossed] = []
    for one in news:
        before = found[-1].whereabouts if found else None
        if isinstance(one, Region):
            found.append(told(before, one, places, settings))
        else:
            found.append(crossed(before, one, places, settings))
    return found


def kinds(found: list[Crossed]) -> list[list[str]]:
    """Returns the types of the crossings of each."""
    return [[one.type for one in step.crossings] for step in found]


def test_jitter_at_the_edge_makes_one_entry() -> None:
    """A hundred locations up to 20 m inside and outside, and nobody goes in twice or out."""
    seed = random_seed()
    rng = random.Random(seed)
    steps = [fix(95), *(fix(100 + rng.uniform(-20, 20), 10 * n) for n in range(1, 100))]
    types = [one for step in kinds(go(*steps)) for one in step]
    assert types.count(ENTRY) == 1
    assert EXIT not in types


def test_an_error_larger_than_the_fence_needs_a_second_location() -> None:
    """Not one by chance, but two in a row; one outside between them begins anew."""
    coarse = [fix(0, 10 * n, accuracy_m=150) for n in range(2)]
    assert kinds(go(*coarse)) == [[], [ENTRY]]
    parted = [fix(0, 0, 150), fix(260, 60, 150), fix(0, 120, 150)]
    assert kinds(go(*parted)) == [[], [], []]


def test_an_exit_is_the_margin_and_the_error_outside() -> None:
    """At 24 m of 25, or within its own error, one is still there."""
    found = go(fix(0), fix(124, 60), fix(190, 120, 100.0), fix(125.5, 180))
    assert kinds(found) == [[ENTRY], [], [], [EXIT]]
    assert found[-1].crossings[0].dwell_s == 180


def test_what_is_late_or_vague_or_too_far_crosses_nothing() -> None:
    """And changes nothing that is known."""
    first = fix(0, 100)
    (entered,) = go(first)
    for news, why in (
        (fix(900, 99), LATE), (fix(900, 100), LATE), (fix(900, 200, 201.0), INACCURATE)
    ):  # fmt: skip
        assert crossed(entered.whereabouts, news, ONE, SETTINGS) == (entered.whereabouts, (), why)
    jumped = crossed(entered.whereabouts, fix(50_000, 110), ONE, SETTINGS)
    assert (jumped.crossings, jumped.why) == ((), TOO_FAST)
    assert jumped.whereabouts is not None
    assert jumped.whereabouts.visits == (entered.whereabouts or Whereabouts()).visits


def test_a_second_location_bears_out_a_jump_or_not() -> None:
    """Whichever of the two the next one agrees with was right."""
    jump = fix(50_000, 110)
    assert kinds(go(fix(0, 100), jump, fix(50_010, 120))) == [[ENTRY], [], [EXIT]]
    back = go(fix(0, 100), jump, fix(10, 120), fix(20, 130))
    assert kinds(back) == [[ENTRY], [], [], []]
    assert back[-1].whereabouts is not None
    assert back[-1].whereabouts.doubted is None


def test_dwells_are_told_once_each_with_the_first_news() -> None:
    """Several at once if nothing was heard between them, each dated when the stay was so long."""
    place = replace(SHOP, dwell_ns=(5 * MINUTE_NS, 10 * MINUTE_NS, 50 * MINUTE_NS))
    found = go(fix(0), fix(0, 660), fix(0, 700), fix(0, 3_700), places=places_of(place))
    assert kinds(found) == [[ENTRY], [DWELL, DWELL], [], [DWELL]]
    assert [one.time_ns - NOW_NS for one in found[1].crossings] == [5 * MINUTE_NS, 10 * MINUTE_NS]
    assert [one.dwell_s for one in found[1].crossings] == [300, 600]


def test_belief_ends_by_time_and_nothing_is_made_up_then() -> None:
    """Outside afterwards nobody has left; inside it is another visit."""
    hour_s = 3_600
    assert kinds(go(fix(0), fix(900, hour_s))) == [[ENTRY], []]
    assert kinds(go(fix(0), fix(0, hour_s - 1), fix(0, 2 * hour_s))) == [[ENTRY], [DWELL], [ENTRY]]
    (entered,) = go(fix(0))
    known = entered.whereabouts
    assert known is not None
    until_ns = NOW_NS + hour_s * SECOND_NS
    assert believed.visits(known, until_ns - 1, ONE, SETTINGS) == known.visits
    assert believed.visits(known, until_ns, ONE, SETTINGS) == ()
    assert believed.fix(known, until_ns - 1, SETTINGS) == fix(0)
    assert believed.fix(known, until_ns, SETTINGS) is None
    assert believed.edges(known, ONE, SETTINGS) == (until_ns,)


def test_a_phone_ends_a_visit_whenever_it_says() -> None:
    """It knows when; so do its entries count once, and never backwards."""
    entry, left = Region(ENTRY, "shop", NOW_NS), Region(EXIT, "shop", NOW_NS + 8 * 60 * MINUTE_NS)
    found = go(entry, left)
    assert kinds(found) == [[ENTRY], [DWELL, EXIT]]
    assert found[-1].crossings[-1].dwell_s == 8 * 3_600
    assert go(left)[0].why == NOT_INSIDE
    assert go(entry, entry)[1].crossings == ()
    assert go(entry, left, entry)[2].why == LATE
    assert go(fix(900, 10), entry)[1].why == LATE
    assert go(Region(ENTRY, "gone", NOW_NS))[0].why == UNKNOWN


def test_who_comes_out_is_not_approaching() -> None:
    """Nor who was near already; who comes from farther is, and has passed by if they go away."""
    place = replace(SHOP, approach_m=300.0)
    several = places_of(place)
    settings = replace(SETTINGS, widest_approach_m=300.0)
    out = go(fix(0), fix(200, 60), fix(300, 120), fix(900, 180), places=several, settings=settings)
    assert kinds(out) == [[ENTRY], [EXIT], [], []]
    entry, left = (Region(kind, "shop", NOW_NS + MINUTE_NS) for kind in (ENTRY, EXIT))
    by_phone = go(fix(900), entry, left, fix(200, 120), places=several, settings=settings)
    assert kinds(by_phone) == [[], [ENTRY], [EXIT], []]
    past = go(
        fix(900), fix(380, 60), fix(250, 120), fix(410, 180), fix(426, 240),
        places=several, settings=settings,
    )  # fmt: skip
    assert kinds(past) == [[], ["place_approach"], [], [], ["place_pass_by"]]
    assert [round(step.crossings[0].distance_m or 0) for step in (past[1], past[4])] == [280, 150]


def test_what_is_kept_is_bounded() -> None:
    """Of a thousand fences at one point fifty are entered, and stay the same fifty."""
    crowd = [
        replace(SHOP, id=f"p{number}", fence=Circle(HOME, 100.0 + number), approach_m=600.0)
        for number in range(MOST_LASTING + 60)
    ]
    settings = replace(SETTINGS, widest_approach_m=600.0)
    places = places_of(*crowd)
    found = go(fix(0), fix(0, 60), fix(240, 120), fix(800, 180), places=places, settings=settings)
    assert [len(step) for step in kinds(found)[:2]] == [MOST_LASTING, 0]
    for step in found:
        assert step.whereabouts is not None
        visits = step.whereabouts.visits
        assert sum(one.exited_ns is None for one in visits) <= MOST_LASTING
        assert sum(one.exited_ns is not None for one in visits) <= MOST_ENDED
        assert len(step.whereabouts.pending) <= MOST_PENDING
    more = told(found[1].whereabouts, Region(ENTRY, "p109", NOW_NS + MINUTE_NS), places, settings)
    assert more.why == NO_ROOM


def test_a_phone_that_only_tells_what_it_leaves_makes_nothing_grow() -> None:
    """Of who comes out of a hundred places not everyone is remembered as near."""
    crowd = [replace(SHOP, id=f"p{number}", approach_m=600.0) for number in range(100)]
    places = places_of(*crowd)
    settings = replace(SETTINGS, widest_approach_m=600.0)
    visits = (
        Region(kind, f"p{number}", NOW_NS + number * SECOND_NS)
        for number in range(100)
        for kind in (ENTRY, EXIT)
    )
    found = go(*visits, places=places, settings=settings)[-1].whereabouts
    assert found is not None
    assert len(found.pending) <= MOST_PENDING
    assert len(found.visits) <= MOST_ENDED


def test_together_a_stay_that_nobody_saw_end_is_none_of_those_after_it() -> None:
    """What wasn't believed any more when others came there doesn't make their stay longer."""
    lasting_ns = {"shop": MINUTE_NS}.__getitem__
    before = Whereabouts(None, (Visit("shop", NOW_NS, NOW_NS),))
    now = Whereabouts(None, (Visit("shop", NOW_NS + MINUTE_NS, NOW_NS + 2 * MINUTE_NS),))
    both = believed.together([before, now], lasting_ns)
    assert both == now
    meanwhile = Whereabouts(None, (Visit("shop", NOW_NS + 1, NOW_NS + 1),))
    all_three = believed.together([before, meanwhile, now], lasting_ns)
    assert all_three == Whereabouts(None, (Visit("shop", NOW_NS, NOW_NS + 2 * MINUTE_NS),))


def test_together_what_was_approached_before_the_latest_position_is_no_longer() -> None:
    """An older position may have been near; the customer is where the latest is."""
    near = Whereabouts(fix(300), pending={"shop": (200.0, 1.0, 0.0)})
    far = Whereabouts(fix(9_000, 60))
    for several in ([near, far], [far, near]):
        assert believed.together(several) == far
    later = replace(near, fix=fix(300, 120))
    assert believed.together([far, later]) == later


def test_together_the_latest_news_of_each_place_count() -> None:
    """Who left by one identity isn't there by another's older news."""
    one = Whereabouts(fix(0, 10), (Visit("shop", NOW_NS, NOW_NS + 10), Visit("b", 1, 2, 3)))
    other = Whereabouts(fix(50, 20), (Visit("shop", NOW_NS - 5, NOW_NS + 9),), doubted=fix(1))
    both = believed.together([one, other])
    assert both is not None
    assert both.fix == fix(50, 20)
    assert both.visits == (Visit("b", 1, 2, 3), Visit("shop", NOW_NS - 5, NOW_NS + 10))
    left = Whereabouts(None, (Visit("shop", NOW_NS - 9, NOW_NS, NOW_NS + 11),))
    after = believed.together([one, other, left])
    assert after is not None
    assert after.visits[-1] == left.visits[0]
    again = Whereabouts(None, (Visit("shop", NOW_NS + 12, NOW_NS + 12),))
    back = believed.together([one, other, left, again])
    assert back is not None
    assert back.visits[-1] == again.visits[0]
    assert believed.together([one]) is one
    assert believed.together([]) is None


def test_the_longest_visit_that_is_meant() -> None:
    """Of all that last the first entered; none where none is meant."""
    mall = replace(SHOP, id="mall", category="mall", fence=Circle(HOME, 500.0))
    places = places_of(SHOP, mall)
    found = go(fix(300), fix(0, 60), places=places)[-1].whereabouts
    now_ns = NOW_NS + 2 * MINUTE_NS
    for selector, expected in (
        (PlaceSelector(), "mall"),
        (PlaceSelector(category="shop"), "shop"),
        (PlaceSelector(place="mall"), "mall"),
        (PlaceSelector(library="l"), "mall"),
        (PlaceSelector(category="bar"), None),
    ):
        visit = believed.visit_of(found, selector, now_ns, places, SETTINGS)
        assert (None if visit is None else visit.place) == expected
