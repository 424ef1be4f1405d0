"""Reservations of a request, checked, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from offerd.admission import admit_text
from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.capping import ReachedLimit
from offerd.model.catalogue import Catalogue
from offerd.model.numbering import numbers_of
from offerd.v1 import cap_service_pb2 as pb
from offerd.v1 import contact_service_pb2

MAXIMUM_ITEMS = 500
_MAXIMUM_NAME = 128
_SECOND_NS = 10**9
LEAST_TTL_NS = _SECOND_NS
MOST_TTL_NS = 7 * 86_400 * _SECOND_NS
USUAL_TTL_NS = 600 * _SECOND_NS


class WantedItem(NamedTuple):
    """An item for which room is asked; the offer by its number. `decision` is "" for none."""

    offer: int
    placement: str
    decision: str


class ReservationAdmission:
    """Checks reservations against one catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._offers = numbers_of(catalogue.offers)
        self._placements = {placement.id for placement in catalogue.placements}
        self._decisions = {decision.id for decision in catalogue.decisions}

    def items(self, messages: Sequence[pb.ReservedItem]) -> list[WantedItem]:
        """Returns the items of a request; raises InvalidArgument at the first mistake."""
        if not 1 <= len(messages) <= MAXIMUM_ITEMS:
            raise InvalidArgument(
                Reason.TOO_LARGE if messages else Reason.MISSING_FIELD,
                f"{len(messages)} items, 1 to {MAXIMUM_ITEMS} expected",
                field="items",
            )
        return [self._item(message, f"items[{place}]") for place, message in enumerate(messages)]

    def _item(self, message: pb.ReservedItem, field: str) -> WantedItem:
        offer = _known(message.offer, self._offers, f"{field}.offer", "offer")
        _known(message.placement, self._placements, f"{field}.placement", "placement")
        if message.decision:
            _known(message.decision, self._decisions, f"{field}.decision", "decision")
        return WantedItem(self._offers[offer], message.placement, message.decision)


def reservation_id(name: str) -> str:
    """Returns the name of a reservation; raises InvalidArgument if it can't be one."""
    return admit_text(name, "reservation_id", _MAXIMUM_NAME, required=True)


def ttl_ns(request: pb.ReserveRequest | contact_service_pb2.CheckContactRequest) -> int:
    """Returns how long a reservation is to hold; raises InvalidArgument if out of range."""
    if not request.HasField("ttl"):
        return USUAL_TTL_NS
    ttl = request.ttl.seconds * _SECOND_NS + request.ttl.nanos
    if not LEAST_TTL_NS <= ttl <= MOST_TTL_NS:
        raise InvalidArgument(
            Reason.OUT_OF_RANGE,
            f"{Decimal(ttl) / _SECOND_NS:f} seconds, 1 second to 7 days expected",
            field="ttl",
        )
    return ttl


def reached_cap(reached: ReachedLimit) -> pb.ReachedCap:
    """Returns the message of a cap without room."""
    return pb.ReachedCap(
        item=reached.item,
        counter=reached.limit.counter.key,
        cap=reached.limit.cap.id,
        count=reached.counted,
        limit=reached.limit.limit,
    )


def _known(name: str, names: Mapping[str, int] | set[str], field: str, what: str) -> str:
    if not name:
        raise InvalidArgument(Reason.MISSING_FIELD, f"an item needs its {what}", field=field)
    if name not in names:
        message = f"unknown {what} {quote(name)}{suggestion(name, names)}"
        raise InvalidArgument(Reason.UNKNOWN_SCOPE, message, field=field)
    return name
