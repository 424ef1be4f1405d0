"""What the templates of one request's content are computed from, made when first asked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from offerd.audience.membership import Memberships
from offerd.content.render import Renderer
from offerd.decision.prepared import Prepared
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView


class Customer:
    """The customer and the moment of one request, for rules that content asks."""

    def __init__(
        self,
        prepared: Prepared,
        view: ProfileView,
        context: DecisionContext,
        now_ns: int,
        memberships: Mapping[str, bool],
    ) -> None:
        self._prepared = prepared
        self._view = view
        self._context = context
        self._now_ns = now_ns
        self._overridden = memberships
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
        memberships.update(self._overridden)
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
        rules = self._prepared.catalogue.rules
        return [
            f"content: `{rules[rule].source}` failed and its default is shown: {message}"
            for rule, message in sorted(self._faults.items())
        ]
