"""Explanations as data, as a line for a log, as a sentence, and as what would have to change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from offerd.expression.explain import Deciding, Explanation, deciding
from offerd.expression.narration.changes import Alternatives, Change, Need, changes
from offerd.expression.narration.data import data_of
from offerd.expression.narration.facts import Facts
from offerd.expression.narration.parts import (
    NOTHING_WITHHELD,
    Hidden,
    Visible,
    full_name,
    goal_of,
    names_in,
    text_of,
    told_name,
    unknown_because,
    without_bindings,
)
from offerd.expression.narration.values import shown, spoken
from offerd.expression.narration.words import Words
from offerd.expression.values import Failure, Unknown

__all__ = ["Alternatives", "Change", "Narration", "Need", "Told", "narrate"]

_NO_TITLES: Final[Mapping[str, str]] = MappingProxyType({})


def _everything(name: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Told:
    """A part that decided, in a line for logs.

    `names` are the full names of the data in it; `is_name` if there is nothing else to it.
    """

    text: str
    names: tuple[str, ...]
    is_name: bool


@dataclass(frozen=True, slots=True)
class Narration:
    """What an explanation says.

    `data` holds every part, for programs. `decided` are the parts that decided, with the values
    they saw, and `line` all of those, for logs. `sentence` says it to people who don't read
    rules. `changes` are needed, all of them, for a condition to turn.
    """

    data: dict[str, Any]
    decided: tuple[Told, ...]
    sentence: str
    changes: tuple[Need, ...]

    @property
    def line(self) -> str:
        """The parts that decided, and what they saw."""
        return "; ".join(told.text for told in self.decided)

    def as_json(self) -> dict[str, Any]:
        """All of it as JSON has it."""
        return {
            "explanation": self.data,
            "line": self.line,
            "sentence": self.sentence,
            "changes": [need.data() for need in self.changes],
        }


def narrate(
    explanation: Explanation,
    *,
    visible: Visible = _everything,
    titles: Mapping[str, str] = _NO_TITLES,
    withheld: Mapping[str, str] = NOTHING_WITHHELD,
) -> Narration:
    """Tells of an explanation.

    `visible` takes the full name of an attribute or lookup, such as "profile.loyalty.tier" or
    `audience("frequent")`, and says whether the caller may see its value. Of what is hidden only
    the name is told: neither the value, nor the outcome of any part that depends on it, nor
    whether it made another part count, except the outcome of the whole. That something is
    missing is told. `titles` are better names for
    `sentence`, by full name. `withheld` says by full name why a rule may not read what a
    `WithheldRecord` keeps from it, such as "label C4 by policy `p`".
    """
    data = data_of(explanation, Hidden(explanation, visible, withheld))
    root = without_bindings(explanation)
    hidden = Hidden(root, visible, withheld)
    decided = tuple(deciding(root, goal_of(root), hidden.hides))
    return Narration(
        data,
        tuple(dict.fromkeys(_told(one.part, hidden) for one in decided)),
        _sentence(root, decided, hidden, Words(titles)),
        changes(root, hidden),
    )


def _told(part: Explanation, hidden: Hidden) -> Told:
    names = tuple(dict.fromkeys(names_in(part)))
    return Told(_line(part, hidden), names, names == (full_name(part),))


def _line(part: Explanation, hidden: Hidden) -> str:
    outcome = part.outcome
    text = text_of(part)
    if isinstance(outcome, Unknown):
        why = unknown_because(outcome.names, hidden.withheld)
        name = full_name(part)
        is_name = name is not None and told_name(name) == text and name in hidden.withheld
        return why if is_name else f"`{text}` is unknown: {why}"
    names = hidden.names(part)
    if names:
        listed = ", ".join(f"`{told_name(name)}`" for name in names)
        return f"it depends on {listed} (hidden)"
    if isinstance(outcome, Failure):
        return f"`{text}` failed: {outcome.message}"
    verdict = f"`{text}` is {shown(outcome, part.type)}"
    values = dict.fromkeys(_values(part)) if full_name(part) is None else {}
    return f"{verdict} ({', '.join(values)})" if values else verdict


def _values(part: Explanation) -> Iterator[str]:
    if full_name(part) is not None and part.evaluated and part.parts == ():
        yield f"`{text_of(part)}` is {shown(part.outcome, part.type)}"
    for inner in part.parts:
        yield from _values(inner)


_OPENINGS: Final = {True: "Yes: ", False: "No: "}


def _sentence(
    root: Explanation, decided: tuple[Deciding, ...], hidden: Hidden, words: Words
) -> str:
    outcome = root.outcome
    facts = Facts(words, hidden, holds=outcome is True)
    if isinstance(outcome, Unknown):
        opening = "Not known: "
    elif isinstance(outcome, Failure):
        opening = "Could not be worked out: "
    elif isinstance(outcome, bool):
        opening = _OPENINGS[outcome]
    else:
        return _result(root, hidden, facts)
    clauses = list(dict.fromkeys(facts.of(one) for one in decided))
    return f"{opening}{_joined(clauses)}."


def _joined(clauses: list[str]) -> str:
    *before, last = clauses
    if not before:
        return last
    if len(before) == 1 and "," not in before[0]:
        return f"{before[0]} and {last}"
    return f"{'; '.join(before)}; and {last}"


def _result(root: Explanation, hidden: Hidden, facts: Facts) -> str:
    names = hidden.names(root)
    if names:
        return "The result depends on what you may not see."
    values = list(dict.fromkeys(facts.values(root)))
    because = f", as {' and '.join(values)}" if values and full_name(root) is None else ""
    return f"The result is {spoken(root.outcome, root.type)}{because}."
