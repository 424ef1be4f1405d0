"""The shape of an entry in the table of functions."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from offerd.expression.check.types import Type


class Form(enum.Enum):
    """How a function is written."""

    OPERATOR = "operator"
    FUNCTION = "function"
    METHOD = "method"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Overload:
    """One typed form of a function.

    `implementation` takes and gives plain values (see values.py) and raises EvaluationError when
    there is no result. `template`, if any, is the same as a Python expression over `{0}`, `{1}`
    and a fresh name `{t}`; it may raise anything, or be exact only for arguments of these types.
    `specialise` turns a constant last argument into an implementation without that argument; it
    raises EvaluationError when the constant is not a valid one. `open_only` forms apply only when
    the values decide, never to statically typed arguments; `static_only` forms never then.
    """

    arguments: tuple[Type, ...]
    result: Type
    implementation: Callable[..., Any]
    template: str = ""
    specialise: Callable[[Any], Callable[..., Any]] | None = None
    open_only: bool = False
    static_only: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A name with its overloads, in the order in which they are tried.

    `doc` says what it comes to, `errors` when it has no result ("" for never), `example` is an
    expression that holds. With `reads_now` the first argument may be left out: it is then the
    variable `now`. With `packs` several arguments may be given instead of one list of them.
    """

    name: str
    form: Form
    overloads: tuple[Overload, ...]
    doc: str = ""
    errors: str = ""
    example: str = ""
    reads_now: bool = False
    packs: bool = False
