"""YAML or JSON text to a tree, with every mistake of form that can be told.

The parser's events are composed here rather than by the library, so that nesting and
aliases are bounded, and so that every scalar keeps where and how it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import yaml

from offerd.definitions.findings import Findings
from offerd.definitions.reading.scalars import ScalarProblem, plain_scalar, tagged_scalar
from offerd.definitions.reading.text import Text
from offerd.definitions.reading.tree import Mapping, Node, Scalar, Sequence
from offerd.definitions.wording import described, quoted, with_backticks

MAXIMUM_DEPTH = 32
MAXIMUM_EXPANSION = 100_000
"""How many nodes the aliases of one file may stand for, all together."""

_CONTROL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufffe\uffff\U0001fffe\U0002fffe\U0003fffe]"
)
_COLLECTION_TAGS = {
    yaml.SequenceStartEvent: "tag:yaml.org,2002:seq",
    yaml.MappingStartEvent: "tag:yaml.org,2002:map",
}


class Unreadable(Exception):
    """The text can't be composed; says where and why."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index
        self.message = message


def compose(text: Text, findings: Findings) -> Node | None:
    """The tree of the text's one document; None (and a mistake) if it can't be read.

    Mistakes after which reading can go on (a key twice, a number too large) are reported and
    the tree is returned without them; any other is reported and the text counts as lost.
    """
    control = _CONTROL.search(text.original)
    if control is not None:
        message = f"found the control character U+{ord(control[0]):04X}"
        findings.mistake(text.place_in_original(control.start()), message)
        findings.lose(text.original)
        return None
    try:
        root = _Composer(text, findings).run()
        if root is None:
            raise Unreadable(0, "the file holds no definitions")
        return root
    except Unreadable as problem:
        findings.mistake(text.place(problem.index), problem.message)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        index = mark.index if mark is not None else 0
        findings.mistake(text.place(index), _syntax_message(text, error, index))
    findings.lose(text.source)
    return None


def _syntax_message(text: Text, error: yaml.MarkedYAMLError, index: int) -> str:
    problem = with_backticks(error.problem or "can't be understood")
    found = text.source[index : index + 1]
    if "cannot start any token" in problem and found:
        problem = (
            "found a tab, which can't indent" if found == "\t" else f"`{found}` must be quoted"
        )
    message = f"not valid {text.form}: {problem}"
    if error.context and error.context_mark is not None and error.context_mark.index < index:
        begun = text.place(error.context_mark.index)
        message += f", {error.context} that begins at line {begun.line}, column {begun.column}"
    return message


