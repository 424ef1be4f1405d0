"""Which attributes a placeholder can count on."""

from __future__ import annotations

from collections.abc import Iterable

from offerd.model.place import PlaceFunction
from offerd.model.schema import AggregateFunction, Schema

_STARTS_AT_ZERO = (
    AggregateFunction.COUNT,
    AggregateFunction.SUM,
    AggregateFunction.DISTINCT,
    AggregateFunction.STEPS,
)


_PLACES = "places"
_ANSWERED = (PlaceFunction.INSIDE, PlaceFunction.DWELL, PlaceFunction.APPROACHING)


def is_answered(root: str, path: str) -> bool:
    """Whether a question about places has an answer whatever is known of the customer.

    Nobody is somewhere for no time, and visits are counted from 0; what place is near or was left
    need not be known.
    """
    if root == _PLACES:
        return path.partition("(")[0] in _ANSWERED
    return path.startswith(f"{_PLACES}.")


def given_names(schema: Schema, offer: Iterable[str]) -> frozenset[str]:
    """The full names of what always has a value where an offer's content is shown.

    `offer` are the names of those attributes, built-in and declared, that this very offer has:
    `id`, `category`. Counts, sums and steps have one before the first event; nothing that is said
    about a customer, or by a caller, has.
    """
    zero = (a.id for a in schema.aggregates if a.function in _STARTS_AT_ZERO)
    return frozenset((*(f"offer.{name}" for name in offer), *(f"aggregate.{id_}" for id_ in zero)))
