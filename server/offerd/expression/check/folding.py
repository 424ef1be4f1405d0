"""Operations on constants, done once at check time."""

from __future__ import annotations

from offerd.expression.check.resolve import AT_RUN_TIME
from offerd.expression.check.tree import Constant, Node, Operation
from offerd.expression.check.types import INT, SCALARS, UINT
from offerd.expression.functions.arithmetic import INT_MINIMUM, UINT_MAXIMUM
from offerd.expression.functions.table import FUNCTIONS
from offerd.expression.values import EvaluationError

_LONGEST_CONSTANT = 10_000


def fold(operation: Operation) -> Node:
    """The constant an operation comes to, or the operation; EvaluationError if it always fails.

    Also EvaluationError for a constant that its function can never accept, such as an invalid
    pattern or an unknown time zone, and for a division by a constant zero.
    """
    if operation.overload == AT_RUN_TIME:
        return operation
    overload = FUNCTIONS[operation.function].overloads[operation.overload]
    last = operation.arguments[-1] if operation.arguments else None
    if isinstance(last, Constant):
        if overload.specialise is not None:
            overload.specialise(last.value)
        if operation.function in ("_/_", "_%_") and last.value == 0 and last.type in (INT, UINT):
            division = "division" if operation.function == "_/_" else "modulus"
            raise EvaluationError(f"{division} by zero")
    if operation.type not in SCALARS:
        return operation
    constants = [arg.value for arg in operation.arguments if isinstance(arg, Constant)]
    if len(constants) != len(operation.arguments):
        return operation
    try:
        value = overload.implementation(*constants)
    except (ArithmeticError, ValueError, TypeError):
        raise EvaluationError("the constants have no result") from None
    if isinstance(value, str | bytes) and len(value) > _LONGEST_CONSTANT:
        return operation
    if isinstance(value, int) and not INT_MINIMUM <= value <= UINT_MAXIMUM:
        # Timestamps before 1678 or after 2262 have no place in msgpack's integers.
        return operation
    return Constant(value, operation.type, operation.start, operation.end)
