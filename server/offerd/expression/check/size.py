"""How large a tree is, and how many steps it takes at worst."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from offerd.expression.check.extents import (
    ADMITTED,
    NUMBER,
    Assumed,
    Size,
    assumed_by,
    constant_size,
    larger,
    list_size,
    map_size,
    optional_size,
    size_of_type,
)
from offerd.expression.check.macro_forms import FORMS, MacroForm
from offerd.expression.check.results import result_size
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
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
)
from offerd.expression.check.tree import children as parts_of
from offerd.expression.check.types import BYTES, DYN, MAXIMUM_TYPE_DEPTH, SCALARS, STRING, Type
from offerd.expression.check.work import WORK, steps_of
from offerd.expression.limits import DEFAULT_LIMITS, MOST_STEPS, Limits
from offerd.expression.values import boxer

Scope = tuple[Size, ...]
"""The sizes of the variables of the macros around a node."""


def count_nodes(tree: Node) -> int:
    """The number of nodes of a tree."""
    count = 0
    pending = [tree]
    while pending:
        count += 1
        pending.extend(parts_of(pending.pop()))
    return count


def type_too_deep(tree: Node) -> Node | None:
    """A part with a type that could not be read back from a bundle, if there is one."""
    pending = [tree]
    while pending:
        node = pending.pop()
        if node.type.name.count("(") > MAXIMUM_TYPE_DEPTH:
            return node
        pending.extend(parts_of(node))
    return None


def cost(node: Node, assumed_list_size: int) -> int:
    """The worst-case number of steps, with lists of this length and otherwise default limits."""
    return worst_steps(node, replace(DEFAULT_LIMITS, assumed_list_size=assumed_list_size))


def worst_steps(tree: Node, limits: Limits) -> int:
    """The worst-case number of steps, with data as large as the limits take it to be."""
    return _Measure(assumed_by(limits)).of(tree, ())


def needs_meter(tree: Node) -> bool:
    """Whether some admitted data may make an evaluation take more steps than any may."""
    return _Measure(ADMITTED).of(tree, ()) > MOST_STEPS


LIGHT_PARTS: Final = 100
"""A tree of no more parts, all of them light, takes fewer steps than any may.

