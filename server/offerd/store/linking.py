"""The writes that say which identities are of one customer."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from offerd.customer.graph import Cut, link, members_of
from offerd.model.profile import ProfileKey
from offerd.store.layout import profile_digest
from offerd.store.workspace import Workspace

Pair = tuple[ProfileKey, ProfileKey]


class Linked(NamedTuple):
    """All identities of the customer whom the first one named is now, and links that were cut.

    `deleted` are those that were deleted since; then nothing was linked.
    """

    members: frozenset[ProfileKey] = frozenset()
    cut: tuple[Cut, ...] = ()
    deleted: tuple[ProfileKey, ...] = ()


def add_links(
    workspace: Workspace, pairs: Iterable[Pair], time_ns: int, now_ns: int
) -> tuple[Cut, ...]:
    """Links identities two by two as of a time; returns the links that don't hold.

    An identity that was deleted since isn't linked.
    """
    links = [link(one, other, time_ns) for one, other in pairs]
    if workspace.tombstones.exist:
        covers = workspace.tombstones.covers
        gone = {key for key in members_of(links) if covers(profile_digest(key), time_ns, now_ns)}
        links = [found for found in links if found.one not in gone and found.other not in gone]
    return workspace.graphs.add(links).cut
