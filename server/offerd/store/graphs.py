"""Which identities are of one customer, as the file has it.

    graphs    graph id → links with their times, as one list
    graph_of  profile digest → graph id

A graph is a group of customer.graph: what links connect. Its id is the profile digest of the
first of its identities as keys sort, which no other graph holds. An identity without links is in
neither.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import msgspec

from offerd.customer.graph import (
    Link,
    Relinked,
    groups_of,
    members_of,
    relinked,
    with_newer_times,
)
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.store.layout import Table, profile_digest

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[tuple[str, str, str, str, int], ...]).decode

Links = tuple[Link, ...]


class Databases(Protocol):
    """An environment as far as finding databases goes."""

    def database(self, table: Table) -> Any:
        """Returns LMDB's handle of a database."""


def links_of(environment: Databases, transaction: Any, key: ProfileKey) -> Links:
    """Returns all links of the graph that an identity is in, none if it is in none."""
    graph_id = transaction.get(profile_digest(key), db=environment.database(Table.GRAPH_OF))
    return () if graph_id is None else _read(environment, transaction, bytes(graph_id))


def links_with(
    environment: Databases,
    transaction: Any,
    key: ProfileKey,
    added: Iterable[Link],
    namespaces: Mapping[str, Namespace],
) -> Links:
    """Returns the links that the graph of an identity would have once some are added."""
    found = list(added)
    present = set(links_of(environment, transaction, key))
    for end in members_of(found):
        present.update(links_of(environment, transaction, end))
    return _of(groups_of(relinked(present, found, namespaces).links), key)


def _read(environment: Databases, transaction: Any, graph_id: bytes) -> Links:
    rows = _decode(transaction.get(graph_id, db=environment.database(Table.GRAPHS)))
    return tuple(
        Link(ProfileKey(namespace, one), ProfileKey(other_namespace, other), time_ns)
        for namespace, one, other_namespace, other, time_ns in rows
    )


def _of(groups: Iterable[Links], key: ProfileKey) -> Links:
    return next((group for group in groups if key in members_of(group)), ())


class Graphs:
    """The graphs as one transaction sees and changes them; changes wait for `flush`."""

    def __init__(
        self, environment: Databases, transaction: Any, namespaces: Mapping[str, Namespace]
    ) -> None:
        self._environment = environment
        self._transaction = transaction
        self._namespaces = namespaces
        # What is known of the file with what was changed; None is that there is none.
        self._graph_of: dict[ProfileKey, bytes | None] = {}
        self._links: dict[bytes, Links | None] = {}
        self._changed_members: set[ProfileKey] = set()
        self._changed_graphs: set[bytes] = set()
        self.touched: set[ProfileKey] = set()
        """Identities of graphs that were changed."""

    def links_of(self, key: ProfileKey) -> Links:
        """Returns all links of the graph that an identity is in, none if it is in none."""
        graph_id = self._of(key)
        return () if graph_id is None else self._graph(graph_id)

    def linked_to(self, key: ProfileKey) -> set[ProfileKey]:
        """Returns all identities of the graph that an identity is in, itself among them."""
        return {key, *members_of(self.links_of(key))}

    def add(self, links: Iterable[Link]) -> Relinked:
        """Adds links to the graphs that they touch; returns which hold there, and which don't.

        Costs as much as those graphs have links, or little if all are known already.
        """
        added = [link for link in links if not self._knows(link)]
        if not added:
            return Relinked((), ())
        touched = {graph_id for end in members_of(added) if (graph_id := self._of(end))}
        present = [link for graph_id in touched for link in self._graph(graph_id)]
        seen_again = with_newer_times(present, added, self._namespaces)
        if seen_again is not None and len(touched) == 1:
            (graph_id,) = touched
            self._links[graph_id] = seen_again
            self._changed_graphs.add(graph_id)
            return Relinked(seen_again, ())
        result = relinked(present, added, self._namespaces)
        self._replace(touched, result.links)
        return result

    def remove(self, key: ProfileKey) -> bool:
        """Removes all links of an identity; tells whether it had any."""
        graph_id = self._of(key)
        if graph_id is None:
            return False
        self._replace(
            {graph_id},
            [link for link in self._graph(graph_id) if key not in (link.one, link.other)],
        )
        return True

    def flush(self) -> None:
        """Hands all changes to the transaction."""
        graphs = self._environment.database(Table.GRAPHS)
        for graph_id in sorted(self._changed_graphs):
            links = self._links[graph_id]
            if links is None:
                self._transaction.delete(graph_id, db=graphs)
            else:
                rows = [(*link.one, *link.other, link.time_ns) for link in links]
                self._transaction.put(graph_id, _encode(rows), db=graphs)
        graph_of = self._environment.database(Table.GRAPH_OF)
        for digest, key in sorted((profile_digest(key), key) for key in self._changed_members):
            graph = self._graph_of[key]
            if graph is None:
                self._transaction.delete(digest, db=graph_of)
            else:
                self._transaction.put(digest, graph, db=graph_of)
        self._changed_graphs.clear()
        self._changed_members.clear()

    def _knows(self, link: Link) -> bool:
        return any(
            known.one == link.one and known.other == link.other and known.time_ns >= link.time_ns
            for known in self.links_of(link.one)
        )

    def _of(self, key: ProfileKey) -> bytes | None:
        """Returns the id of the graph that an identity is in, None if it is in none."""
        if key not in self._graph_of:
            graph_of = self._environment.database(Table.GRAPH_OF)
            found = self._transaction.get(profile_digest(key), db=graph_of)
            self._graph_of[key] = None if found is None else bytes(found)
        return self._graph_of[key]

    def _graph(self, graph_id: bytes) -> Links:
        if graph_id not in self._links:
            self._links[graph_id] = _read(self._environment, self._transaction, graph_id)
        return self._links[graph_id] or ()

    def _replace(self, graph_ids: set[bytes], links: Iterable[Link]) -> None:
        """Puts the graphs that links make in place of others, of which they are what is left."""
        graph_of: dict[ProfileKey, bytes | None] = {}
        for graph_id in graph_ids:
            graph_of.update(dict.fromkeys(members_of(self._graph(graph_id))))
            self._links[graph_id] = None
            self._changed_graphs.add(graph_id)
        for group in groups_of(links):
            members = members_of(group)
            graph_id = profile_digest(min(members))
            self._links[graph_id] = group
            self._changed_graphs.add(graph_id)
            graph_of.update(dict.fromkeys(members, graph_id))
        self.touched.update(graph_of)
        for key, found in graph_of.items():
            if self._of(key) != found:
                self._graph_of[key] = found
                self._changed_members.add(key)