class _Composer:
    """Builds nodes from events with a stack of the collections that are still open."""

    def __init__(self, text: Text, findings: Findings) -> None:
        self._text = text
        self._findings = findings
        self._open: list[_OpenCollection] = []
        self._anchors: dict[str, Node | None] = {}
        self._root: Node | None = None
        self._documents = 0
        self._expanded = 0

    def run(self) -> Node | None:
        handlers: dict[type, Callable[..., None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.AliasEvent: self._alias,
            yaml.SequenceStartEvent: self._start,
            yaml.MappingStartEvent: self._start,
            yaml.SequenceEndEvent: self._end,
            yaml.MappingEndEvent: self._end,
            yaml.DocumentStartEvent: self._document,
        }
        for event in yaml.parse(self._text.source, Loader=yaml.CSafeLoader):
            handler = handlers.get(type(event))
            if handler is not None:
                handler(event)
        return self._root

    def _document(self, event: yaml.DocumentStartEvent) -> None:
        self._documents += 1
        if self._documents > 1:
            raise Unreadable(
                _start(event), "a second document begins here: a file holds one document"
            )

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        start = _start(event)
        style = event.style or ""
        written = self._text.shown(event.value)
        value: bool | int | float | str | None
        try:
            if event.tag is not None:
                value = tagged_scalar(written, event.tag)
            else:
                value = written if style else plain_scalar(written)
        except ScalarProblem as problem:
            self._findings.mistake(self._text.place(start), str(problem), spoils=True)
            value = 0
        node = Scalar(value, start, _end(event), style)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        self._add(node)

    def _start(self, event: yaml.SequenceStartEvent | yaml.MappingStartEvent) -> None:
        start = _start(event)
        if len(self._open) >= MAXIMUM_DEPTH:
            raise Unreadable(start, f"nested deeper than {MAXIMUM_DEPTH} levels")
        if event.tag is not None and event.tag not in ("!", _COLLECTION_TAGS[type(event)]):
            shown = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._findings.mistake(
                self._text.place(start),
                f"the tag `{shown}` can't be used in definitions",
                spoils=True,
            )
        is_list = isinstance(event, yaml.SequenceStartEvent)
        node: Sequence | Mapping = Sequence(start) if is_list else Mapping(start)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._open.append(_OpenCollection(node, event.anchor))

    def _end(self, event: yaml.SequenceEndEvent | yaml.MappingEndEvent) -> None:
        done = self._open.pop()
        if isinstance(done.node, Mapping):
            _Pairs(done.node, self._text, self._findings).fill(done.parts)
        if done.anchor is not None:
            self._anchors[done.anchor] = done.node
        self._add(done.node)

    def _alias(self, event: yaml.AliasEvent) -> None:
        start, name = _start(event), event.anchor
        if name not in self._anchors:
            raise Unreadable(start, f"`*{name}` refers to an anchor that isn't defined before it")
        node = self._anchors[name]
        if node is None:
            raise Unreadable(start, f"`*{name}` refers to a value that contains itself")
        self._expanded += node.size
        if self._expanded > MAXIMUM_EXPANSION:
            raise Unreadable(
                start, f"the aliases up to here stand for more than {MAXIMUM_EXPANSION} values"
            )
        self._add(node)

    def _add(self, node: Node) -> None:
        if not self._open:
            self._root = node
            return
        parent = self._open[-1]
        parent.node.size += node.size
        if isinstance(parent.node, Sequence):
            parent.node.items.append(node)
        else:
            parent.parts.append(node)


def _start(event: yaml.Event) -> int:
    return event.start_mark.index if event.start_mark is not None else 0


def _end(event: yaml.Event) -> int:
    return event.end_mark.index if event.end_mark is not None else 0


class _OpenCollection:
    """A collection whose end hasn't been met; `parts` are a mapping's keys and values in turn."""

    __slots__ = ("anchor", "node", "parts")

    def __init__(self, node: Sequence | Mapping, anchor: str | None) -> None:
        self.node = node
        self.anchor = anchor
        self.parts: list[Node] = []


class _Pairs:
    """Makes keys and values the pairs of a mapping: keys text and distinct, `<<` merged."""

    def __init__(self, mapping: Mapping, text: Text, findings: Findings) -> None:
        self._pairs = mapping.pairs
        self._text = text
        self._findings = findings

    def fill(self, parts: list[Node]) -> None:
        merged: list[Node] = []
        for key, value in zip(parts[::2], parts[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._mistake(key, "a key must be text: found " + _kind(key))
            elif key.value == "<<" and not key.style:
                merged.append(value)
            elif not isinstance(key.value, str):
                found = described(key.value)
                self._mistake(key, f"a key must be text: found {found}: put it in quotes")
            elif key.value in self._pairs:
                first = self._text.place(self._pairs[key.value][0].start)
                where = f"line {first.line}, column {first.column}"
                self._mistake(key, f"the key {quoted(key.value)} is there twice: first at {where}")
            else:
                self._pairs[key.value] = (key, value)
        for value in merged:
            self._merge(value)

    def _merge(self, value: Node) -> None:
        sources = value.items if isinstance(value, Sequence) else [value]
        for source in sources:
            if not isinstance(source, Mapping):
                self._mistake(source, f"`<<` merges mappings: found {_kind(source)}")
                continue
            for key, pair in source.pairs.items():
                self._pairs.setdefault(key, pair)

    def _mistake(self, node: Node, message: str) -> None:
        self._findings.mistake(self._text.place(node.start), message)


def _kind(node: Node) -> str:
    if isinstance(node, Scalar):
        return described(node.value)
    return "a list" if isinstance(node, Sequence) else "a mapping"
