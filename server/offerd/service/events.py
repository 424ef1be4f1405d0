"""EventService: events checked one by one, stored in one commit."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from offerd.errors import InvalidArgument, Reason
from offerd.events import IncomingEvent, event_fingerprint
from offerd.service.translate.events import AdmittedEvent, EventAdmission, counter_change
from offerd.store import CollectResult, State
from offerd.v1 import event_service_pb2 as pb

MAXIMUM_EVENTS = 1_000
_SHOWN_ID = 128


AdmissionOf = Callable[[pb.Event], EventAdmission]
"""What checks an event, by whom it is about."""


class Events:
    """Answers Collect. `now` is the clock, in nanoseconds.

    `admission_of` says by which revision's declarations an event is checked.
    """

    def __init__(self, admission_of: AdmissionOf, state: State, now: Callable[[], int]) -> None:
        self._state = state
        self._now = now
        self._admission_of = admission_of

    async def collect(self, request: pb.CollectRequest) -> pb.CollectResponse:
        """Stores events; returns once those accepted are durable.

        Raises InvalidArgument for no event or too many, Exhausted if the store is full or
        behind; mistakes of single events are in their results.
        """
        count = len(request.events)
        if not 1 <= count <= MAXIMUM_EVENTS:
            raise InvalidArgument(
                Reason.TOO_LARGE if count else Reason.MISSING_FIELD,
                f"{count} events, 1 to {MAXIMUM_EVENTS} expected",
                field="events",
            )
        now_ns = self._now()
        results: list[pb.EventResult] = []
        admitted: list[tuple[int, AdmittedEvent]] = []
        for position, message in enumerate(request.events):
            result = pb.EventResult(event_id=message.event_id[:_SHOWN_ID])
            results.append(result)
            try:
                event = self._admission_of(message).admit(message, f"events[{position}]", now_ns)
            except InvalidArgument as error:
                _refuse(result, error)
            else:
                admitted.append((position, event))
        if admitted:
            await self._store(admitted, results, now_ns)
        return pb.CollectResponse(results=results)

    async def _store(
        self,
        admitted: list[tuple[int, AdmittedEvent]],
        results: list[pb.EventResult],
        now_ns: int,
    ) -> None:
        stored = await asyncio.wrap_future(
            self._state.collect(
                [
                    IncomingEvent(
                        e.key, e.event, event_fingerprint(e.key, e.event, time_given=e.timed)
                    )
                    for _, e in admitted
                ],
                now_ns,
            )
        )
        for (position, event), (outcome, changes) in zip(admitted, stored, strict=True):
            if outcome is CollectResult.ACCEPTED:
                results[position].status = pb.EVENT_STATUS_ACCEPTED
                results[position].counters.extend(map(counter_change, changes))
            elif outcome is CollectResult.DUPLICATE:
                results[position].status = pb.EVENT_STATUS_DUPLICATE
            else:
                _refuse(
                    results[position],
                    InvalidArgument(
                        Reason.EVENT_ID_REUSED,
                        f"event `{event.event.id}` is stored already with another content",
                        field=f"events[{position}].event_id",
                    ),
                )


def _refuse(result: pb.EventResult, error: InvalidArgument) -> None:
    result.status = pb.EVENT_STATUS_REFUSED
    result.refusal.CopyFrom(
        pb.Refusal(
            reason=f"ERROR_REASON_{error.reason}",
            message=error.message,
            field=error.field,
        )
    )
