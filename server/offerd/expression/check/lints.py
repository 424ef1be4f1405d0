"""Mistakes that types allow: values an attribute never has, conditions that never vary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from offerd.expression.check.declarations import Environment, Record
from offerd.expression.check.nearest import suggestion
from offerd.expression.check.tree import (
    Attribute,
    Conditional,
    Constant,
    Entries,
    Items,
    Local,
    Macro,
    Node,
    Operation,
    Presence,
    Reference,
    Stop,
    Variable,
    children,
    unboxed,
)
from offerd.expression.check.types import DYN, ERROR, STRING
from offerd.expression.issues import snippet
from offerd.expression.values import quoted

Report = Callable[[str, int, int], None]

_FITS: Final[dict[str, Callable[[str, str], bool]]] = {
    "equalsIgnoreCase": lambda value, text: value.casefold() == text.casefold(),
    "startsWith": lambda value, text: value.startswith(text),
    "endsWith": lambda value, text: value.endswith(text),
    "contains": lambda value, text: text in value,
    "containsIgnoreCase": lambda value, text: text.casefold() in value.casefold(),
}
"""What a text must be to a value for the function to hold."""
_FAILINGS: Final = {
    "equalsIgnoreCase": "`{}` is not a value of `{}`, whatever the case of its letters",
    "startsWith": "no value of `{1}` starts with `{0}`",
    "endsWith": "no value of `{1}` ends with `{0}`",
    "contains": "no value of `{1}` contains `{0}`",
    "containsIgnoreCase": "no value of `{1}` contains `{0}`, whatever the case of its letters",
}
_CASED: Final = {"lowerAscii": str.lower, "upperAscii": str.upper}
_SETS: Final = ("sets.contains", "sets.intersects", "sets.equivalent")


class _Declared(NamedTuple):
    """What a part may be: the declared values of an attribute, with other words for its lack."""

    name: str
    values: tuple[str, ...]
    others: tuple[str, ...] = ()


class Meanings(NamedTuple):
    """What names stand for: what is declared, and of each macro variable what it goes through.

    For a variable of `cel.bind` that is the value, for one of other macros the list or optional
    whose elements it takes; None where that says nothing of its values.
    """

    environment: Environment
    variables: Sequence[Node | None]


def lint_values(operation: Operation, meanings: Meanings, report: Report) -> None:
    """Reports strings compared with an attribute that is declared never to have them."""
    function = operation.function
    for part, others in _compared(operation):
        declared = _declared(part, meanings)
        if declared is None:
            continue
        for other in _alternatives(others):
            if isinstance(other, Constant) and other.type is STRING:
                _lint_text(function, declared, other, report)
    if function in _EQUALITIES:
        _lint_disjoint(operation, meanings, report)
    _lint_empty(operation, report)


def _lint_empty(operation: Operation, report: Report) -> None:
    """Reports what is looked for in an empty list, and an empty text that is looked for."""
    if len(operation.arguments) != 2:
        return
    last = unboxed(operation.arguments[1])
    if operation.function == "_in_" and isinstance(last, Items | Entries) and not _items(last):
        report("nothing is in an empty list", operation.start, operation.end)
    elif operation.function in _OF_PARTS and isinstance(last, Constant) and last.value == "":
        report("every text has the empty text in it", last.start, last.end)


_OF_PARTS: Final = ("contains", "containsIgnoreCase", "startsWith", "endsWith", "matches")


_EQUALITIES: Final = ("_==_", "_!=_")


def _lint_disjoint(operation: Operation, meanings: Meanings, report: Report) -> None:
    left, right = (_declared(part, meanings) for part in operation.arguments)
    if left is None or right is None or operation.arguments[0].type is not STRING:
        return
    if not {*left.values, *left.others} & {*right.values, *right.others}:
        message = f"`{left.name}` and `{right.name}` have no value in common"
        report(message, operation.start, operation.end)


def _alternatives(parts: Iterable[Node]) -> Iterator[Node]:
    """The parts, of a conditional both of its values."""
    for part in map(unboxed, parts):
        if isinstance(part, Conditional):
            yield from _alternatives((part.yes, part.no))
        else:
            yield part


def _compared(operation: Operation) -> Iterator[tuple[Node, Sequence[Node]]]:
    """What may have declared values, with the texts that it is compared with."""
    arguments = tuple(map(unboxed, operation.arguments))
    function = operation.function
    if function in ("_==_", "_!=_"):
        left, right = arguments
        yield left, _items(right) if isinstance(right, Items) else (right,)
        yield right, _items(left) if isinstance(left, Items) else (left,)
    elif function == "_in_":
        value, container = arguments
        yield value, _items(container)
        yield container, (value,)
    elif function in ("_[_]", "_[?_]"):
        yield arguments[1], _keys(arguments[0])
    elif function in _SETS:
        left, right = arguments
        yield left, _items(right)
        yield right, _items(left)
    elif function in _FITS:
        yield arguments[0], arguments[1:]


def _items(node: Node) -> Sequence[Node]:
    return node.items if isinstance(node, Items) else _keys(node)


def _keys(node: Node) -> Sequence[Node]:
    return node.keys if isinstance(node, Entries) else ()


def _declared(node: Node, meanings: Meanings) -> _Declared | None:
    """The declared values of an attribute, also with a default, by a name, or in other letters."""
    node = unboxed(node)
    if isinstance(node, Local):
        meant = meanings.variables[node.slot] if node.slot < len(meanings.variables) else None
        return None if meant is None else _declared(meant, meanings)
    if isinstance(node, Conditional):
        attribute = _optional(node)
        parts = (node.yes, node.no) if attribute is None else (attribute,)
        return _all_declared(parts, meanings)
    if isinstance(node, Items):
        return _all_declared(node.items, meanings)
    if isinstance(node, Attribute):
        record = meanings.environment.variables[node.root]
        values = record.attributes[node.path].values if isinstance(record, Record) else ()
        return _Declared(f"{node.root}.{node.path}", values) if values else None
    if isinstance(node, Operation) and node.function in _CASED:
        inner = _declared(node.arguments[0], meanings)
        change = _CASED[node.function]
        return inner and _Declared(inner.name, *(tuple(map(change, part)) for part in inner[1:]))
    if isinstance(node, Macro) and node.macro in _KEEPING:
        return _declared(node.range, meanings)
    if isinstance(node, Macro) and node.macro == "or_value" and node.result is not None:
        return _with_default(_optional(node.range), unboxed(node.result), meanings)
    return None


_KEEPING: Final = ("filter", "sort_by")
"""Macros whose elements are those of what they go through."""


def _all_declared(parts: Sequence[Node], meanings: Meanings) -> _Declared | None:
    """What several parts may be; None unless each is declared or written, and one is declared."""
    found: _Declared | None = None
    others: list[str] = []
    for part in map(unboxed, parts):
        if isinstance(part, Constant) and part.type is STRING:
            others.append(str(part.value))
            continue
        declared = _declared(part, meanings)
        if declared is None:
            return None
        if found is None:
            found = declared
        else:
            others.extend((*declared.values, *declared.others))
    return found and _Declared(found.name, found.values, (*found.others, *others))


def _with_default(attribute: Node | None, default: Node, meanings: Meanings) -> _Declared | None:
    """The declared values and the default; None if that may be anything."""
    inner = None if attribute is None else _declared(attribute, meanings)
    parts = default.items if isinstance(default, Items) else (default,)
    texts = [part.value for part in map(unboxed, parts) if isinstance(part, Constant)]
    if inner is None or len(texts) != len(parts):
        return None
    return _Declared(inner.name, inner.values, (*inner.others, *texts))


def _optional(node: Node) -> Node | None:
    """The attribute `record.path` of an optional `record.?path`."""
    node = unboxed(node)
    if isinstance(node, Conditional):
        value = unboxed(node.yes)
        if isinstance(value, Operation) and value.function == "optional.of":
            return unboxed(value.arguments[0])
    return None


def _lint_text(function: str, declared: _Declared, other: Constant, report: Report) -> None:
    text = str(other.value)
    fits = _FITS.get(function)
    known = (*declared.values, *declared.others)
    if text in known if fits is None else any(fits(value, text) for value in known):
        return
    failing = _FAILINGS.get(function, "`{}` is not a value of `{}`")
    expected = f": expected one of {listed(declared.values)}"
    hint = suggestion(text, declared.values) or expected
    report(f"{failing.format(text, declared.name)}{hint}", other.start, other.end)


def lint_condition(node: Node, where: str, report: Report) -> None:
    """Reports a condition that is the same for everybody."""
    if isinstance(node, Constant):
        shown = {True: "`true`", False: "`false`"}.get(node.value is True, "")
        report(f"{where} is always {shown}", node.start, node.end)
    elif not _reads_anything(node, frozenset()):
        report(f"{where} reads no data: it is the same for everybody", node.start, node.end)


def _reads_anything(node: Node, bound: frozenset[int]) -> bool:
    """Whether a part depends on data, or on a variable of a macro around it."""
    if isinstance(node, Local):
        return node.slot not in bound
    if isinstance(node, Attribute | Presence | Reference | Variable | Stop) or node.type is ERROR:
        return True
    if isinstance(node, Macro):
        inner = bound | {node.slot, node.slot + 1}
        body = (part for part in (node.condition, node.result) if part is not None)
        return _reads_anything(node.range, bound) or any(_reads_anything(p, inner) for p in body)
    return any(_reads_anything(part, bound) for part in children(node))


def condition_hint(node: Node, source: str) -> str:
    """What to write where a condition is wanted and this is not one."""
    node = unboxed(node)
    text = snippet(source, node.start, node.end)
    if isinstance(node, Constant) and node.type is STRING:
        return f": repeat the comparison, such as {quoted(f'name == {text}')}, or use `in [...]`"
    if isinstance(node, Attribute) and node.type is not DYN:
        return f": compare it, or ask for any value with {quoted(f'has({text})')}"
    return ""


def listed(names: Iterable[str], most: int = 5) -> str:
    """Names in backticks, the first few of them."""
    names = list(names)
    shown = ", ".join(f"`{name}`" for name in names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
