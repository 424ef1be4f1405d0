"""`offerd rules cost`: how long every rule takes on made-up records."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple

from rich import box
from rich.table import Table
from rich.text import Text

from offerd import expression as ex
from offerd.audience.environment import decision_environment, event_environment
from offerd.audience.place_questions import answers
from offerd.expression.check.size import cost
from offerd.expression.check.tree import Constant, Node, children
from offerd.expression.check.types import Kind
from offerd.expression.format import one_line
from offerd.model.catalogue import Catalogue

_MISSING_SHARE: Final = 0.1
"""How many of the attributes a made-up record lacks."""
_REPEATS: Final = 5
_CALLS: Final = 20
_YEAR_NS: Final = 365 * 86_400 * 1_000_000_000
_NOW_NS: Final = 1_767_225_600_000_000_000
_WORDS: Final = ("", "a", "yoga", "running", "SE", "sara@mail.example", "2026-01-01")


class Measured(NamedTuple):
    """One distinct rule: where it is used, and the nanoseconds that one evaluation takes.

    The quantiles are over the records; for each record the fastest of a few runs counts.
    `static_cost` is the number of parts evaluated at worst.
    """

    source: str
    uses: tuple[str, ...]
    median_ns: float
    p90_ns: float
    greatest_ns: float
    static_cost: int


def measure(catalogue: Catalogue, *, records: int, seed: int) -> list[Measured]:
    """Every distinct rule of a catalogue, the dearest first."""
    customers = decision_environment(
        catalogue.schema,
        [a.id for a in catalogue.audiences],
        answers(catalogue.place_reads),
    )
    sources = [rule.tree for rule in catalogue.rules]
    uses = _uses_of_rules(catalogue)
    measured = _measure_all(sources, customers, uses, records, seed)
    for number, users in _uses_of_filters(catalogue).items():
        events = {event for user in users for event in user.events}
        environment = event_environment(catalogue.schema, events)
        names = [tuple(dict.fromkeys(f"aggregate {user.aggregate}" for user in users))]
        tree = catalogue.event_filters[number].tree
        measured.extend(_measure_all([tree], environment, names, records, seed))
    return sorted(measured, key=lambda one: (-one.median_ns, one.source))


def _uses_of_rules(catalogue: Catalogue) -> list[tuple[str, ...]]:
    uses: list[list[str]] = [[] for _ in catalogue.rules]
    for audience in catalogue.audiences:
        if audience.rule is not None:
            uses[audience.rule].append(f"audience {audience.id}")
    for offer in catalogue.offers:
        if offer.eligibility is not None:
            uses[offer.eligibility].append(f"offer {offer.id}")
    for strategy in catalogue.strategies:
        if strategy.constraint is not None:
            uses[strategy.constraint].append(f"strategy {strategy.id}")
    return [tuple(names) for names in uses]


class _User(NamedTuple):
    """An aggregate, and the types of those of its events that a filter is for."""

    aggregate: str
    events: tuple[str, ...]


def _uses_of_filters(catalogue: Catalogue) -> dict[int, list[_User]]:
    uses: dict[int, list[_User]] = {}
    for aggregate in catalogue.schema.aggregates:
        steps = () if aggregate.sequence is None else aggregate.sequence.steps
        filtered = [(aggregate.where, aggregate.events), *((s.where, s.events) for s in steps)]
        for number, events in filtered:
            if number is not None:
                uses.setdefault(number, []).append(_User(aggregate.id, events))
    return uses


def _measure_all(
    trees: Sequence[bytes],
    environment: ex.Environment,
    uses: Sequence[tuple[str, ...]],
    records: int,
    seed: int,
) -> list[Measured]:
    rules = ex.plan_many([ex.decode(tree) for tree in trees], environment)
    maker = _Maker(environment, seed, _strings_of(rule.checked.tree for rule in rules))
    rows = [maker.roots() for _ in range(records)]
    assumed = ex.DEFAULT_LIMITS.assumed_list_size
    return [
        Measured(
            rule.checked.source,
            names,
            *_quantiles(rule.evaluate, rows),
            cost(rule.checked.tree, assumed),
        )
        for rule, names in zip(rules, uses, strict=True)
    ]


def _quantiles(
    evaluate: Callable[..., Any], rows: Sequence[Sequence[Any]]
) -> tuple[float, float, float]:
    """Median, 90th percentile and greatest of the nanoseconds per record."""
    taken = sorted(min(_timed(evaluate, row) for _ in range(_REPEATS)) for row in rows)
    return statistics.median(taken), taken[(len(taken) * 9) // 10], taken[-1]


def _timed(evaluate: Callable[..., Any], row: Sequence[Any]) -> float:
    calls = range(_CALLS)
    started = time.perf_counter_ns()
    for _ in calls:
        evaluate(*row)
    return (time.perf_counter_ns() - started) / _CALLS


def _strings_of(trees: Iterable[Node]) -> tuple[str, ...]:
    """The strings that rules compare with, so that some made-up data meets them."""
    found: dict[str, None] = dict.fromkeys(_WORDS)
    pending = list(trees)
    while pending:
        node = pending.pop()
        if isinstance(node, Constant) and isinstance(node.value, str):
            found[node.value] = None
        pending.extend(children(node))
    return tuple(found)


class _Maker:
    """Makes up values of declared types, the same for the same seed."""

    def __init__(self, environment: ex.Environment, seed: int, words: tuple[str, ...]) -> None:
        self._environment = environment
        self._random = random.Random(seed)  # noqa: S311 - made-up data, no secret
        self._words = words

    def roots(self) -> list[Any]:
        """The positional arguments of one evaluation."""
        roots: list[Any] = []
        for declared in self._environment.variables.values():
            if isinstance(declared, ex.Record):
                roots.append(self._record(declared))
            else:
                roots.append(_NOW_NS if declared is ex.TIMESTAMP else self._value(declared, ()))
        lookups = self._environment.lookups.values()
        roots.extend(
            {n: self._value(found.type, ()) for n in sorted(found.names)} for found in lookups
        )
        return roots

    def _record(self, declared: ex.Record) -> dict[str, Any]:
        return {
            path: self._value(attribute.type, attribute.values)
            for path, attribute in declared.attributes.items()
            if self._random.random() >= _MISSING_SHARE
        }

    def _value(self, type_: ex.Type, values: tuple[str, ...]) -> Any:
        numbers = self._random
        match type_.kind:
            case Kind.BOOL:
                return numbers.random() < 0.5
            case Kind.INT | Kind.UINT:
                return numbers.choice((0, 1, 3, 18, 40, numbers.randrange(1_000_000)))
            case Kind.DOUBLE:
                return numbers.choice((0.0, 1.5, numbers.uniform(-1_000.0, 1_000.0)))
            case Kind.STRING:
                return numbers.choice(values or self._words)
            case Kind.TIMESTAMP:
                return _NOW_NS - numbers.randrange(-_YEAR_NS // 12, _YEAR_NS)
            case Kind.DURATION:
                return numbers.randrange(_YEAR_NS)
            case Kind.LIST:
                count = numbers.randrange(10)
                return [self._value(type_.parameters[0], values) for _ in range(count)]
            case Kind.MAP:
                key_type, value_type = type_.parameters
                count = numbers.randrange(10)
                return {
                    self._value(key_type, ()): self._value(value_type, ()) for _ in range(count)
                }
            case _:
                return None


def table_of(measured: Sequence[Measured], top: int) -> Table:
    """The dearest rules, as a table for a screen."""
    title = f"{len(measured):,} distinct rules, the dearest first"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("p50 ns", "p90 ns", "max ns", "static cost"):
        table.add_column(heading, justify="right", no_wrap=True)
    table.add_column("used by", overflow="fold")
    table.add_column("rule", ratio=1, overflow="fold")
    for one in measured[:top]:
        table.add_row(
            f"{one.median_ns:,.0f}",
            f"{one.p90_ns:,.0f}",
            f"{one.greatest_ns:,.0f}",
            f"{one.static_cost:,}",
            Text(_shortened(one.uses)),
            Text(one_line(one.source)),
        )
    return table


def _shortened(uses: Sequence[str]) -> str:
    if not uses:
        return "collections only"
    return uses[0] if len(uses) == 1 else f"{uses[0]} and {len(uses) - 1} more"
