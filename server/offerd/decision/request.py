"""All that one request's scopes share while they are decided."""

from __future__ import annotations

from offerd.audience.membership import Memberships
from offerd.decision.capping import TotalCount
from offerd.decision.languages import lookup_order
from offerd.decision.prepared import Prepared
from offerd.expression import Failure
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView


class RequestState:
    """The records that rules read, and each rule's result, computed once per request.

    `failed` gathers the rules that failed, by number, with what went wrong.
    """

    __slots__ = (
        "_results",
        "failed",
        "languages",
        "memberships",
        "now_ns",
        "prepared",
        "total_count",
        "view",
    )

    def __init__(
        self,
        prepared: Prepared,
        view: ProfileView,
        context: DecisionContext,
        now_ns: int,
        total_count: TotalCount,
    ) -> None:
        self.prepared = prepared
        self.view = view
        self.now_ns = now_ns
        self.total_count = total_count
        self.languages = tuple(lookup_order(context.locales))
        self.memberships = Memberships(
            prepared.audiences, view.attributes, context.values, view.aggregates, now_ns
        )
        self.failed: dict[int, str] = {}
        self._results: dict[int, bool] = {}

    def holds(self, rule: int | None) -> bool:
        """Whether a rule is true: not false, not unknown, not failed. No rule always holds."""
        if rule is None:
            return True
        held = self._results.get(rule)
        if held is None:
            result = self.memberships.evaluate(self.prepared.rules[rule])
            if isinstance(result, Failure):
                self.failed[rule] = result.message
            held = self._results[rule] = result is True
        return held
