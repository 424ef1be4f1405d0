"""Changing some attributes of a profile, in one step with reading them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.store.layout import decode_record, encode_record
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace

ChangeAttributes = Callable[[dict[str, Any]], dict[str, Any]]
"""Makes new attributes (flat, by path) of those that rules may read now; may refuse by raising."""


class PatchProfile(Operation[ProfileRecord]):
    """Replaces a profile's attributes by what a function makes of them; scores and events stay."""

    def __init__(
        self, key: ProfileKey, change: ChangeAttributes, now_ns: int, size_bytes: int
    ) -> None:
        self._key = key
        self._change = change
        self._now_ns = now_ns
        self.size_bytes = size_bytes

    def apply(self, workspace: Workspace) -> ProfileRecord:
        """Returns the record as it is now."""
        changed = self._change(workspace.present_attributes(self._key))
        record = workspace.set_attributes(self._key, changed, self._now_ns)
        # A copy: later operations of the batch go on changing the record.
        return decode_record(encode_record(record))
