"""One placeholder: its expression, its default, and whether it needs one."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple

from offerd.content.certainty import doubt
from offerd.content.mistakes import Flaw
from offerd.content.syntax import Hole, Source
from offerd.content.values import TEXTS, json_form
from offerd.expression import (
    BOOL,
    DOUBLE,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Checked,
    Issue,
    Type,
)
from offerd.expression.check.tree import Box, Constant, Items, Node
from offerd.expression.check.types import Kind

Check = Callable[[str], Checked | Sequence[Issue]]
"""Compiles an expression of any type, or tells what is wrong with it."""


class Fixed(NamedTuple):
    """A placeholder that is the same for everybody: its text, or its JSON value."""

    value: Any


class Computed(NamedTuple):
    """A placeholder that is computed for each request.

    `default` is a text, or a JSON value, and says something only if `has_default`.
    """

    checked: Checked
    default: Any
    has_default: bool


class Compiler:
    """Compiles the placeholders of one content."""

    def __init__(self, check: Check, given: Collection[str]) -> None:
        self._check = check
        self._given = given

    def compile(self, hole: Hole, flaws: list[Flaw], *, whole: bool) -> Fixed | Computed | None:
        """What a placeholder shows; None if it has a mistake, which is added to the flaws.

        With `whole` it stands for a JSON value, otherwise it is a part of a text.
        """
        checked = self._checked(hole.expression, flaws)
        if checked is not None:
            checked = _showable(hole, checked, flaws, whole=whole)
        default = None
        if hole.default is not None:
            default = self._default(hole.default, checked, flaws, whole=whole)
        if checked is None or (hole.default is not None and default is None):
            return None
        form = _form(checked.type, whole=whole)
        constant = _constant(checked.tree)
        if constant is not None and form is not None:
            try:
                return Fixed(form(constant.value))
            except ValueError as error:
                flaws.append(_flaw(hole.expression, str(error)))
                return None
        if default is None and not self._is_certain(hole, checked, flaws, whole=whole):
            return None
        return Computed(checked, default and default.value, default is not None)

    def _checked(self, source: Source, flaws: list[Flaw]) -> Checked | None:
        result = self._check(source.text)
        if isinstance(result, Checked):
            return result
        for issue in result:
            lines = source.text.split("\n")
            offset = sum(len(line) + 1 for line in lines[: issue.line - 1]) + issue.column - 1
            flaws.append(Flaw(source.offset + offset, issue.length, issue.message))
        return None

    def _default(
        self, source: Source, checked: Checked | None, flaws: list[Flaw], *, whole: bool
    ) -> Fixed | None:
        """The default as it is shown, or None if it has a mistake."""
        if _WORDS.fullmatch(source.text) and source.text not in _LITERALS:
            advice = f'to show this text write `"{source.text}"`'
            flaws.append(_flaw(source, f"the default must be a constant: {advice}"))
            return None
        found = self._checked(source, flaws)
        if found is None:
            return None
        constant = _constant(found.tree)
        if constant is None:
            message = "the default must be a constant, the same for everybody"
            flaws.append(_flaw(source, message))
            return None
        if checked is None:
            return Fixed(None)
        shown = _fitting(constant.value, found.type, checked.type, whole=whole)
        if shown is None:
            flaws.append(_flaw(source, _misfit(found.type, checked.type, whole=whole)))
        return shown

    def _is_certain(self, hole: Hole, checked: Checked, flaws: list[Flaw], *, whole: bool) -> bool:
        found = doubt(checked, self._given)
        if found is None:
            return True
        source = hole.expression
        blamed = source.text[found.start : found.end]
        sample = _SAMPLES.get(checked.type, "[]") if whole else '"..."'
        rewrite = f"{{{{ {source.text} | {sample} }}}}"
        if len(source.text) > _LONGEST_SHOWN or "\n" in source.text:
            rewrite = f"| {sample}"
        message = f"`{_shortened(blamed)}` {found.reason}: give a default, as in `{rewrite}`"
        length = max(1, found.end - found.start)
        flaws.append(Flaw(source.offset + found.start, length, message))
        return False


_WORDS: Final = re.compile(r"[^\W\d]\w*(?: \w+)*")
_LITERALS: Final = ("true", "false", "null")
_LONGEST_SHOWN: Final = 80
_SAMPLES: Final = {
    STRING: '"..."',
    INT: "0",
    UINT: "0u",
    DOUBLE: "0.0",
    BOOL: "false",
    TIMESTAMP: "null",
}


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST_SHOWN else f"{plain[:_LONGEST_SHOWN]}..."


def _flaw(source: Source, message: str) -> Flaw:
    return Flaw(source.offset, max(1, len(source.text)), message)


def _form(type_: Type, *, whole: bool) -> Callable[[Any], Any] | None:
    return json_form(type_) if whole else TEXTS.get(type_)


def _showable(hole: Hole, checked: Checked, flaws: list[Flaw], *, whole: bool) -> Checked | None:
    if _form(checked.type, whole=whole) is not None:
        return checked
    what = "as a JSON value" if whole else "in text"
    advice = _ADVICE.get(checked.type.kind, "write `string(...)` around it")
    if checked.type.kind is Kind.LIST and str(checked.type) != "list(string)":
        advice = "show one element of it"
    message = f"a value of type `{checked.type}` can't be shown {what}: {advice}"
    flaws.append(_flaw(hole.expression, message))
    return None


_ADVICE: Final = {
    Kind.LIST: 'join it, as in `tags.join(", ")`',
    Kind.MAP: 'show one entry of it, as in `counts[?"yoga"].orValue(0)`',
    Kind.OPTIONAL: "say what stands there without a value, as in `.orValue(...)`",
    Kind.DURATION: "show a number of it, such as `.getHours()`",
    Kind.NULL: "there is nothing to show",
}


def _constant(node: Node) -> Fixed | None:
    """The value of a literal, or of a list of literals; None for anything else."""
    if isinstance(node, Box):
        return _constant(node.value)
    if isinstance(node, Constant):
        return Fixed(node.value)
    if isinstance(node, Items):
        items = [_constant(item) for item in node.items]
        known = [item.value for item in items if item is not None]
        return Fixed(known) if len(known) == len(items) else None
    return None


def _fitting(value: Any, type_: Type, wanted: Type, *, whole: bool) -> Fixed | None:
    """The default as it is shown, or None if it is of a type that doesn't fit."""
    if whole and type_ is NULL:
        return Fixed(None)
    if whole and wanted.kind is Kind.LIST and value == []:
        return Fixed([])
    if type_ is INT and wanted in (DOUBLE, UINT):
        return Fixed(value if whole else str(value))
    if type_ is not wanted and (whole or type_ is not STRING):
        return None
    form = _form(type_, whole=whole)
    try:
        return None if form is None else Fixed(form(value))
    except ValueError:
        return None


def _misfit(found: Type, wanted: Type, *, whole: bool) -> str:
    others = [f"`{wanted}`", "null"] if whole else list(dict.fromkeys((f"`{wanted}`", "`string`")))
    return f"the default must be of type {' or '.join(others)}: found `{found}`"
