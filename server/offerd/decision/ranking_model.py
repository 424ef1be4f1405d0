"""What a model must offer to rank candidates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Protocol

from offerd.model.catalogue import Offer
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView


class RankingModel(Protocol):
    """Gives scores to a list of candidates. It is registered with the process by name."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        """Returns the score of each offer, in their order; higher is better.

        The offers are those that may be proposed, by priority, highest first, then by id. The
        same question must get the same answer. A score that isn't a finite number, another
        number of scores than offers, or an exception is a failure.
        """


NO_MODELS: Final[Mapping[str, RankingModel]] = MappingProxyType({})
