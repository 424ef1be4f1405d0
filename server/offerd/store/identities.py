"""Who is who: identities linked and cut off, customers told of and deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from offerd.customer.graph import Link, link, members_of
from offerd.model.profile import ProfileKey
from offerd.store.deletions import (
    BeginDeletion,
    BeginProfileDeletion,
    DeletedSubject,
    Deletions,
)
from offerd.store.environment import Environment
from offerd.store.graphs import links_of, links_with
from offerd.store.journal_writer import Journal
from offerd.store.layout import profile_digest
from offerd.store.link_operations import LinkIdentities, Unlink
from offerd.store.linking import Linked, Pair
from offerd.store.records import Records
from offerd.store.refolds import Refolds
from offerd.store.subjects import exporters
from offerd.store.tombstones import USUAL_NS, Tombstone, tombstone_of
from offerd.store.writer import Writer

__all__ = ["USUAL_NS", "Identities"]


class Identities:
    """The identities of a state. For any thread.

    `tombstone_ns` is how long it is remembered that a customer was deleted.
    """

    def __init__(
        self,
        environment: Environment,
        writer: Writer,
        records: Records,
        refolds: Refolds,
        *,
        journal: Journal,
        tombstone_ns: int,
    ) -> None:
        self._environment = environment
        self._writer = writer
        self._records = records
        self._refolds = refolds
        self._journal = journal
        self._tombstone_ns = tombstone_ns
        self._deletions = Deletions(writer)

    def graph(
        self, authenticated: ProfileKey, assumed: Iterable[Pair] = (), now_ns: int = 0
    ) -> set[ProfileKey]:
        """Returns all identities of the customer whom an identity names, itself among them.

        Only for an identity that a request has authenticated, or that a trusted caller names. With
        `assumed` as if those had been linked now, which isn't stored.
        """
        return {authenticated, *members_of(self.links(authenticated, assumed, now_ns))}

    def links(
        self, key: ProfileKey, assumed: Iterable[Pair] = (), now_ns: int = 0
    ) -> tuple[Link, ...]:
        """Returns the links of the graph of an identity; the rest as `graph`."""
        added = [link(one, other, now_ns) for one, other in assumed]
        if not added:
            return self._environment.read(lambda txn: links_of(self._environment, txn, key))
        namespaces = self._records.plans.active.attributes.namespaces
        return self._environment.read(
            lambda txn: links_with(self._environment, txn, key, added, namespaces)
        )

    def link(
        self, first: ProfileKey, pairs: Sequence[Pair], time_ns: int, now_ns: int
    ) -> Future[Linked]:
        """Links identities two by two as of a time; tells who `first` is then.

        If any was deleted since then, none is linked.
        """
        return self._writer.submit(LinkIdentities(first, pairs, time_ns, now_ns))

    def unlink(self, key: ProfileKey) -> Future[bool]:
        """Removes all links of an identity; tells whether it had any."""
        return self._writer.submit(Unlink(key))

    def tombstone(self, key: ProfileKey) -> Tombstone | None:
        """Returns when a profile was deleted and until when that is remembered, None if never."""
        digest = profile_digest(key)
        return self._environment.read(lambda txn: tombstone_of(self._environment, txn, digest))

    def delete(self, keys: Sequence[ProfileKey], now_ns: int) -> Future[DeletedSubject]:
        """Removes everything of a customer: of all keys, and those linked to a person among them.

        Done once nothing can be read any more. Totals of offers stay, and that somebody is not to
        be written to. If the process ends before, the rest is removed when the state is opened.
        """
        future = self._deletions.begin(BeginDeletion(keys, now_ns, self._tombstone_ns), _itself)
        future.add_done_callback(self._forget)
        return future

    def delete_profile(self, key: ProfileKey) -> Future[bool]:
        """As State.delete_profile."""

        def begin() -> Future[bool]:
            return self._deletions.begin(BeginProfileDeletion(key), _had_any)

        future = self._journal.delete(key, begin)
        future.add_done_callback(lambda _: self._refolds.forget(key))
        return future

    def exported(self, key: ProfileKey) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields what is stored under a key besides its profile, events, links and journal.

        By kind, as plain data; times are integers whose names end with `_ns`.
        """
        for kind, export in exporters():
            for data in self._environment.read(self._reading(export, key)):
                yield kind, data

    def _forget(self, done: Future[DeletedSubject]) -> None:
        if not done.cancelled() and done.exception() is None:
            for key in done.result().keys:
                self._refolds.forget(key)

    def _reading(
        self, export: Callable[..., Iterable[dict[str, Any]]], key: ProfileKey
    ) -> Callable[[Any], list[dict[str, Any]]]:
        return lambda transaction: list(export(self._environment, transaction, key))

    def close(self) -> None:
        """Leaves deletions that aren't done to the next who opens the state."""
        self._deletions.close()


def _itself(deleted: DeletedSubject) -> DeletedSubject:
    return deleted


def _had_any(deleted: DeletedSubject) -> bool:
    return bool(deleted.keys)
