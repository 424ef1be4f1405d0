"""Experiments: their decisions looked up, shares and weights checked."""

from __future__ import annotations

from offerd.definitions.documents import DecisionDocument, ExperimentDocument
from offerd.definitions.documents.forms import ten_thousandths
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.resolving.deciding import DecisionResolver
from offerd.definitions.resolving.names import Table
from offerd.definitions.wording import quoted
from offerd.model.lifecycle import Status
from offerd.model.selection import Arm, Experiment


class ExperimentResolver:
    """Resolves experiments; what is wrong is reported and left out."""

    def __init__(
        self, decisions: Table[DecisionDocument], steps: DecisionResolver, findings: Findings
    ) -> None:
        self._decisions = decisions
        self._steps = steps
        self._findings = findings
        self._approved: dict[str, Entry[ExperimentDocument]] = {}

    def resolve(self, entry: Entry[ExperimentDocument]) -> Experiment:
        """The experiment."""
        document = entry.document
        self._decisions.check(document.decision, entry, "decision")
        if document.status is Status.APPROVED:
            first = self._approved.setdefault(document.decision, entry)
            if first is not entry:
                message = (
                    f"a second approved experiment of the decision {quoted(document.decision)}"
                )
                at = first.place("decision")
                self._findings.mistake(entry.place("decision"), f"{message}: first at {at}")
        return Experiment(
            document.id,
            document.decision,
            document.salt or document.id,
            self._arms(entry),
            ten_thousandths(document.rollout),
            ten_thousandths(document.holdout),
            document.status,
        )

    def _arms(self, entry: Entry[ExperimentDocument]) -> tuple[Arm, ...]:
        document = entry.document
        arms: dict[str, Arm] = {}
        for index, arm in enumerate(document.arms):
            path = ("arms", index)
            if arm.id in arms:
                message = f"a second arm {quoted(arm.id)}"
                self._findings.mistake(entry.place(*path, "id"), message)
                continue
            groups = None
            if arm.strategies is not None:
                decision = self._decisions.get(document.decision)
                served = [] if decision is None else decision.placements
                groups = self._steps.groups(arm.strategies, served, entry, *path, "strategies")
            arms[arm.id] = Arm(arm.id, arm.weight, groups)
        weighed = any(arm.weight for arm in arms.values())
        if not weighed and not self._findings.is_doubtful(document.id):
            self._findings.mistake(entry.place("arms"), "no arm has a weight above 0")
        return tuple(arms.values())
