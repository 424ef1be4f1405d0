"""What was done with bundles, in order, and what stands after it.

The history is the only truth: which revision is active follows from it, so the two can't
disagree, and going back is one more entry rather than an entry less.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

import msgspec

from offerd.errors import ReleaseError
from offerd.model.shares import WHOLE


class Action(StrEnum):
    """What an entry records.

    publish: a bundle was added. activate: it decides from then on, and a canary ends.
    rollback: the one that was active before does, likewise. canary: a share of all profiles
    is decided by it. end_canary: no longer.
    """

    PUBLISH = "publish"
    ACTIVATE = "activate"
    ROLLBACK = "rollback"
    CANARY = "canary"
    END_CANARY = "end_canary"


class Entry(msgspec.Struct, frozen=True):
    """One thing done: when (ns since 1970), to which revision, by whom and why in their words.

    `share` is that of a canary, in ten-thousandths of all profiles, and 0 for other actions.
    """

    time_ns: int
    action: Action
    revision: str
    share: int = 0
    by: str = ""
    note: str = ""


class Canary(NamedTuple):
    """A revision that decides for a share of all profiles, in ten-thousandths."""

    revision: str
    share: int


class Standing(NamedTuple):
    """What decides: the active revision (None before the first), those before it, a canary.

    `before` are the revisions that roll-backs lead to, the latest last.
    """

    active: str | None = None
    before: tuple[str, ...] = ()
    canary: Canary | None = None
    published: frozenset[str] = frozenset()

    def after(self, entry: Entry) -> Standing:
        """Returns what stands once an entry is added; raises ReleaseError if it can't be."""
        known = self.published | {entry.revision}
        match entry.action:
            case Action.PUBLISH:
                return self._replace(published=known)
            case _ if entry.revision not in self.published:
                raise ReleaseError(f"revision `{entry.revision}` isn't published")
            case Action.ACTIVATE:
                return self._activated(entry.revision)
            case Action.ROLLBACK:
                return self._rolled_back(entry.revision)
            case Action.CANARY:
                return self._with_canary(entry)
            case Action.END_CANARY:
                return self._replace(canary=None)

    def _activated(self, revision: str) -> Standing:
        if revision == self.active:
            return self._replace(canary=None)
        before = self.before if self.active is None else (*self.before, self.active)
        return self._replace(active=revision, before=before, canary=None)

    def _rolled_back(self, revision: str) -> Standing:
        if not self.before or self.before[-1] != revision:
            raise ReleaseError(f"revision `{revision}` wasn't the active one before")
        return self._replace(active=revision, before=self.before[:-1], canary=None)

    def _with_canary(self, entry: Entry) -> Standing:
        if self.active is None:
            raise ReleaseError("a canary needs an active revision beside it: activate one first")
        if entry.revision == self.active:
            raise ReleaseError(f"revision `{entry.revision}` is active for all profiles already")
        if not 0 < entry.share < WHOLE:
            raise ReleaseError("a canary has more than 0 % and less than 100 % of all profiles")
        return self._replace(canary=Canary(entry.revision, entry.share))


def standing_after(entries: Iterable[Entry]) -> Standing:
    """Returns what stands after a history; raises ReleaseError if one can't have happened."""
    standing = Standing()
    for entry in entries:
        standing = standing.after(entry)
    return standing
