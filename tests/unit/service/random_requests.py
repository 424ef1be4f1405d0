"""Random requests to decide: right, wrong, unusual and mangled."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

from offerd.v1 import consent_pb2, identity_pb2
from offerd.v1 import decision_service_pb2 as pb

T = TypeVar("T")

NOW_NS = 1_767_225_600_123_456_789


def pick(source: random.Random, right: Sequence[T], wrong: Sequence[T]) -> T:
    """Returns one of several, seldom a wrong one."""
    return source.choice(wrong if source.random() < 0.03 else right)


def identity(source: random.Random) -> identity_pb2.Identity:
    """Returns an identity, right or wrong."""
    return identity_pb2.Identity(
        namespace=pick(source, ("ecid", "ecid", "crm", "phone", "device"), ("", "gone", "écid")),
        id=pick(source, ("a", "b", " B", "c", "d", "é"), ("", " ", "\n", "x" * 200)),
        authentication_state=pick(source, (0, 1, 2, 2, 3), (9, 200)),
    )


def asking(source: random.Random) -> pb.DecideRequest:
    """Returns a request, right or wrong."""
    request = pb.DecideRequest(
        request_id=pick(source, ("", "", "mine", "é", "x" * 127), ("x" * 128, "x" * 129, "a\nb")),
        identities=[identity(source) for _ in range(pick(source, (0, 1, 1, 1, 2, 3), (21,)))],
    )
    for _ in range(pick(source, (1, 1, 2, 3), (0,))):
        if source.random() < 0.3:
            request.scopes.add(name=pick(source, ("hero",), ("zero",)))
        else:
            decision = pick(source, ("d", "d", "r", "t"), ("gone",))
            placement = "web" if decision == "t" else pick(source, ("web", "web", "app"), ("",))
            request.scopes.add(decision=decision, placement=placement)
        if source.random() < 0.3:
            request.scopes[-1].item_count = pick(source, (1, 2, 3), (0,))
    if source.random() < 0.7:
        request.context.channel = source.choice(("web", "app"))
        request.context.locales.extend(source.sample(("sv-SE", "en", "de"), source.randrange(3)))
    if source.random() < 0.2:
        request.context.attributes.update({source.choice(("weather", "moon")): "sun"})
    if source.random() < 0.2:
        request.context.location.latitude = pick(source, (10.0, 55.0), (99.0,))
        request.context.location.longitude = 13.0
    request.deduplication = pick(source, (0, 0, 0, 1, 2, 3, 4), (7,))
    request.arbitration = pick(source, (0, 0, 0, 1, 2), (7,))
    if source.random() < 0.2:
        unusual(source, request)
    return request


def unusual(source: random.Random, request: pb.DecideRequest) -> None:
    """Asks for what may have to wait."""
    match source.randrange(7):
        case 0:
            request.dry_run = True
        case 1:
            request.explain = True
        case 2:
            request.decide_time.seconds = NOW_NS // 10**9
        case 3:
            request.overrides.attributes.update({"tier": "gold"})
        case 4:
            request.preview_token = "token"
        case 5:
            request.events.add(event_id=f"e{source.random()}", type="visit")
        case _:
            request.consent.collect = consent_pb2.CONSENT_VALUE_YES


def mangled(source: random.Random, data: bytes) -> bytes:
    """Returns bytes that may be no message any more."""
    if not data or source.random() < 0.8:
        return data
    place = source.randrange(len(data))
    if source.random() < 0.5:
        return data[:place]
    return data[:place] + bytes((source.randrange(256),)) + data[place + 1 :]
