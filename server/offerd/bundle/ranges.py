"""That numbers in a bundle are in the ranges that definitions allow, and values of their types."""

from __future__ import annotations

from offerd.errors import BundleError
from offerd.model.capping import Cap
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.schema import BUILT_IN_OFFER, ValueType
from offerd.model.selection import Decision

MAXIMUM_ITEM_COUNT = 500

_INT_64 = range(-(2**63), 2**63)
_LISTS = {
    ValueType.LIST_STRING: ValueType.STRING,
    ValueType.LIST_INT: ValueType.INT,
    ValueType.LIST_DOUBLE: ValueType.DOUBLE,
}
_CLASSES = {
    ValueType.BOOL: bool,
    ValueType.INT: int,
    ValueType.DOUBLE: float,
    ValueType.STRING: str,
    ValueType.TIMESTAMP: int,
}


def verify_ranges(catalogue: Catalogue) -> None:
    """Raises BundleError at the first number out of its range or value not of its type.

    Those of offers aside, which `OfferRanges` verifies.
    """
    for placement in catalogue.placements:
        _verify_item_count(placement.item_count, f"placement `{placement.id}`")
    for scope in catalogue.scopes:
        if scope.item_count is not None:
            _verify_item_count(scope.item_count, f"scope `{scope.id}`")
    declared = {attribute.path for attribute in catalogue.schema.offer}
    for built_in in BUILT_IN_OFFER:
        if built_in.path in declared:
            raise BundleError(f"the offer attribute `{built_in.path}` is built in")
    for decision in catalogue.decisions:
        _verify_dates(decision, f"decision `{decision.id}`")
    for channel in catalogue.channels:
        for cap in channel.caps:
            _verify_dates(cap, f"channel `{channel.id}`", ", in a cap,")


class OfferRanges:
    """Verifies the numbers and values of offers and fallback offers."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._declared = {attribute.path: attribute for attribute in catalogue.schema.offer}

    def verify(self, offer: Offer | FallbackOffer, where: str) -> None:
        """Raises BundleError at the first out of its range or not of its type."""
        if isinstance(offer, Offer):
            if not 0 <= offer.priority < 2**63:
                raise BundleError(f"{where} has priority {offer.priority}, from 0 expected")
            _verify_dates(offer, where)
            for cap in offer.caps:
                _verify_dates(cap, where, ", in a cap,")
        for path, value in offer.attributes.items():
            attribute = self._declared.get(path)
            if attribute is None:
                raise BundleError(f"{where} has `{path}`, which isn't declared")
            if not _fits(value, attribute.type):
                raise BundleError(f"{where} has a `{path}` that is no `{attribute.type}`")


def _verify_item_count(item_count: int, where: str) -> None:
    if not 1 <= item_count <= MAXIMUM_ITEM_COUNT:
        raise BundleError(f"{where} shows {item_count} items, 1 to {MAXIMUM_ITEM_COUNT} expected")


def _verify_dates(dated: Offer | Decision | Cap, where: str, part: str = "") -> None:
    for instant_ns in (dated.start_ns, dated.end_ns):
        if instant_ns is not None and not -(2**63) <= instant_ns < 2**63:
            raise BundleError(f"{where}{part} has a date beyond the years that can be kept")


def _fits(value: object, value_type: ValueType) -> bool:
    item_type = _LISTS.get(value_type)
    if item_type is None:
        return _is_scalar(value, value_type)
    return isinstance(value, list) and all(_is_scalar(item, item_type) for item in value)


def _is_scalar(value: object, value_type: ValueType) -> bool:
    if type(value) is not _CLASSES.get(value_type):
        return False
    if isinstance(value, float):
        return value - value == 0.0
    return not isinstance(value, int) or value in _INT_64
