"""The macros of the exact form: what they do with conditions that are unknown or that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from offerd.expression.check.work import steps_of
from offerd.expression.functions.collections import sort_by
from offerd.expression.functions.maps import entries_of, from_entries
from offerd.expression.plan.meter import extents_of
from offerd.expression.values import ABSENT, EvaluationError, Failure, Optional, Unknown

Frame: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Frame], Any]
Fail: TypeAlias = Callable[[str], Failure]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a macro is made of: the place of its variables, how many, its steps, how it fails.

    `start` is where it is written. The last place of a frame is its meter.
    """

    slot: int
    variables: int
    condition: Step | None
    result: Step | None
    fail: Fail
    start: int

    def entries(self, values: Any) -> Iterable[Any]:
        """What there is to look at: elements, keys, or pairs of index or key and value."""
        if self.variables == 1:
            return list(values)
        return values.items() if isinstance(values, dict) else enumerate(values)

    def enter(self, frame: Frame, entry: Any) -> None:
        """Gives the variables their values."""
        if self.variables == 1:
            frame[self.slot] = entry
        else:
            frame[self.slot], frame[self.slot + 1] = entry

    def test(self, frame: Frame) -> Any:
        """The condition's outcome: a bool, an Unknown or a Failure."""
        if self.condition is None:
            return True
        verdict = self.condition(frame)
        if isinstance(verdict, bool | Unknown | Failure):
            return verdict
        return self.fail("the condition is neither true nor false")


Run: TypeAlias = Callable[[Parts, Frame, Any], Any]


def _settling(settles: bool) -> Run:
    """`exists` settles at the first true, `all` at the first false; that absorbs the rest."""

    def run(parts: Parts, frame: Frame, values: Any) -> Any:
        names: list[str] = []
        failure: Failure | None = None
        for entry in parts.entries(values):
            parts.enter(frame, entry)
            verdict = parts.test(frame)
            if verdict is settles:
                return settles
            if isinstance(verdict, Unknown):
                names.extend(verdict.names)
            elif isinstance(verdict, Failure) and failure is None:
                failure = verdict
        return Unknown(names) if names else failure or (not settles)

    return run


def _collect(parts: Parts, frame: Frame, values: Any) -> Any:
    """The entries that pass, each with its result: one without a value spoils them all."""
    names: list[str] = []
    failure: Failure | None = None
    collected: list[tuple[Any, Any]] = []
    for entry in parts.entries(values):
        parts.enter(frame, entry)
        verdict = parts.test(frame)
        if verdict is False:
            continue
        if verdict is True:
            verdict = entry if parts.result is None else parts.result(frame)
            if not isinstance(verdict, Unknown | Failure):
                collected.append((entry, verdict))
                continue
        if isinstance(verdict, Unknown):
            names.extend(verdict.names)
        elif failure is None:
            failure = verdict
    return Unknown(names) if names else failure or collected


_Pairs: TypeAlias = list[tuple[Any, Any]]


def _making(make: Callable[[_Pairs], Any], work: Callable[[_Pairs, int], int] | None = None) -> Run:
    """A macro that makes something of all the results, which takes so many steps."""

    def run(parts: Parts, frame: Frame, values: Any) -> Any:
        collected = _collect(parts, frame, values)
        if not isinstance(collected, list):
            return collected
        if work is not None:
            frame[-1].take(work(collected, frame[-1].left), parts.start)
        try:
            return make(collected)
        except EvaluationError as error:
            return parts.fail(str(error))

    return run


def _transformed(pairs: _Pairs) -> Any:
    return from_entries((entry[0], result) for entry, result in pairs)


def _merged(pairs: _Pairs) -> Any:
    return from_entries(entry for _, entries in pairs for entry in entries_of(entries))


def _merging(pairs: _Pairs, left: int) -> int:
    return sum(len(entries) for _, entries in pairs if isinstance(entries, dict))


def _sorted(pairs: _Pairs) -> Any:
    return sort_by([element for element, _ in pairs], [key for _, key in pairs])


def _sorting(pairs: _Pairs, left: int) -> int:
    return steps_of("sort", extents_of([[key for _, key in pairs]], left))


def _result(parts: Parts, frame: Frame) -> Any:
    return None if parts.result is None else parts.result(frame)


def _optional(parts: Parts, frame: Frame, value: Any) -> Any:
    """What the result comes to when there is a value; ABSENT when there is none."""
    if not isinstance(value, Optional):
        return parts.fail("the value is not optional")
    if not value.present:
        return ABSENT
    frame[parts.slot] = value.value
    return _result(parts, frame)


def _optional_map(parts: Parts, frame: Frame, value: Any) -> Any:
    outcome = _optional(parts, frame, value)
    if outcome is ABSENT or isinstance(outcome, Unknown | Failure):
        return outcome
    return Optional(True, outcome)


def _optional_flat_map(parts: Parts, frame: Frame, value: Any) -> Any:
    outcome = _optional(parts, frame, value)
    if isinstance(outcome, Optional | Unknown | Failure):
        return outcome
    return parts.fail("the result is not optional")


def _or(parts: Parts, frame: Frame, value: Any) -> Any:
    if not isinstance(value, Optional):
        return parts.fail("the value is not optional")
    other = value if value.present else _result(parts, frame)
    if isinstance(other, Optional | Unknown | Failure):
        return other
    return parts.fail("the other value is not optional")


def _or_value(parts: Parts, frame: Frame, value: Any) -> Any:
    if not isinstance(value, Optional):
        return parts.fail("the value is not optional")
    return value.value if value.present else _result(parts, frame)


RUNS: Final[dict[str, Run]] = {
    "exists": _settling(True),
    "all": _settling(False),
    "exists_one": _making(lambda pairs: len(pairs) == 1),
    "filter": _making(lambda pairs: [element for element, _ in pairs]),
    "map": _making(lambda pairs: [result for _, result in pairs]),
    "exists_entry": _settling(True),
    "all_entries": _settling(False),
    "exists_one_entry": _making(lambda pairs: len(pairs) == 1),
    "transform_list": _making(lambda pairs: [result for _, result in pairs]),
    "transform_map": _making(_transformed),
    "transform_map_entry": _making(_merged, _merging),
    "sort_by": _making(_sorted, _sorting),
    "opt_map": _optional_map,
    "opt_flat_map": _optional_flat_map,
    "or": _or,
    "or_value": _or_value,
}
"""What every macro does with the value it is applied to; `bind` is done by its caller."""
