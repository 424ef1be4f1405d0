"""Plain data survives the way through Struct and back."""

from __future__ import annotations

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.service.translate.structs import data_to_struct, struct_to_data


def test_data_comes_back() -> None:
    """Everything JSON can say is the same after both ways, ints as doubles."""
    data = {"a": 1, "b": [True, None, "x", {"c": 2.5}], "d": {}}
    assert struct_to_data(data_to_struct(data), "f") == data


def test_ints_beyond_a_double_become_text() -> None:
    """An int that a double can't hold goes out as a decimal string, which doors take back."""
    assert struct_to_data(data_to_struct({"n": 2**53, "m": 2**53 + 1}), "f") == {
        "n": 2**53,
        "m": str(2**53 + 1),
    }


def test_names_the_value_that_is_too_large() -> None:
    """A huge struct is refused before it is turned over, with the field that is huge."""
    with pytest.raises(InvalidArgument) as refused:
        struct_to_data(data_to_struct({"small": 1, "note": "x" * 300_000}), "context.attributes")
    assert refused.value.reason is Reason.TOO_LARGE
    assert refused.value.field == "context.attributes.note"
