"""A request to decide that passed every check."""

from __future__ import annotations

from typing import NamedTuple

from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileKey
from offerd.service.translate.overrides import Overrides


class Asked(NamedTuple):
    """What is asked, of whom, when and how; `warnings` are for the answer."""

    request_id: str
    now_ns: int
    queries: list[ScopeQuery]
    subject: ProfileKey | None
    overrides: Overrides
    context: DecisionContext
    options: Options
    warnings: list[str]
