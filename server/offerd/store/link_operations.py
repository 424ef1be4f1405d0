"""Linking and unlinking by themselves, for callers who know for sure."""

from __future__ import annotations

from collections.abc import Sequence

from offerd.model.profile import ProfileKey
from offerd.store.layout import profile_digest
from offerd.store.linking import Linked, Pair, add_links
from offerd.store.operations import Operation
from offerd.store.workspace import Workspace


class LinkIdentities(Operation[Linked]):
    """Links identities, two by two, as of a time."""

    def __init__(self, first: ProfileKey, pairs: Sequence[Pair], time_ns: int, now_ns: int) -> None:
        self._first = first
        self._pairs = tuple(pairs)
        self._time_ns = min(time_ns, now_ns)
        self._now_ns = now_ns
        self.size_bytes = 200 * len(self._pairs)

    def apply(self, workspace: Workspace) -> Linked:
        """Returns who the first identity is now, or nothing done if any was deleted since."""
        ends = sorted({key for pair in self._pairs for key in pair})
        deleted = tuple(
            key
            for key in ends
            if workspace.tombstones.covers(profile_digest(key), self._time_ns, self._now_ns)
        )
        if deleted:
            return Linked(deleted=deleted)
        cut = add_links(workspace, self._pairs, self._time_ns, self._now_ns)
        return Linked(frozenset(workspace.graphs.linked_to(self._first)), cut)


class Unlink(Operation[bool]):
    """Removes all links of an identity."""

    frees = True

    def __init__(self, key: ProfileKey) -> None:
        self._key = key

    def apply(self, workspace: Workspace) -> bool:
        """Returns whether it had any."""
        return workspace.graphs.remove(self._key)
