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
    the values decide, never to statically typed arguments.
    """

    arguments: tuple[Type, ...]
    result: Type
    implementation: Callable[..., Any]
    template: str = ""
    specialise: Callable[[Any], Callable[..., Any]] | None = None
    open_only: bool = False


@dataclass(frozen=True, slots=True)
class Function:
    """A name with its overloads, in the order in which they are tried."""

    name: str
    form: Form
    overloads: tuple[Overload, ...]
