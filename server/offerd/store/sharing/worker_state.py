"""The state as a process has it that reads, and lets another one write."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from offerd.events import FoldPlans
from offerd.store.consents import Consents
from offerd.store.directory import checked_secret
from offerd.store.identities import USUAL_NS, Identities
from offerd.store.journal import Retention
from offerd.store.journal_reader import JournalReader
from offerd.store.journal_writer import Journal, JournalMode, JournalSettings
from offerd.store.layout import Table
from offerd.store.loading import Loads
from offerd.store.records import Records
from offerd.store.refolds import Refolds
from offerd.store.serving import retaining_stored
from offerd.store.sharing.reader_environment import ReaderEnvironment
from offerd.store.sharing.remote_writer import RemoteWriter
from offerd.store.state import State
from offerd.store.suppressions import Suppressions
from offerd.store.tallies import Tallies
from offerd.store.tracking import Tracking, Watching
from offerd.store.views import Views


class WorkerState(State):
    """A state that another process has open and writes to.

    Whatever `State` reads this one does; what it writes is done by the other process when the
    future says so. Loads, deletions, patches and changes of plans are left to that process
    altogether: ask it. `when_lost` is called, in any thread, if that process ends.
    """

    def __init__(
        self,
        path: Path,
        end: socket.socket,
        plans: FoldPlans,
        journal: JournalSettings,
        when_lost: Callable[[], None],
        *,
        share: float = 1.0,
    ) -> None:
        environment = ReaderEnvironment(path)
        self._environment = environment
        self._profiles = environment.database(Table.PROFILES)
        self._totals = environment.database(Table.TOTALS)
        self._refolds = Refolds()
        plans = retaining_stored(environment, plans)
        self._records = Records(environment, plans, self._refolds)
        self.tallies = Tallies()
        self._writer = writer = RemoteWriter(end, self.tallies, when_lost, share=share)
        writer.when_deleted = self._refolds.forget
        # What is too much or too old is for the process that writes to remove.
        settings = journal._replace(retention=Retention())
        self.journal = Journal(writer, JournalReader(environment), settings)
        self._journalled = on = journal.mode is not JournalMode.OFF
        self.tracking = Tracking(environment, writer.submit, Watching(), journalled=on)
        self.loads = Loads(environment, writer.submit, path, alone=False)
        self.consents = Consents(environment, writer)
        self.suppressions = Suppressions(environment, writer)
        self.views = Views(
            environment, self._records, self._refolds, self._store_refold, self.loads.found
        )
        self.identities = Identities(
            environment, writer, self._records, self._refolds,
            journal=self.journal, tombstone_ns=USUAL_NS,
        )  # fmt: skip
        self._closing = threading.Lock()
        self._closed = False
        self.secret = environment.read(partial(_secret, environment, path))

    def use(self, plans: FoldPlans) -> Future[None]:
        """Is never asked for: the process that writes changes plans."""
        raise NotImplementedError

    def close(self) -> None:
        """Waits for writes that are under way, and lets go. Safe to call twice."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self.identities.close()
            self.journal.close()
            self.loads.close()
            self._writer.close()
            self._environment.close()


def _secret(environment: ReaderEnvironment, path: Path, transaction: Any) -> bytes:
    meta = transaction.cursor(db=environment.database(Table.META))
    return checked_secret({bytes(key): bytes(value) for key, value in meta}, path)
