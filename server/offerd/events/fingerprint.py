"""When two events with the same id are the same event."""

from __future__ import annotations

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from offerd.model.event import Event
from offerd.model.place import LOCATION_EVENT
from offerd.model.profile import ProfileKey
from offerd.places.coarse import roughly

FINGERPRINT_BYTES = 16

_encode = msgspec.msgpack.Encoder(order="deterministic").encode


class IncomingEvent(NamedTuple):
    """An event on its way into the store, with the fingerprint of what its sender said.

    `linked` are the identities that it shows to be of one customer, two by two; they are no part
    of the fingerprint.
    """

    key: ProfileKey
    event: Event
    fingerprint: bytes
    linked: tuple[tuple[ProfileKey, ProfileKey], ...] = ()


def event_fingerprint(key: ProfileKey, event: Event, *, time_given: bool = True) -> bytes:
    """Returns 16 bytes that tell one content of an event from another.

    `time_given` says whether the sender gave the event's time. A time that the service has
    filled in isn't content: the same event sent again has another one and is a repeat still. Nor
    is where exactly a customer was, so that nothing tells that of one who comes to keep it private,
    and what was sent before is a repeat after.
    """
    properties = event.properties
    if event.type == LOCATION_EVENT:
        properties = roughly(properties)
    content = (
        key.namespace,
        key.id,
        event.id,
        event.type,
        event.time_ns if time_given else None,
        properties,
        event.offer,
        event.decision,
        event.placement,
        event.proposition,
    )
    return blake2b(_encode(content), digest_size=FINGERPRINT_BYTES).digest()
