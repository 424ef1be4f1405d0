"""Which identities are of one customer: links between them, and which of those hold.

A link says that two identities were seen to be of one customer, and when. A *group* is all that
links connect. Not all links can hold: a device that two people use, one after the other, doesn't
make them one. When links are added, all links of the groups that they touch are played again,
newest first (of one time those whose keys sort first), as if there were none, and a link is cut if

1. the group that it would make held two ids of a namespace that is `unique`, or more than the
   `limit` of one that has it; or
2. it has an end that names no person, and either side of it holds a person already: a device is of
   whoever authenticated on it last.

A group of more than 50 identities then loses the oldest, as long as it has more: those of cookie
namespaces first, then other devices, then people; each is as old as its newest link. All links of
such an identity are cut; if it held the rest together, that falls apart.

What is cut is forgotten. So the order in which links arrive matters in this: a link that arrives
after one that contradicts it is judged by their times, as if both had been there at once; but a
link that was cut doesn't come back when later the one that had cut it is cut or removed. Links
that never contradict each other give the same groups in whatever order they arrive.

People are only ever joined by links between people, by rule 2; devices hang on them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Final, NamedTuple

from offerd.model.identity import AuthenticationState, Identity, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, NamespaceType

GROUP_LIMIT: Final = 50
"""The most identities of one customer."""


class Link(NamedTuple):
    """Two identities of one customer, `one` before `other` as keys sort, last seen so at a time."""

    one: ProfileKey
    other: ProfileKey
    time_ns: int


class Cut(NamedTuple):
    """A link that doesn't hold, and why, in words."""

    link: Link
    reason: str


class Relinked(NamedTuple):
    """The links that hold, in the order in which they were played, and those that were cut."""

    links: tuple[Link, ...]
    cut: tuple[Cut, ...]


def link(one: ProfileKey, other: ProfileKey, time_ns: int) -> Link:
    """Returns a link, its ends in order; they must differ."""
    first, second = (one, other) if one < other else (other, one)
    return Link(first, second, time_ns)


def pairs_of(
    identities: Iterable[Identity], namespaces: Mapping[str, Namespace]
) -> tuple[tuple[ProfileKey, ProfileKey], ...]:
    """Returns which identities of an event it shows to be of one customer.

    All that name a person and are authenticated in it, with each other; and each device with the
    best of them. Without one there are none: that somebody uses two devices at once says nothing.
    `namespaces` is in the order of declaration, best first.
    """
    order = {name: rank for rank, name in enumerate(namespaces)}
    people: set[ProfileKey] = set()
    devices: set[ProfileKey] = set()
    for identity in identities:
        namespace = namespaces[identity.namespace]
        if not namespace.type.names_person:
            devices.add(profile_key(namespace, identity.id))
        elif identity.state is AuthenticationState.AUTHENTICATED:
            people.add(profile_key(namespace, identity.id))
    best_first = sorted(people, key=lambda key: (order[key.namespace], key.id))
    found = list(combinations(best_first, 2))
    if best_first:
        found += [(best_first[0], device) for device in sorted(devices)]
    return tuple(found)


def relinked(
    present: Iterable[Link], added: Iterable[Link], namespaces: Mapping[str, Namespace]
) -> Relinked:
    """Returns what holds once links are added to those of all groups that they touch.

    `present` are all links of those groups. Of two links between the same identities the newer is
    played. An identity whose namespace isn't declared any more counts as a person's, without a
    limit: nothing is cut because of it.
    """
    newest: dict[tuple[ProfileKey, ProfileKey], int] = {}
    for one, other, time_ns in (*present, *added):
        known = newest.get((one, other))
        newest[one, other] = time_ns if known is None else max(known, time_ns)
    played = sorted(
        (Link(one, other, time_ns) for (one, other), time_ns in newest.items()),
        key=lambda link: (-link.time_ns, link.one, link.other),
    )
    groups = _Groups(namespaces)
    held: list[Link] = []
    cut: list[Cut] = []
    for candidate in played:
        reason = groups.join(candidate)
        if reason:
            cut.append(Cut(candidate, reason))
        else:
            held.append(candidate)
    dropped = _surplus(held, namespaces)
    for candidate in held:
        if candidate.one in dropped or candidate.other in dropped:
            reason = f"the customer has more than {GROUP_LIMIT} identities, and it is the oldest"
            cut.append(Cut(candidate, reason))
    kept = tuple(one for one in held if one.one not in dropped and one.other not in dropped)
    return Relinked(kept, tuple(cut))


