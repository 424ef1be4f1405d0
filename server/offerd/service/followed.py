"""Which audiences are tracked, and for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple

from offerd.bundle import Bundle
from offerd.customer.tracking import AudienceTracking
from offerd.events import FoldPlan, FoldPlans
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.store.marks import Watch


class Followed(NamedTuple):
    """What is tracked: the active revision's audiences, and a canary's for its profiles.

    `namespaces` are in the order of declaration, best first.
    """

    active: AudienceTracking
    canary: AudienceTracking | None
    plans: FoldPlans
    namespaces: dict[str, Namespace]
    share: int = 0

    def of(self, key: ProfileKey) -> AudienceTracking:
        """The tracking whose turn it is for a subject."""
        canary = self.canary
        return canary if canary is not None and self.plans.of(key) is canary.plan else self.active

    def watch(self) -> Watch:
        """What of the writes to profiles may concern an audience."""
        several = [one for one in (self.active, self.canary) if one is not None]
        types = frozenset(name for one in several for name in one.event_types)
        return Watch(
            types,
            any(one.reads_data for one in several),
            any_tracked=any(one.tracked for one in several),
            loads=_loads(several),
        )

    def concerns(self, causes: Collection[str]) -> bool:
        """Whether writes may concern any audience; see `AudienceTracking.concerned`."""
        several = (self.active, self.canary)
        return any(one is not None and one.concerned(causes) for one in several)

    def fingerprint(self) -> bytes:
        """What says whether the same is tracked."""
        if self.canary is None:
            return self.active.fingerprint
        return self.active.fingerprint + self.canary.fingerprint + str(self.share).encode()


def _loads(several: Iterable[AudienceTracking]) -> frozenset[str] | None:
    found: frozenset[str] = frozenset()
    for one in several:
        if one.loads is None:
            return None
        found |= one.loads
    return found


def tracking_of(bundle: Bundle, fold: FoldPlan) -> AudienceTracking:
    """Returns how the audiences of a revision are tracked."""
    prepared, catalogue = bundle.prepared, bundle.catalogue
    return AudienceTracking(
        catalogue.audiences,
        prepared.audiences,
        catalogue.schema,
        prepared.environment,
        fold,
        places=prepared.place_questions,
        revision=bundle.revision,
    )
