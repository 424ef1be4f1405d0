"""Changing the plans of a state while it is in use."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor

from offerd.events import FoldPlans
from offerd.store.environment import Environment, closed
from offerd.store.records import Records
from offerd.store.serving import Change
from offerd.store.tallies import Tallies
from offerd.store.writer import Writer


class Changes:
    """The changes of plans that are asked for, done one after the other in a thread of their own.

    Only what must be done between two transactions is left to the writer.
    """

    def __init__(
        self, environment: Environment, writer: Writer, records: Records, tallies: Tallies
    ) -> None:
        self._environment = environment
        self._writer = writer
        self._records = records
        self._tallies = tallies
        self._closing = False
        self._thread = ThreadPoolExecutor(1, "offerd-store-changes")

    def begin(self, plans: FoldPlans) -> Future[None]:
        """Has plans served; the future is done once they are, or has failed.

        Raises Unavailable if the state is closed.
        """
        try:
            return self._thread.submit(self._serve, plans)
        except RuntimeError as error:  # it was shut down
            raise closed() from error

    def _serve(self, plans: FoldPlans) -> None:
        plans = plans.retaining(self._records.plans.totals)

        def keep_more() -> None:
            # What happens from now on is kept as the new plans need it; what happened is found.
            self._records.plans = self._records.plans.needing(plans.totals)

        self._writer.between(keep_more).result()
        change = Change(self._environment, plans)
        while not change.go_on():
            if self._closing:
                raise closed()

        def switch() -> None:
            change.finish(self._tallies)
            self._records.plans = plans

        self._writer.between(switch).result()

    def close(self) -> None:
        """Gives up what isn't done yet. Safe to call twice."""
        self._closing = True
        self._thread.shutdown(cancel_futures=True)
