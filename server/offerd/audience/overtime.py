"""Rules over a window of moments instead of at one.

What doesn't depend on the moment is evaluated as ever. Where a part does, it is followed through
the functions that are known to stay the same for a while; every other function is asked for the
first moment, and its answer holds as long as all that it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Final, Protocol, runtime_checkable

from offerd.audience.changing import (
    FAILED,
    FALSE,
    TRUE,
    UNKNOWN,
    Changing,
    combined,
    first_of,
    outcomes_of,
    settled,
)
from offerd.audience.lines import COMPARED, COMPARISONS, SUMS, Window, compare, total
from offerd.audience.membership import LOOKUP
from offerd.audience.moments import KNOWN, part
from offerd.audience.place_questions import ROOT as PLACES
from offerd.expression import BOOL, Checked, Environment, Failure, Unknown
from offerd.expression.check.tree import (
    Attribute,
    Chain,
    Conditional,
    Local,
    Macro,
    Node,
    Operation,
    Reference,
    Variable,
    children,
)
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.plan.exact import Exact, Frame, Step, first_cause
from offerd.expression.plan.meter import Meter
from offerd.model.place import PlaceFunction

NOW: Final = "now"
_DWELL: Final = f"{PlaceFunction.DWELL.value}("
_WINDOW: Final = -2
"""Where a frame has its window; its meter is the last, as in every frame."""

_SETTLING: Final = {"exists": False, "exists_entry": False, "all": True, "all_entries": True}
_NEGATED: Final = {TRUE: FALSE, FALSE: TRUE, UNKNOWN: UNKNOWN, FAILED: FAILED}


@runtime_checkable
class Answers(Protocol):
    """What places answer, by path, at an instant."""

    def at(self, now_ns: int) -> Any:
        """The answers for the same customer at another instant."""

    def since_ns(self, path: str) -> int | None:
        """Since when the stay goes on whose length a path tells; None if there is none."""


def grows(path: str) -> bool:
    """Whether what places answer is the length of a stay, which grows while it goes on."""
    return path.startswith(_DWELL)


def _is_stay(node: Node) -> bool:
    return isinstance(node, Attribute) and node.root == PLACES and grows(node.path)


class OverTime(Exact):
    """A rule that is asked for a window of moments.

    `moving` are the audiences whose rules depend on the moment.
    """

    __slots__ = ("_bound", "_moving", "_over")

    def __init__(self, checked: Checked, environment: Environment, moving: Collection[str]) -> None:
        super().__init__(checked, environment)
        self._moving = moving
        self._bound: set[int] = set()
        self._over = self._follow(checked.tree)

    def over(self, roots: tuple[Any, ...], window: Window) -> Any:
        """The truth over the window, plain if it is the same throughout, else `Changing`.

        Raises Exhausted or MemoryError where an evaluation would end so.
        """
        return self._over([*roots, *(None for _ in range(self._slots)), window, Meter()])

    def _depends(self, node: Node) -> bool:
        """Whether a part's value may change with the moment."""
        pending = [node]
        while pending:
            one = pending.pop()
            match one:
                case Variable(name=name) if name == NOW:
                    return True
                case Attribute() if _is_stay(one):
                    return True
                case Reference() if one.lookup == LOOKUP and one.name in self._moving:
                    return True
                case Local() if one.slot in self._bound:
                    return True
            pending.extend(children(one))
        return False

    def build(self, node: Node) -> Step:
        """The step of a part as its whole sees it: at the first moment, noting until when."""
        if not self._depends(node):
            return super().build(node)
        step = self._follow(node)
        return lambda frame: frame[_WINDOW].hold(step(frame))

    def _follow(self, node: Node) -> Step:
        """The step of a part that gives plain or changing values."""
        if not self._depends(node):
            return super().build(node)
        match node:
            case Variable():
                return lambda frame: frame[_WINDOW].now
            case Attribute():
                return self._stay(node)
            case Reference():
                name = node.name
                return lambda frame: frame[_WINDOW].memberships[name]
            case Local():
                place = len(self._roots) + node.slot
                return lambda frame: frame[place]
            case Chain():
                return _chained([self._follow(one) for one in node.operands], all_=node.all)
            case Conditional():
                return self._either(node)
            case Operation():
                return self._applied(node)
            case Macro(macro="bind"):
                return self._named(node)
            case Macro() if node.macro in _SETTLING:
                return self._looped(node)
        return self._at_first(node)

    def _stay(self, node: Attribute) -> Step:
        """The length of a stay: 0 where there is none, else it grows with the moment."""
        root, path = self._roots.index(node.root), node.path
        plain = self._build(node)

        def run(frame: Frame) -> Any:
            places, window = frame[root], frame[_WINDOW]
            since_ns = places.since_ns(path) if isinstance(places, Answers) else None
            return plain(frame) if since_ns is None else window.line(1, -since_ns)

        return run

    def _at_first(self, node: Node) -> Step:
        """Any part: what it is at the first moment, as long as all that it is made of holds."""
        step = self._build(node)

        def run(frame: Frame) -> Any:
            window = frame[_WINDOW]
            outer, window.held_ns = window.held_ns, None
            value = step(frame)
            held, window.held_ns = window.held_ns, outer
            return value if held is None else Changing(value, held)

        return run

    def _either(self, node: Conditional) -> Step:
        condition = self._follow(node.condition)
        yes, no = self._follow(node.yes), self._follow(node.no)
        of_truths = node.type is BOOL

        def run(frame: Frame) -> Any:
            truth = condition(frame)
            first = first_of(truth)
            if not isinstance(first, bool):
                if not isinstance(first, Unknown | Failure):
                    first = self._failure(node.condition, "the condition is neither")
                if not isinstance(truth, Changing):
                    return first
                return Changing(first, truth.until)
            chosen = yes(frame) if first else no(frame)
            if not isinstance(truth, Changing):
                return chosen
            until = truth.until
            if isinstance(chosen, Changing):
                until = min(until, chosen.until)
            if not of_truths:
                return Changing(first_of(chosen), until)
            other = no(frame) if first else yes(frame)
            mask = truth.outcomes & (UNKNOWN | FAILED)
            mask |= outcomes_of(chosen) | outcomes_of(other)
            return settled(first_of(chosen), until, mask)

        return run

    def _named(self, node: Macro) -> Step:
        place = len(self._roots) + node.slot
        self._slots = max(self._slots, node.slot + 1)
        value = self._follow(node.range)
        moves = self._depends(node.range)
        if moves:
            self._bound.add(node.slot)
        result = value if node.result is None else self._follow(node.result)
        if moves:
            self._bound.discard(node.slot)

        def run(frame: Frame) -> Any:
            frame[place] = value(frame)
            return result(frame)

        return run

    def _looped(self, node: Macro) -> Step:
        """`exists` and `all`: a chain of the condition's truths over the elements."""
        if node.condition is None or self._depends(node.range):
            return self._at_first(node)
        self._slots = max(self._slots, node.slot + 2)
        range_, condition = self.build(node.range), self._follow(node.condition)
        all_ = _SETTLING[node.macro]
        place = len(self._roots) + node.slot
        pairs = node.macro.endswith(("entry", "entries"))

        def truths(frame: Frame, values: Any) -> Any:
            for entry in _entries(values, pairs=pairs):
                if pairs:
                    frame[place], frame[place + 1] = entry
                else:
                    frame[place] = entry
                frame[-1].take(1, node.start)
                truth = condition(frame)
                yield truth
                if truth is not all_ and isinstance(truth, bool):
                    return

        def run(frame: Frame) -> Any:
            values = range_(frame)
            if not isinstance(values, list | tuple | dict):
                no_value = isinstance(values, Unknown | Failure)
                return values if no_value else self._failure(node.range, "neither list nor map")
            return combined(truths(frame, values), all_=all_)

        return run

    def _applied(self, node: Operation) -> Step:
        follow = self._followed(node)
        if follow is None:
            return self._at_first(node)
        arguments = [self._follow(argument) for argument in node.arguments]
        overload = FUNCTIONS[node.function].overloads[node.overload]
        compute = self._guarded(node, overload.implementation)

        def run(frame: Frame) -> Any:
            values = [argument(frame) for argument in arguments]
            if _no_values(values):
                return first_cause([value for value in values if not isinstance(value, Changing)])
            result = follow(values, frame[_WINDOW])
            return _of_firsts(compute, values) if result is None else result

        return run

    def _followed(self, node: Operation) -> Callable[[list[Any], Window], Any] | None:
        """What an operation gives of changing values; None if it isn't known of it."""
        function, first = node.function, node.arguments[0].type
        if node.overload < 0:
            return None
        if function == "!_":
            return _negated
        if function in COMPARISONS and all(one.type in COMPARED for one in node.arguments):
            if len({one.type for one in node.arguments}) > 1:
                return None
            return lambda values, window: compare(function, values[0], values[1], window)
        if function in SUMS and node.type in COMPARED:
            type_ = node.type
            return lambda values, window: total(function, values[0], values[1], type_, window)
        if function in KNOWN:
            compute = FUNCTIONS[function].overloads[node.overload].implementation
            return lambda values, window: part(function, first, compute, values, window)
        return None


