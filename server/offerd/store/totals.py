"""How many events about an offer there ever were, as one transaction sees and changes it."""

from __future__ import annotations

from typing import Any

from offerd.events import is_repeated
from offerd.model.event import Event
from offerd.store.environment import Environment
from offerd.store.layout import Table, decode_count, encode_count, total_key


class Totals:
    """Events by offer and type; what changes waits for `flush`."""

    def __init__(self, environment: Environment, transaction: Any) -> None:
        self._database = environment.database(Table.TOTALS)
        self._transaction = transaction
        self._changed: dict[tuple[str, str], int] = {}

    def change(self, event: Event, change: int) -> None:
        """Adds an event, or with a change of -1 takes it off."""
        if event.offer is not None and not is_repeated(event):
            self.add(event.offer, event.type, change)

    def add(self, offer: str, event_type: str, change: int) -> None:
        """As `change`, of an event about an offer that isn't repeated."""
        pair = offer, event_type
        self._changed[pair] = self._changed.get(pair, 0) + change

    def flush(self) -> None:
        """Hands what changed to the transaction, in key order."""
        changes = [(total_key(*pair), added) for pair, added in self._changed.items()]
        for key, added in sorted(changes):
            count = decode_count(self._transaction.get(key, db=self._database))
            self._transaction.put(key, encode_count(count + added), db=self._database)
        self._changed.clear()
