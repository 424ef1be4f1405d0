"""What the decisions of a bundle can read of customers at all: the rest needn't be fetched."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain

from offerd.decision.prepared import Prepared
from offerd.expression import Checked
from offerd.model.selection import RankingMethod


def aggregates_read(prepared: Prepared) -> frozenset[str] | None:
    """Returns the ids of all aggregates that some rule reads, however it is written.

    None if that can't be told, as a model ranks, which may read any.
    """
    if any(ranking.method is RankingMethod.MODEL for ranking in prepared.catalogue.rankings):
        return None
    return read_by(rule.checked for rule in prepared.rules)


def attributes_read(prepared: Prepared) -> frozenset[str] | None:
    """Returns the paths of all attributes that some rule reads; None as `aggregates_read`."""
    if any(ranking.method is RankingMethod.MODEL for ranking in prepared.catalogue.rankings):
        return None
    read = (rule.checked.references.attributes.get("profile", ()) for rule in prepared.rules)
    return frozenset(chain.from_iterable(read))


def read_by(rules: Iterable[Checked]) -> frozenset[str]:
    """Returns the ids of aggregates that rules read, those that count visits of places among them.

    Their text doesn't tell: `places.visits("studio", duration("24h"))` reads an aggregate too.
    """
    read = (rule.references.attributes.get("aggregate", ()) for rule in rules)
    return frozenset(chain.from_iterable(read))
