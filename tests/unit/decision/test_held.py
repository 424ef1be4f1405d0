"""What stays in memory after requests, and what they don't keep from being let go."""

from __future__ import annotations

import gc
import random
from collections import Counter as Tally
from collections.abc import Callable, Iterator
from weakref import ref

import pytest

from offerd import expression as ex
from offerd.decision import outline, preparing
from offerd.decision.candidates import PreparedGroup, PreparedStrategy
from offerd.decision.capping import CapRules
from offerd.decision.outline import Outline
from offerd.decision.prepared import Prepared
from offerd.model.catalogue import Catalogue
from offerd.model.decision import Options
from seeds import random_seed
from unit.decision import random_rules, test_far_from_caps, test_quick_ways
from unit.decision.test_cost import OFFERS, _ask, _prepared

Make = Callable[[random.Random], tuple[Catalogue, list[ex.Rule]]]


@pytest.fixture
def without_collector() -> Iterator[None]:
    """What a collector has to find stays for good if it is frozen before."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("without_collector")
@pytest.mark.parametrize("make", [test_quick_ways._catalogue, test_far_from_caps._catalogue])
def test_no_request_keeps_what_is_prepared(make: Make) -> None:
    """However far it looked at what it may show: by priority, formula, table, with caps or not."""
    seed = random_seed()
    for number in range(12):
        source = random.Random(f"{seed}/{number}")
        where = f"seed {seed}/{number}"
        assert _asked(source, make, where)() is None, where


def _asked(source: random.Random, make: Make, where: str) -> ref[Prepared]:
    catalogue, rules = make(source)
    prepared = Prepared(catalogue, rules, places=random_rules.PLACES)
    seen: Tally[str] = Tally()
    for _ in range(8):
        test_quick_ways._compare(source, prepared, seen, where)
    return ref(prepared)


def test_items_are_kept_as_candidates_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where nobody looks at candidates: of all offers shown a few."""
    monkeypatch.setattr(preparing, "MOST_KEPT", 7)
    monkeypatch.setattr(preparing, "_LEAST_KEPT", 7)
    prepared = _prepared()
    answer, _ = _ask(prepared, 50, Options())
    assert sum(len(one.items) for one in answer.propositions) > 50
    strategies = [one for scope in prepared.scopes.values() for one in _strategies(scope.groups)]
    assert strategies
    assert all(0 < len(one.items) <= 7 for one in strategies)
    assert all(len(one.candidates.at) <= 7 and len(one.found) <= 7 for one in strategies)
    assert len(prepared.catalogue.offers) == OFFERS


def _strategies(groups: tuple[PreparedGroup, ...]) -> Iterator[PreparedStrategy]:
    for group in groups:
        yield from group.strategies


def _outline(source: random.Random) -> tuple[Catalogue, Outline]:
    catalogue, _ = test_quick_ways._catalogue(source)
    return catalogue, Outline(catalogue, CapRules(catalogue))


@pytest.mark.parametrize("many", [0, 8, 1_000])
def test_some_offers_are_in_the_order_of_all(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    """By priority, then by id, whether they are few or many of them, and each once."""
    monkeypatch.setattr(outline, "_MANY", many)
    seed = random_seed()
    source = random.Random(seed)
    for _ in range(10):
        catalogue, made = _outline(source)
        offers = catalogue.offers
        some = source.choices(range(len(offers)), k=source.randrange(1, len(offers)))
        expected = sorted(set(some), key=lambda n: (-offers[n].priority, offers[n].id))
        assert list(made.best_first(some)) == expected, seed


def test_a_few_offers_are_ordered_without_walking_past_all() -> None:
    """Many strategies over few offers each cost what these are, not what the catalogue is."""
    source = random.Random(1)
    catalogue, made = _outline(source)
    while len(catalogue.offers) < 100:
        catalogue, made = _outline(source)
    before = list(made.best_first([3, 1, 2]))
    made.order = made.order[:0]
    assert list(made.best_first([2, 3, 1])) == before
