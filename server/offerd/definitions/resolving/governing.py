"""Marketing actions, and the policies about them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from offerd.definitions.documents import MarketingActionDocument, PolicyDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.names import Kind, Names, Table
from offerd.definitions.resolving.repeating import report_repeated
from offerd.definitions.wording import nearest
from offerd.model.policy import CORE_MARKETING_ACTIONS, Policy
from offerd.model.schema import BUILT_IN_CONTEXT, Schema, event_types

_ACTION = Kind("marketing action", "marketing actions")
_POLICY = Kind("policy", "policies")


class MarketingActions:
    """The marketing actions that there are: the built-in ones, and those declared."""

    def __init__(
        self, entries: Iterable[Entry[MarketingActionDocument]], findings: Findings
    ) -> None:
        self._findings = findings
        own = Table(_ACTION, entries, findings)
        for entry in own:
            if entry.document.id in CORE_MARKETING_ACTIONS:
                message = f"the marketing action `{entry.document.id}` is built in: leave it out"
                findings.mistake(entry.place("id"), message)
        self._names = Names(_ACTION, (*CORE_MARKETING_ACTIONS, *own.entries), findings)

    def named(self, entry: Entry[Any]) -> tuple[str, ...]:
        """The marketing actions of a definition, sorted; those that aren't there are reported."""
        names: Sequence[str] = entry.document.marketing_actions
        report_repeated(names, entry, ("marketing_actions",), self._findings)
        for index, name in enumerate(names):
            self._names.check(name, entry.place("marketing_actions", index))
        return tuple(sorted({name for name in names if name in self._names}))


def resolve_policies(
    entries: Iterable[Entry[PolicyDocument]],
    actions: MarketingActions,
    schema: Schema,
    place_labels: AbstractSet[str],
    findings: Findings,
) -> tuple[Policy, ...]:
    """The policies by id; what is wrong with them is reported.

    `place_labels` are those that places have.
    """
    used = _used_labels(schema) | place_labels
    return tuple(
        _policy(entry, actions, used, findings) for entry in Table(_POLICY, entries, findings)
    )


def _policy(
    entry: Entry[PolicyDocument], actions: MarketingActions, used: set[str], findings: Findings
) -> Policy:
    document = entry.document
    has_labels = document.any_labels is not None or document.all_labels is not None
    if not has_labels and not findings.is_doubtful(document.id):
        findings.mistake(entry.place(), "a policy needs `any_labels` or `all_labels`")
    for field in ("any_labels", "all_labels"):
        labels: Sequence[str] = getattr(document, field) or ()
        report_repeated(labels, entry, (field,), findings)
        for index, label in enumerate(labels):
            if label not in used:
                near = nearest(label, used)
                advice = f": did you mean `{near}`?" if near else ""
                findings.warn(entry.place(field, index), f"nothing has the label `{label}`{advice}")
    return Policy(
        document.id,
        actions.named(entry),
        tuple(sorted(set(document.any_labels or ()))),
        tuple(sorted(set(document.all_labels or ()))),
    )


def _used_labels(schema: Schema) -> set[str]:
    attributes = (
        *BUILT_IN_CONTEXT,
        *schema.profile,
        *schema.context,
        *(one for event in event_types(schema).values() for one in event.properties),
    )
    labels = {label for attribute in attributes for label in attribute.labels}
    return labels | {label for score in schema.scores for label in score.labels}
