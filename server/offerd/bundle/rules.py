"""That rules are of the types that their uses ask for, and read only what is there then."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from offerd import expression as ex
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, Offer

_CONDITION = (ex.BOOL,)
_NUMBER = (ex.INT, ex.DOUBLE)
_INTEGER = (ex.INT,)
_TEXT = (ex.STRING,)


class _Use(NamedTuple):
    """One use of a rule; `of_offer` says whether there is an offer to be read."""

    number: int | None
    types: tuple[ex.Type, ...]
    where: str
    of_offer: bool = True


def verify_rules(catalogue: Catalogue, trees: Sequence[ex.Checked]) -> None:
    """Raises BundleError at the first rule that its use can't have.

    Those of offers aside, which `verify_rules_of` verifies. `trees` are the decoded rules by
    number; every number is known to be one of them.
    """
    for use in chain(_uses(catalogue), _ranking_uses(catalogue)):
        if use.number is None:
            continue
        checked = trees[use.number]
        _require_type(checked, use.types, use.where)
        if not use.of_offer and "offer" in checked.references.attributes:
            raise BundleError(f"{use.where} has a rule that reads `offer`, and there is none")


def verify_rules_of(offer: Offer, trees: Sequence[ex.Checked], where: str) -> None:
    """Raises BundleError at the first rule of an offer that isn't of the type of its use."""
    if offer.eligibility is not None:
        _require_type(trees[offer.eligibility], _CONDITION, where)
    for cap in offer.caps:
        if cap.limit_rule is not None:
            _require_type(trees[cap.limit_rule], _INTEGER, f"{where}, in a cap,")


def _require_type(checked: ex.Checked, types: tuple[ex.Type, ...], where: str) -> None:
    if checked.type not in types:
        expected = " or ".join(f"`{one}`" for one in types)
        raise BundleError(f"{where} has a rule of `{checked.type}`, {expected} expected")


def _uses(catalogue: Catalogue) -> Iterator[_Use]:
    for audience in catalogue.audiences:
        yield _Use(audience.rule, _CONDITION, f"audience `{audience.id}`", of_offer=False)
    for strategy in catalogue.strategies:
        yield _Use(strategy.constraint, _CONDITION, f"strategy `{strategy.id}`")
    for exclusion in catalogue.exclusions:
        yield _Use(exclusion.when, _CONDITION, f"exclusion `{exclusion.id}`", of_offer=False)


def _ranking_uses(catalogue: Catalogue) -> Iterator[_Use]:
    for ranking in catalogue.rankings:
        where = f"ranking `{ranking.id}`"
        yield _Use(ranking.formula, _NUMBER, where)
        for boost in ranking.boosts:
            yield _Use(boost.when, _CONDITION, where)
            yield _Use(boost.score, _NUMBER, where)
    for table in catalogue.score_tables:
        yield _Use(table.segment, _TEXT, f"table of scores `{table.id}`", of_offer=False)
