"""The revisions that answer now, and which of them answers about whom."""

from __future__ import annotations

from typing import NamedTuple

from offerd.events import FoldPlans
from offerd.model.profile import ProfileKey
from offerd.service.revision import Revision


class Serving(NamedTuple):
    """What answers now; replaced as a whole."""

    active: Revision
    canary: Revision | None
    plans: FoldPlans

    def of(self, subject: ProfileKey | None) -> Revision:
        """Returns who answers about a profile, or with None about nobody."""
        active, canary, plans = self
        if subject is None or canary is None:
            return active
        return canary if plans.of(subject) is canary.loaded.fold else active
