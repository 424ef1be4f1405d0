"""How a request wants to be decided: within what once, who yields, which arms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from offerd.admission.wording import quote, suggestion
from offerd.errors import InvalidArgument, Reason
from offerd.model.decision import Arbitration, Deduplication, Options
from offerd.model.lifecycle import Status
from offerd.model.selection import Experiment
from offerd.v1 import decision_service_pb2 as pb

_DEDUPLICATIONS: Mapping[int, Deduplication] = {
    pb.DEDUPLICATION_UNSPECIFIED: Deduplication.SCOPE,
    pb.DEDUPLICATION_SCOPE: Deduplication.SCOPE,
    pb.DEDUPLICATION_DECISION: Deduplication.DECISION,
    pb.DEDUPLICATION_PLACEMENT: Deduplication.PLACEMENT,
    pb.DEDUPLICATION_REQUEST: Deduplication.REQUEST,
}
_ARBITRATIONS: Mapping[int, Arbitration] = {
    pb.ARBITRATION_UNSPECIFIED: Arbitration.IN_ORDER,
    pb.ARBITRATION_IN_ORDER: Arbitration.IN_ORDER,
    pb.ARBITRATION_AVOID_FALLBACK: Arbitration.AVOID_FALLBACK,
}


def options(
    request: pb.DecideRequest, memberships: Mapping[str, bool], arms: Mapping[str, str]
) -> Options:
    """Returns the options of a request; raises InvalidArgument for one that doesn't exist.

    `memberships` are those that the request overrides, `arms` those that it forces.
    """
    deduplication = _DEDUPLICATIONS.get(request.deduplication)
    if deduplication is None:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"`{request.deduplication}` is no de-duplication",
            field="deduplication",
        )
    arbitration = _ARBITRATIONS.get(request.arbitration)
    if arbitration is None:
        raise InvalidArgument(
            Reason.VALUE_NOT_ALLOWED,
            f"`{request.arbitration}` is no arbitration",
            field="arbitration",
        )
    return Options(deduplication, arbitration, request.explain, memberships, arms)


def check_arms(arms: Mapping[str, str], experiments: Sequence[Experiment]) -> None:
    """Raises InvalidArgument if a preview token names what the definitions don't have."""
    missing = missing_arm(arms, experiments)
    if missing is not None:
        raise InvalidArgument(
            Reason.INVALID_TOKEN,
            f"the preview token is for another revision: this one has no {missing}",
            field="preview_token",
        )


def missing_arm(arms: Mapping[str, str], experiments: Sequence[Experiment]) -> str | None:
    """Returns in words the first experiment or arm that isn't there, None if all are.

    Any experiment but an archived one can be previewed.
    """
    known = {
        experiment.id: [arm.id for arm in experiment.arms]
        for experiment in experiments
        if experiment.status is not Status.ARCHIVED
    }
    for experiment, arm in arms.items():
        if experiment not in known:
            return f"experiment {quote(experiment)}{suggestion(experiment, known)}"
        if arm not in known[experiment]:
            hint = suggestion(arm, known[experiment])
            return f"arm {quote(arm)} of experiment {quote(experiment)}{hint}"
    return None
