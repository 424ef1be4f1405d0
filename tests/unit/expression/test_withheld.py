"""Names that a rule may not read: unknown in every form, told with their reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from offerd.expression import Unknown, WithheldRecord, explain, plan
from offerd.expression.narrate import Narration, narrate
from unit.expression.declared import ENVIRONMENT, checked

SECRET = "platinum-secret"
PROFILE: dict[str, Any] = {"tier": SECRET, "age": 40, "vip": True}
WITHHELD = WithheldRecord(PROFILE, frozenset(("tier", "loyalty.tier")))
WHY = "label C4 by policy `p`"
ROOTS = (WITHHELD, {}, 0, {})


def _told(source: str) -> Narration:
    explanation = explain(checked(source), ENVIRONMENT, ROOTS)
    return narrate(explanation, withheld={"profile.tier": WHY, "profile.loyalty.tier": WHY})


@pytest.mark.parametrize(
    "source",
    [
        'profile.tier == "gold"',
        "has(profile.tier)",
        "!has(profile.tier)",
        'has(profile.tier) ? profile.tier == "gold" : true',
        'profile.?tier.orValue("gold") == "gold"',
        "profile.?tier.hasValue()",
        'profile.tier == "gold" && profile.age > 30',
        'cel.bind(t, profile.tier, t == "gold")',
        '["gold"].exists(t, t == profile.tier)',
        "size(profile.tier) > 3",
    ],
)
def test_what_is_withheld_is_unknown_in_every_form(source: str) -> None:
    """Its value and its presence, whatever the condition makes of them."""
    rule = plan(checked(source), ENVIRONMENT)
    unknown = Unknown(["profile.tier"])
    assert rule.evaluate(*ROOTS) == rule.exact(*ROOTS) == unknown
    absent = (WithheldRecord({}, WITHHELD.withheld), *ROOTS[1:])
    assert plan(checked("has(profile.tier)"), ENVIRONMENT).evaluate(*absent) == unknown


def test_what_isnt_withheld_is_read_as_ever() -> None:
    """Values, presence and absence; and what settles a condition settles it still."""
    for source, outcome in {
        "profile.age > 30 && has(profile.vip)": True,
        "has(profile.score)": False,
        'profile.tier == "gold" || profile.vip': True,
        "has(profile.tier) && profile.age > 50": False,
    }.items():
        rule = plan(checked(source), ENVIRONMENT)
        assert rule.evaluate(*ROOTS) is rule.exact(*ROOTS) is outcome


def test_lines_name_label_and_policy() -> None:
    """Beside what is simply missing."""
    assert _told('profile.tier == "gold"').line == (
        '`profile.tier == "gold"` is unknown: `profile.tier` is withheld: label C4 by policy `p`'
    )
    assert _told("!has(profile.tier)").line == (
        "`has(profile.tier)` is unknown: `profile.tier` is withheld: label C4 by policy `p`"
    )
    assert _told("profile.tier == profile.tiers[0] + profile.loyalty.tier").line == (
        "`profile.tier == profile.tiers[0] + profile.loyalty.tier` is unknown: "
        "no value for `profile.tiers`; "
        "`profile.tier` is withheld: label C4 by policy `p`; "
        "`profile.loyalty.tier` is withheld: label C4 by policy `p`"
    )
    assert _told("profile.tier").line == "`profile.tier` is withheld: label C4 by policy `p`"


def test_people_and_programs_are_told_too() -> None:
    """As a sentence, as what would have to change, and as data."""
    told = _told('profile.tier == "gold" || profile.score > 1.0')
    assert told.sentence == (
        "Not known: tier is withheld (label C4 by policy `p`) and there is no value for score."
    )
    (change,) = told.as_json()["changes"]
    assert change["options"][0] == [
        {
            "kind": "withheld",
            "text": "`profile.tier` is withheld: label C4 by policy `p`",
            "name": "profile.tier",
        }
    ]
    assert '"withheld": {"profile.tier": "label C4 by policy `p`"}' in json.dumps(told.data)


@pytest.mark.parametrize(
    "source",
    [
        'profile.tier == "gold"',
        'profile.tier.startsWith("plat") && profile.vip',
        'has(profile.tier) && profile.tier != "gold"',
        "profile.tier",
        '{"a": profile.tier}',
        "[profile.tier].map(t, size(t))",
    ],
)
def test_a_withheld_value_is_never_told(source: str) -> None:
    """Nor is whether there is one: all that is told is the same without it."""
    told = json.dumps(_told(source).as_json())
    assert SECRET not in told
    without = {name: value for name, value in PROFILE.items() if name != "tier"}
    roots = (WithheldRecord(without, WITHHELD.withheld), *ROOTS[1:])
    explanation = explain(checked(source), ENVIRONMENT, roots)
    again = narrate(explanation, withheld={"profile.tier": WHY, "profile.loyalty.tier": WHY})
    assert json.dumps(again.as_json()) == told
