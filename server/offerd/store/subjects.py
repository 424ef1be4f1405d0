"""All that is stored of a customer: what removes it, and what tells it to them.

Whoever keeps something under a profile's digest adds a line to `removers` and, if it says
anything about the customer, to `exporters`. Events and the journal, of which there may be any
number, are removed in pieces by `deletions` and read in pages by the state. Suppressions stay:
that somebody must not be written to holds after everything else about them is forgotten.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from offerd.model.profile import ProfileKey
from offerd.store import consents, suppressions
from offerd.store.environment import Environment
from offerd.store.layout import profile_digest
from offerd.store.loads import exported
from offerd.store.membership_writer import memberships_of, remove_memberships
from offerd.store.reservations import reservations_of
from offerd.store.workspace import Workspace

Remover = Callable[[Workspace, ProfileKey], bool]
"""Removes all rows of one kind that there are of a profile, few; tells whether there were any."""

Exporter = Callable[[Environment, Any, ProfileKey], Iterable[dict[str, Any]]]
"""Yields what is stored of a profile in one kind of rows, as plain data, within a transaction."""


def removers() -> tuple[Remover, ...]:
    """Returns what removes each kind of rows of a profile; all run in one transaction."""
    return (_remove_reservations, _remove_loaded, _remove_record, remove_memberships)


def exporters() -> tuple[tuple[str, Exporter], ...]:
    """Returns what tells each kind of rows of a profile, by the name of the kind."""
    return (
        ("consent", consents.exported),
        ("reservation", _reservations),
        ("load", exported),
        ("suppression", suppressions.exported),
        ("membership", memberships_of),
    )


def _remove_record(workspace: Workspace, key: ProfileKey) -> bool:
    return workspace.remove_record(key)


def _remove_reservations(workspace: Workspace, key: ProfileKey) -> bool:
    return workspace.reservations.remove_all(key) > 0


def _remove_loaded(workspace: Workspace, key: ProfileKey) -> bool:
    return workspace.loads.remove_of(profile_digest(key)) > 0


def _reservations(
    environment: Environment, transaction: Any, key: ProfileKey
) -> Iterable[dict[str, Any]]:
    for found in reservations_of(environment, transaction, key):
        yield {
            "id": found.id,
            "expire_ns": found.expire_ns,
            "committed_ns": found.committed_ns,
            "items": [msgspec.structs.asdict(item) for item in found.items],
        }
