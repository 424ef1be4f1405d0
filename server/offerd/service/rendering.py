"""What the templates of one request's content are computed from, made when first asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from offerd.audience.membership import Memberships
from offerd.content.render import Renderer
from offerd.decision.hiding import reads_hidden
from offerd.decision.prepared import Prepared
from offerd.decision.request import HIDDEN, memberships_for
from offerd.decision.withholding import Withheld
from offerd.expression import Rule, Unknown
from offerd.model.decision import DecisionContext, Options
from offerd.model.profile import ProfileView


class Customer:
    """The customer and the moment of one request, for rules that content asks.

    Most content asks none: nothing is made before it does.
    """

    has_diagnostics = False
    """Whether there are any `diagnostics` so far."""

    def __init__(
        self,
        prepared: Prepared,
        view: ProfileView,
        context: DecisionContext,
        now_ns: int,
        options: Options,
    ) -> None:
        self._prepared = prepared
        self._view = view
        self._context = context
        self._now_ns = now_ns
        self._options = options

    @cached_property
    def _memberships(self) -> dict[int, Memberships]:
        return {}

    @cached_property
    def _faults(self) -> dict[int, str]:
        return {}

    @cached_property
    def _unknown(self) -> set[tuple[str, str]]:
        return set()

    def _read_at(self, withheld: Withheld | None) -> Memberships:
        memberships = self._memberships.get(id(withheld))
        if memberships is None:
            memberships = self._memberships[id(withheld)] = memberships_for(
                self._prepared,
                self._view,
                self._context,
                self._now_ns,
                self._options,
                withheld,
            )
        return memberships

    def rendered(self, renderer: Renderer, record: dict[str, Any], placement: str) -> Any:
        """Returns the body of an offer's content as it is for this customer at a placement.

        `record` is what rules read as `offer`.
        """
        withheld = self._prepared.withheld.get(placement)
        memberships = self._read_at(withheld)

        def evaluate(rule: Rule) -> Any:
            if withheld is None:
                return memberships.evaluate(rule, record)
            value = memberships.evaluate(withheld.planned(rule), record)
            if isinstance(value, Unknown) and withheld.is_why(rule, value.names):
                why = withheld.why_unknown(withheld.planned(rule), value.names)
                self._unknown.add((rule.checked.source, why))
                self.has_diagnostics = True
            return value

        rendered = renderer.render(evaluate)
        if rendered.faults:
            self._faults.update((fault.rule, fault.message) for fault in rendered.faults)
            self.has_diagnostics = True
        return rendered.body

    @property
    def diagnostics(self) -> list[str]:
        """What failed or was withheld while content was written, in words, each rule once."""
        return list(self._diagnostics())

    def _diagnostics(self) -> Iterator[str]:
        prepared = self._prepared
        for rule, message in sorted(self._faults.items()):
            # Messages quote values, such as the text that is no number.
            why = HIDDEN if reads_hidden(prepared.rules[rule], self._options.hidden) else message
            source = prepared.catalogue.rules[rule].source
            yield f"content: `{source}` failed and its default is shown: {why}"
        for source, why in sorted(self._unknown):
            yield f"content: `{source}` is unknown and its default is shown: {why}"