Those that walk over trees anyway ask this of every operation and macro, and so spare most trees
the measuring. It is so because the largest map admitted has 10,000 entries.
"""
_SELECTIONS: Final = ("_._", "_[_]", "_[?_]", "_?._", "has")
_ONE_BY_ONE: Final = frozenset(("exists", "all", "exists_one", "exists_entry", "all_entries"))
_LIGHT: Final = frozenset(("_in_", "_[_]", "_._", "_[?_]", "has", "startsWith", "endsWith"))
"""Functions that take no more steps than a list has elements, if these are scalars."""


def is_light_operation(node: Operation, *, in_loop: bool) -> bool:
    """Whether an operation goes through nothing, or, in no loop, through what is given once."""
    if not takes_more_than_a_step(node):
        return True
    if node.function in _SELECTIONS and node.arguments[-1].type is STRING:
        return True
    return not in_loop and node.function in _LIGHT and all(map(_is_given, node.arguments))


def is_light_loop(node: Macro, *, in_loop: bool) -> bool:
    """Whether a loop is in no other, goes through what is given and builds nothing."""
    is_data = isinstance(node.range, Attribute | Variable) and node.range.type is not DYN
    return not in_loop and node.macro in _ONE_BY_ONE and is_data


def _is_given(node: Node) -> bool:
    """Whether it is an attribute or a variable without lists in lists, or written in the rule."""
    if isinstance(node, Items):
        return all(isinstance(item, Constant) for item in node.items)
    if not isinstance(node, Attribute | Variable | Constant):
        return False
    return node.type is not DYN and all(part in SCALARS for part in node.type.parameters)


def takes_more_than_a_step(node: Node) -> bool:
    """Whether a part may take more than a step besides those of its parts."""
    if isinstance(node, Operation):
        return node.function in WORK and not _is_scalar(node)
    return isinstance(node, Macro | Box)


_COMPARISONS: Final = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))
_FEW: Final = 1_000


def _is_scalar(node: Operation) -> bool:
    """Whether an operation goes through nothing: numbers and times, or a text and a constant."""
    if node.function in _COMPARISONS:
        left, right = node.arguments
        return _is_small(right) or _is_small(left)
    return node.function != "lists.range" and not any(
        _has_length(argument.type) for argument in node.arguments
    )


def _is_small(node: Node) -> bool:
    if isinstance(node, Constant) and isinstance(node.value, str | bytes):
        return len(node.value) <= _FEW
    if isinstance(node, Attribute | Variable) and node.type in (STRING, BYTES):
        return True  # Python compares an admitted text in a step.
    return not _has_length(node.type)


def _has_length(type_: Type) -> bool:
    return type_ in (STRING, BYTES, DYN) or bool(type_.parameters)


def own_steps_of_loop(node: Macro) -> int:
    """The steps of one round of a macro, without what loops and functions in it go through."""
    count = 1
    pending = [part for part in (node.condition, node.result) if part is not None]
    while pending:
        part = pending.pop()
        count += 1
        if isinstance(part, Macro) and FORMS[part.macro].loops:
            pending.append(part.range)
        else:
            pending.extend(parts_of(part))
    return count


class _Measure:
    """One walk over a tree; every part adds its steps times the loops around it."""

    def __init__(self, assumed: Assumed) -> None:
        self.assumed = assumed
        self.times = 1
        self.steps = 0

    def of(self, tree: Node, scope: Scope) -> int:
        self.size(tree, scope)
        return self.steps

    def size(self, node: Node, scope: Scope) -> Size:
        self.steps += self.times
        return _SIZES[type(node)](self, node, scope)

    def add(self, steps: int) -> None:
        self.steps += self.times * steps

    def data(self, node: Any, scope: Scope) -> Size:
        return size_of_type(node.type, self.assumed)

    def constant(self, node: Constant, scope: Scope) -> Size:
        return constant_size(node)

    def local(self, node: Local, scope: Scope) -> Size:
        return scope[node.slot]

    def scalar(self, node: Any, scope: Scope) -> Size:
        for part in parts_of(node):
            self.size(part, scope)
        return NUMBER

    def conditional(self, node: Conditional, scope: Scope) -> Size:
        self.size(node.condition, scope)
        return larger(self.size(node.yes, scope), self.size(node.no, scope))

    def operation(self, node: Operation, scope: Scope) -> Size:
        sizes = [self.size(argument, scope) for argument in node.arguments]
        self.add(steps_of(node.function, sizes))
        return result_size(node.function, sizes, node.type)

    def items(self, node: Items, scope: Scope) -> Size:
        return list_size(len(node.items), self.largest(node.items, scope), node.type)

    def entries(self, node: Entries, scope: Scope) -> Size:
        keys = self.largest(node.keys, scope)
        return map_size(len(node.keys), larger(keys, self.largest(node.values, scope)))

    def largest(self, nodes: tuple[Node, ...], scope: Scope) -> Size:
        found: Size | None = None
        for node in nodes:
            size = self.size(node, scope)
            found = size if found is None else larger(found, size)
        return NUMBER if found is None else found

    def box(self, node: Box, scope: Scope) -> Size:
        size = self.size(node.value, scope)
        if node.value.type.parameters and boxer(node.value.type, node.type) is not None:
            self.add(size.weight)
        return size._replace(hashed=False) if size.hashed else size

    def macro(self, node: Macro, scope: Scope) -> Size:
        form = FORMS[node.macro]
        range_ = self.size(node.range, scope)
        entered = range_.inner if form.loops or form.variables == 0 else _entered(form, range_)
        inner = (*scope[: node.slot], *(entered for _ in range(form.variables)))
        outer = self.times
        if form.loops:
            self.times *= range_.length
            self.steps += self.times
        if node.condition is not None:
            self.size(node.condition, inner)
        result = entered if node.result is None else self.size(node.result, inner)
        self.times = outer
        if node.macro == "sort_by":
            self.add(range_.length.bit_length() * range_.length * result.weight)
        return _MADE.get(node.macro, _nothing)(range_, result)


def _entered(form: MacroForm, range_: Size) -> Size:
    return range_ if form.name == "bind" else range_.inner


def _nothing(range_: Size, result: Size) -> Size:
    return NUMBER


def _listed(range_: Size, result: Size) -> Size:
    return list_size(range_.length, result)


def _kept(range_: Size, result: Size) -> Size:
    return list_size(range_.length, range_.inner)


_MADE: Final[dict[str, Callable[[Size, Size], Size]]] = {
    "filter": _kept,
    "sort_by": _kept,
    "map": _listed,
    "transform_list": _listed,
    "transform_map": lambda range_, result: map_size(range_.length, larger(range_.inner, result)),
    "transform_map_entry": lambda range_, result: map_size(
        range_.length * result.length, result.inner
    ),
    "bind": lambda range_, result: result,
    "opt_map": lambda range_, result: optional_size(result),
    "opt_flat_map": lambda range_, result: result,
    "or": larger,
    "or_value": lambda range_, result: larger(range_.inner, result),
}
"""What macros come to; what is not here is a bool."""

_SIZES: Final[dict[type, Callable[[_Measure, Any, Scope], Size]]] = {
    Constant: _Measure.constant,
    Variable: _Measure.data,
    Attribute: _Measure.data,
    Reference: _Measure.data,
    Stop: _Measure.scalar,
    Presence: _Measure.scalar,
    Chain: _Measure.scalar,
    Local: _Measure.local,
    Operation: _Measure.operation,
    Conditional: _Measure.conditional,
    Items: _Measure.items,
    Entries: _Measure.entries,
    Box: _Measure.box,
    Macro: _Measure.macro,
}
