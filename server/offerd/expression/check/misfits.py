"""What is said of operands and arguments whose types do not fit, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Final

from offerd.expression.check.context import Context
from offerd.expression.check.habits import default_of, membership
from offerd.expression.check.tree import Attribute, Constant, Items, Node, unboxed
from offerd.expression.check.types import (
    BOOL,
    DOUBLE,
    DURATION,
    INT,
    NULL,
    NUMERIC,
    STRING,
    TIMESTAMP,
    UINT,
    Kind,
)
from offerd.expression.functions.overload import Form, Function, Overload
from offerd.expression.functions.table import display_name
from offerd.expression.issues import snippet
from offerd.expression.values import quoted

_EQUALITIES: Final = ("_==_", "_!=_")
_ACCESSES: Final = ("_in_", "_[_]")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d.*")
_DURATION: Final = re.compile(r"(?:\d+(?:h|m|s|ms))+")
_NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def misfit(checker: Context, function: Function, arguments: Sequence[Node]) -> str:
    """What is wrong with arguments that no form of the function takes."""
    parts = [unboxed(argument) for argument in arguments]
    told = _Told(checker.source, function.name, parts)
    whole = _of_null(told) or _of_membership(told)
    if whole:
        return whole
    message = _plain(function, parts)
    hint = next((found for rule in _RULES if (found := rule(told))), "")
    if message is None:
        return hint or _expected(function, parts)
    return f"{message}: {hint}" if hint else message


def _plain(function: Function, parts: Sequence[Node]) -> str | None:
    """What does not fit, of an operator; None of other functions."""
    types = [f"`{part.type}`" for part in parts]
    if function.name in _EQUALITIES:
        return f"{types[0]} and {types[1]} are never equal"
    if function.name == "_in_":
        return f"`in` needs a list or a map that can hold {types[0]}: found {types[1]}"
    if function.name == "_[_]":
        return f"{types[0]} has no index of type {types[1]}"
    if function.form is Form.OPERATOR:
        return f"cannot apply {display_name(function.name)} to {' and '.join(types)}"
    return None


def _expected(function: Function, parts: Sequence[Node]) -> str:
    shown = display_name(function.name)
    types = ", ".join(f"`{part.type}`" for part in parts) or "no arguments"
    if function.packs:
        return f"cannot call {shown} with {types}: expected numbers"
    expected = " or ".join(f"`{signature(function, o)}`" for o in function.overloads[:4])
    return f"cannot call {shown} with {types}: expected {expected}"


def signature(function: Function, overload: Overload) -> str:
    """A form of a function as it is written, with types for its arguments."""
    types = [str(type_) for type_ in overload.arguments]
    if function.form is Form.METHOD:
        return f"{types[0]}.{function.name}({', '.join(types[1:])})"
    return f"{function.name}({', '.join(types)})"


class _Told:
    """What is known of a misfit: the function, its parts, and how they are written."""

    def __init__(self, source: str, function: str, parts: Sequence[Node]) -> None:
        self.source = source
        self.function = function
        self.parts = parts

    def text(self, part: Node) -> str:
        return snippet(self.source, part.start, part.end)

    def pairs(self) -> list[tuple[Node, Node]]:
        """Both operands, either way round; none if there are not two."""
        if len(self.parts) != 2:
            return []
        left, right = self.parts
        return [(left, right), (right, left)]


def _of_null(told: _Told) -> str:
    if told.function not in _EQUALITIES:
        return ""
    for part, other in told.pairs():
        if other.type is NULL and part.type.kind is Kind.OPTIONAL:
            asked = f"{told.text(part)}.hasValue()"
        elif other.type is NULL and isinstance(part, Attribute):
            asked = f"has({part.root}.{part.path})"
        else:
            continue
        mark, what = ("!", "is missing") if told.function == "_==_" else ("", "has a value")
        message = f"{quoted(told.text(part))} is never null: to ask whether it {what}"
        return f"{message}, write `{mark}{asked}`"
    return ""


def _of_optional(told: _Told) -> str:
    for part in told.parts:
        if part.type.kind is Kind.OPTIONAL:
            default = default_of(part.type.parameters[0].kind)
            written = quoted(f"{told.text(part)}.orValue({default})")
            return f"say what counts when there is no value: {written}"
    return ""


def _of_timestamp(told: _Told) -> str:
    for part, other in told.pairs():
        if part.type is not TIMESTAMP or told.function in _ACCESSES:
            continue
        if other.type is STRING:
            return f"a time is written `timestamp({_as_timestamp(other)})`"
        if other.type is DURATION:
            return f"compare how long ago it is: {quoted(f'now - {told.text(part)}')}"
        if other.type in NUMERIC:
            return 'a length of time is written `duration("24h")`'
    return ""


def _as_timestamp(node: Node) -> str:
    text = node.value if isinstance(node, Constant) else ""
    if _DATE.fullmatch(text):
        return f'"{text}T00:00:00Z"'
    return f'"{text}"' if _TIME.fullmatch(text) else '"2026-01-31T08:00:00Z"'


def _of_duration(told: _Told) -> str:
    for part, other in told.pairs():
        if part.type is not DURATION or told.function in _ACCESSES:
            continue
        text = other.value if isinstance(other, Constant) else ""
        if other.type is STRING:
            known = isinstance(text, str) and _DURATION.fullmatch(text)
            return f'a length of time is written `duration("{text if known else "24h"}")`'
        if other.type in NUMERIC:
            return 'a length of time is written `duration("24h")`'
    return ""


def _of_list(told: _Told) -> str:
    for part, other in told.pairs():
        if part.type.kind is Kind.LIST and other.type.kind is not Kind.LIST:
            if told.function in _EQUALITIES and part.type.parameters[0] is other.type:
                mark = "!" if told.function == "_!=_" else ""
                asked = f"{told.text(other)} in {told.text(part)}"
                return f"use {quoted(f'{mark}({asked})' if mark else asked)}"
            if told.function == "_+_":
                return f"a list is joined with a list: {quoted(f'[{told.text(other)}]')}"
    return ""


def _of_membership(told: _Told) -> str:
    if told.function == "contains" and len(told.parts) == 2:
        container, part = told.parts
        if container.type.kind in (Kind.LIST, Kind.MAP):
            where = membership(container, told.text(container), told.text(part))
            return f"`contains` looks into a text: {where}"
    if told.function == "_in_" and told.parts[1].type is STRING:
        value, container = told.parts
        if isinstance(container, Constant):
            listed = quoted(f"[{_literal(container)}]")
            return f"`in` needs a list, in square brackets: write {listed}"
        if value.type is STRING:
            asked = f"{told.text(container)}.contains({told.text(value)})"
            return f"`in` looks into a list, not into a text: use {quoted(asked)}"
    return ""


def _literal(constant: Constant) -> str:
    return f'"{constant.value}"'


def _of_quotes(told: _Told) -> str:
    """A number or a truth value in quotes, or a text without them."""
    for part, other in told.pairs():
        if told.function == "_in_" and isinstance(other, Items) and part.type in NUMERIC:
            texts = [item.value for item in other.items if isinstance(item, Constant)]
            if all(isinstance(text, str) and _NUMBER.fullmatch(text) for text in texts):
                numbers = f"[{', '.join(texts)}]"
                return f"write {quoted(numbers)} without quotes"
        if not isinstance(other, Constant) or told.function == "_in_":
            continue
        if other.type is STRING and part.type in NUMERIC and _NUMBER.fullmatch(other.value):
            return f"write `{other.value}` without quotes"
        if other.type is STRING and part.type is BOOL and other.value in ("true", "false"):
            return f"write `{other.value}` without quotes"
        if other.type is INT and part.type is BOOL:
            return f"{quoted(told.text(part))} is a condition already"
        if other.type in (INT, DOUBLE) and part.type is STRING and told.function in _EQUALITIES:
            return f'write `"{told.text(other)}"` in quotes'
    return ""


def _of_numbers(told: _Told) -> str:
    types = {part.type for part in told.parts}
    if told.function == "_%_" and types == {DOUBLE}:
        return "only whole numbers have a remainder"
    if told.function == "_+_" and STRING in types and types - {STRING} <= {INT, UINT, DOUBLE, BOOL}:
        part = next(part for part in told.parts if part.type is not STRING)
        return f"use {quoted(f'string({told.text(part)})')}"
    if len(types) != 2 or not types <= set(NUMERIC):
        return ""
    wanted = DOUBLE if DOUBLE in types else INT
    part = next(part for part in told.parts if part.type is not wanted)
    if isinstance(part, Constant) and part.type is INT and wanted is DOUBLE:
        return f"write `{told.text(part)}.0`"
    return f"use {quoted(f'{wanted}({told.text(part)})')}"


def _of_negation(told: _Told) -> str:
    if told.function == "!_" and isinstance(told.parts[0], Attribute):
        return f"to ask for no value, write {quoted(f'!has({told.text(told.parts[0])})')}"
    return ""


_RULES: Final[tuple[Callable[[_Told], str], ...]] = (
    _of_optional,
    _of_list,
    _of_timestamp,
    _of_duration,
    _of_quotes,
    _of_numbers,
    _of_negation,
)
