"""Mistakes in an expression, where they are, and how they look on a screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Position(NamedTuple):
    """A place in a source text: line and column from 1, offset in characters from 0."""

    line: int
    column: int
    offset: int


@dataclass(frozen=True, slots=True, order=True)
class Issue:
    """One mistake: what is wrong, and which stretch of the source is meant.

    `line` and `column` start at 1 and are relative to the expression; `length` is in characters
    and at least 1, so that there is always something to underline.
    """

    message: str
    line: int
    column: int
    length: int

    def __str__(self) -> str:
        return f"{self.line}:{self.column}: {self.message}"


class ExpressionError(Exception):
    """The expression is not accepted; `issues` lists every mistake found, in source order."""

    def __init__(self, issues: tuple[Issue, ...]) -> None:
        super().__init__("\n".join(map(str, issues)))
        self.issues = issues


def locate(source: str, offset: int) -> Position:
    """The line and column of an offset in the source."""
    before = source[:offset]
    line = before.count("\n") + 1
    return Position(line, offset - (before.rfind("\n") + 1) + 1, offset)


def issue_at(source: str, message: str, start: int, end: int) -> Issue:
    """An issue about source[start:end]."""
    position = locate(source, start)
    return Issue(message, position.line, position.column, max(1, end - start))


def snippet(source: str, start: int, end: int) -> str:
    """What is written there, on one line."""
    return " ".join(source[start:end].split())


def render_issue(source: str, issue: Issue) -> str:
    """The message, the source line, and a caret line under the stretch that is meant."""
    lines = source.split("\n")
    text = lines[issue.line - 1] if issue.line <= len(lines) else ""
    before = "".join("\t" if c == "\t" else " " for c in text[: issue.column - 1])
    width = max(1, min(issue.length, len(text) - issue.column + 1))
    return f"{issue}\n  {text}\n  {before}{'^' * width}"
