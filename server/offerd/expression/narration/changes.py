"""What would have to change for the outcome to turn."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Conditional,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.explain import Explanation
from offerd.expression.narration.conditions import NOW, Turn, comparison, sum_of
from offerd.expression.narration.parts import (
    Hidden,
    failed_part,
    full_name,
    goal_of,
    text_of,
    told_name,
)
from offerd.expression.narration.requirements import (
    Requirement,
    absent_entry,
    requirement_of,
    value_phrase,
)
from offerd.expression.narration.values import instant, shown
from offerd.expression.values import Failure, Unknown


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would help.

    `kind` is "value" (data would have to be other), "presence" (a value is missing), "time"
    (`at` says when, without anybody's doing), "never" (time has passed for it), "failure",
    "hidden" (what the caller may not see), "withheld" (what the rule may not read) or
    "unexamined" (a part that was not needed so far). `name` is the data it is about, or what is
    written of it. `at` is RFC 3339.
    """

    kind: str
    text: str
    name: str = ""
    at: str = ""

    def data(self) -> dict[str, Any]:
        """The change as JSON has it, without what doesn't apply."""
        fields = {"kind": self.kind, "text": self.text, "name": self.name, "at": self.at}
        return {key: value for key, value in fields.items() if value}


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Any one of these would do; each is a list of changes needed together."""

    options: tuple[tuple[Change | Alternatives, ...], ...]

    @property
    def text(self) -> str:
        """The options, joined by "or"."""
        texts = [" and ".join(need.text for need in option) for option in self.options]
        for opening in _OPENINGS:
            if all(text.startswith(opening) for text in texts):
                texts[1:] = [text.removeprefix(opening) for text in texts[1:]]
        return ", or ".join(texts)

    def data(self) -> dict[str, Any]:
        """The options as JSON has them."""
        options = [[need.data() for need in option] for option in self.options]
        return {"kind": "alternatives", "text": self.text, "options": options}


Need = Change | Alternatives

_OPENINGS: Final = ("would need ", "would no longer hold ", "needs a value for ")


def changes(root: Explanation, hidden: Hidden) -> tuple[Need, ...]:
    """What is needed, all of it together, for a condition to turn; () for what is no condition.

    For one that holds that is what would end it, first of all time.
    """
    goal = goal_of(root)
    if goal is None:
        return tuple(_missing(root, hidden))
    return tuple(dict.fromkeys(_Changes(hidden, ends=goal is False).needs(root, goal)))


def _missing(part: Explanation, hidden: Hidden) -> Iterator[Change]:
    outcome = part.outcome
    if isinstance(outcome, Unknown):
        for name in outcome.names:
            why = hidden.withheld.get(name)
            if why is None:
                yield Change("presence", f"needs a value for `{told_name(name)}`", name)
            else:
                yield Change("withheld", f"`{told_name(name)}` is withheld: {why}", name)
    elif hidden.names(part):
        yield _unseen(hidden.names(part))
    elif isinstance(outcome, Failure):
        yield _mended(failed_part(part), outcome)


def _mended(part: Explanation, failure: Failure) -> Change:
    absent = absent_entry(part)
    if absent is not None:
        name = text_of(part.parts[0])
        return Change("failure", f"would need `{name}` to have an entry for {absent}", name)
    text = text_of(part)
    return Change("failure", f"needs data on which `{text}` does not fail: {failure.message}", text)


def _unseen(names: tuple[str, ...]) -> Change:
    listed = ", ".join(f"`{name}`" for name in names)
    return Change("hidden", f"depends on {listed}, which you may not see", names[0])


class _Changes:
    """`ends` tells of what would end a condition that holds."""

    def __init__(self, hidden: Hidden, *, ends: bool) -> None:
        self._hidden = hidden
        self._ends = ends
        self._is_inside = False

    def needs(self, part: Explanation, goal: bool) -> Iterator[Need]:
        node = part.node
        names = self._hidden.names(part)
        if self._hidden.veil(part):
            return
        if part.evaluated and part.outcome is goal and not (names and self._is_inside):
            return
        self._is_inside = True
        if self._ends and isinstance(part.outcome, Unknown | Failure):
            # Without the others it would hold no more, whatever this is.
            return
        if not part.evaluated:
            yield self._unexamined(part, goal)
        elif isinstance(node, Operation) and node.function == "!_":
            yield from self.needs(part.parts[0], not goal)
        elif isinstance(node, Conditional) and self._hidden.hides(part.parts[0]):
            yield _unseen(self._hidden.names(part.parts[0]))
        elif isinstance(node, Conditional):
            chosen = [branch for branch in part.parts[1:] if branch.evaluated]
            yield from self.needs(chosen[0], goal) if chosen else _missing(part, self._hidden)
        elif isinstance(node, Chain):
            yield from self._chain(part, node, goal)
        elif isinstance(part.outcome, Unknown | Failure):
            yield from _missing(part, self._hidden)
        else:
            yield self._change(part, goal)

    def _chain(self, part: Explanation, chain: Chain, goal: bool) -> Iterator[Need]:
        if chain.all is goal:
            # What was looked at comes first: it is what decided.
            for operand in sorted(part.parts, key=lambda operand: not operand.evaluated):
                yield from self.needs(operand, goal)
            return
        operands = [operand for operand in part.parts if not self._hidden.veil(operand)]
        options = [tuple(self.needs(operand, goal)) for operand in operands]
        if self._ends:
            # Of what would end it, only what happens by itself is certain to matter.
            timed = [o for o in options if all(n.kind == "time" for n in _flat(o))]
            options = timed or options
        if () in options and self._hidden.hides(part):
            return
        if len(options) == 1:
            yield from options[0]
        else:
            yield Alternatives(tuple(dict.fromkeys(options)))

    def _unexamined(self, part: Explanation, goal: bool) -> Change:
        word = "true" if goal else "false"
        text = text_of(part)
        sentence = f"would then need `{text}` to be {word}, which was not looked at"
        return Change("unexamined", sentence, text)

    def _change(self, part: Explanation, goal: bool) -> Change:
        names = self._hidden.names(part)
        if names:
            return _unseen(names)
        return self._by_time(part, goal) or self._by_value(part, goal)

    def _by_time(self, part: Explanation, goal: bool) -> Change | None:
        found = comparison(part)
        total = None if found is None else sum_of(found.turned(goal))
        if total is None or NOW not in total.names:
            return None
        turn = total.turn(NOW)
        if turn is None or turn.operator in ("==", "!="):
            return None
        at = instant(turn.value)
        if turn.operator in (">", ">="):
            return Change("time", self._from(turn, at), NOW, at)
        others = [name for name in total.names if name != NOW]
        other = total.turn(others[0]) if others else None
        if other is not None:
            told = value_phrase(other.operator, shown(other.value, other.type), other.type)
            needed = Requirement(f"`{other.name}`", *told)
            return Change("value", self._sentence(needed), other.name)
        if self._ends:
            return Change("never", "does not end with time", NOW)
        word = "before" if turn.operator == "<" else "until"
        return Change("never", f"held {word} {at}, and will not again", NOW, at)

    def _from(self, turn: Turn, at: str) -> str:
        if self._ends:
            return (
                f"holds until {at}" if turn.operator == ">=" else f"holds up to and including {at}"
            )
        return f"would hold from {at} on" if turn.operator == ">=" else f"would hold after {at}"

    def _by_value(self, part: Explanation, goal: bool) -> Change:
        node = part.node
        name = full_name(part) or text_of(part)
        if isinstance(node, Presence):
            return self._presence(name, goal)
        if isinstance(node, Reference) and node.lookup == "audience":
            return self._audience(node.name, name, goal)
        if isinstance(node, Attribute | Reference | Variable):
            word = "true" if goal else "false"
            found = Requirement(f"`{name}`", f"to be {word}", f"were {word}")
            return Change("value", self._sentence(found), name)
        found = requirement_of(part, goal)
        about = found.name or text_of(part)
        return Change("value", self._sentence(found), about)

    def _presence(self, name: str, goal: bool) -> Change:
        if self._ends:
            word = "with" if goal else "without"
            return Change("presence", f"would no longer hold {word} a value for `{name}`", name)
        need = f"needs a value for `{name}`" if goal else f"would need `{name}` to have no value"
        return Change("presence", need, name)

    def _audience(self, audience: str, name: str, goal: bool) -> Change:
        if self._ends:
            word = "inside" if goal else "outside"
            text = f"would no longer hold {word} the audience `{audience}`"
        else:
            word = "in" if goal else "outside"
            text = f"would need the customer to be {word} the audience `{audience}`"
        return Change("value", text, name)

    def _sentence(self, needed: Requirement) -> str:
        if self._ends:
            return f"would no longer hold if {needed.subject} {needed.conditional}"
        return f"would need {needed.subject} {needed.infinitive}"


def _flat(needs: tuple[Need, ...]) -> Iterator[Change]:
    for need in needs:
        if isinstance(need, Change):
            yield need
        else:
            for option in need.options:
                yield from _flat(option)
