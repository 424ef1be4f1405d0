"""Formulas over many offers at once, where numpy is installed.

A formula that only adds, subtracts, multiplies and divides doubles is worked out for all eligible
candidates of a strategy together: attributes of offers are columns, and what reads no offer is
evaluated once, by its own rule. The arithmetic is that of IEEE 754 either way, so scores are the
same to the last bit. Wherever one isn't a finite number, because an attribute is missing, say,
the formula is asked for that offer as usual (`ranking`), which knows why.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from offerd import expression as ex
from offerd.decision.candidates import PreparedStrategy
from offerd.decision.columns import places_in
from offerd.decision.prepared import Prepared, record_of
from offerd.decision.ranking import scores_of
from offerd.decision.request import RequestState
from offerd.expression.check.tree import (
    Attribute,
    Constant,
    Node,
    Operation,
    children,
    collect_references,
)
from offerd.model.selection import Ranking, RankingMethod

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[Any]

FEWEST: Final = 64
"""Of fewer candidates than these each is scored by itself."""
_FIRST: Final = (8, 64)
"""So many of the best are put in order first, then so many, then all."""
_MOST_RULES: Final = 64


class _Frame(NamedTuple):
    """What a formula reads: a column by path, and values of its parts that read no offer."""

    column: Callable[[str], Any]
    scalars: Sequence[float]


_Step = Callable[[_Frame], Any]


class Formula(NamedTuple):
    """A formula as steps over columns, with the rules of its parts that read no offer."""

    step: _Step
    scalars: tuple[ex.Rule, ...]


class Program(NamedTuple):
    """A ranking's formula, and its boosts with the rules that say when they hold."""

    boosts: tuple[tuple[ex.Rule, Formula], ...]
    formula: Formula


class _NoColumns(Exception):
    """A formula has a part that can't be worked out over columns."""


def program_of(prepared: Prepared, ranking: Ranking) -> Program | None:
    """Returns the program of a ranking; None if it has none, or numpy isn't installed."""
    if ranking.method is not RankingMethod.FORMULA or ranking.formula is None:
        return None
    try:
        import numpy  # noqa: F401
    except ImportError:
        return None
    if any(boost.when in prepared.offer_rules for boost in ranking.boosts):
        return None
    try:
        boosts = tuple(
            (prepared.rules[boost.when], _formula(prepared, boost.score))
            for boost in ranking.boosts
        )
        return Program(boosts, _formula(prepared, ranking.formula))
    except _NoColumns:
        return None


def _formula(prepared: Prepared, rule: int) -> Formula:
    checked = prepared.rules[rule].checked
    scalars: list[ex.Rule] = []

    def scalar(node: Node) -> _Step:
        part = ex.Checked(checked.source, node.type, collect_references(node), node)
        place = len(scalars)
        scalars.append(ex.plan(part, prepared.environment))
        return lambda frame: frame.scalars[place]

    return Formula(_built(checked.tree, scalar), tuple(scalars))


def _built(node: Node, scalar: Callable[[Node], _Step]) -> _Step:
    if node.type is not ex.DOUBLE:
        raise _NoColumns
    if isinstance(node, Constant):
        value = float(node.value)
        return lambda frame: value
    if not _reads_offer(node):
        return scalar(node)
    match node:
        case Attribute():
            path = node.path
            return lambda frame: frame.column(path)
        case Operation(function="double", arguments=(Attribute() as inner,)):
            if inner.type in (ex.INT, ex.DOUBLE):
                path = inner.path
                return lambda frame: frame.column(path)
        case Operation(function="-_", arguments=(only,)):
            operand = _built(only, scalar)
            return lambda frame: -operand(frame)
        case Operation(function=function, arguments=(left, right)) if function in _OPERATIONS:
            return _OPERATIONS[function](_built(left, scalar), _built(right, scalar))
    raise _NoColumns


_OPERATIONS: Final[dict[str, Callable[[_Step, _Step], _Step]]] = {
    "_+_": lambda left, right: lambda frame: left(frame) + right(frame),
    "_-_": lambda left, right: lambda frame: left(frame) - right(frame),
    "_*_": lambda left, right: lambda frame: left(frame) * right(frame),
    "_/_": lambda left, right: lambda frame: left(frame) / right(frame),
}


def _reads_offer(node: Node) -> bool:
    if isinstance(node, Attribute):
        return node.root == "offer"
    return any(map(_reads_offer, children(node)))


