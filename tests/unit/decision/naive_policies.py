"""What policies keep from rules, by the definition of it: name by name, label by label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from offerd import expression as ex
from offerd.model.catalogue import Catalogue
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView
from offerd.model.schema import BUILT_IN_CONTEXT

READ = re.compile(r'(?:profile|context|aggregate)\.[a-z_]+|(?:score|audience)\("[^"]+"\)')
"""What a random rule reads; no name that one reads has a dot in it."""


class Kept:
    """What is kept from rules at one placement of a catalogue."""

    def __init__(self, catalogue: Catalogue, placement: str) -> None:
        self.catalogue = catalogue
        (place,) = (p for p in catalogue.placements if p.id == placement)
        self.policies = [
            policy
            for policy in catalogue.policies
            if any(action in place.marketing_actions for action in policy.marketing_actions)
        ]
        self.labels = dict(_labelled(catalogue))
        self.names = {name for name, labels in self.labels.items() if self._forbidden(labels)}
        """Names that are withheld by themselves."""
        self.apart = {
            name
            for policy in self.policies
            if self._meets(policy, self._all_of(self._left(set(self.labels))))
            for name in self._left(set(self.labels))
            if self.labels[name] & {*policy.any_labels, *policy.all_labels}
        }
        """Names that may not be read all together."""

    def refuses(self, rule: int) -> bool:
        """Whether a rule reads together what it may not."""
        return self._forbidden(self._all_of(self._left(self._reads(rule))))

    def records(self, view: ProfileView, context: DecisionContext) -> tuple[Any, ...]:
        """Returns profile, context, aggregate and score as rules read them."""
        given = {
            "profile": view.attributes,
            "context": context.values,
            "aggregate": view.aggregates,
        }
        found = [
            ex.WithheldRecord(
                record, {n.partition(".")[2] for n in self.names if n.startswith(f"{root}.")}
            )
            for root, record in given.items()
        ]
        return (*found, _scores(view, self.names))

    def seen(
        self, view: ProfileView, context: DecisionContext
    ) -> tuple[ProfileView, DecisionContext]:
        """Returns what code may see that sees everything at once."""
        gone = self.names | self.apart

        def left(root: str, record: Mapping[str, Any]) -> dict[str, Any]:
            return {name: value for name, value in record.items() if f"{root}.{name}" not in gone}

        seen = view._replace(
            attributes=left("profile", view.attributes),
            aggregates=left("aggregate", view.aggregates),
            scores=_scores(view, gone),
        )
        return seen, context._replace(values=left("context", context.values))

    def _reads(self, rule: int) -> set[str]:
        read = set(READ.findall(self.catalogue.rules[rule].source))
        for audience in self.catalogue.audiences:
            if f'audience("{audience.id}")' in read and audience.rule is not None:
                read |= self._reads(audience.rule)
        return read

    def _left(self, names: set[str]) -> list[str]:
        return [name for name in names if name in self.labels and name not in self.names]

    def _all_of(self, names: list[str]) -> set[str]:
        return {label for name in names for label in self.labels[name]}

    def _forbidden(self, labels: set[str]) -> bool:
        return any(self._meets(policy, labels) for policy in self.policies)

    def _meets(self, policy: Any, labels: set[str]) -> bool:
        some = not policy.any_labels or any(label in labels for label in policy.any_labels)
        return some and all(label in labels for label in policy.all_labels)


def _labelled(catalogue: Catalogue) -> Iterator[tuple[str, set[str]]]:
    schema = catalogue.schema
    for attribute in schema.profile:
        yield f"profile.{attribute.path}", set(attribute.labels)
    for attribute in (*schema.context, *BUILT_IN_CONTEXT):
        yield f"context.{attribute.path}", set(attribute.labels)
    for aggregate in schema.aggregates:
        yield f"aggregate.{aggregate.id}", set(aggregate.labels)
    for score in schema.scores:
        for part in ("", ".probability", ".percentile"):
            yield f'score("{score.id}{part}")', set(score.labels)


def _scores(view: ProfileView, names: set[str]) -> dict[str, float]:
    return {one: value for one, value in view.scores.items() if f'score("{one}")' not in names}
