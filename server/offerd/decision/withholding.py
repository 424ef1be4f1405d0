"""Which data is withheld where, by data usage labels and the policies about marketing actions.

A policy concerns the placements that have one of its marketing actions. What it keeps out is
dropped before anything is decided there: to rules it is unknown, in whatever condition, and to
ask whether it is there is unknown too; so is the membership of an audience that can't be known
without it. Scopes at placements that withhold different data share nothing that depends on it.

A policy with several labels may also be met by names that have them only together. Each of them
may be read, but not by one rule, itself or through the audiences that it asks: that rule is
unknown as a whole. What is withheld by itself doesn't count for that, since no rule sees it.
Code that sees everything at once, such as a ranking's model, does without all of those names.

It is worked out once, when a bundle is opened; without policies there is nothing to work out.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeVar

from offerd.audience.environment import SCORE_PARTS
from offerd.audience.membership import LOOKUP
from offerd.expression import Rule, Unknown, WithheldRecord
from offerd.expression.check.settled import can_hold
from offerd.expression.narration.parts import unknown_because
from offerd.model.catalogue import Catalogue
from offerd.model.decision import DecisionContext
from offerd.model.policy import Policy, Withholding
from offerd.model.profile import ProfileView
from offerd.model.schema import BUILT_IN_CONTEXT

_SCORE = "score"
_PLACES = "places"
_ROOTS = ("profile", "context", "aggregate", _PLACES, _SCORE)
_POSITION = "context.location.latitude"
"""Stands for the exact position: at placements that do without it, positions are rounded."""
_Value = TypeVar("_Value")

Reasons = Mapping[str, Withholding]
"""By full name, such as `profile.health.goals`, why it is withheld."""

NO_REASONS: Final[Reasons] = MappingProxyType({})


class Rules(NamedTuple):
    """The planned rules of a catalogue: `all` by number, `of_offers` the numbers of those that
    read `offer`, `of_audiences` by audience."""

    all: tuple[Rule, ...]
    of_offers: Collection[int]
    of_audiences: Mapping[str, Rule]


class UnansweredRule(Rule):
    """A rule that may not be asked, in the place of the one that may not; `why` says so."""

    __slots__ = ("why",)

    def __init__(self, rule: Rule, names: Sequence[str], reason: Withholding) -> None:
        unknown = Unknown(names)
        self.checked = rule.checked
        self.evaluate = lambda *roots: unknown
        read = _listed(f"`{name}`" for name in names)
        self.why = f"{read} are withheld together: {told(reason)}"


class Withheld:
    """What the rules of some placements do without.

    `reasons` are of single names, by full name, in words. `rules`, `rules_without_offer` and
    `audiences` are as in `Prepared`, with an UnansweredRule for each that is unknown as a whole.
    `hopeless` are the numbers of the rules that can't be true there: that spares asking them,
    which takes longer where something is unknown. `is_coarse` says that the exact position is
    withheld, `places` are the paths of what places don't answer.
    """

    __slots__ = (
        "_hides_whereabouts",
        "_paths",
        "_unanswered",
        "_unseen",
        "audiences",
        "hopeless",
        "is_coarse",
        "places",
        "reasons",
        "rules",
        "rules_without_offer",
    )

    def __init__(
        self,
        reasons: Reasons,
        apart: Collection[str],
        rules: Rules,
        unanswered: Mapping[int, UnansweredRule],
        *,
        hides_whereabouts: bool = False,
    ) -> None:
        self.reasons = {name: told(reason) for name, reason in reasons.items()}
        self._paths = {root: _paths(root, reasons) for root in _ROOTS}
        self._unseen = {root: _paths(root, (*reasons, *apart)) for root in _ROOTS}
        self.places = self._paths[_PLACES]
        self.is_coarse = _POSITION in reasons
        self._hides_whereabouts = hides_whereabouts
        self._unanswered = unanswered
        self.rules = tuple(map(self.planned, rules.all))
        self.rules_without_offer = tuple(
            None if number in rules.of_offers else rule for number, rule in enumerate(self.rules)
        )
        self.audiences = {name: self.planned(rule) for name, rule in rules.of_audiences.items()}
        self.hopeless = frozenset(
            number
            for number, rule in enumerate(self.rules)
            if isinstance(rule, UnansweredRule) or not can_hold(rule.checked.tree, self.reasons)
        )

    def record(self, root: str, record: dict[str, Any]) -> dict[str, Any]:
        """Returns what rules read of a record, the root being profile, context or aggregate."""
        paths = self._paths[root]
        return WithheldRecord(record, paths) if paths else record

    def scores(self, scores: Mapping[str, float]) -> Mapping[str, float]:
        """Returns the scores that rules read."""
        return _without(scores, self._paths[_SCORE])

    def view(self, view: ProfileView) -> ProfileView:
        """Returns a view for code that sees all of it."""
        aggregates = self._unseen["aggregate"]
        return view._replace(
            attributes=_without(view.attributes, self._unseen["profile"]),
            # Of which few may be computed as yet.
            aggregates=_without(view.aggregates, aggregates) if aggregates else view.aggregates,
            scores=_without(view.scores, self._unseen[_SCORE]),
            whereabouts=None if self._hides_whereabouts else view.whereabouts,
        )

    def context(self, context: DecisionContext) -> DecisionContext:
        """Returns a context for code that sees all of it."""
        return context._replace(values=_without(context.values, self._unseen["context"]))

    def planned(self, rule: Rule) -> Rule:
        """Returns what is asked in the place of a rule: mostly the rule itself."""
        return self._unanswered.get(id(rule), rule)

    def is_why(self, rule: Rule, names: Sequence[str]) -> bool:
        """Returns whether a rule that is unknown for want of names is so by what is withheld."""
        return id(rule) in self._unanswered or any(name in self.reasons for name in names)

    def why_unknown(self, rule: Rule, names: Sequence[str]) -> str:
        """Returns why a rule, as `planned`, is unknown for want of names."""
        if isinstance(rule, UnansweredRule):
            return rule.why
        return unknown_because(names, self.reasons)


class Withholdings:
    """What is withheld for which marketing actions, of one catalogue."""

    def __init__(self, catalogue: Catalogue, rules: Rules) -> None:
        self._policies = catalogue.policies
        self._labels = labels_by_name(catalogue) if catalogue.policies else {}
        self._rules = rules
        known: dict[tuple[str, ...], Withheld | None] = {}
        self.by_placement: dict[str, Withheld] = {}
        """What is withheld at each placement where anything is."""
        for placement in catalogue.placements:
            policies = self._about(placement.marketing_actions)
            key = tuple(policy.id for policy in policies)
            if key not in known:
                known[key] = self._withheld(policies)
            withheld = known[key]
            if withheld is not None:
                self.by_placement[placement.id] = withheld

    def from_reader(self, marketing_actions: Collection[str]) -> Reasons:
        """Returns what somebody who reads a whole profile for marketing actions does without.

        Audiences whose rules read any of it, themselves or through others, are among it, each
        for the first reason that its rule has.
        """
        policies = self._about(marketing_actions)
        reasons = self._single(policies)
        reasons = {**reasons, **self._together(policies, reasons)}
        if not reasons:
            return NO_REASONS
        readers = _Readers(self._rules.of_audiences, reasons)
        for audience, rule in self._rules.of_audiences.items():
            for name in readers.read_by(rule)[:1]:
                reasons[f'{LOOKUP}("{audience}")'] = reasons[name]
        return reasons

    def _about(self, actions: Collection[str]) -> list[Policy]:
        return [one for one in self._policies if not set(actions).isdisjoint(one.marketing_actions)]

    def _single(self, policies: Iterable[Policy]) -> dict[str, Withholding]:
        found: dict[str, Withholding] = {}
        for name, labels in self._labels.items():
            reason = _reason(policies, labels)
            if reason is not None:
                found[name] = reason
        return found

    def _together(
        self, policies: Iterable[Policy], withheld: Collection[str]
    ) -> dict[str, Withholding]:
        """Returns the names that may be read, but not all by one reader."""
        rest = [name for name in self._labels if name not in withheld]
        found: dict[str, Withholding] = {}
        for policy in policies:
            reason = _reason((policy,), self._labels_of(rest))
            for name in self._bearers(rest, reason) if reason else ():
                found.setdefault(name, reason or Withholding((), ""))
        return found

    def _withheld(self, policies: Sequence[Policy]) -> Withheld | None:
        reasons = self._single(policies)
        apart = self._together(policies, reasons)
        if not reasons and not apart:
            return None
        unanswered: dict[int, UnansweredRule] = {}
        if apart:
            readers = _Readers(self._rules.of_audiences, apart)
            for rule in self._rules.all:
                names = readers.read_by(rule)
                reason = _reason(policies, self._labels_of(names))
                if reason is not None:
                    stand_in = UnansweredRule(rule, self._bearers(names, reason), reason)
                    unanswered[id(rule)] = stand_in
        return Withheld(
            reasons,
            apart,
            self._rules,
            unanswered,
            hides_whereabouts=any(
                label in _WHEREABOUTS for one in policies for label in _labels_of(one)
            ),
        )

    def _labels_of(self, names: Iterable[str]) -> frozenset[str]:
        return frozenset(label for name in names for label in self._labels[name])

    def _bearers(self, names: Iterable[str], reason: Withholding) -> list[str]:
        """Returns the names that have any of the labels of a reason."""
        return [name for name in names if not self._labels[name].isdisjoint(reason.labels)]


class _Readers:
    """Which of some names a rule reads, itself or through the audiences that it asks."""

    def __init__(self, audiences: Mapping[str, Rule], names: Collection[str]) -> None:
        self._audiences = audiences
        self._names = names
        self._known: dict[str, tuple[str, ...]] = {}

    def read_by(self, rule: Rule) -> tuple[str, ...]:
        """Returns the names, each once."""
        own = [name for name in names_read(rule) if name in self._names]
        for audience in rule.checked.references.lookups.get(LOOKUP, ()):
            own.extend(self._of(audience))
        return tuple(dict.fromkeys(own))

    def _of(self, audience: str) -> tuple[str, ...]:
        known = self._known.get(audience)
        if known is None:
            rule = self._audiences.get(audience)
            known = self._known[audience] = () if rule is None else self.read_by(rule)
        return known


def told(reason: Withholding) -> str:
    """Returns a reason in words: label C4 by policy `p`."""
    word = "label" if len(reason.labels) == 1 else "labels"
    return f"{word} {_listed(reason.labels)} by policy `{reason.policy}`"


def names_read(rule: Rule) -> Iterator[str]:
    """Yields the full names of all that a rule itself reads, what it looks up included."""
    references = rule.checked.references
    for root, paths in references.attributes.items():
        yield from (f"{root}.{path}" for path in paths)
    for lookup, asked in references.lookups.items():
        yield from (f'{lookup}("{one}")' for one in asked)


def labels_by_name(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    """Returns the labels of all labelled data of the customer and the moment, by full name.

    What rules ask of places is among it, as it tells where the customer is.
    """
    schema = catalogue.schema
    labelled: list[tuple[str, tuple[str, ...]]] = [
        *((f"profile.{one.path}", one.labels) for one in schema.profile),
        *((f"context.{one.path}", one.labels) for one in (*BUILT_IN_CONTEXT, *schema.context)),
        *((f"aggregate.{one.id}", one.labels) for one in schema.aggregates),
        *((f"{_PLACES}.{one.path}", one.labels) for one in catalogue.place_reads),
    ]
    for score in schema.scores:
        parts = (score.id, *(f"{score.id}.{part}" for part in SCORE_PARTS))
        labelled.extend((f'{_SCORE}("{part}")', score.labels) for part in parts)
    return {name: frozenset(labels) for name, labels in labelled if labels}


_WHEREABOUTS: Final = ("S1", "S2")
"""Labels of where somebody is, exactly or roughly."""


def _labels_of(policy: Policy) -> tuple[str, ...]:
    return (*policy.any_labels, *policy.all_labels)


def _reason(policies: Iterable[Policy], labels: Collection[str]) -> Withholding | None:
    """Returns why data with labels is withheld, for the first policy that it meets."""
    for policy in policies:
        some = [label for label in policy.any_labels if label in labels]
        each = [label for label in policy.all_labels if label in labels]
        enough = bool(some) or not policy.any_labels
        if enough and len(each) == len(policy.all_labels) and (some or each):
            return Withholding(tuple(dict.fromkeys((*some, *each))), policy.id)
    return None


def _paths(root: str, names: Iterable[str]) -> frozenset[str]:
    opening, closing = (f'{_SCORE}("', '")') if root == _SCORE else (f"{root}.", "")
    found = (name for name in names if name.startswith(opening))
    return frozenset(name.removeprefix(opening).removesuffix(closing) for name in found)


def _without(record: Mapping[str, _Value], paths: Collection[str]) -> dict[str, _Value]:
    return {path: value for path, value in record.items() if path not in paths}


def _listed(parts: Iterable[str]) -> str:
    *before, last = parts
    return f"{', '.join(before)} and {last}" if before else last
