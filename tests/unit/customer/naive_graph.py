"""The rules of identity graphs by brute force: every question is answered from the links anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from offerd.customer.graph import GROUP_LIMIT, Link
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace, NamespaceType


def reachable(links: Iterable[Link], start: ProfileKey) -> set[ProfileKey]:
    """Returns everybody whom links connect with somebody, themselves among them."""
    links = list(links)
    found = {start}
    while True:
        more = {
            end
            for link in links
            if link.one in found or link.other in found
            for end in (link.one, link.other)
        }
        if more <= found:
            return found
        found |= more


def hold(links: Sequence[Link], namespaces: Mapping[str, Namespace]) -> list[Link]:
    """Returns the links that hold of these, were they all there is."""
    pairs = {(link.one, link.other) for link in links}
    newest = [
        Link(*pair, max(link.time_ns for link in links if (link.one, link.other) == pair))
        for pair in pairs
    ]
    newest.sort(key=lambda link: (link.one, link.other))
    newest.sort(key=lambda link: link.time_ns, reverse=True)
    held: list[Link] = []
    for link in newest:
        if _may(link, held, namespaces):
            held.append(link)
    return [link for link in held if not _dropped(link, held, namespaces)]


def _person(key: ProfileKey, namespaces: Mapping[str, Namespace]) -> bool:
    return key.namespace not in namespaces or namespaces[key.namespace].type.names_person


def _may(link: Link, held: Sequence[Link], namespaces: Mapping[str, Namespace]) -> bool:
    one, other = reachable(held, link.one), reachable(held, link.other)
    if link.other in one:
        return True
    people = [any(_person(key, namespaces) for key in side) for side in (one, other)]
    by_device = not (_person(link.one, namespaces) and _person(link.other, namespaces))
    if by_device and all(people):
        return False
    for name, namespace in namespaces.items():
        sides = [{key.id for key in side if key.namespace == name} for side in (one, other)]
        # Only where both sides have some does the link itself bring them together.
        if not all(sides):
            continue
        count = len(sides[0] | sides[1])
        if namespace.unique and count > 1:
            return False
        if namespace.limit is not None and count > namespace.limit:
            return False
    return True


def _dropped(link: Link, held: Sequence[Link], namespaces: Mapping[str, Namespace]) -> bool:
    group = reachable(held, link.one)
    surplus = len(group) - GROUP_LIMIT

    def order(key: ProfileKey) -> tuple[int, int, ProfileKey]:
        age = max(one.time_ns for one in held if key in (one.one, one.other))
        if _person(key, namespaces):
            return 2, age, key
        return 0 if namespaces[key.namespace].type is NamespaceType.COOKIE else 1, age, key

    oldest = sorted(group, key=order)[: max(0, surplus)]
    return link.one in oldest or link.other in oldest


class NaiveGraphs:
    """All links of all customers, in one heap."""

    def __init__(self, namespaces: Mapping[str, Namespace]) -> None:
        self.links: list[Link] = []
        self._namespaces = namespaces

    def add(self, added: Sequence[Link]) -> None:
        """Adds links at once."""
        known = {(link.one, link.other): link.time_ns for link in self.links}
        added = [
            link
            for link in added
            if (link.one, link.other) not in known or known[link.one, link.other] < link.time_ns
        ]
        touched = {key for link in added for end in link[:2] for key in reachable(self.links, end)}
        kept = [link for link in self.links if link.one not in touched]
        played = [link for link in self.links if link.one in touched]
        self.links = kept + hold([*played, *added], self._namespaces)

    def remove(self, key: ProfileKey) -> None:
        """Removes all links of somebody."""
        self.links = [link for link in self.links if key not in (link.one, link.other)]

    def graph(self, key: ProfileKey) -> set[ProfileKey]:
        """Returns everybody who is of one customer with somebody."""
        return reachable(self.links, key)
