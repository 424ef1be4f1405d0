"""PQL is translated with the same meaning, or refused with a place and a reason."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.dialects import DialectError
from offerd.dialects.pql import translate
from offerd.expression import Unknown, compile_expression, plan
from unit.dialects.pql_declarations import AUDIENCES, ENVIRONMENT, NAMES, SCHEMA
from unit.dialects.pql_tables import REFUSED, TRANSLATED

DAY = 86_400 * 10**9
NOW = 20_000 * DAY + 12 * 3600 * 10**9


def outcome(
    pql: str, profile: dict[str, Any] | None = None, aggregate: dict[str, Any] | None = None
) -> Any:
    """What the translation says of a profile and aggregates; None for unknown."""
    expression = translate(pql, SCHEMA, AUDIENCES, NAMES).expression
    rule = plan(compile_expression(expression, ENVIRONMENT), ENVIRONMENT)
    given = {"profile": profile or {}, "aggregate": aggregate or {}, "now": NOW}
    found = rule.evaluate(*(given.get(name, {}) for name in ENVIRONMENT.roots))
    return None if isinstance(found, Unknown) else found


@pytest.mark.parametrize(("pql", "cel"), TRANSLATED, ids=[pql for pql, _ in TRANSLATED])
def test_common_pql_is_translated(pql: str, cel: str) -> None:
    """The text becomes just this rule, which compiles against the declarations."""
    found = translate(pql, SCHEMA, AUDIENCES, NAMES)
    assert found.expression == cel
    compile_expression(found.expression, ENVIRONMENT)


@pytest.mark.parametrize(("pql", "column", "reason"), REFUSED, ids=[pql for pql, *_ in REFUSED])
def test_the_rest_is_refused(pql: str, column: int, reason: str) -> None:
    """What has no translation is refused with its place and a reason, never changed."""
    with pytest.raises(DialectError) as caught:
        translate(pql, SCHEMA, AUDIENCES, NAMES)
    assert (caught.value.issue.column, caught.value.issue.message) == (column, reason)
    assert caught.value.source == pql


def test_not_in_is_no_negation() -> None:
    """A missing value is neither `in` a list nor `notIn` it, and `not in` of it is unknown."""
    assert outcome('homeAddress.countryISO notIn ["SE"]') is False
    assert outcome('homeAddress.countryISO in ["SE"]') is None
    assert outcome('not (homeAddress.countryISO in ["SE"])') is None
    assert outcome('homeAddress.countryISO notIn ["SE"]', {"home_address.country_iso": "NO"})


def test_case_matters_unless_told() -> None:
    """Texts are compared with their case unless the last argument is false."""
    profile = {"person.first_name": "JOE"}
    assert outcome('person.firstName.equals("Joe")', profile) is False
    assert outcome('person.firstName.equals("Joe", true)', profile) is False
    assert outcome('person.firstName.equals("Joe", false)', profile) is True
    assert outcome('person.firstName.startsWith("jo", false)', profile) is True
    assert outcome('person.firstName.endsWith("E", false)', profile) is True
    assert outcome('person.firstName.doesNotContain("oe", false)', profile) is False


def test_like_fits_the_whole_text() -> None:
    """`%` is any text, `_` one character, anything else itself, from the first to the last."""
    like = 'person.firstName like "a_c%."'
    for text, fits in (("abc.", True), ("abcdef\n.", True), ("ac.", False), ("xabc.", False)):
        assert outcome(like, {"person.first_name": text}) is fits
    assert outcome(like, {"person.first_name": "abc.\n"}) is False


def test_recent_excludes_the_future() -> None:
    """`occurs < n before now` is neither longer ago nor yet to come."""
    recent = "joined occurs < 7 days before now"
    for joined, is_recent in ((NOW, True), (NOW + 1, False), (NOW - 7 * DAY, False)):
        assert outcome(recent, {"joined": joined}) is is_recent
    assert outcome("joined occurs <= 7 days before now", {"joined": NOW - 7 * DAY}) is True
    assert outcome("joined occurs <= 7 days from now", {"joined": NOW + 7 * DAY}) is True


def test_days_begin_at_midnight_utc() -> None:
    """`on` a day has its first moment in it, and the first moment of the next day not."""
    for when, start in (("today", 20_000), ("yesterday", 19_999), ("tomorrow", 20_001)):
        condition = f"joined occurs on {when}"
        assert outcome(condition, {"joined": start * DAY}) is True
        assert outcome(condition, {"joined": start * DAY - 1}) is False
        assert outcome(condition, {"joined": (start + 1) * DAY}) is False


def test_no_event_is_no_unknown() -> None:
    """Who never bought has not bought lately, which is known: `not exists` is true."""
    lately = (
        'exists e from xEvent where e.eventType = "purchase" '
        "and e.timestamp occurs < 90 days before now"
    )
    assert outcome(lately) is False
    assert outcome(f"not ({lately})") is True
    assert outcome(lately, aggregate={"last_purchase": NOW - 89 * DAY}) is True
    assert outcome(lately, aggregate={"last_purchase": NOW - 90 * DAY}) is False


def test_grouped_figures_are_zero_before_any_event() -> None:
    """A count or sum of a group without events is 0."""
    count = 'xEvent[eventType = "purchase" and category = "yoga"].count() = 0'
    assert outcome(count, aggregate={"bought": {"run": 2}}) is True
    assert outcome(count, aggregate={"bought": {"yoga": 2}}) is False


def test_notes_say_where_readings_differ() -> None:
    """What the documents leave open is told, once each."""
    found = translate('not vip or loyalty.tier != "plus"', SCHEMA, AUDIENCES, NAMES)
    assert len(found.notes) == 1
    assert "unknown is no member" in found.notes[0]
    assert translate("vip", SCHEMA, AUDIENCES).notes == ()


def test_deep_nesting_is_refused() -> None:
    """However deep the text, the answer is a DialectError."""
    for text in ("(" * 5000 + "vip" + ")" * 5000, "not " * 5000 + "vip", "!" * 5000 + "vip"):
        with pytest.raises(DialectError, match="nested too deep"):
            translate(text, SCHEMA, AUDIENCES)


def test_long_rows_are_translated_or_refused() -> None:
    """A row of a hundred conditions is translated; one of thousands is refused politely."""
    found = translate(" and ".join(["vip"] * 100), SCHEMA, AUDIENCES)
    assert found.expression == " && ".join(["profile.vip"] * 100)
    for symbol in (" and ", " or ", " + "):
        with pytest.raises(DialectError, match="in a row"):
            translate(symbol.join(["vip"] * 5000), SCHEMA, AUDIENCES)
