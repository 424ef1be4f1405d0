"""Reports as one HTML page each, that loads nothing and runs nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from markupsafe import Markup

from offerd.simulation.charts import BLUE, GREY, LIGHT_BLUE, RED, bars
from offerd.simulation.differences import Difference, ScopeDifference
from offerd.simulation.rendering import render
from offerd.simulation.report import STAGE_NAMES, Coverage, Report, ScopeReport

_CHARTED: Final = 25
"""So many offers are in a chart; the tables have them all."""

OUTCOMES: Final = {
    "proposed": "offers",
    "topped_up": "offers, topped up",
    "fallback": "fallback only",
    "nothing": "nothing",
}
"""What became of a scope, in words."""

_OUTCOME_COLOURS: Final = {
    "proposed": BLUE,
    "topped_up": LIGHT_BLUE,
    "fallback": GREY,
    "nothing": RED,
}


def report_page(report: Report) -> str:
    """Returns a simulation as a page."""
    return _render(
        "simulation.html.jinja",
        report=report,
        outcomes_chart=_outcomes_chart(report.scopes, report.profiles),
        coverage_chart=_coverage_chart("all", report.offers, report.profiles),
        coverage_charts=[
            _coverage_chart(f"scope-{place}", scope.offers, report.profiles)
            for place, scope in enumerate(report.scopes)
        ],
        stages_chart=_stages_chart(report.offers),
    )


def difference_page(difference: Difference) -> str:
    """Returns a comparison as a page."""
    return _render(
        "difference.html.jinja",
        difference=difference,
        changed_chart=_changed_chart(difference),
        gain_charts=[
            _gains_chart(f"gains-{place}", scope) for place, scope in enumerate(difference.scopes)
        ],
    )


def _render(template: str, **values: Any) -> str:
    return render(template, **values, stage_names=STAGE_NAMES, outcome_names=OUTCOMES)


def _outcomes_chart(scopes: Sequence[ScopeReport], profiles: int) -> Markup:
    found = [name for name in OUTCOMES if any(scope.outcomes[name] for scope in scopes)]
    return bars(
        [scope.name for scope in scopes],
        {OUTCOMES[name]: [scope.outcomes[name] for scope in scopes] for name in found},
        name="outcomes",
        colours=[_OUTCOME_COLOURS[name] for name in found],
        stacked=True,
        most=profiles,
    )


def _coverage_chart(name: str, offers: Sequence[Coverage], profiles: int) -> Markup:
    charted = [offer for offer in offers if offer.eligible][:_CHARTED]
    return bars(
        [offer.id for offer in charted],
        {
            "shown first": [offer.first for offer in charted],
            "shown, not first": [offer.shown - offer.first for offer in charted],
            "eligible, not shown": [offer.eligible - offer.shown for offer in charted],
        },
        name=f"coverage-{name}",
        stacked=True,
        most=profiles,
    )


def _stages_chart(offers: Sequence[Coverage]) -> Markup:
    totals = {
        words: sum(offer.fell.get(stage, 0) for offer in offers)
        for stage, words in STAGE_NAMES.items()
    }
    found = {words: count for words, count in totals.items() if count}
    return bars(
        list(found), {"fell there": list(found.values())}, name="stages",
        most=max(found.values(), default=1),
    )  # fmt: skip


def _changed_chart(difference: Difference) -> Markup:
    return bars(
        [scope.name for scope in difference.scopes],
        {
            "another answer": [scope.changed for scope in difference.scopes],
            "other content only": [scope.other_content for scope in difference.scopes],
        },
        name="changed",
        stacked=True,
        most=difference.profiles,
    )


def _gains_chart(name: str, scope: ScopeDifference) -> Markup:
    charted = scope.gains[:_CHARTED]
    return bars(
        [gain.id for gain in charted],
        {"shown before": [g.old for g in charted], "shown now": [g.new for g in charted]},
        name=name,
        colours=(GREY, BLUE),
        most=max((max(g.old, g.new) for g in charted), default=1),
    )
