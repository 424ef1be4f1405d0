"""What holds of what was loaded of a customer, over all identities and at an instant."""

from __future__ import annotations

import pytest

from offerd.customer.loaded import (
    NOTHING,
    AttributesRow,
    Entry,
    Factor,
    Found,
    LoadKind,
    LoadTarget,
    MembershipRow,
    Row,
    ScoreRow,
    Snapshot,
    resolve,
    score_details,
)
from offerd.events import AttributeSchema
from offerd.model.profile import ProfileKey
from offerd.model.schema import Attribute, Namespace, NamespaceType, Schema, ValueType

NOW_NS = 1_000_000
DEVICE = ProfileKey("ecid", "d")
PERSON = ProfileKey("crm", "p")
VIP = LoadTarget(LoadKind.MEMBERSHIPS, "vip")
SCORE = LoadTarget(LoadKind.SCORES, "s")
SOURCE = LoadTarget(LoadKind.PROFILES, "warehouse")


def declared(*attributes: Attribute) -> AttributeSchema:
    """Returns declarations with a person's and a device's namespace."""
    namespaces = (
        Namespace("crm", NamespaceType.CROSS_DEVICE),
        Namespace("ecid", NamespaceType.COOKIE),
    )
    return AttributeSchema(Schema(namespaces=namespaces, profile=attributes))


THEME = declared(Attribute("theme", ValueType.STRING))


def entry(row: Row, member: ProfileKey = PERSON, as_of_ns: int = NOW_NS) -> Entry:
    """Returns a row that counts."""
    target = {MembershipRow: VIP, ScoreRow: SCORE, AttributesRow: SOURCE}[type(row)]
    return Entry(target, member, as_of_ns, row)


def test_nothing_was_loaded() -> None:
    """Then nothing is known, and nothing will change by itself."""
    assert resolve(Found(), {"s": None}, THEME, NOW_NS) is NOTHING


def test_who_is_in_no_row_is_no_member_of_a_complete_audience() -> None:
    """And nothing is known of an audience that isn't complete."""
    loaded = resolve(Found([], ["vip"]), {}, THEME, NOW_NS)
    assert loaded.memberships == {"vip": False}


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize(
    ("rows", "member"),
    [
        ([MembershipRow()], True),
        ([MembershipRow(realized=False)], False),
        ([MembershipRow(valid_until_ns=NOW_NS + 1)], True),
        ([MembershipRow(valid_until_ns=NOW_NS)], False),
        ([MembershipRow(realized=False), MembershipRow()], True),
        ([MembershipRow(), MembershipRow(realized=False)], True),
    ],
)
def test_membership_of_any_identity_counts(
    rows: list[MembershipRow], member: bool, complete: bool
) -> None:
    """Up to the instant before it ends; a row that denies it denies it for its identity alone."""
    entries = [entry(row, ProfileKey("crm", str(n))) for n, row in enumerate(rows)]
    found = Found(entries, ["vip"] if complete else [])
    assert resolve(found, {}, THEME, NOW_NS).memberships == {"vip": member}


def test_a_score_has_three_names() -> None:
    """What wasn't loaded of it is missing."""
    whole = resolve(Found([entry(ScoreRow(3.0, 0.5, 90.0))]), {"s": None}, THEME, NOW_NS)
    assert whole.scores == {"s": 3.0, "s.probability": 0.5, "s.percentile": 90.0}
    assert whole.score_times_ns == {"s": NOW_NS}
    bare = resolve(Found([entry(ScoreRow(3.0))]), {"s": None}, THEME, NOW_NS)
    assert bare.scores == {"s": 3.0}


def test_undeclared_scores_are_not_seen() -> None:
    """They stay loaded, for definitions that come back."""
    found = Found([entry(ScoreRow(3.0))])
    assert resolve(found, {}, THEME, NOW_NS).scores == {}
    assert score_details(found, {}, NOW_NS) == {}


