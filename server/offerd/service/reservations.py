"""What becomes of reservations, of offers and of contacts alike."""

from __future__ import annotations

from offerd.admission.wording import quote
from offerd.errors import FailedPrecondition, NotFound, Reason
from offerd.service.landing import landed
from offerd.service.translate.reservations import reservation_id
from offerd.store import Released, State


async def commit_reservation(state: State, given: str, now_ns: int) -> None:
    """Makes a reservation count for good, as of now; raises NotFound if it is gone."""
    name = reservation_id(given)
    if not await landed(state.commit_reservation(name, now_ns)):
        raise NotFound(
            Reason.RESERVATION_NOT_FOUND,
            f"no reservation {quote(name)}: it has expired, was released, or never was",
            field="reservation_id",
        )


async def release_reservation(state: State, given: str, now_ns: int) -> bool:
    """Gives room back, and tells if there was any; raises FailedPrecondition if committed."""
    name = reservation_id(given)
    released = await landed(state.release_reservation(name, now_ns))
    if released is Released.COMMITTED:
        raise FailedPrecondition(
            Reason.RESERVATION_COMMITTED,
            f"the reservation {quote(name)} is committed and counts for good",
            field="reservation_id",
        )
    return released is Released.RELEASED
