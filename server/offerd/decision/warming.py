"""Making ready what the first requests would have to make, each of which would take milliseconds.

What is live now, the heads of strategies, the orders of tables of scores, and the columns of
formulas.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from offerd.decision.candidates import PreparedGroup, PreparedStrategy
from offerd.decision.prepared import Prepared
from offerd.decision.tabled import keep_orders
from offerd.decision.vectors import FEWEST, keep_columns


def warm(prepared: Prepared, now_ns: int, pause: Callable[[], None]) -> None:
    """Makes it ready for requests about an instant and those that follow.

    `pause` is called between one thing and the next.
    """
    looked: set[int] = set()
    for strategy in {id(one): one for one in _strategies(prepared)}.values():
        pause()
        if id(strategy.shelves) not in looked:
            looked.add(id(strategy.shelves))
            strategy.shelves.look(now_ns)
        ranking = strategy.ranking
        if ranking is None or not strategy.is_plain:
            continue
        if ranking.table is not None and not strategy.orders:
            keep_orders(strategy, prepared.catalogue.score_tables[ranking.table], now_ns)
        if len(strategy.candidates) >= FEWEST:
            keep_columns(prepared, strategy, ranking)
    for scope in prepared.plain.values():
        if scope.strategy.ranking is None:
            pause()
            head = prepared.heads.of(scope.strategy.shelves)
            if head is not None:
                head.look(now_ns)


def _strategies(prepared: Prepared) -> Iterator[PreparedStrategy]:
    for scope in prepared.scopes.values():
        arms = (groups for one in scope.experiments for groups in one.arms.values())
        every: Iterator[PreparedGroup] = (
            group for groups in (scope.groups, *arms) for group in groups
        )
        for group in every:
            yield from group.strategies
