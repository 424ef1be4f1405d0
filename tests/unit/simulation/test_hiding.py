"""Which names labels hide: what carries them, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from offerd.bundle import open_bundle, write_bundle
from offerd.decision.hiding import HIDDEN_LABELS, hidden_names
from offerd.definitions import load
from unit.simulation.shop import write_definitions

CLINIC = """
profile:
- {name: age, type: int, labels: [I2]}
- {name: health.goals, type: list(string), labels: [RHD, C2]}
- {name: tier, type: string}
context:
- {name: place, type: string, labels: [S1]}
offer_attributes:
- {name: margin, type: double, labels: [secret]}
events:
- id: visit
  properties: [{name: clinic, type: string, labels: [RHD]}, {name: cost, type: double}]
aggregates:
- {id: visits, events: [visit], function: count}
- {id: visits_by_clinic, events: [visit], function: count, group_by: clinic}
- {id: spent, events: [visit], function: sum, value: cost}
- {id: spent_there, events: [visit], function: sum, value: cost, where: event.clinic == "x"}
audiences:
- {id: patients, rule: "aggregate.visits_by_clinic['x'] > 1"}
- {id: plus, rule: profile.tier == "plus"}
- {id: plus-patients, rule: audience("plus") && audience("patients")}
- {id: theirs, rule: audience("plus-patients") || aggregate.visits > 3}
"""


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ((), set()),
        (("C1",), set()),
        (("secret",), {"offer.margin"}),
        (
            ("S1", "I2"),
            {
                "context.place",
                "context.location.latitude",
                "context.location.longitude",
                "profile.age",
            },
        ),
        (
            ("RHD",),
            {
                "profile.health.goals",
                "aggregate.visits_by_clinic",
                "aggregate.spent_there",
                'audience("patients")',
                'audience("plus-patients")',
                'audience("theirs")',
            },
        ),
    ],
)
def test_labels_hide_what_carries_them_and_what_is_made_of_it(
    tmp_path: Path, labels: tuple[str, ...], expected: set[str]
) -> None:
    """Attributes, aggregates of labelled properties, and audiences that read either."""
    folder = write_definitions(tmp_path / "clinic", CLINIC)
    write_bundle(load([folder]).catalogue, tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    try:
        assert hidden_names(bundle.prepared, bundle.event_filters, labels) == expected
    finally:
        bundle.close()


def test_by_default_sensitive_and_identifying_data_is_hidden() -> None:
    """The default covers identity, place, health and the like; contract labels are shown."""
    assert HIDDEN_LABELS == ("I1", "I2", "S1", "S2", "RHD", "PSPD")
