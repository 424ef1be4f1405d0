"""Conditions as requirements: "to be at least 18", "to include "yoga""."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from offerd.expression.check.tree import Macro, Operation
from offerd.expression.check.types import TIMESTAMP, Kind, Type
from offerd.expression.explain import Explanation
from offerd.expression.narration.conditions import comparison, constant_value, has_value, sum_of
from offerd.expression.narration.parts import depends_on_data, full_name, text_of
from offerd.expression.narration.values import shown

Tell = Callable[[Any, Type], str]
"""How a value of a type is told."""


class Requirement(NamedTuple):
    """`subject` needs `infinitive` ("to be 3"), or would no longer do if it `conditional`."""

    subject: str
    infinitive: str
    conditional: str
    name: str = ""


_NUMBERS: Final = {
    "==": "{}",
    "!=": "other than {}",
    "<": "less than {}",
    "<=": "at most {}",
    ">": "more than {}",
    ">=": "at least {}",
}
_TIMES: Final = {
    **_NUMBERS,
    "<": "before {}",
    "<=": "{} or earlier",
    ">": "after {}",
    ">=": "{} or later",
}
_NAMED_TIMES: Final = {**_TIMES, "<=": "at or before {}", ">=": "at or after {}"}
_TEXTS: Final = {
    "startsWith": ("start with", "started with"),
    "endsWith": ("end with", "ended with"),
    "contains": ("contain", "contained"),
    "matches": ("match", "matched"),
    "equalsIgnoreCase": ("equal", "equalled"),
    "containsIgnoreCase": ("contain", "contained"),
}
_ASIDE: Final = {
    "equalsIgnoreCase": ", capitals aside",
    "containsIgnoreCase": ", capitals aside",
}
_QUANTIFIERS: Final = {
    ("exists", True): "at least one element of {}",
    ("exists", False): "no element of {}",
    ("all", True): "every element of {}",
    ("all", False): "not every element of {}",
    ("exists_one", True): "exactly one element of {}",
    ("exists_one", False): "not exactly one element of {}",
    ("exists_entry", True): "at least one entry of {}",
    ("exists_entry", False): "no entry of {}",
    ("all_entries", True): "every entry of {}",
    ("all_entries", False): "not every entry of {}",
    ("exists_one_entry", True): "exactly one entry of {}",
    ("exists_one_entry", False): "not exactly one entry of {}",
}


def phrase(operator: str, value: str, type_: Type, *, named: bool = False) -> str:
    """What something must be: "at least 18", "before 2026-01-01T00:00:00Z".

    `named` for a value that is told by its name, such as "at or after last purchase".
    """
    times = _NAMED_TIMES if named else _TIMES
    return (times if type_ is TIMESTAMP else _NUMBERS)[operator].format(value)


def value_phrase(operator: str, value: str, type_: Type) -> tuple[str, str]:
    """The same, as infinitive and as conditional."""
    told = phrase(operator, value, type_)
    return f"to be {told}", f"were {told}"


def requirement_of(part: Explanation, goal: bool) -> Requirement:
    """What a condition asks for if its outcome must be the goal."""
    for read in (_compared, _contained, _text, _quantified):
        found = read(part, goal)
        if found is not None:
            return found
    word = "true" if goal else "false"
    return Requirement(f"`{text_of(part)}`", f"to be {word}", f"were {word}")


Reader = Callable[[Explanation, bool], Requirement | None]


def _compared(part: Explanation, goal: bool) -> Requirement | None:
    found = comparison(part)
    if found is None:
        return None
    found = found.turned(goal)
    total = sum_of(found)
    if total is not None and full_name(found.subject) is None and len(total.names) == 1:
        turn = total.turn(total.names[0])
        if turn is not None:
            told = value_phrase(turn.operator, shown(turn.value, turn.type), turn.type)
            return Requirement(f"`{turn.name}`", *told, turn.name)
    value = shown(found.other.outcome, found.other.type)
    source = f", the value of `{text_of(found.other)}`" if depends_on_data(found.other) else ""
    subject = text_of(found.subject)
    to_be, were = value_phrase(found.operator, value, found.subject.type)
    return Requirement(f"`{subject}`", f"{to_be}{source}", f"{were}{source}", subject)


def _contained(part: Explanation, goal: bool) -> Requirement | None:
    node = part.node
    if not isinstance(node, Operation) or node.function != "_in_":
        return None
    value, container = part.parts
    if not all(map(has_value, part.parts)):
        return None
    if constant_value(container) is not None:
        return _among(value, container, goal)
    name = text_of(container)
    item = shown(value.outcome, value.type)
    if container.type.kind is Kind.MAP:
        word = "an" if goal else "no"
        told = f"{word} entry for {item}"
        return Requirement(f"`{name}`", f"to have {told}", f"had {told}", name)
    if goal:
        return Requirement(f"`{name}`", f"to include {item}", f"included {item}", name)
    return Requirement(f"`{name}`", f"not to include {item}", f"did not include {item}", name)


def _among(value: Explanation, container: Explanation, goal: bool) -> Requirement:
    name = text_of(value)
    told = f"{'one' if goal else 'none'} of {listed_values(container)}"
    return Requirement(f"`{name}`", f"to be {told}", f"were {told}", name)


def listed_values(container: Explanation, tell: Tell = shown) -> str:
    """The values of a list, or the keys of a map, without brackets."""
    return tell(list(container.outcome), container.type)[1:-1]


def absent_entry(part: Explanation, tell: Tell = shown) -> str | None:
    """The shown key of a look-up in a map that failed for want of it; None for other failures."""
    node = part.node
    if not isinstance(node, Operation) or node.function not in ("_[_]", "_._"):
        return None
    mapping, key = part.parts
    is_map = mapping.type.kind is Kind.MAP and has_value(mapping) and has_value(key)
    return tell(key.outcome, key.type) if is_map else None


def text_function(part: Explanation) -> tuple[Explanation, str, str] | None:
    """The target, the name and the shown argument of a test on text, such as `startsWith`."""
    node = part.node
    if not isinstance(node, Operation) or node.function not in _TEXTS or len(part.parts) != 2:
        return None
    target, argument = part.parts
    if not has_value(argument):
        return None
    value = shown(argument.outcome, argument.type)
    return target, node.function, f"{value}{_ASIDE.get(node.function, '')}"


def _text(part: Explanation, goal: bool) -> Requirement | None:
    found = text_function(part)
    if found is None:
        return None
    target, function, value = found
    infinitive, past = _TEXTS[function]
    name = text_of(target)
    if goal:
        return Requirement(f"`{name}`", f"to {infinitive} {value}", f"{past} {value}", name)
    return Requirement(
        f"`{name}`", f"not to {infinitive} {value}", f"did not {infinitive} {value}", name
    )


def _quantified(part: Explanation, goal: bool) -> Requirement | None:
    node = part.node
    if not isinstance(node, Macro) or (node.macro, goal) not in _QUANTIFIERS:
        return None
    range_, condition = part.parts[0], part.parts[1]
    name = text_of(range_)
    subject = _QUANTIFIERS[node.macro, goal].format(f"`{name}`")
    told = f"`{text_of(condition)}`"
    return Requirement(subject, f"to meet {told}", f"met {told}", name)
