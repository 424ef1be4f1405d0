"""The parts of an explanation: what they are called, what they touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Final, TypeVar

from offerd.expression.check.macro_forms import FORMS
from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Conditional,
    Local,
    Macro,
    Node,
    Presence,
    Reference,
    Variable,
)
from offerd.expression.explain import Explanation
from offerd.expression.format import one_line
from offerd.expression.values import Failure

Visible = Callable[[str], bool]
"""Whether the caller may see the value of an attribute or lookup, by its full name."""


def full_name(part: Explanation) -> str | None:
    """What data a part stands for, such as "profile.age" or `audience("x")`; None if it doesn't."""
    node = part.node
    if isinstance(node, Attribute | Presence):
        return f"{node.root}.{node.path}"
    if isinstance(node, Reference):
        return f'{node.lookup}("{node.name}")'
    return node.name if isinstance(node, Variable) else None


_KEPT_ELSEWHERE: Final = re.compile(r"\w+\.(?=\w+\.\w+\()")


def told_name(name: str) -> str:
    """A full name as it is written.

    The answer to a question may be kept among other data: `places.visits("x", duration("24h"))`
    is one of the aggregates.
    """
    return _KEPT_ELSEWHERE.sub("", name, count=1) if _KEPT_ELSEWHERE.match(name) else name


def text_of(part: Explanation) -> str:
    """A part as messages show it: its name, or what is written, on one line."""
    if isinstance(part.node, Attribute | Reference | Variable):
        return told_name(full_name(part) or part.text)
    return one_line(part.text)


def names_in(part: Explanation) -> Iterator[str]:
    """The full names of the data that a part depends on, in source order, with repetitions."""
    name = full_name(part)
    if name is not None:
        yield name
    for inner in part.parts:
        yield from names_in(inner)


def depends_on_data(part: Explanation) -> bool:
    """Whether anything but constants is in the part."""
    if isinstance(part.node, Local) or full_name(part) is not None:
        return True
    return any(map(depends_on_data, part.parts))


def failed_part(part: Explanation) -> Explanation:
    """The innermost part that failed, of one that did."""
    for inner in part.parts:
        if isinstance(inner.outcome, Failure):
            return failed_part(inner)
    return part


NOTHING_WITHHELD: Final[Mapping[str, str]] = MappingProxyType({})


def unknown_because(names: Sequence[str], withheld: Mapping[str, str]) -> str:
    """Why names have no value: those withheld each with its reason, the others together."""
    missing = ", ".join(f"`{told_name(name)}`" for name in names if name not in withheld)
    texts = [f"no value for {missing}"] if missing else []
    texts += [
        f"`{told_name(name)}` is withheld: {withheld[name]}" for name in names if name in withheld
    ]
    return "; ".join(texts)


class Hidden:
    """Which parts touch what the caller may not see, the variables of macros over it included.

    `withheld` are the names that the rule itself may not read, each with its reason.
    """

    def __init__(
        self,
        root: Explanation,
        visible: Visible,
        withheld: Mapping[str, str] = NOTHING_WITHHELD,
    ) -> None:
        self._visible = visible
        self.withheld = withheld
        self._names: dict[int, tuple[str, ...]] = {}
        self._veils: dict[int, tuple[str, ...]] = {}
        self._note(root, {})
        self._veil(root, ())

    def _note(self, part: Explanation, slots: dict[int, tuple[str, ...]]) -> tuple[str, ...]:
        node = part.node
        name = full_name(part)
        names: list[str] = [] if name is None or self._visible(name) else [name]
        if isinstance(node, Local):
            names.extend(slots.get(node.slot, ()))
        inner = slots
        for place, child in enumerate(part.parts):
            found = self._note(child, inner)
            names.extend(found)
            if isinstance(node, Macro) and place == 0:
                # No macro has more than two variables of its own.
                inner = {**slots, node.slot: found, node.slot + 1: found}
        self._names[id(part)] = tuple(dict.fromkeys(names))
        return self._names[id(part)]

    def _veil(self, part: Explanation, veil: tuple[str, ...]) -> None:
        self._veils[id(part)] = veil
        node = part.node
        is_choice = isinstance(node, Conditional | Macro)
        if isinstance(node, Macro) and FORMS[node.macro].loops:
            # Which element came last tells the outcome of what is hidden in the body.
            veil = _union(veil, self.names(part))
            self._veil(part.parts[0], self._veils[id(part)])
            for child in part.parts[1:]:
                self._veil(child, veil)
            return
        for place, child in enumerate(part.parts):
            self._veil(child, veil)
            if isinstance(node, Chain) or (is_choice and place == 0):
                veil = _union(veil, self.names(child))

    def names(self, part: Explanation) -> tuple[str, ...]:
        """The names that the part depends on and that the caller may not see the values of."""
        return self._names[id(part)]

    def veil(self, part: Explanation) -> tuple[str, ...]:
        """The hidden names on which it depends whether, and how often, the part is evaluated."""
        return self._veils[id(part)]

    def hides(self, part: Explanation) -> bool:
        """Whether the outcome of the part may not be told."""
        return bool(self._names[id(part)])


def _union(left: tuple[str, ...], right: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*left, *right)))


_MOST_PARTS: Final = 2_000


def without_bindings(root: Explanation) -> Explanation:
    """The same with the value of a `cel.bind` in the place of its name, wherever that is used.

    The whole is left as it is if it would have too many parts then.
    """
    if _counted(root, {}) > _MOST_PARTS:
        return root
    return _substituted(root, {})


def _counted(part: Explanation, bound: dict[int, int]) -> int:
    node = part.node
    if isinstance(node, Local):
        return bound.get(node.slot, 1)
    if isinstance(node, Macro) and node.macro == "bind":
        value, body = part.parts
        return _counted(body, {**bound, node.slot: _counted(value, bound)})
    bound = _inner(node, bound)
    return 1 + sum(_counted(inner, bound) for inner in part.parts)


def _substituted(part: Explanation, bound: dict[int, Explanation]) -> Explanation:
    node = part.node
    if isinstance(node, Local):
        return bound.get(node.slot, part)
    if isinstance(node, Macro) and node.macro == "bind":
        value, body = part.parts
        return _substituted(body, {**bound, node.slot: _substituted(value, bound)})
    inner = _inner(node, bound)
    parts = tuple(
        _substituted(child, bound if place == 0 else inner)
        for place, child in enumerate(part.parts)
    )
    same = all(new is old for new, old in zip(parts, part.parts, strict=True))
    return part if same else replace(part, parts=parts)


_Bound = TypeVar("_Bound")


def _inner(node: Node, bound: dict[int, _Bound]) -> dict[int, _Bound]:
    """The names bound in the body of a macro, which has names of its own."""
    if not isinstance(node, Macro):
        return bound
    own = range(node.slot, node.slot + FORMS[node.macro].variables)
    return {slot: value for slot, value in bound.items() if slot not in own}


def goal_of(root: Explanation) -> bool | None:
    """The outcome that would turn a condition: true for one that doesn't hold; None for others."""
    if root.outcome is True:
        return False
    is_condition = root.type.name == "bool" or root.outcome is False
    return True if is_condition else None
