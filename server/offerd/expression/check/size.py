"""How large a tree is, how long it may take at worst, and how large a value it may build."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from offerd.expression.check.macro_forms import BIND, FORMS, Gives, MacroForm
from offerd.expression.check.tree import (
    Box,
    Conditional,
    Constant,
    Items,
    Local,
    Macro,
    Node,
    Operation,
)
from offerd.expression.check.tree import children as parts_of
from offerd.expression.check.types import BYTES, DYN, STRING, Kind, Type
from offerd.expression.functions.collections import LONGEST_RANGE


def count_nodes(tree: Node) -> int:
    """The number of nodes of a tree."""
    count = 0
    pending = [tree]
    while pending:
        count += 1
        pending.extend(parts_of(pending.pop()))
    return count


def cost(node: Node, assumed_list_size: int, scope: tuple[int, ...] = ()) -> int:
    """The worst-case number of nodes evaluated; bounded in depth by the limits of the parser.

    `scope` has, for every variable of the macros around the node, how many elements it may have.
    """
    if not isinstance(node, Macro):
        own = _elements(node, assumed_list_size, scope) if _is_range(node) else 1
        return own + sum(cost(child, assumed_list_size, scope) for child in parts_of(node))
    form = FORMS[node.macro]
    size = _elements(node.range, assumed_list_size, scope)
    inner = (*scope, *([size if form is BIND else assumed_list_size] * form.variables))
    parts = [part for part in (node.condition, node.result) if part is not None]
    body = sum(cost(part, assumed_list_size, inner) for part in parts)
    return 1 + cost(node.range, assumed_list_size, scope) + (size if form.loops else 1) * body


def _is_range(node: Node) -> bool:
    return isinstance(node, Operation) and node.function == "lists.range"


def _elements(node: Node, assumed: int, scope: tuple[int, ...]) -> int:
    """How many elements a list may have at most, as far as the expression tells."""
    match node:
        case Items():
            return len(node.items)
        case Box():
            return _elements(node.value, assumed, scope)
        case Local():
            return scope[node.slot] if node.slot < len(scope) else assumed
        case Conditional():
            branches = (node.yes, node.no)
            return max(_elements(branch, assumed, scope) for branch in branches)
        case Macro() if FORMS[node.macro].loops:
            return _elements(node.range, assumed, scope)
        case Operation(function="lists.range"):
            (count,) = node.arguments
            if isinstance(count, Constant) and isinstance(count.value, int):
                return max(count.value, 0)
            return LONGEST_RANGE
        case Operation(function="flatten"):
            inner = node.arguments[0]
            if isinstance(inner, Items):
                return sum(_elements(item, assumed, scope) for item in inner.items)
            return assumed * _elements(inner, assumed, scope)
        case Operation() if node.type.kind is Kind.LIST:
            lists = [part for part in node.arguments if part.type.kind is Kind.LIST]
            return sum(_elements(part, assumed, scope) for part in lists) or assumed
    return assumed


class _Size(NamedTuple):
    """How many times as large as one value of the data: the whole, and one element of it."""

    whole: int
    element: int


_ONE: Final = _Size(1, 1)
_GROWING: Final = (Kind.LIST, Kind.MAP, Kind.OPTIONAL)


def growth(tree: Node, assumed_list_size: int) -> int:
    """How many times as large as one value of the data the largest value built may become.

    Without this a rule of a few lines could double a string or a list dozens of times.
    """
    measure = _Growth(assumed_list_size)
    measure.size(tree, ())
    return measure.most


class _Growth:
    def __init__(self, assumed_list_size: int) -> None:
        self.assumed = assumed_list_size
        self.most = 1

    def size(self, node: Node, scope: tuple[_Size, ...]) -> _Size:
        found = self.own(node, scope)
        self.most = max(self.most, found.whole)
        return found if _can_grow(node.type) else _ONE

    def own(self, node: Node, scope: tuple[_Size, ...]) -> _Size:
        if isinstance(node, Local):
            return scope[node.slot]
        if isinstance(node, Macro):
            return self.macro(node, FORMS[node.macro], scope)
        parts = [self.size(part, scope) for part in parts_of(node)]
        if isinstance(node, Conditional):
            return _largest(parts[1:])
        if not parts:
            return _ONE
        whole = sum(part.whole for part in parts)
        if isinstance(node, Items):
            return _Size(whole, max(part.whole for part in parts))
        if isinstance(node, Operation) and node.function == "flatten":
            return _Size(whole, whole)
        return _Size(whole, max(part.element for part in parts) if node.type.parameters else whole)

    def macro(self, node: Macro, form: MacroForm, scope: tuple[_Size, ...]) -> _Size:
        range_ = self.size(node.range, scope)
        entered = _Size(range_.element, range_.element) if form.loops else range_
        inner = (*scope, *(entered for _ in range(form.variables)))
        if node.condition is not None:
            self.size(node.condition, inner)
        if node.result is None:
            return range_
        result = self.size(node.result, inner)
        if form.gives is Gives.SAME:
            return range_
        if form.loops:
            return _Size(_elements(node.range, self.assumed, ()) * result.whole, result.whole)
        return _largest([range_, result]) if form.variables == 0 else result


def _largest(sizes: Sequence[_Size]) -> _Size:
    return _Size(max(size.whole for size in sizes), max(size.element for size in sizes))


def _can_grow(type_: Type) -> bool:
    return type_ in (STRING, BYTES, DYN) or type_.kind in _GROWING
