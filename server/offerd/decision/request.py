"""All that one request's scopes share while they are decided."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.audience.membership import Memberships
from offerd.decision.capping import TotalCount
from offerd.decision.languages import lookup_order
from offerd.decision.prepared import Prepared
from offerd.expression import Failure, Rule
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView


class Verdicts(dict[int | None, bool]):
    """Rule number → whether it is true, each rule evaluated once, when first asked.

    False covers false, unknown and failed; `failed` has what went wrong, by rule. None, which
    is no rule, always holds.
    """

    __slots__ = ("_memberships", "_rules", "failed")

    def __init__(self, rules: Sequence[Rule], memberships: Memberships) -> None:
        super().__init__({None: True})
        self._rules = rules
        self._memberships = memberships
        self.failed: dict[int, str] = {}

    def __missing__(self, rule: int) -> bool:
        result = self._memberships.evaluate(self._rules[rule])
        if isinstance(result, Failure):
            self.failed[rule] = result.message
        held = self[rule] = result is True
        return held


class RequestState:
    """The records that rules read, and what the rules say of them.

    `reasons` remembers, by rule, why it wasn't true, for explanations.
    """

    __slots__ = (
        "languages",
        "memberships",
        "now_ns",
        "prepared",
        "reasons",
        "total_count",
        "verdicts",
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
        self.reasons: dict[int, str] = {}
        self.verdicts = Verdicts(prepared.rules, self.memberships)