def with_newer_times(
    present: Sequence[Link], added: Iterable[Link], namespaces: Mapping[str, Namespace]
) -> tuple[Link, ...] | None:
    """Returns what `relinked` would hold if it only dates links of one group anew, or None.

    That is so if they are all there and every device in the group has one link: whatever the
    order, a device then joins by itself, and no group on the way has more than the whole one.
    It is what nearly every event does that names the same identities as the one before.
    """
    newest = {(link.one, link.other): link.time_ns for link in present}
    for one, other, time_ns in added:
        known = newest.get((one, other))
        if known is None:
            return None
        newest[one, other] = max(known, time_ns)
    devices: set[ProfileKey] = set()
    for link in present:
        for end in (link.one, link.other):
            namespace = namespaces.get(end.namespace)
            if namespace is not None and not namespace.type.names_person:
                if end in devices:
                    return None
                devices.add(end)
    return tuple(Link(*pair, time_ns) for pair, time_ns in newest.items())


def groups_of(links: Iterable[Link]) -> list[tuple[Link, ...]]:
    """Returns links by the groups that they connect, each group once."""
    found: dict[ProfileKey, list[Link]] = {}
    for one in links:
        first, second = found.get(one.one), found.get(one.other)
        if first is None or second is None:
            joined = first if first is not None else second if second is not None else []
        elif first is second:
            joined = first
        else:
            joined, moved = (first, second) if len(first) >= len(second) else (second, first)
            joined += moved
            for other in moved:
                found[other.one] = found[other.other] = joined
        joined.append(one)
        found[one.one] = found[one.other] = joined
    return [tuple(group) for group in {id(group): group for group in found.values()}.values()]


def members_of(links: Iterable[Link]) -> set[ProfileKey]:
    """Returns the identities that links name."""
    return {end for one in links for end in (one.one, one.other)}


class _Group:
    """The identities that links joined so far, by namespace, and whether a person is among them."""

    __slots__ = ("members", "named", "person")

    def __init__(self, key: ProfileKey, *, person: bool) -> None:
        self.members = [key]
        self.named = {key.namespace: {key.id}}
        self.person = person


class _Groups:
    """The groups as they grow while links are played."""

    def __init__(self, namespaces: Mapping[str, Namespace]) -> None:
        self._namespaces = namespaces
        self._group_of: dict[ProfileKey, _Group] = {}

    def join(self, candidate: Link) -> str:
        """Joins the groups of a link's ends; returns why not, or "" if they are one now."""
        one, other = self._of(candidate.one), self._of(candidate.other)
        if one is other:
            return ""
        by_device = next((end for end in candidate[:2] if not self._is_person(end)), None)
        if by_device is not None and one.person and other.person:
            return f"`{by_device.namespace}` names a device, and it is another person's by now"
        reason = self._crowded(one, other)
        if reason:
            return reason
        if len(one.members) < len(other.members):
            one, other = other, one
        one.members += other.members
        one.person = one.person or other.person
        for namespace, ids in other.named.items():
            one.named.setdefault(namespace, set()).update(ids)
        for key in other.members:
            self._group_of[key] = one
        return ""

    def _crowded(self, one: _Group, other: _Group) -> str:
        """Returns which namespace would have too many ids, in words, or ""."""
        for name in sorted(one.named.keys() & other.named.keys()):
            namespace = self._namespaces.get(name)
            if namespace is None:
                continue
            count = len(one.named[name] | other.named[name])
            if namespace.unique and count > 1:
                return f"a customer has one id in `{name}`, and a newer link gives another"
            if namespace.limit is not None and count > namespace.limit:
                return f"a customer has at most {namespace.limit} ids in `{name}`"
        return ""

    def _of(self, key: ProfileKey) -> _Group:
        group = self._group_of.get(key)
        if group is None:
            group = self._group_of[key] = _Group(key, person=self._is_person(key))
        return group

    def _is_person(self, key: ProfileKey) -> bool:
        namespace = self._namespaces.get(key.namespace)
        return namespace is None or namespace.type.names_person


def _surplus(links: Sequence[Link], namespaces: Mapping[str, Namespace]) -> set[ProfileKey]:
    """Returns the identities that groups have beyond the limit: the oldest, devices first."""
    dropped: set[ProfileKey] = set()
    if len(links) < GROUP_LIMIT:  # which connect no more identities than that
        return dropped
    for group in groups_of(links):
        newest: dict[ProfileKey, int] = {}
        for one, other, time_ns in group:
            newest[one] = max(time_ns, newest.get(one, time_ns))
            newest[other] = max(time_ns, newest.get(other, time_ns))
        if len(newest) > GROUP_LIMIT:
            oldest = sorted(newest, key=lambda key: (_worth(key, namespaces), newest[key], key))
            dropped.update(oldest[: len(newest) - GROUP_LIMIT])
    return dropped


def _worth(key: ProfileKey, namespaces: Mapping[str, Namespace]) -> int:
    namespace = namespaces.get(key.namespace)
    if namespace is None or namespace.type.names_person:
        return 2
    return 0 if namespace.type is NamespaceType.COOKIE else 1
