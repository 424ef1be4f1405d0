"""What is known of customers, from a state that a server may have open."""

from __future__ import annotations

from concurrent.futures import Future
from typing import cast

from offerd.errors import Exhausted, Reason
from offerd.events import FoldPlan, FoldPlans
from offerd.model.profile import ProfileKey
from offerd.store.environment import Environment
from offerd.store.loads import LoadReader
from offerd.store.read_only import ReadOnlyState
from offerd.store.records import Records
from offerd.store.refolds import Refolds
from offerd.store.tracking import MembershipReader
from offerd.store.views import Views


class Observed:
    """Customers as a plan sees them, whatever plan the server has. Nothing is written."""

    def __init__(self, state: ReadOnlyState, plan: FoldPlan) -> None:
        # All that reading needs is the same in both.
        environment = cast("Environment", state)
        refolds = Refolds()
        loads = LoadReader(state)
        self.views = Views(
            environment,
            Records(environment, FoldPlans(plan), refolds),
            refolds,
            _refuse,
            lambda members: state.read(lambda transaction: loads.find(transaction, members)),
        )
        """What is known of customers."""
        self.memberships = MembershipReader(state)
        """Who is in which audience, as the server tracks it."""


def _refuse(_key: ProfileKey, _size_bytes: int) -> Future[None]:
    raise Exhausted(Reason.OVERLOADED, "this state is only read")
