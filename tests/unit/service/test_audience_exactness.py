"""A decision at the last nanosecond before an audience changes, and at the one at which it does."""

from __future__ import annotations

from pathlib import Path

from offerd.v1 import decision_service_pb2 as pb
from offerd.v1.event_service_pb2 import Event
from unit.service.tracked import BEGIN, DAY, DEFINITIONS, Tracked, device

_LAPSED = DEFINITIONS.replace("audience('plus')\",\n", "audience('lapsed')\",\n")
_END = BEGIN + 90 * DAY


async def _decide(service: Tracked, *events: Event) -> str:
    scope = pb.Scope(decision="best", placement="hero")
    request = pb.DecideRequest(identities=[device("d")], scopes=[scope], events=events)
    answer = await service.call("DecisionService/Decide", request)
    return str(answer.propositions[0].items[0].offer)


async def test_a_decision_sees_the_audience_to_the_nanosecond(tmp_path: Path) -> None:
    """No event, no job and no tracking is needed for it."""
    with Tracked(tmp_path, _LAPSED).running() as service:
        await service.collect("purchase", device("d"))
        service.now_ns = _END - 1
        assert await _decide(service) == "nothing"
        service.now_ns = _END
        assert await _decide(service) == "class"


async def test_who_buys_leaves_in_the_very_request_that_carries_the_purchase(
    tmp_path: Path,
) -> None:
    """The decision sees the event that came with it."""
    with Tracked(tmp_path, _LAPSED).running() as service:
        await service.collect("purchase", device("d"))
        service.now_ns = _END + DAY
        assert await _decide(service) == "class"
        purchase = Event(event_id="second", type="purchase", identities=[device("d")])
        purchase.event_time.FromNanoseconds(service.now_ns)
        assert await _decide(service, purchase) == "nothing"
        service.look()
        assert [one[1:3] for one in service.transitions()] == [
            ("lapsed", "realized"),
            ("lapsed", "exited"),
        ]
