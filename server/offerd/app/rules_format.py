"""`offerd fmt`: expressions in files of definitions, written anew where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from offerd.app.rules_rewrite import Rewrite, rewrite
from offerd.definitions.findings import Findings
from offerd.definitions.reading.compose import compose
from offerd.definitions.reading.folders import TREE_SUFFIXES, SourceFile, find_files, read_text
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Mapping, Node, Scalar, TreeOrigin
from offerd.definitions.reading.tree import Sequence as ListNode
from offerd.expression import ExpressionError, Issue
from offerd.expression.format import FormatError, bare
from offerd.expression.syntax.parser import parse

EXPRESSION_FIELDS: Final = {
    "aggregates": "where",
    "audiences": "rule",
    "offers": "eligibility",
    "collections": "where",
    "strategies": "constraint",
}
"""The field of each section that holds an expression."""
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_BULK_RULES: Final = re.compile(r"\beligibility\b")


class Note(NamedTuple):
    """Something that people should know, at a place."""

    file: str
    line: int
    column: int
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}"


@dataclass
class Formatted:
    """What formatting came to: how many expressions were looked at, and which files change."""

    expressions: int = 0
    changed: list[str] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    has_mistakes: bool = False


def format_definitions(paths: Sequence[Path], *, write: bool) -> Formatted:
    """Formats every expression in the files of the folders; writes those that change, if asked.

    Files that can't be read and expressions with mistakes are told as notes and stay as they are.
    """
    formatted = Formatted()
    findings = Findings()
    for file in find_files(paths, findings):
        if file.suffix in TREE_SUFFIXES:
            _format_file(file, formatted, findings, write=write)
        elif _BULK_RULES.search(file.path.read_text(encoding="utf-8", errors="replace")):
            _note(formatted, file.name, 1, 1, "offers in bulk are left as they are")
    for mistake in findings.mistakes:
        formatted.has_mistakes = True
        _note(formatted, mistake.file, mistake.line, mistake.column, mistake.message)
    return formatted


def _note(formatted: Formatted, file: str, line: int, column: int, message: str) -> None:
    formatted.notes.append(Note(file, line, column, message))


def _format_file(
    file: SourceFile, formatted: Formatted, findings: Findings, *, write: bool
) -> None:
    text = read_text(file, findings)
    root = None if text is None else compose(text, findings)
    if text is None or root is None:
        return
    rewrites: list[Rewrite] = []
    for scalar, source in _expressions(root):
        formatted.expressions += 1
        place = text.place(scalar.start)
        try:
            found = rewrite(text.source, scalar, source, is_json=file.suffix == ".json")
        except FormatError as error:
            message = f"left as it is: {error}"
            _note(formatted, file.name, place.line, place.column, message)
        except ExpressionError as error:
            formatted.has_mistakes = True
            origin = TreeOrigin(text, scalar)
            for issue in error.issues:
                at = origin.place_in_text((), _offset(source, issue))
                _note(formatted, file.name, at.line, at.column, issue.message)
        else:
            rewrites.extend([] if found is None else [found])
    if not rewrites:
        return
    new = _spliced(text.source, rewrites)
    if text.source != text.original or not _same(root, new, file.name):
        _note(formatted, file.name, 1, 1, "left as it is: it can't be written anew safely")
        return
    formatted.changed.append(file.name)
    if write:
        mark = _BYTE_ORDER_MARK if file.path.read_bytes().startswith(_BYTE_ORDER_MARK) else b""
        file.path.write_bytes(mark + new.encode("utf-8"))


def _offset(source: str, issue: Issue) -> int:
    lines = source.split("\n")
    return sum(len(line) + 1 for line in lines[: issue.line - 1]) + issue.column - 1


def _expressions(root: Node) -> Iterator[tuple[Scalar, str]]:
    """Every text that is an expression, each once, however many aliases lead to it."""
    seen: set[int] = set()
    for scalar in _scalars(root):
        if isinstance(scalar.value, str) and scalar.start not in seen and scalar.value.strip():
            seen.add(scalar.start)
            yield scalar, scalar.value.rstrip()


def _scalars(root: Node) -> Iterator[Scalar]:
    for section, name in EXPRESSION_FIELDS.items():
        entries = _under(root, section)
        for entry in entries.items if isinstance(entries, ListNode) else ():
            value = _under(entry, name)
            if isinstance(value, Scalar):
                yield value


def _under(node: Node | None, key: str) -> Node | None:
    if not isinstance(node, Mapping) or key not in node.pairs:
        return None
    return node.pairs[key][1]


def _spliced(source: str, rewrites: Sequence[Rewrite]) -> str:
    for one in sorted(rewrites, key=lambda found: -found.start):
        source = f"{source[: one.start]}{one.text}{source[one.end :]}"
    return source


def _same(root: Node, new: str, name: str) -> bool:
    """Whether a text says what the tree says, expressions aside from how they are written."""
    findings = Findings()
    again = compose(Text(name, new), findings)
    return again is not None and not findings.count and _meaning(again) == _meaning(root)


def _meaning(root: Node) -> Any:
    expressions = {id(scalar) for scalar in _scalars(root)}

    def meaning(node: Node) -> Any:
        if isinstance(node, Scalar):
            is_rule = id(node) in expressions and isinstance(node.value, str)
            return _tree(str(node.value)) if is_rule else (type(node.value), node.value)
        if isinstance(node, ListNode):
            return [meaning(item) for item in node.items]
        return [(key, meaning(value)) for key, (_, value) in node.pairs.items()]

    return meaning(root)


def _tree(source: str) -> object:
    try:
        return bare(parse(source.rstrip()))
    except ExpressionError:
        return source
