"""The types of the language as cel.expr.Type."""

from __future__ import annotations

from typing import Any, Final

from offerd.dialects.checked_expr.messages import Type as Message
from offerd.dialects.error import CannotSay
from offerd.expression import Type
from offerd.expression.check.types import Kind

_PRIMITIVES: Final = {
    Kind.BOOL: 1,
    Kind.INT: 2,
    Kind.UINT: 3,
    Kind.DOUBLE: 4,
    Kind.STRING: 5,
    Kind.BYTES: 6,
}
_WELL_KNOWN: Final = {Kind.TIMESTAMP: 2, Kind.DURATION: 3}


def write_type(type_: Type) -> Any:
    """The message for a type; CannotSay for one that isn't standard."""
    made = Message()
    if type_.kind in _PRIMITIVES:
        made.primitive = _PRIMITIVES[type_.kind]
    elif type_.kind in _WELL_KNOWN:
        made.well_known = _WELL_KNOWN[type_.kind]
    elif type_.kind is Kind.LIST:
        made.list_type.elem_type.CopyFrom(write_type(type_.parameters[0]))
    elif type_.kind is Kind.MAP:
        made.map_type.key_type.CopyFrom(write_type(type_.parameters[0]))
        made.map_type.value_type.CopyFrom(write_type(type_.parameters[1]))
    elif type_.kind is Kind.NULL:
        made.null = 0
    elif type_.kind is Kind.TYPE:
        made.type.SetInParent()
    elif type_.kind in (Kind.DYN, Kind.NEVER):
        made.dyn.SetInParent()
    else:
        raise CannotSay(f"the type `{type_}` is not standard")
    return made
