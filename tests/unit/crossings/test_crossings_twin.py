"""The machine of crossings against a twin that goes through all of history each time."""

from __future__ import annotations

import os
import random

from offerd.model.place import Fix, LocationSettings, Whereabouts
from offerd.places.crossings import Crossed, Region, crossed, told
from offerd.places.index import Places
from seeds import random_seed

from . import naive_crossings, random_walks

SEED = random_seed()
WALKS = int(os.environ.get("OFFERD_TWIN_WALKS", "12"))


def taken(
    before: Whereabouts | None, news: Fix | Region, places: Places, settings: LocationSettings
) -> Crossed:
    """Takes in a location or what a phone says."""
    take = told if isinstance(news, Region) else crossed
    return take(before, news, places, settings)  # type: ignore[arg-type]


def test_the_machine_crosses_what_all_of_history_does() -> None:
    """Whatever comes, in whatever order, what is crossed and who is where is as the rules say."""
    print(f"OFFERD_SEED={SEED}")
    rng = random.Random(SEED)
    found = 0
    for walk in range(WALKS):
        centre = rng.choice(random_walks.CENTRES)
        settings = random_walks.settings(rng)
        places = random_walks.places(rng, centre)
        history: list[Fix | Region] = []
        whereabouts: Whereabouts | None = None
        for news in random_walks.walk(rng, centre, places):
            history.append(news)
            after = taken(whereabouts, news, places, settings)
            whereabouts = after.whereabouts
            label = f"walk {walk}, news {len(history)}: {news}"
            naive = naive_crossings.of_all(history, places, settings)
            expected = [
                crossing
                for one in naive.values()
                for number, crossing in one.crossings
                if number == len(history) - 1
            ]
            assert sorted(after.crossings, key=str) == sorted(expected, key=str), label
            assert bool(after.crossings) or after.why, label
            latest_ns = max(one.time_ns for one in history)
            stays = {place: one.stay for place, one in naive.items() if one.stay is not None}
            assert remembered(visits(whereabouts), latest_ns) == remembered(stays, latest_ns), label
            found += len(after.crossings)
    assert found > 3 * WALKS


def visits(whereabouts: Whereabouts | None) -> dict[str, naive_crossings.Stay]:
    """Returns what is known of visits, by place."""
    return {
        visit.place: naive_crossings.Stay(visit.entered_ns, visit.seen_ns, visit.exited_ns)
        for visit in (() if whereabouts is None else whereabouts.visits)
    }


def remembered(
    stays: dict[str, naive_crossings.Stay], now_ns: int
) -> dict[str, naive_crossings.Stay]:
    """Returns those that last or ended so recently that they are kept in any case."""
    return {
        place: stay
        for place, stay in stays.items()
        if stay.exited_ns is None or now_ns < stay.exited_ns + random_walks.SHORTEST_TTL_NS
    }
