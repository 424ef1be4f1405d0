"""The exact form: a tree of closures that keeps unknowns and failures as values.

It follows the language to the letter: `false && x` is false and `true || x` is true whatever x
is; otherwise an unknown wins over a failure, because more data might settle the matter, and of
several failures the first stands. It runs only when the fast form gives up.

Evaluating never raises, whatever the data is: where the data or a function meets something else
than was declared, every exception is caught and becomes a failure that names the place. Callers
report failures, so none is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeAlias

from offerd.expression.check.declarations import Environment
from offerd.expression.check.macro_forms import FORMS, Over
from offerd.expression.check.resolve import AT_RUN_TIME
from offerd.expression.check.size import own_steps_of_loop
from offerd.expression.check.tree import (
    Attribute,
    Box,
    Chain,
    Checked,
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
from offerd.expression.check.types import TYPE
from offerd.expression.functions.maps import build_map
from offerd.expression.functions.table import FUNCTIONS, dispatcher
from offerd.expression.issues import locate
from offerd.expression.plan.loops import RUNS, Parts
from offerd.expression.plan.meter import EXHAUSTED, Charge, Exhausted, Meter, charge_of
from offerd.expression.values import (
    EvaluationError,
    Failure,
    TypeName,
    Unknown,
    boxer,
    unboxer,
)

Frame: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Frame], Any]
Wrap: TypeAlias = Callable[[Node, Step], Step]

MISFIT: Final = "the data is not of its declared type"
NO_MEMORY: Final = "the rule needs more memory than there is"
NOT_WORKED_OUT: Final = "this could not be worked out"
_MISFITS: Final = (TypeError, AttributeError, KeyError, IndexError, ValueError, ArithmeticError)
"""What functions raise when they are given something else than was declared."""


class Exact:
    """The exact form of one expression; built when first needed."""

    __slots__ = ("_checked", "_environment", "_roots", "_slots", "_step", "_wrap")

    def __init__(
        self, checked: Checked, environment: Environment, wrap: Wrap | None = None
    ) -> None:
        self._checked = checked
        self._environment = environment
        self._roots = environment.roots
        self._wrap = wrap
        self._slots = 0
        self._step: Step | None = None

    def __call__(self, *roots: Any) -> Any:
        """The value, or an Unknown, or a Failure; never an exception."""
        step = self._step
        if step is None:
            step = self._step = self.build(self._checked.tree)
        try:
            return step([*roots, *(None for _ in range(self._slots)), Meter()])
        except Exhausted as exhausted:
            return Failure(EXHAUSTED, locate(self._checked.source, exhausted.start))
        except MemoryError:
            return self._failure(self._checked.tree, NO_MEMORY)

    def exhausted(self) -> Failure:
        """What an evaluation comes to that has taken all the steps it may."""
        return self._failure(self._checked.tree, EXHAUSTED)

    def build(self, node: Node) -> Step:
        """The closure of a node, wrapped if the form is to be watched."""
        step = self._build(node)
        return step if self._wrap is None else self._wrap(node, step)

    def _build(self, node: Node) -> Step:
        match node:
            case Constant():
                constant = TypeName(str(node.value)) if node.type is TYPE else node.value
                return lambda frame: constant
            case Variable():
                return _slot(self._roots.index(node.name))
            case Local():
                return _slot(len(self._roots) + node.slot)
            case Attribute():
                return self._attribute(node)
            case Presence():
                return self._presence(node)
            case Reference():
                return self._reference(node)
            case Operation():
                return self._operation(node)
            case Chain():
                steps = [self.build(operand) for operand in node.operands]
                fail = self._failing(node, "an operand is neither true nor false")
                return _chain(steps, absorbing=not node.all, fail=fail)
            case Conditional():
                return self._conditional(node)
            case Items():
                return _strict([self.build(item) for item in node.items], _listed)
            case Entries():
                return self._entries(node)
            case Macro():
                return self._macro(node)
            case Box():
                return self._box(node)
            case Stop():
                return lambda frame: self._failure(node, node.message)

    def _failure(self, node: Node, message: str) -> Failure:
        return Failure(message, locate(self._checked.source, node.start))

    def _failing(self, node: Node, message: str) -> Callable[[], Failure]:
        return lambda: self._failure(node, message)

    def _attribute(self, node: Attribute) -> Step:
        root, path = self._roots.index(node.root), node.path
        missing = Unknown((f"{node.root}.{path}",))

        def step(frame: Frame) -> Any:
            try:
                return frame[root][path]
            except KeyError:
                return missing
            except Exception:  # a root may be anything, and raise anything when it is read
                return self._failure(node, MISFIT)

        return step

    def _presence(self, node: Presence) -> Step:
        root, path = self._roots.index(node.root), node.path
        missing = Unknown((f"{node.root}.{path}",))

        def step(frame: Frame) -> Any:
            try:
                return path in frame[root]
            except KeyError:  # it is withheld, see WithheldRecord
                return missing
            except Exception:  # a root may be anything, and raise anything when it is read
                return self._failure(node, MISFIT)

        return step

    def _reference(self, node: Reference) -> Step:
        root, name = self._roots.index(node.lookup), node.name
        missing = Unknown((f'{node.lookup}("{name}")',))

        def step(frame: Frame) -> Any:
            try:
                return frame[root][name]
            except KeyError:
                return missing
            except Exception:  # what is looked up may be computed, by code that isn't ours
                return self._failure(node, f"`{node.lookup}` failed for `{name}`")

        return step

    def _operation(self, node: Operation) -> Step:
        arguments = [self.build(argument) for argument in node.arguments]
        if node.overload == AT_RUN_TIME:
            implementation = dispatcher(node.function)
            unbox = unboxer(node.type)
            if unbox is not None:
                dispatch, plain = implementation, unbox
                implementation = lambda *values: plain(dispatch(*values))  # noqa: E731
        else:
            implementation = FUNCTIONS[node.function].overloads[node.overload].implementation
        return _strict(arguments, self._guarded(node, implementation), charge_of(node))

    def _guarded(self, node: Node, implementation: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*values: Any) -> Any:
            try:
                return implementation(*values)
            except EvaluationError as error:
                return self._failure(node, str(error))
            except MemoryError:
                raise
            except Exception as error:
                misfits = isinstance(error, _MISFITS)
                return self._failure(node, MISFIT if misfits else NOT_WORKED_OUT)

        return guarded

    def _conditional(self, node: Conditional) -> Step:
        condition = self.build(node.condition)
        yes, no = self.build(node.yes), self.build(node.no)

        def step(frame: Frame) -> Any:
            value = condition(frame)
            if value is True:
                return yes(frame)
            if value is False:
                return no(frame)
            if isinstance(value, Unknown | Failure):
                return value
            return self._failure(node.condition, "the condition is neither true nor false")

        return step

    def _entries(self, node: Entries) -> Step:
        count = len(node.keys)
        steps = [self.build(part) for part in (*node.keys, *node.values)]

        def build(*parts: Any) -> Any:
            return build_map(parts[:count], parts[count:])

        return _strict(steps, self._guarded(node, build))

    def _macro(self, node: Macro) -> Step:
        form = FORMS[node.macro]
        range_ = self.build(node.range)
        condition = None if node.condition is None else self.build(node.condition)
        result = None if node.result is None else self.build(node.result)
        slot = len(self._roots) + node.slot
        self._slots = max(self._slots, node.slot + form.variables)
        if form.over is Over.ANYTHING:
            return _bound(slot, range_, result or range_)
        place = node.condition or node
        fail = lambda text: self._failure(place, text)  # noqa: E731
        parts = Parts(slot, form.variables, condition, result, fail, node.start)
        steps = own_steps_of_loop(node) if form.loops else 0
        run = RUNS[node.macro]
        fitting = {Over.ELEMENTS: (list, tuple, dict), Over.ITEMS: (list, tuple)}.get(form.over)
        misfit = f"`{node.macro}` needs {form.over.value}"

        def step(frame: Frame) -> Any:
            values = range_(frame)
            if isinstance(values, Unknown | Failure):
                return values
            if fitting is not None and not isinstance(values, fitting):
                return self._failure(node.range, misfit)
            if steps:
                frame[-1].take(len(values) * steps, node.start)
            return run(parts, frame, values)

        return step

    def _box(self, node: Box) -> Step:
        value = self.build(node.value)
        box = boxer(node.value.type, node.type)
        return value if box is None else _strict([value], self._guarded(node, box), charge_of(node))


def _slot(index: int) -> Step:
    return lambda frame: frame[index]


def _bound(slot: int, value: Step, result: Step) -> Step:
    """`cel.bind`: a value that is unknown or a failure matters only where the name is used."""

    def step(frame: Frame) -> Any:
        frame[slot] = value(frame)
        return result(frame)

    return step


def _listed(*values: Any) -> list[Any]:
    return list(values)


def _chain(steps: list[Step], *, absorbing: bool, fail: Callable[[], Failure]) -> Step:
    neutral = not absorbing

    def step(frame: Frame) -> Any:
        unknown: Unknown | None = None
        failure: Failure | None = None
        for operand in steps:
            value = operand(frame)
            if value is absorbing:
                return absorbing
            if value is neutral:
                continue
            if isinstance(value, Unknown):
                unknown = value if unknown is None else Unknown((*unknown.names, *value.names))
            elif failure is None:
                failure = value if isinstance(value, Failure) else fail()
        return unknown or failure or neutral

    return step


def _strict(steps: list[Step], apply: Callable[..., Any], charge: Charge | None = None) -> Step:
    """A step whose result needs every argument; its charge is taken before it is applied."""

    def step(frame: Frame) -> Any:
        values = [argument(frame) for argument in steps]
        for value in values:
            if isinstance(value, Unknown | Failure):
                return first_cause(values)
        if charge is not None:
            charge(frame[-1], values)
        return apply(*values)

    return step


def first_cause(values: Sequence[Any]) -> Unknown | Failure:
    """What several values, at least one of them no value, come to."""
    names = [name for value in values if isinstance(value, Unknown) for name in value.names]
    if names:
        return Unknown(names)
    return next(value for value in values if isinstance(value, Failure))
