"""The macros of the exact form: what they do with conditions that are unknown or that fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeAlias

from offerd.expression.values import Failure, Unknown

Frame: TypeAlias = list[Any]
Step: TypeAlias = Callable[[Frame], Any]
Loop: TypeAlias = Callable[[Frame, Iterable[Any]], Any]
Fail: TypeAlias = Callable[[], Failure]


def _settling(slot: int, test: Step, fail: Fail, settles: bool) -> Loop:
    """`exists` settles at the first true, `all` at the first false; that absorbs the rest."""
    otherwise = not settles

    def loop(frame: Frame, values: Iterable[Any]) -> Any:
        names: list[str] = []
        failure: Failure | None = None
        for value in values:
            frame[slot] = value
            verdict = test(frame)
            if verdict is settles:
                return settles
            if verdict is otherwise:
                continue
            if isinstance(verdict, Unknown):
                names.extend(verdict.names)
            elif failure is None:
                failure = verdict if isinstance(verdict, Failure) else fail()
        return Unknown(names) if names else failure or otherwise

    return loop


def _exists(slot: int, condition: Step, result: Step | None, fail: Fail) -> Loop:
    return _settling(slot, condition, fail, True)


def _all(slot: int, condition: Step, result: Step | None, fail: Fail) -> Loop:
    return _settling(slot, condition, fail, False)


def _collect(slot: int, condition: Step, result: Step | None, fail: Fail) -> Loop:
    """`filter` and `map`: one condition or result without a value spoils the whole list."""

    def loop(frame: Frame, values: Iterable[Any]) -> Any:
        names: list[str] = []
        failure: Failure | None = None
        collected: list[Any] = []
        for value in values:
            frame[slot] = value
            verdict = condition(frame)
            if verdict is True:
                verdict = value if result is None else result(frame)
                if not isinstance(verdict, Unknown | Failure):
                    collected.append(verdict)
                    continue
            if verdict is False:
                continue
            if isinstance(verdict, Unknown):
                names.extend(verdict.names)
            elif failure is None:
                failure = verdict if isinstance(verdict, Failure) else fail()
        return Unknown(names) if names else failure or collected

    return loop


def _exists_one(slot: int, condition: Step, result: Step | None, fail: Fail) -> Loop:
    matching = _collect(slot, condition, None, fail)

    def loop(frame: Frame, values: Iterable[Any]) -> Any:
        found = matching(frame, values)
        return len(found) == 1 if isinstance(found, list) else found

    return loop


LOOPS: Final = {
    "exists": _exists,
    "all": _all,
    "exists_one": _exists_one,
    "filter": _collect,
    "map": _collect,
}
