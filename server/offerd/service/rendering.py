"""What the templates of one request's content are computed from, made when first asked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any

from offerd.audience.membership import Memberships
from offerd.content.render import Renderer
from offerd.decision.hiding import reads_hidden
from offerd.decision.prepared import Prepared
from offerd.decision.request import HIDDEN
from offerd.model.decision import DecisionContext, Options
from offerd.model.profile import ProfileView


class Customer:
    """The customer and the moment of one request, for rules that content asks."""

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
        self._faults: dict[int, str] = {}

    @cached_property
    def _memberships(self) -> Memberships:
        view = self._view
        memberships = Memberships(
            self._prepared.audiences,
            view.attributes,
            self._context.values,
            view.aggregates,
            self._now_ns,
            view.scores,
        )
        memberships.update(self._options.memberships)
        return memberships

    def rendered(self, renderer: Renderer, record: dict[str, Any]) -> Any:
        """Returns the body of an offer's content as it is for this customer.

        `record` is what rules read as `offer`.
        """
        rendered = renderer.render(lambda rule: self._memberships.evaluate(rule, record))
        self._faults.update((fault.rule, fault.message) for fault in rendered.faults)
        return rendered.body

    @property
    def diagnostics(self) -> list[str]:
        """What failed while content was written, in words, each rule once."""
        return list(self._diagnostics())

    def _diagnostics(self) -> Iterator[str]:
        prepared = self._prepared
        for rule, message in sorted(self._faults.items()):
            # Messages quote values, such as the text that is no number.
            why = HIDDEN if reads_hidden(prepared.rules[rule], self._options.hidden) else message
            source = prepared.catalogue.rules[rule].source
            yield f"content: `{source}` failed and its default is shown: {why}"
