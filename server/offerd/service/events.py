"""EventService: events checked one by one, stored in one commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from offerd.errors import InvalidArgument, Reason, RequestError
from offerd.model.profile import ProfileKey
from offerd.service.consents import NOTHING, Chosen, Consents, Gate
from offerd.service.fullness import full_profile
from offerd.service.landing import landed
from offerd.service.subjects import deleted_subject
from offerd.service.translate.events import AdmittedEvent, EventAdmission, counter_change
from offerd.service.translate.movements import crossing_message
from offerd.store import Collected, CollectResult, State, Told
from offerd.store.moving import crossings_of, moving_in_time
from offerd.v1 import event_service_pb2 as pb
from offerd.v1 import identity_pb2

MAXIMUM_EVENTS = 1_000
_SHOWN_ID = 128


Whose = Sequence[identity_pb2.Identity]
"""The identities of a request, which are those of its events that have none."""

AdmissionOf = Callable[[Whose], EventAdmission]
"""What checks an event, by whom it is about."""

ConsentsOf = Callable[[Whose], Consents]
"""What says whether an event may be stored, by whom it is about."""


class Assumed(NamedTuple):
    """Events that are taken as if they had happened, and what would have become of each."""

    results: list[pb.EventResult]
    events: list[AdmittedEvent]


class Events:
    """Answers Collect. `now` is the clock, in nanoseconds.

    `admission_of` says by which revision's declarations an event is checked, and `consents_of` by
    which one's defaults it is asked whether it may be stored.
    """

    def __init__(
        self,
        admission_of: AdmissionOf,
        consents_of: ConsentsOf,
        state: State,
        now: Callable[[], int],
    ) -> None:
        self._state = state
        self._consents_of = consents_of
        self._now = now
        self._admission_of = admission_of

    async def collect(self, request: pb.CollectRequest) -> pb.CollectResponse:
        """Stores consent and events; returns once those accepted are durable.

        Raises InvalidArgument for no event or too many, or consent that is wrong; Exhausted if the
        store is full or behind; mistakes of single events are in their results.
        """
        count, least = len(request.events), 0 if request.HasField("consent") else 1
        if not least <= count <= MAXIMUM_EVENTS:
            raise InvalidArgument(
                Reason.TOO_LARGE if count else Reason.MISSING_FIELD,
                f"{count} events, 1 to {MAXIMUM_EVENTS} expected",
                field="events",
            )
        now_ns, chosen = self._now(), NOTHING
        if request.HasField("consent"):
            consents = self._consents_of(request.identities)
            chosen = await consents.store(request.consent, request.identities, now_ns)
        results = await self.store(request.events, request.identities, now_ns, chosen)
        return pb.CollectResponse(results=results)

    async def store(
        self, messages: Sequence[pb.Event], whose: Whose, now_ns: int, chosen: Chosen = NOTHING
    ) -> list[pb.EventResult]:
        """Stores events as of now, and returns what became of each once that is durable.

        `chosen` is what the request says about consent. Raises Exhausted if the store is full or
        behind; then none is stored.
        """
        results, admitted = self._admitted(messages, whose, now_ns, chosen)
        if admitted:
            await self._store(admitted, results, now_ns)
        return results

    async def store_now(self, messages: Sequence[pb.Event]) -> list[pb.EventResult]:
        """As `store`, for events that come by themselves."""
        return await self.store(messages, (), self._now())

    def assume(
        self, messages: Sequence[pb.Event], whose: Whose, now_ns: int, chosen: Chosen = NOTHING
    ) -> Assumed:
        """Returns what `store` would say of events, and those it would accept, in its order."""
        results, admitted = self._admitted(messages, whose, now_ns, chosen)
        taken: dict[str, bytes] = {}
        events: list[AdmittedEvent] = []
        places: list[int] = []
        for number in moving_in_time([event.event for _, event in admitted]):
            position, event = admitted[number]
            incoming = event.incoming()
            known = taken.get(event.event.id) or self._state.known_fingerprint(event.event.id)
            tombstone = self._state.identities.tombstone(event.key)
            if tombstone is not None and tombstone.covers(event.event.time_ns, now_ns):
                outcome = CollectResult.DELETED
            elif known is not None:
                is_same = known == incoming.fingerprint
                outcome = CollectResult.DUPLICATE if is_same else CollectResult.REUSED
            else:
                outcome = CollectResult.ACCEPTED
                taken[event.event.id] = incoming.fingerprint
                events.append(event)
                places.append(position)
            _tell(results[position], event, Collected(outcome), position)
        for position, (crossings, why) in zip(places, self._crossed(events, now_ns), strict=True):
            results[position].crossings.extend(map(crossing_message, crossings))
            results[position].not_crossed = why
        return Assumed(results, events)

    def _crossed(
        self, events: Sequence[AdmittedEvent], now_ns: int
    ) -> list[tuple[tuple[Told, ...], str]]:
        """Returns what events would cross, of each profile one after the other, and why nothing."""
        found: list[tuple[tuple[Told, ...], str]] = [((), "")] * len(events)
        by_profile: dict[ProfileKey, list[int]] = {}
        for number, event in enumerate(events):
            by_profile.setdefault(event.key, []).append(number)
        for key, numbers in by_profile.items():
            received = [events[number].event.received(now_ns) for number in numbers]
            several = self._state.views.moved(key, received)
            for number, moved in zip(numbers, several, strict=True):
                if moved is not None:
                    found[number] = crossings_of(moved), moved.why
        return found

    def _admitted(
        self, messages: Sequence[pb.Event], whose: Whose, now_ns: int, chosen: Chosen
    ) -> tuple[list[pb.EventResult], list[tuple[int, AdmittedEvent]]]:
        """Returns a result for each, refused if it is wrong, and those that aren't by place."""
        results: list[pb.EventResult] = []
        admitted: list[tuple[int, AdmittedEvent]] = []
        gates: dict[Consents, Gate] = {}
        for position, message in enumerate(messages):
            result = pb.EventResult(event_id=message.event_id[:_SHOWN_ID])
            results.append(result)
            admission = self._admission_of(message.identities or whose)
            consents = self._consents_of(message.identities or whose)
            gate = gates.get(consents) or gates.setdefault(consents, consents.gate(chosen))
            try:
                event = admission.admit(message, f"events[{position}]", now_ns, whose)
                stored = gate.admit(event.event, event.who, event.key, f"events[{position}]")
            except RequestError as error:
                _refuse(result, error)
            else:
                admitted.append((position, event._replace(event=stored)))
        return results, admitted

    async def _store(
        self,
        admitted: list[tuple[int, AdmittedEvent]],
        results: list[pb.EventResult],
        now_ns: int,
    ) -> None:
        incoming = [event.incoming() for _, event in admitted]
        stored = await landed(self._state.collect(incoming, now_ns))
        for (position, event), collected in zip(admitted, stored, strict=True):
            _tell(results[position], event, collected, position)


