"""The writes that a state takes. Each sees what the ones before it in its batch did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Generic, TypeVar

from offerd.errors import InvalidArgument, Reason
from offerd.events import IncomingEvent
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import (
    KEY_LIMIT_BYTES,
    decode_record,
    encode_attributes,
    encode_event,
    encode_record,
    total_key,
)
from offerd.store.workspace import Workspace

T = TypeVar("T")


class CollectResult(Enum):
    """What became of an event.

    DUPLICATE: this very event was stored before, though it may have been deleted since with
    its profile. REUSED: another event was stored under this id before. Neither changes anything.
    """

    ACCEPTED = "accepted"
    DUPLICATE = "duplicate"
    REUSED = "reused"


class Operation(Generic[T]):
    """One write. `frees` tells whether it makes room.

    `weight` is how many writes it counts as, `size_bytes` about how much it brings, encoded.
    """

    weight: int = 1
    size_bytes: int = 0
    frees: bool = False

    def apply(self, workspace: Workspace) -> T:
        """Does the work; runs again from the start if the transaction has to."""
        raise NotImplementedError


class Collect(Operation[list[CollectResult]]):
    """Stores events, each once."""

    def __init__(self, items: Sequence[IncomingEvent], now_ns: int) -> None:
        for number, item in enumerate(items):
            refuse_long_names(item, f"events[{number}]")
        self._items = [(item, encode_event(item.event)) for item in items]
        self._now_ns = now_ns
        self.weight = max(1, len(items))
        self.size_bytes = sum(len(encoded) for _, encoded in self._items)

    def apply(self, workspace: Workspace) -> list[CollectResult]:
        """Returns what became of each event, in order."""
        return [
            collect_one(workspace, item, encoded, self._now_ns) for item, encoded in self._items
        ]


def refuse_long_names(item: IncomingEvent, field: str) -> None:
    """Refuses an event about which the totals couldn't be kept."""
    event = item.event
    if event.offer is not None and len(total_key(event.offer, event.type)) > KEY_LIMIT_BYTES:
        raise InvalidArgument(
            Reason.TOO_LARGE, "the ids of offer and event type are too long", field=field
        )


def collect_one(
    workspace: Workspace, item: IncomingEvent, encoded: bytes, now_ns: int
) -> CollectResult:
    """Stores one event, encoded already, unless its id is or was known."""
    stored = workspace.add_event(item.key, item.event, encoded, item.fingerprint, now_ns)
    if stored is None:
        return CollectResult.ACCEPTED
    return CollectResult.DUPLICATE if stored == item.fingerprint else CollectResult.REUSED


class SetProfile(Operation[ProfileRecord]):
    """Replaces a profile's attributes; its events stay."""

    def __init__(self, key: ProfileKey, attributes: Mapping[str, Any], now_ns: int) -> None:
        self._key = key
        self._attributes = dict(attributes)
        self._now_ns = now_ns
        self.size_bytes = len(encode_attributes(self._attributes))

    def apply(self, workspace: Workspace) -> ProfileRecord:
        """Returns the record as it is now; the same attributes again change nothing."""
        record = workspace.set_attributes(self._key, self._attributes, self._now_ns)
        # A copy: later operations of the batch go on changing the record.
        return decode_record(encode_record(record))


class DeleteProfile(Operation[bool]):
    """Removes a profile and its events. The totals of offers stay as they are."""

    frees = True

    def __init__(self, key: ProfileKey) -> None:
        self._key = key

    def apply(self, workspace: Workspace) -> bool:
        """Returns whether there was a profile."""
        return workspace.delete_profile(self._key)


class Refold(Operation[None]):
    """Writes back a record that another plan had folded."""

    def __init__(self, key: ProfileKey, size_bytes: int) -> None:
        self._key = key
        self.size_bytes = size_bytes

    def apply(self, workspace: Workspace) -> None:
        """Reading through the workspace refolds and has it written."""
        workspace.record(self._key)
