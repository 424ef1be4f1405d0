"""A request to decide that passed every check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.event import Event
from offerd.model.identity import Identity, Subject
from offerd.service.translate.overrides import Overrides
from offerd.v1.event_service_pb2 import EventResult


class Asked(NamedTuple):
    """What is asked, of whom, when and how; `warnings` are for the answer.

    `who` are the identities of the request, `subject` whom they make. `results` are of the events
    that came with it; `extra` are those that are taken as if they had happened. `locates` is
    whether it may be used precisely where the customer is known to be.
    """

    request_id: str
    now_ns: int
    queries: list[ScopeQuery]
    who: list[Identity]
    subject: Subject | None
    overrides: Overrides
    context: DecisionContext
    options: Options
    warnings: list[str]
    results: Sequence[EventResult] = ()
    extra: tuple[Event, ...] = ()
    locates: bool = True
