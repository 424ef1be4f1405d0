"""Ranking models that are installed beside the service.

A package brings one by an entry point of the group `offerd.ranking_models`: its name is what
rankings call it, its object has `scores` as offerd.decision.ranking_model.RankingModel says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.metadata import entry_points
from typing import Final

import structlog

from offerd.decision.ranking_model import RankingModel
from offerd.errors import ConfigurationError
from offerd.model.catalogue import Offer
from offerd.model.decision import DecisionContext
from offerd.model.profile import ProfileView

GROUP: Final = "offerd.ranking_models"


def installed_models() -> Mapping[str, RankingModel]:
    """Loads every installed model, by name; raises ConfigurationError for one that is none."""
    models: dict[str, RankingModel] = {}
    for point in entry_points(group=GROUP):
        try:
            model = point.load()
        except Exception as error:  # whatever a package does when it is imported
            message = f"the ranking model `{point.name}` can't be loaded from `{point.value}`"
            raise ConfigurationError(f"{message}: {error}") from error
        if not callable(getattr(model, "scores", None)):
            raise ConfigurationError(
                f"the ranking model `{point.name}` is no model: `{point.value}` has no `scores`"
            )
        models[point.name] = model
    return models


def logged(
    models: Mapping[str, RankingModel], log: structlog.typing.FilteringBoundLogger
) -> Mapping[str, RankingModel]:
    """Returns models that log what they raise, which answers don't tell: it may quote anything."""
    return {name: _Logged(name, model, log) for name, model in models.items()}


class _Logged:
    """A model; its errors are logged at once, and then each time their number has doubled."""

    def __init__(
        self, name: str, model: RankingModel, log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self._name = name
        self._model = model
        self._log = log
        self._raised = self._told = 0

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        """Asks the model."""
        try:
            return self._model.scores(offers, view, context, now_ns)
        except Exception as error:  # whatever somebody else's code raises
            self._raised += 1
            if self._raised >= 2 * self._told:
                self._told = self._raised
                self._log.warning(
                    "ranking model raised",
                    model=self._name,
                    error=repr(error),
                    errors_total=self._raised,
                )
            raise