def by_formula(
    state: RequestState, prepared: PreparedStrategy, ranking: Ranking
) -> Iterator[tuple[int, float]] | None:
    """Returns places and scores of a plain strategy by its formula; None if it must be asked."""
    if state.withheld is not None or len(prepared.candidates) < FEWEST:
        return None
    programs = state.prepared.programs
    if ranking.id not in programs:
        programs[ranking.id] = program_of(state.prepared, ranking)
    program: Program | None = programs[ranking.id]
    if program is None:
        return None
    formula = program.formula
    for when, boosted in program.boosts:
        held = state.memberships.evaluate(when)
        if isinstance(held, ex.Failure):
            return None
        if held is True:
            formula = boosted
            break
    scalars = [state.memberships.evaluate(rule) for rule in formula.scalars]
    if not all(type(value) is float for value in scalars):
        return None
    return _walk(state, prepared, ranking, formula, scalars)


def keep_columns(prepared: Prepared, strategy: PreparedStrategy, ranking: Ranking) -> None:
    """Makes the columns that the formula of a ranking reads, before they are asked for."""
    if ranking.id not in prepared.programs:
        prepared.programs[ranking.id] = program_of(prepared, ranking)
    if prepared.programs[ranking.id] is None or ranking.formula is None:
        return
    for rule in (ranking.formula, *(boost.score for boost in ranking.boosts)):
        read = prepared.rules[rule].checked.references.attributes.get("offer", ())
        for path in read:
            if path not in strategy.columns:
                strategy.columns[path] = _column(prepared, strategy, path)


def _walk(
    state: RequestState,
    prepared: PreparedStrategy,
    ranking: Ranking,
    formula: Formula,
    scalars: Sequence[float],
) -> Iterator[tuple[int, float]]:
    import numpy

    constraint = prepared.strategy.constraint
    if constraint is not None and not state.is_true(constraint):
        return
    places = _places(state, prepared)
    if not len(places):
        return
    columns = prepared.columns

    def column(path: str) -> Numbers:
        known = columns.get(path)
        if known is None:
            known = columns[path] = _column(state.prepared, prepared, path)
        taken: Numbers = known[places]
        return taken

    with numpy.errstate(all="ignore"):
        found = formula.step(_Frame(column, [numpy.float64(value) for value in scalars]))
        scores = found if isinstance(found, numpy.ndarray) else numpy.full(len(places), found)
        # Squares don't cancel one another: if the sum of them is finite, all are.
        is_all_finite = isfinite(scores.dot(scores))
    if not is_all_finite:
        is_finite = numpy.isfinite(scores)
        asked = sorted((~is_finite).nonzero()[0].tolist(), key=places.__getitem__)
        # In the order of priority, in which failures are told.
        offers = [prepared.candidates.at[places[position]] for position in asked]
        scores[asked] = scores_of(state, ranking, offers)
    for score, place in _best_first(scores, places, prepared.minimum_score):
        yield place, score


def _places(state: RequestState, prepared: PreparedStrategy) -> Numbers:
    """Returns the places of the candidates whose rules hold, in any order."""
    import numpy

    shelves, now_ns, known = prepared.shelves, state.now_ns, prepared.arrays
    rules = places_in(shelves.true_rules(state.survivors, state.holds))
    if len(rules) > _MOST_RULES:
        every = [place for rule in rules for place in shelves.live(rule, now_ns).candidates]
        return numpy.array(every, dtype=numpy.int64)
    arrays = []
    for rule in rules:
        kept = known.get(rule)
        if kept is None or not kept[0] <= now_ns < kept[1]:
            from_ns, until_ns, places = shelves.live(rule, now_ns)
            kept = known[rule] = from_ns, until_ns, numpy.array(places, dtype=numpy.int64)
        arrays.append(kept[2])
    return numpy.concatenate(arrays) if arrays else numpy.array((), dtype=numpy.int64)


def _column(prepared: Prepared, strategy: PreparedStrategy, path: str) -> Numbers:
    """Returns an attribute of the candidates by place, NaN where it is missing."""
    import numpy

    offers = prepared.catalogue.offers
    values = [record_of(offers[number]).get(path) for number in strategy.candidates.numbers]
    numbers = [value if type(value) in (int, float) else numpy.nan for value in values]
    return numpy.array(numbers, dtype=numpy.float64)


def _best_first(scores: Numbers, places: Numbers, least: float) -> Iterator[tuple[float, int]]:
    """Yields scores and places, best first, of equal scores by place; sorted as far as needed."""
    import numpy

    count, above = len(scores), None
    for first in _FIRST:
        if 4 * first > count:
            break
        edge = numpy.partition(scores, count - first)[count - first]
        if edge < least:
            break
        wanted = scores >= edge
        yield from _ordered(scores, places, wanted if above is None else wanted & (scores < above))
        above = edge
    wanted = scores >= least
    yield from _ordered(scores, places, wanted if above is None else wanted & (scores < above))


def _ordered(scores: Numbers, places: Numbers, wanted: Numbers) -> Iterator[tuple[float, int]]:
    """Yields those that are wanted, in their order."""
    top = wanted.nonzero()[0]
    pairs = sorted(zip((-scores[top]).tolist(), places[top].tolist(), strict=True))
    return ((-negated, place) for negated, place in pairs)
