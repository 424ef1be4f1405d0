"""Merge patches (RFC 7396) of a profile's attributes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import Struct

from offerd.admission import admit_attributes, to_nested
from offerd.model.schema import Attribute
from offerd.service.translate.overrides import null_paths
from offerd.service.translate.structs import struct_to_data

FIELD = "attributes"


class Patch:
    """A patch, checked against what is declared: attributes to set, and paths to remove.

    Raises InvalidArgument for what `SetProfile` would refuse.
    """

    def __init__(self, message: Struct, declared: Mapping[str, Attribute]) -> None:
        values = struct_to_data(message, FIELD)
        self._declared = declared
        self.set, _ = admit_attributes(values, declared, field=FIELD)
        self._removed = frozenset(null_paths(values, declared, "", FIELD))

    def over(self, present: dict[str, Any]) -> dict[str, Any]:
        """Returns attributes with the patch; raises InvalidArgument if they are too much then."""
        kept = {path: value for path, value in present.items() if path not in self._removed}
        patched = {**kept, **self.set}
        admit_attributes(to_nested(patched, self._declared), self._declared, field=FIELD)
        return patched
