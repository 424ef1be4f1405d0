"""That what ranks, excludes and tries out is complete and in its ranges."""

from __future__ import annotations

import math
from collections.abc import Iterable

from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue
from offerd.model.lifecycle import Status
from offerd.model.selection import Experiment, Group, Ranking, RankingMethod, ScoreTable
from offerd.model.shares import WHOLE

MAXIMUM_WEIGHT = 1_000_000
MAXIMUM_AT_MOST = 500


def verify_selection(catalogue: Catalogue) -> None:
    """Raises BundleError at the first group, ranking, exclusion or experiment that is none."""
    for decision in catalogue.decisions:
        _verify_groups(decision.groups, f"decision `{decision.id}`")
    for ranking in catalogue.rankings:
        _verify_ranking(ranking)
    for table in catalogue.score_tables:
        _verify_scores(table)
    for exclusion in catalogue.exclusions:
        if not 0 <= exclusion.at_most <= MAXIMUM_AT_MOST:
            found = f"exclusion `{exclusion.id}` allows {exclusion.at_most} offers"
            raise BundleError(f"{found}, 0 to {MAXIMUM_AT_MOST} expected")
    approved: set[str] = set()
    for experiment in catalogue.experiments:
        _verify_experiment(experiment)
        if experiment.status is Status.APPROVED:
            if experiment.decision in approved:
                raise BundleError(f"decision `{experiment.decision}` has two approved experiments")
            approved.add(experiment.decision)


def _verify_groups(groups: Iterable[Group], where: str) -> None:
    if not all(bool(group.strategies) is not bool(group.offers) for group in groups):
        raise BundleError(f"{where} has a group that isn't either of strategies or of offers")


def _verify_ranking(ranking: Ranking) -> None:
    where = f"ranking `{ranking.id}`"
    given = {
        RankingMethod.FORMULA: ranking.formula is not None,
        RankingMethod.TABLE: ranking.table is not None,
        RankingMethod.MODEL: bool(ranking.model),
    }
    if [method for method, is_given in given.items() if is_given] != [ranking.method]:
        raise BundleError(f"{where} doesn't have what ranks by `{ranking.method}`")
    if ranking.boosts and ranking.method is not RankingMethod.FORMULA:
        raise BundleError(f"{where} has boosts, and no formula that they could stand for")
    minimum = 0.0 if ranking.minimum_score is None else ranking.minimum_score
    if not (math.isfinite(ranking.failed_score) and math.isfinite(minimum)):
        raise BundleError(f"{where} has a score that isn't finite")


def _verify_scores(table: ScoreTable) -> None:
    scores = (score for of_segment in table.scores.values() for score in of_segment.values())
    if not (math.isfinite(table.default) and all(map(math.isfinite, scores))):
        raise BundleError(f"table of scores `{table.id}` has a score that isn't finite")


def _verify_experiment(experiment: Experiment) -> None:
    where = f"experiment `{experiment.id}`"
    if not (0 <= experiment.rollout <= WHOLE and 0 <= experiment.holdout <= WHOLE):
        raise BundleError(f"{where} has a share that isn't from 0 to {WHOLE}")
    weights = [arm.weight for arm in experiment.arms]
    if not all(0 <= weight <= MAXIMUM_WEIGHT for weight in weights) or not any(weights):
        raise BundleError(f"{where} has no arm, or one of a weight that can't be")
    if len({arm.id for arm in experiment.arms}) < len(experiment.arms):
        raise BundleError(f"{where} has an arm twice")
    if not all(arm.id for arm in experiment.arms):
        raise BundleError(f"{where} has an arm without id")
    for arm in experiment.arms:
        _verify_groups(arm.groups or (), where)
