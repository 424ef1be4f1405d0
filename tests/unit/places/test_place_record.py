"""What rules are told of places: against a naive twin, lazily, and withheld."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest

from offerd.model.place import (
    Fix,
    PlaceFunction,
    PlaceRead,
    PlaceSelector,
    Point,
    Visit,
    Whereabouts,
)
from offerd.places.index import Places
from offerd.places.record import PlaceQuestions
from unit.places.naive_answers import MINUTE_NS, World, answer
from unit.places.place_worlds import (
    LIBRARIES,
    NOW_NS,
    SETTINGS,
    opened,
    point,
    reads_of,
    town,
    whereabouts,
)

SEED = int(os.environ.get("OFFERD_SEED", "20261206"))
WORLDS = int(os.environ.get("OFFERD_TWIN_WORLDS", "16"))

STUDIO = PlaceSelector(category="studio")


def _read(path: str, function: PlaceFunction, field: str = "") -> PlaceRead:
    return PlaceRead(path, function, STUDIO, field, "", ("S2",))


def test_answers_are_those_of_the_naive_twin() -> None:
    """Every question has the answer that brute force gives, with and without a location."""
    source = random.Random(SEED)
    for number in range(WORLDS):
        places = town(source)
        reads = reads_of(places)
        questions = PlaceQuestions(reads, opened(places), SETTINGS)
        for _ in range(6):
            known = whereabouts(places, source)
            at = point(source) if source.random() < 0.5 else None
            now_ns = NOW_NS + source.choice((0, source.randrange(100 * MINUTE_NS)))
            world = World(places, LIBRARIES, SETTINGS, known, at, now_ns)
            record = questions.record(known, at, now_ns)
            shuffled = source.sample(reads, len(reads))
            for read in shuffled:
                expected, found = answer(world, read), record.get(read.path)
                where = f"OFFERD_SEED={SEED}, world {number}: {read.path}"
                if read.function is PlaceFunction.DISTANCES and expected is not None:
                    found = {one.id: found[one.id] for one in places}
                is_number = isinstance(expected, float)
                if is_number or (expected and read.function is PlaceFunction.DISTANCES):
                    assert found == pytest.approx(expected, rel=1e-6, abs=1e-3), where
                else:
                    assert found == expected, where


class _Watched(Places):
    """Places that count what they are asked."""

    asked = 0

    def nearest_one(self, *arguments: Any, **named: Any) -> Any:
        """As places do."""
        self.asked += 1
        return super().nearest_one(*arguments, **named)


def test_nothing_is_worked_out_before_it_is_read_and_nothing_twice() -> None:
    """A record that nobody reads asks the places nothing; several fields share one search."""
    places = town(random.Random(1))
    watched = _Watched(opened(places)._source)
    reads = [
        _read('nearest("studio").name', PlaceFunction.NEAREST, "name"),
        _read('nearest("studio").distance_m', PlaceFunction.NEAREST, "distance_m"),
    ]
    record = PlaceQuestions(reads, watched, SETTINGS).record(None, Point(59.3, 18.0), NOW_NS)
    assert watched.asked == 0
    assert record[reads[0].path]
    assert record[reads[1].path] >= 0.0
    assert reads[0].path in record
    assert watched.asked == 1


def test_what_was_never_asked_by_a_rule_is_missing() -> None:
    """A path that is none of the revision's is missing rather than a mistake."""
    record = PlaceQuestions([], opened(town(random.Random(1))), SETTINGS).record(None, None, 0)
    assert 'inside("studio")' not in record
    with pytest.raises(KeyError):
        record['inside("studio")']


def test_withheld_answer_is_neither_there_nor_absent() -> None:
    """Of what is withheld neither the answer nor whether there is one can be read."""
    read = _read('inside("studio")', PlaceFunction.INSIDE)
    questions = PlaceQuestions([read], opened(town(random.Random(1))), SETTINGS)
    record = questions.record(None, Point(59.3, 18.0), 0, withheld=frozenset((read.path,)))
    with pytest.raises(KeyError):
        record[read.path]
    with pytest.raises(KeyError):
        assert read.path in record


def test_coarse_positions_are_rounded_before_anything_is_asked() -> None:
    """Where the exact position may not be used, both kinds of positions are hundredths."""
    read = _read('nearest("studio").name', PlaceFunction.NEAREST, "name")
    questions = PlaceQuestions([read], opened(town(random.Random(1))), SETTINGS)
    given = questions.record(None, Point(59.31234, 18.06789), NOW_NS, coarse=True)
    assert given.position == Point(59.31, 18.07)
    fix = Whereabouts(Fix(NOW_NS, 59.31234, 18.06789))
    assert questions.record(fix, None, NOW_NS, coarse=True).position == Point(59.31, 18.07)
    assert questions.record(fix, None, NOW_NS).position == Point(59.31234, 18.06789)


def test_every_change_by_time_is_at_an_edge() -> None:
    """From one edge to the next no answer changes, but for stays that grow evenly."""
    source = random.Random(SEED)
    for number in range(WORLDS // 4):
        places = town(source)
        reads = [one for one in reads_of(places) if one.function is not PlaceFunction.DISTANCES]
        questions = PlaceQuestions(reads, opened(places), SETTINGS)
        known = whereabouts(places, source)
        at_ns = NOW_NS - source.randrange(100 * MINUTE_NS)
        chosen = source.sample(reads, 25)
        for _ in range(12):
            edge_ns = questions.next_edge([one.path for one in chosen], known, at_ns)
            last_ns = at_ns + 30 * MINUTE_NS if edge_ns is None else edge_ns - 1
            middle_ns = source.randint(at_ns, last_ns)
            first = questions.record(known, None, at_ns)
            for later in (questions.record(known, None, one) for one in (middle_ns, last_ns)):
                for read in chosen:
                    where = (
                        f"OFFERD_SEED={SEED}, world {number}: {read.path} from {at_ns} to {last_ns}"
                    )
                    then, since_ns = later.get(read.path), first.since_ns(read.path)
                    if read.function is PlaceFunction.DWELL and since_ns is not None:
                        assert later.since_ns(read.path) == since_ns, where
                    else:
                        assert then == first.get(read.path), where
            if edge_ns is None:
                break
            assert edge_ns > at_ns
            at_ns = edge_ns


def test_stay_is_believed_only_where_the_location_bears_it_out() -> None:
    """A request from outside of a place ends the belief in a stay there, for that request."""
    places = town(random.Random(1))
    there = places[0].centre
    read = PlaceRead("dwell()", PlaceFunction.DWELL, PlaceSelector(), "", "", ("S2",))
    questions = PlaceQuestions([read], opened(places), SETTINGS)
    stay = Whereabouts(None, (Visit(places[0].id, NOW_NS - 7 * MINUTE_NS, NOW_NS),))
    assert questions.record(stay, None, NOW_NS)["dwell()"] == 7 * MINUTE_NS
    assert questions.record(stay, there, NOW_NS)["dwell()"] == 7 * MINUTE_NS
    assert questions.record(stay, Point(0.0, 0.0), NOW_NS)["dwell()"] == 0