@pytest.mark.parametrize(("age_ns", "seen"), [(100, True), (101, False)])
@pytest.mark.parametrize("dated", [True, False])
def test_a_score_is_seen_up_to_its_maximum_age(age_ns: int, seen: bool, dated: bool) -> None:
    """From its own date, or else from when its load is as of; expired ones are still told."""
    made_ns = NOW_NS - age_ns
    row = ScoreRow(3.0, score_ns=made_ns if dated else None)
    found = Found([entry(row, as_of_ns=NOW_NS - 50 if dated else made_ns)])
    assert ("s" in resolve(found, {"s": 100}, THEME, NOW_NS).scores) is seen
    (detail,) = score_details(found, {"s": 100}, NOW_NS).values()
    assert detail == (row, made_ns, not seen)


def test_the_score_computed_last_counts() -> None:
    """Whichever identity it is of; of two at once that of the better identity."""
    older = entry(ScoreRow(1.0, 0.1, score_ns=5), PERSON, NOW_NS)
    newer = entry(ScoreRow(2.0, score_ns=6), DEVICE, NOW_NS - 1)
    assert resolve(Found([older, newer]), {"s": None}, THEME, NOW_NS).scores == {"s": 2.0}
    same = entry(ScoreRow(2.0, score_ns=5), DEVICE)
    scores = resolve(Found([older, same]), {"s": None}, THEME, NOW_NS).scores
    assert scores == {"s": 1.0, "s.probability": 0.1}


def test_an_expired_score_hides_older_ones() -> None:
    """What was computed last counts, or nothing does: no older score is any better."""
    entries = [entry(ScoreRow(1.0, score_ns=10), DEVICE), entry(ScoreRow(2.0, score_ns=5))]
    assert resolve(Found(entries), {"s": 3}, THEME, 14).scores == {}


def test_edges_are_where_something_changes_by_itself() -> None:
    """Ends of memberships that hold, and the first instant at which a score is too old."""
    entries = [
        entry(MembershipRow(valid_until_ns=NOW_NS + 7)),
        entry(MembershipRow(realized=False, valid_until_ns=NOW_NS + 8), DEVICE),
        entry(MembershipRow(valid_until_ns=NOW_NS - 1), ProfileKey("crm", "q")),
        entry(ScoreRow(1.0, score_ns=NOW_NS - 4)),
    ]
    loaded = resolve(Found(entries), {"s": 10}, THEME, NOW_NS)
    assert loaded.edges_ns == [NOW_NS + 7]
    assert loaded.scores == resolve(Found(entries), {"s": 10}, THEME, NOW_NS + 6).scores != {}
    later = resolve(Found(entries), {"s": 10}, THEME, NOW_NS + 7)
    assert (later.scores, later.memberships, later.edges_ns) == ({}, {"vip": False}, [])


def test_attributes_come_with_their_time_and_identity() -> None:
    """In the order of members, for the view to merge by time."""
    row = AttributesRow({"theme": "dark"}, [], THEME.fingerprint)
    found = Found([entry(row), entry(row, DEVICE, 5)])
    assert resolve(found, {}, THEME, NOW_NS).snapshots == [
        Snapshot(PERSON, NOW_NS, {"theme": "dark"}),
        Snapshot(DEVICE, 5, {"theme": "dark"}),
    ]


def test_attributes_that_fit_no_more_are_left_out() -> None:
    """Of other declarations only what still fits is seen, as with attributes that were set."""
    row = AttributesRow({"theme": "dark", "age": 3}, [], THEME.fingerprint)
    now = declared(
        Attribute("age", ValueType.DOUBLE), Attribute("theme", ValueType.STRING, person=True)
    )
    found = Found([entry(row), entry(row, DEVICE)])
    snapshots = resolve(found, {}, now, NOW_NS).snapshots
    assert [dict(each.attributes) for each in snapshots] == [
        {"theme": "dark", "age": 3.0},
        {"age": 3.0},
    ]
    assert resolve(found, {}, declared(), NOW_NS).snapshots == []


def test_factors_are_told() -> None:
    """Of the score that counts, in their order."""
    row = ScoreRow(1.0, factors=(Factor("visits", "12", "high"), Factor("age", "40")))
    assert score_details(Found([entry(row)]), {"s": None}, NOW_NS)["s"].row.factors == row.factors