def _tell(
    result: pb.EventResult, event: AdmittedEvent, collected: Collected, position: int
) -> None:
    """Writes what became of an event into its result."""
    field = f"events[{position}]"
    match collected.result:
        case CollectResult.ACCEPTED:
            result.status = pb.EVENT_STATUS_ACCEPTED
            result.counters.extend(map(counter_change, collected.changes))
            result.crossings.extend(map(crossing_message, collected.crossings))
            result.not_crossed = collected.not_crossed
        case CollectResult.DUPLICATE:
            result.status = pb.EVENT_STATUS_DUPLICATE
        case CollectResult.FULL:
            _refuse(result, full_profile(event.key, field))
        case CollectResult.DELETED:
            _refuse(result, deleted_subject(event.key, field))
        case CollectResult.REUSED:
            message = f"event `{event.event.id}` is stored already with another content"
            reused = InvalidArgument(Reason.EVENT_ID_REUSED, message, field=f"{field}.event_id")
            _refuse(result, reused)


def _refuse(result: pb.EventResult, error: RequestError) -> None:
    result.status = pb.EVENT_STATUS_REFUSED
    result.refusal.CopyFrom(
        pb.Refusal(
            reason=f"ERROR_REASON_{error.reason}",
            message=error.message,
            field=error.field,
        )
    )
