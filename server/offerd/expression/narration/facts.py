"""What was found, in clauses that need no knowledge of rules: "age is 17, not at least 18"."""

from __future__ import annotations

from typing import Final

from offerd.expression.check.tree import (
    Attribute,
    Macro,
    Operation,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.check.types import DURATION, TIMESTAMP, Kind
from offerd.expression.explain import Deciding, Explanation
from offerd.expression.narration.conditions import NOW, Comparison, comparison, has_value
from offerd.expression.narration.parts import (
    Hidden,
    depends_on_data,
    failed_part,
    full_name,
    text_of,
)
from offerd.expression.narration.requirements import (
    absent_entry,
    listed_values,
    phrase,
    text_function,
)
from offerd.expression.narration.values import duration_words, spoken, spoken_day, spoken_instant
from offerd.expression.narration.words import Words
from offerd.expression.values import ABSENT, Failure, Unknown

_TOLD_UNITS: Final = 2
_MEETS: Final = {
    "startsWith": ("starts with", "doesn't start with"),
    "endsWith": ("ends with", "doesn't end with"),
    "contains": ("contains", "doesn't contain"),
    "matches": ("matches", "doesn't match"),
    "equalsIgnoreCase": ("equals", "doesn't equal"),
    "containsIgnoreCase": ("contains", "doesn't contain"),
}
_DAYS: Final = {
    "isBirthday": "the birthday of somebody born on {}",
    "isAnniversary": "an anniversary of {}",
}
_ELEMENTS: Final = {
    ("exists", True): "one of the {} meets",
    ("exists", False): "none of the {} meets",
    ("all", True): "all of the {} meet",
    ("all", False): "not all of the {} meet",
    ("exists_one", True): "exactly one of the {} meets",
    ("exists_one", False): "not exactly one of the {} meets",
    ("exists_entry", True): "one of the {} meets",
    ("exists_entry", False): "none of the {} meets",
    ("all_entries", True): "all of the {} meet",
    ("all_entries", False): "not all of the {} meet",
    ("exists_one_entry", True): "exactly one of the {} meets",
    ("exists_one_entry", False): "not exactly one of the {} meets",
}


class Facts:
    """Tells of deciding parts what they found; `holds` says whether the whole is true."""

    def __init__(self, words: Words, hidden: Hidden, *, holds: bool) -> None:
        self._words = words
        self._hidden = hidden
        self._holds = holds

    def of(self, decided: Deciding) -> str:
        """The clause for one deciding part."""
        part = decided.part
        outcome = part.outcome
        if isinstance(outcome, Unknown):
            return " and ".join(self._missing(name) for name in outcome.names)
        hidden = self._hidden.names(part)
        if hidden:
            names = " and ".join(map(self._words.name, hidden))
            return f"it depends on {names}, which you may not see"
        if isinstance(outcome, Failure):
            return self._failed(failed_part(part), outcome)
        goal = decided.goal
        met = self._holds or goal is None or outcome is goal
        # What had to hold: the outcome itself where all is well, else what it ought to be.
        wanted = bool(outcome) if met else bool(goal)
        return self._condition(part, wanted, met=met)

    def _failed(self, part: Explanation, failure: Failure) -> str:
        absent = absent_entry(part, spoken)
        if absent is None:
            return f"{failure.message} in `{text_of(part)}`"
        return f"{self._words.of(part.parts[0])} has no entry for {absent}"

    def _missing(self, name: str) -> str:
        if name in self._hidden.withheld:
            return f"{self._words.name(name)} is withheld ({self._hidden.withheld[name]})"
        if name.startswith("audience("):
            return f"nothing is known of the audience {name[9:-1]}"
        return f"there is no value for {self._words.name(name)}"

    def _condition(self, part: Explanation, wanted: bool, *, met: bool) -> str:
        node = part.node
        outcome = part.outcome
        if isinstance(node, Reference) and node.lookup == "audience":
            is_in = "is" if outcome is True else "is not"
            return f"the customer {is_in} in the audience {self._words.audience(node)}"
        if isinstance(node, Presence):
            known = "there is a" if outcome is True else "there is no"
            return f"{known} value for {self._words.name(full_name(part) or '')}"
        if isinstance(node, Attribute | Variable | Reference):
            return f"{self._words.of(part)} is {spoken(outcome, part.type)}"
        if isinstance(node, Macro) and (node.macro, bool(outcome)) in _ELEMENTS:
            told = _ELEMENTS[node.macro, bool(outcome)].format(self._words.of(part.parts[0]))
            return f"{told} `{text_of(part.parts[1])}`"
        found = comparison(part)
        if found is not None:
            return self._compared(found.turned(wanted), met=met)
        return self._contained(part) or self._text(part) or self._day(part) or self._plain(part)

    def _day(self, part: Explanation) -> str | None:
        node = part.node
        if not isinstance(node, Operation) or node.function not in _DAYS or len(part.parts) != 3:
            return None
        is_it = "is" if part.outcome is True else "is not"
        born = part.parts[1]
        day = spoken_day(born.outcome) if type(born.outcome) is int else self._value(born)
        return f"today {is_it} {_DAYS[node.function].format(day)}"

    def _plain(self, part: Explanation) -> str:
        clause = f"`{text_of(part)}` is {spoken(part.outcome, part.type)}"
        values = dict.fromkeys(self.values(part))
        return f"{clause} ({', '.join(values)})" if values else clause

    def values(self, part: Explanation) -> list[str]:
        """The data that a part met, each as "age is 17"."""
        name = full_name(part)
        if name == NOW:
            return []
        if name is not None and has_value(part) and not self._hidden.names(part):
            return [f"{self._words.of(part)} is {spoken(part.outcome, part.type)}"]
        return [told for inner in part.parts for told in self.values(inner)]

    def _compared(self, found: Comparison, *, met: bool) -> str:
        if found.subject.type is DURATION:
            since = self._since(found, met=met)
            if since is not None:
                return since
        is_instant = found.other.type is TIMESTAMP and not depends_on_data(found.other)
        if full_name(found.subject) == NOW and is_instant:
            return self._now(found, met=met)
        subject, value = self._words.of(found.subject), self._value(found.subject)
        if _is_defaulted(found.subject):
            fact = f"{subject} has no value, so {value} counts"
        elif found.subject.outcome != found.subject.outcome:
            return f"{subject} is not a number"
        else:
            fact = f"{subject} is {value}"
        limit = self._value(found.other)
        if full_name(found.other) is not None:
            return f"{fact}, {self._against(found, met=met)}, which is {limit}"
        if found.operator == "==":
            return fact if met else f"{fact}, not {limit}"
        if found.operator == "!=":
            return f"{fact}, not {limit}" if met else f"{fact}, which it must not be"
        told = phrase(found.operator, limit, found.subject.type)
        return f"{fact}, which is {told}" if met else f"{fact}, not {told}"

    def _against(self, found: Comparison, *, met: bool) -> str:
        """How the subject compares with another piece of data."""
        name = self._words.of(found.other)
        if found.operator == "==":
            return f"the same as {name}" if met else f"not the same as {name}"
        if found.operator == "!=":
            return f"other than {name}" if met else f"which must be other than {name}"
        told = phrase(found.operator, name, found.subject.type, named=True)
        return f"which is {told}" if met else f"not {told}"

    def _value(self, part: Explanation) -> str:
        return spoken(part.outcome, part.type)

    def _since(self, found: Comparison, *, met: bool) -> str | None:
        """`now - x` or `x - now` against a length of time."""
        node = found.subject.node
        if not isinstance(node, Operation) or node.function != "_-_":
            return None
        left, right = found.subject.parts
        names = [full_name(side) for side in (left, right)]
        if names.count(NOW) != 1 or found.other.type is not DURATION:
            return None
        past = names[0] == NOW
        moment = right if past else left
        value = found.subject.outcome if past else -found.subject.outcome
        distance = duration_words(abs(value), _TOLD_UNITS)
        where = f"was {distance} ago" if value >= 0 else f"is in {distance}"
        fact = f"{self._words.of(moment)} {where}"
        limit = self._value(found.other)
        suffix = "ago" if past else "ahead"
        told = f"{phrase(found.operator, limit, DURATION)} {suffix}"
        if met:
            return f"{fact}, which is {told}"
        return f"{fact}, not {told}"

    def _now(self, found: Comparison, *, met: bool) -> str:
        at = spoken_instant(found.other.outcome)
        if found.subject.type is not TIMESTAMP or found.operator in ("==", "!="):
            return f"the time is {self._value(found.subject)}, not {at}"
        if found.subject.outcome == found.other.outcome:
            return f"it is exactly {at}"
        begins = found.operator in (">", ">=")
        return f"{at} has passed" if begins is met else f"it is not yet {at}"

    def _contained(self, part: Explanation) -> str | None:
        node = part.node
        if not isinstance(node, Operation) or node.function != "_in_":
            return None
        value, container = part.parts
        item = self._value(value)
        if not depends_on_data(container):
            word = "one" if part.outcome is True else "none"
            return (
                f"{self._words.of(value)} is {item}, {word} of {listed_values(container, spoken)}"
            )
        if depends_on_data(value):
            item = f"{self._words.of(value)}, which is {item},"
        name = self._words.of(container)
        if container.type.kind is Kind.MAP:
            return f"{name} has {'an' if part.outcome is True else 'no'} entry for {item}"
        return f"{item} {'is' if part.outcome is True else 'is not'} among the {name}"

    def _text(self, part: Explanation) -> str | None:
        found = text_function(part)
        if found is None or not has_value(found[0]):
            return None
        target, function, argument = found
        positive, negative = _MEETS[function]
        verb = positive if part.outcome is True else negative
        return f"{self._words.of(target)} is {self._value(target)}, which {verb} {argument}"


def _is_defaulted(part: Explanation) -> bool:
    """Whether a value counts only because there is none."""
    is_default = isinstance(part.node, Macro) and part.node.macro == "or_value"
    return is_default and part.parts[0].outcome == ABSENT
