"""The checked tree: every name resolved, every type known. This is what a bundle stores.

Nodes are msgspec structs, written as arrays with a tag. `start` and `end` are offsets in
characters into the source. Types travel as the text that `str(type)` gives.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeAlias

import msgspec

from offerd.expression.check.types import Type


class _Tagged(msgspec.Struct, frozen=True, array_like=True, tag_field="node", gc=False):
    """What all nodes share: how they are written, and that they never form a cycle."""


class Constant(_Tagged, frozen=True, array_like=True, tag=1):
    """A constant; timestamps and durations are ints of nanoseconds, a type is its name.

    `value` is a bool, int, float, str, bytes or None; which one, `type` says.
    """

    value: Any
    type: Type
    start: int
    end: int


class Variable(_Tagged, frozen=True, array_like=True, tag=2):
    """A root variable that is not a record."""

    name: str
    type: Type
    start: int
    end: int


class Attribute(_Tagged, frozen=True, array_like=True, tag=3):
    """An attribute of a record: one look-up of `path` in a flat dict."""

    root: str
    path: str
    type: Type
    start: int
    end: int


class Presence(_Tagged, frozen=True, array_like=True, tag=4):
    """Whether a record has an attribute; always bool."""

    root: str
    path: str
    type: Type
    start: int
    end: int


class Reference(_Tagged, frozen=True, array_like=True, tag=5):
    """A named entry of a lookup, such as `audience("frequent")`."""

    lookup: str
    name: str
    type: Type
    start: int
    end: int


class Local(_Tagged, frozen=True, array_like=True, tag=6):
    """A macro's variable; `slot` counts those of the macros around it, the outermost being 0."""

    slot: int
    type: Type
    start: int
    end: int


class Operation(_Tagged, frozen=True, array_like=True, tag=7):
    """A function of the table, applied; a method's target is the first argument.

    `overload` is its place among the function's overloads, or -1 when the values decide: then
    every argument is boxed.
    """

    function: str
    overload: int
    arguments: tuple[Node, ...]
    type: Type
    start: int
    end: int


class Chain(_Tagged, frozen=True, array_like=True, tag=8):
    """`&&` (when `all` is true) or `||` of two or more operands."""

    all: bool
    operands: tuple[Node, ...]
    type: Type
    start: int
    end: int


class Conditional(_Tagged, frozen=True, array_like=True, tag=9):
    """`condition ? yes : no`."""

    condition: Node
    yes: Node
    no: Node
    type: Type
    start: int
    end: int


class Items(_Tagged, frozen=True, array_like=True, tag=10):
    """A list, all of its items of the list's element type."""

    items: tuple[Node, ...]
    type: Type
    start: int
    end: int


class Entries(_Tagged, frozen=True, array_like=True, tag=11):
    """A map: keys and values of the same number, of the map's types."""

    keys: tuple[Node, ...]
    values: tuple[Node, ...]
    type: Type
    start: int
    end: int


class Macro(_Tagged, frozen=True, array_like=True, tag=12):
    """A macro applied to `range`, in one of the forms of macro_forms.py.

    `slot` is where the first of its variables is kept, the others follow it; it counts the
    variables of the macros around this one. `condition` and `result` are as the form has them.
    """

    macro: str
    range: Node
    slot: int
    condition: Node | None
    result: Node | None
    type: Type
    start: int
    end: int


class Box(_Tagged, frozen=True, array_like=True, tag=13):
    """A value made `dyn`, or a list or map made one of `dyn`."""

    value: Node
    type: Type
    start: int
    end: int


class Stop(_Tagged, frozen=True, array_like=True, tag=14):
    """A part that always fails; only unchecked expressions have it."""

    message: str
    type: Type
    start: int
    end: int


Node: TypeAlias = (
    Constant
    | Variable
    | Attribute
    | Presence
    | Reference
    | Local
    | Operation
    | Chain
    | Conditional
    | Items
    | Entries
    | Macro
    | Box
    | Stop
)


class References(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What an expression depends on, sorted.

    `variables` are plain root variables; `attributes` maps a record to its paths; `lookups` maps
    a lookup to the names asked of it.
    """

    variables: tuple[str, ...]
    attributes: dict[str, tuple[str, ...]]
    lookups: dict[str, tuple[str, ...]]


class Checked(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An expression that is known to be right: its text, its type, what it uses, its tree."""

    source: str
    type: Type
    references: References
    tree: Node


def children(node: Node) -> tuple[Node, ...]:
    """The direct parts of a node, in the order in which they are evaluated."""
    parts = _CHILDREN.get(type(node))
    return () if parts is None else parts(node)


def _macro_children(node: Macro) -> tuple[Node, ...]:
    optional = (node.condition, node.result)
    return (node.range, *(part for part in optional if part is not None))


def _entry_children(node: Entries) -> tuple[Node, ...]:
    return tuple(part for pair in zip(node.keys, node.values, strict=True) for part in pair)


_CHILDREN: Final[dict[type, Callable[[Any], tuple[Node, ...]]]] = {
    Operation: lambda node: node.arguments,
    Chain: lambda node: node.operands,
    Conditional: lambda node: (node.condition, node.yes, node.no),
    Items: lambda node: node.items,
    Entries: _entry_children,
    Macro: _macro_children,
    Box: lambda node: (node.value,),
}


def unboxed(node: Node) -> Node:
    """The node itself, not made `dyn`."""
    return node.value if isinstance(node, Box) else node


Shape: TypeAlias = tuple[Any, ...]
"""What a node computes, wherever it is written; equal shapes give equal values."""


def shape(node: Node) -> Shape:
    """The shape of a node: all of it but its place and its boxes."""
    if isinstance(node, Box):
        return shape(node.value)
    if isinstance(node, Constant):
        return ("Constant", node.type.name, repr(node.value))
    fields = [field for field in node.__struct_fields__ if field not in ("start", "end")]
    return (type(node).__name__, *(_shape_of(getattr(node, field)) for field in fields))


def _shape_of(part: Any) -> Any:
    if isinstance(part, _Tagged):
        return shape(part)  # type: ignore[arg-type]
    return tuple(map(_shape_of, part)) if isinstance(part, tuple) else part


def collect_references(tree: Node) -> References:
    """What the tree depends on, found by walking it."""
    variables: set[str] = set()
    attributes: dict[str, set[str]] = {}
    lookups: dict[str, set[str]] = {}
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, Variable):
            variables.add(node.name)
        elif isinstance(node, Attribute | Presence):
            attributes.setdefault(node.root, set()).add(node.path)
        elif isinstance(node, Reference):
            lookups.setdefault(node.lookup, set()).add(node.name)
        pending.extend(children(node))
    return References(
        tuple(sorted(variables)),
        {root: tuple(sorted(attributes[root])) for root in sorted(attributes)},
        {name: tuple(sorted(lookups[name])) for name in sorted(lookups)},
    )