def _entries(values: Any, *, pairs: bool) -> Any:
    if not pairs:
        return list(values)
    return values.items() if isinstance(values, dict) else enumerate(values)


def _negated(values: list[Any], window: Window) -> Any:
    (value,) = values
    if not isinstance(value, Changing):
        return not value if isinstance(value, bool) else None
    if not isinstance(value.first, bool):
        return Changing(value.first, value.until, outcomes=_swapped(value.outcomes))
    return settled(not value.first, value.until, _swapped(value.outcomes))


def _of_firsts(compute: Step, values: list[Any]) -> Changing:
    """What a function gives at the first moment, as long as all that it was given holds."""
    until = min(value.until for value in values if isinstance(value, Changing))
    firsts = [first_of(value) for value in values]
    return Changing(first_cause(firsts) if _no_values(firsts) else compute(*firsts), until)


def _swapped(mask: int) -> int:
    return sum(_NEGATED[outcome] for outcome in _NEGATED if mask & outcome)


def _chained(steps: list[Step], *, all_: bool) -> Step:
    absorbing = not all_

    def run(frame: Frame) -> Any:
        values = []
        for step in steps:
            value = step(frame)
            if value is absorbing:
                return value
            values.append(value)
        if any(isinstance(value, Changing) for value in values):
            return combined(values, all_=all_)
        return first_cause(values) if _no_values(values) else all_

    return run


def _no_values(values: list[Any]) -> bool:
    return any(isinstance(value, Unknown | Failure) for value in values)
