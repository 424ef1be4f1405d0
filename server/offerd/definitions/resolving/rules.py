"""Expressions in definitions: each distinct one compiled once, its issues placed in the file."""

from __future__ import annotations

import re
from typing import Any, TypeAlias

from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.place import Path
from offerd.definitions.wording import either
from offerd.expression import (
    BOOL,
    DOUBLE,
    INT,
    STRING,
    Checked,
    Environment,
    ExpressionError,
    Issue,
    Type,
    compile_expression,
    encode,
)
from offerd.model.catalogue import Rule

CONDITION = (BOOL,)
NUMBER = (DOUBLE, INT)
INTEGER = (INT,)
TEXT = (STRING,)
"""The types that a rule may give, by what it is for."""

Types: TypeAlias = tuple[Type, ...]

_ROOTED_NAME = re.compile(r"\w+\.([\w.]+)")
_ASKED_NAME = re.compile(r"""(?:\w+\()?["']([^"']+)["']\)?""")


class Compiler:
    """Compiles the expressions of one environment."""

    def __init__(self, environment: Environment, findings: Findings) -> None:
        self.environment = environment
        self._findings = findings
        self._results: dict[tuple[str, Types], Checked | tuple[Issue, ...]] = {}

    def compile(
        self, source: str, entry: Entry[Any], *path: str | int, expected: Types = CONDITION
    ) -> Checked | None:
        """The checked expression, or None if it has mistakes, which are reported at the entry.

        `expected` are the types of which it may be.
        """
        written = source.rstrip()
        if not written:
            self._findings.mistake(entry.place(*path), f"`{path[-1]}` must not be empty")
            return None
        result = self.check(written, expected)
        if isinstance(result, Checked):
            return result
        for issue in result:
            self._report(issue, written, entry, path)
        return None

    def check(self, source: str, expected: Types = ()) -> Checked | tuple[Issue, ...]:
        """The checked expression, or what is wrong with it; of any type if none is expected."""
        result = self._results.get((source, expected))
        if result is None:
            result = self._results[source, expected] = self._compile(source, expected)
        return result

    def is_excused(self, part: str) -> bool:
        """Whether the part at fault is just a name, and one that may well be declared."""
        found = _ROOTED_NAME.fullmatch(part) or _ASKED_NAME.fullmatch(part)
        return found is not None and self._findings.is_excused(found[1])

    def _compile(self, source: str, expected: Types) -> Checked | tuple[Issue, ...]:
        only = BOOL if expected == CONDITION else None
        try:
            checked = compile_expression(source, self.environment, expected=only)
        except ExpressionError as error:
            return error.issues
        if not expected or checked.type in expected:
            return checked
        message = f"the expression must be {either(map(str, expected))}: found `{checked.type}`"
        return (Issue(message, 1, 1, max(1, len(source))),)

    def _report(self, issue: Issue, source: str, entry: Entry[Any], path: Path) -> None:
        lines = source.split("\n")
        offset = sum(len(line) + 1 for line in lines[: issue.line - 1]) + issue.column - 1
        if not self.is_excused(source[offset : offset + issue.length]):
            self._findings.mistake(entry.origin.place_in_text(path, offset), issue.message)


class RuleTable:
    """Numbers rules from 0 in the order in which they are first used."""

    def __init__(self) -> None:
        self._numbers: dict[Rule, int] = {}
        self._by_source: dict[int, tuple[Checked, int]] = {}

    def number(self, checked: Checked) -> int:
        """The number of a checked expression's rule; equal rules share one."""
        known = self._by_source.get(id(checked))
        if known is None:
            rule = Rule(checked.source, encode(checked))
            known = (checked, self._numbers.setdefault(rule, len(self._numbers)))
            self._by_source[id(checked)] = known
        return known[1]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """All rules, in the order of their numbers."""
        return tuple(self._numbers)
