"""Looking ahead, against all the ways there are."""

from __future__ import annotations

import random
from itertools import product

from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.model.catalogue import Catalogue, Collection, Offer, Placement, Representation
from offerd.model.content import ContentType
from offerd.model.decision import (
    Arbitration,
    DecisionContext,
    Deduplication,
    Options,
    ScopeQuery,
)
from offerd.model.profile import ProfileView
from offerd.model.schema import Schema
from offerd.model.selection import Decision, Group, Strategy
from seeds import random_seed
from unit.decision.random_caps import GivenCounts

AVOID = Options(Deduplication.REQUEST, Arbitration.AVOID_FALLBACK)


def _prepared(lists: list[list[int]], offers: int) -> Prepared:
    """Returns a catalogue of one decision for each list; offer 0 has the highest priority."""
    catalogue = Catalogue(
        Schema(),
        (),
        (),
        (),
        (Placement("web", "web", ContentType.TEXT),),
        (),
        tuple(
            Offer(
                f"offer-{n:03}", offers - n, None, None, None, (), {},
                (Representation("web", "", 0),), (),
            )
            for n in range(offers)
        ),
        (),
        tuple(Collection(f"c{n}", tuple(sorted(found))) for n, found in enumerate(lists)),
        tuple(Strategy(f"s{n}", n, None) for n in range(len(lists))),
        tuple(Decision(f"d{n}", ("web",), (Group((n,)),), ()) for n in range(len(lists))),
        (),
    )  # fmt: skip
    return Prepared(catalogue, ())


def _decided(
    lists: list[list[int]], wanted: list[int], offers: int, options: Options = AVOID
) -> list[list[int]]:
    prepared = _prepared(lists, offers)
    queries = [ScopeQuery("", f"d{n}", "web", count) for n, count in enumerate(wanted)]
    view = ProfileView(None, {}, {}, {})
    counts = GivenCounts(random.Random(0), prepared.catalogue, 0)
    answer = decide(prepared, view, DecisionContext({}), 0, queries, options, counts=counts)
    return [[int(item.offer.id[6:]) for item in p.items] for p in answer.propositions]


def _best(lists: list[list[int]], wanted: list[int], offers: int) -> list[list[int]]:
    """Tries every way to give each offer to one scope or none."""
    ways = []
    holders = [[None, *(s for s, found in enumerate(lists) if n in found)] for n in range(offers)]
    for way in product(*holders):
        given = [[n for n in range(offers) if way[n] == s] for s in range(len(lists))]
        if all(len(found) <= count for found, count in zip(given, wanted, strict=True)):
            empty = sum(not found for found in given)
            # Any offer is better than none, so none counts as worse than the last.
            padded = [
                found + [offers] * (count - len(found))
                for found, count in zip(given, wanted, strict=True)
            ]
            ways.append((empty, padded, given))
    return min(ways)[2]


def test_it_is_the_best_of_all_ways() -> None:
    """As few scopes as can be are empty; then the first has its best, then the second."""
    seed = random_seed()
    source = random.Random(seed)
    differs = 0
    for _ in range(150):
        offers = source.randrange(1, 6)
        scopes = source.randrange(1, 5)
        lists = [
            sorted(source.sample(range(offers), source.randrange(offers + 1)))
            for _ in range(scopes)
        ]
        wanted = [source.randrange(1, 4) for _ in range(scopes)]
        found = _decided(lists, wanted, offers)
        assert found == _best(lists, wanted, offers), f"{lists}, {wanted}"
        in_order = AVOID._replace(arbitration=Arbitration.IN_ORDER)
        differs += found != _decided(lists, wanted, offers, in_order)
    assert differs > 10, "too few of the random questions need arbitration"


def test_the_first_keeps_what_only_one_can_have() -> None:
    """Where one scope must be empty in any case, it isn't the first."""
    assert _decided([[0], [0]], [1, 1], 1) == [[0], []]


def test_a_scope_does_not_take_a_second_from_one_that_has_none() -> None:
    """The second item of the first scope is left to a scope that could show nothing else."""
    assert _decided([[0, 1, 2], [1]], [3, 1], 3) == [[0, 2], [1]]


def test_offers_move_along_a_chain() -> None:
    """The first gives up its best for the last, through the one between them."""
    assert _decided([[0, 1], [0, 2], [0]], [1, 1, 1], 3) == [[1], [2], [0]]


def test_many_scopes_and_few_offers() -> None:
    """200 scopes that share 150 offers get one each, as far as there are any."""
    found = _decided([list(range(150))] * 200, [10] * 200, 150)
    assert [len(items) for items in found] == [1] * 150 + [0] * 50
    assert [items[0] for items in found[:150]] == list(range(150))
