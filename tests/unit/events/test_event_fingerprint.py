"""When two events with one id are the same event."""

from __future__ import annotations

import msgspec
import pytest

from offerd.events import event_fingerprint
from offerd.model.event import Event
from offerd.model.profile import ProfileKey

KEY = ProfileKey("crm", "7")
EVENT = Event("e1", "purchase", 5, {"amount": 1.5, "category": "bread"}, "a", "d", "p", "x")


def test_the_order_of_properties_is_not_content() -> None:
    """Senders that write the same in another order repeat themselves."""
    other = msgspec.structs.replace(EVENT, properties={"category": "bread", "amount": 1.5})
    assert event_fingerprint(KEY, EVENT) == event_fingerprint(KEY, other)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "return"},
        {"time_ns": 6},
        {"properties": {"amount": 1.5}},
        {"offer": "b"},
        {"decision": None},
        {"placement": None},
        {"proposition": "y"},
    ],
)
def test_everything_the_sender_said_is_content(change: dict[str, object]) -> None:
    """Any other value makes another event."""
    other = msgspec.structs.replace(EVENT, **change)
    assert event_fingerprint(KEY, EVENT) != event_fingerprint(KEY, other)


def test_whom_it_happened_to_is_content() -> None:
    """The same event of another profile is another event."""
    assert event_fingerprint(KEY, EVENT) != event_fingerprint(ProfileKey("crm", "8"), EVENT)


def test_a_time_that_the_service_filled_in_is_not_content() -> None:
    """Sent again without a time, the event is the same; sent with one, it isn't."""
    later = msgspec.structs.replace(EVENT, time_ns=99)
    first = event_fingerprint(KEY, EVENT, time_given=False)
    assert first == event_fingerprint(KEY, later, time_given=False)
    assert first != event_fingerprint(KEY, EVENT, time_given=True)
