"""Ranking models that are installed beside the service.

A package brings one by an entry point of the group `offerd.ranking_models`: its name is what
rankings call it, its object has `scores` as offerd.decision.ranking_model.RankingModel says.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Final

from offerd.decision.ranking_model import RankingModel
from offerd.errors import ConfigurationError

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
