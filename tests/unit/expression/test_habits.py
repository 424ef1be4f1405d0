"""What people write by habit from other languages: one issue, which says what to write instead."""

from __future__ import annotations

import pytest

from offerd.expression import BOOL, ExpressionError, compile_expression
from unit.expression.narrated import SHOP

HABITS = [
    ("age > 18", "`profile.age`"),
    ("loyalty.tier == 'plus'", "`profile.loyalty.tier`"),
    ("adults", '`audience("adults")`'),
    ("profile.loyalty.tier == plus", '`"plus"`'),
    ("profile.loyalty.tier != gold", '`"gold"`'),
    ("plus == profile.loyalty.tier", '`"plus"`'),
    ("context.weather in ['rain', sun]", '`"sun"`'),
    ("profile.consent.email == True", "`true`"),
    ("profile.favourite_sports.exist(s, s == 'x')", "`exists`"),
    ("profile.favourite_sports.exsits(s, s == 'x')", "`exists`"),
    ("profile.favourite_sports.any(s, s == 'x')", "`exists`"),
    ("profile.favourite_sports.every(s, s == 'x')", "`all`"),
    ("profile.favourite_sports.fliter(s, s == 'x').size() > 1", "`filter`"),
    ("len(profile.favourite_sports) > 3", "`size(profile.favourite_sports)`"),
    ("profile.favourite_sports.length > 3", "`size(profile.favourite_sports)`"),
    ("profile.favourite_sports.size > 3", "`size(profile.favourite_sports)`"),
    ("profile.favourite_sports.length() > 3", "`size(profile.favourite_sports)`"),
    ("profile.email.length > 3", "`size(profile.email)`"),
    ("math.max(profile.age, 3) > 3", "`math.greatest(profile.age, 3)`"),
    ("math.min(profile.age, 3) > 3", "`math.least(profile.age, 3)`"),
    ("min(profile.age, 3) > 3", "`math.least(profile.age, 3)`"),
    ("round(profile.spent) > 3.0", "`math.round`"),
    ("profile.loyalty.tier <> 'plus'", "`!=`"),
    ("profile.age => 18", "`>=`"),
    ("profile.age =< 18", "`<=`"),
    ("profile.age = 18", "`==`"),
    ("profile.age === 18", "`==`"),
    ("profile.age > 3 and profile.consent.email", "`&&`"),
    ("profile.age > 3 OR profile.consent.email", "`||`"),
    ("not profile.consent.email", "`!`"),
    ("not(profile.consent.email)", "`!(profile.consent.email)`"),
    ("profile.consent.email & profile.age > 3", "`&&`"),
    ("profile.consent.email | profile.age > 3", "`||`"),
    ("profile.age > 3 /* adult */", "`//`"),
    ("profile.age > 1,000", "`1000`"),
    ("profile.age > 12,000,000", "`12000000`"),
    ("profile.age > 1_000", "`1000`"),
    ("profile.age is null", "`!has(profile.age)`"),
    ("profile.age is not null", "`has(profile.age)`"),
    ("profile.age.isNull()", "`!has(profile.age)`"),
    ("isNotNull(profile.age)", "`has(profile.age)`"),
    ("profile.age == null", "`!has(profile.age)`"),
    ("null != profile.age", "`has(profile.age)`"),
    ("profile.?age == null", "`!profile.?age.hasValue()`"),
    ("inSegment('adults')", "`audience('adults')`"),
    ('segment("adults")', '`audience("adults")`'),
    ("now() > profile.birthday", "`now`"),
    ("Date.now() > profile.birthday", "`now`"),
    ("profile.favourite_sports.contains('yoga')", "`'yoga' in profile.favourite_sports`"),
    ("profile.favourite_sports.includes('yoga')", "`'yoga' in profile.favourite_sports`"),
    ("profile.email.includes('@')", "`profile.email.contains('@')`"),
    ("context.weather in 'rain'", '`["rain"]`'),
    ("context.weather in ('rain')", '`["rain"]`'),
    ("context.weather in ('rain', 'snow')", "`['rain', 'snow']`"),
    ("profile.loyalty.tier not in ['plus']", "`!(profile.loyalty.tier in ...)`"),
    ("profile.birthday < '2000-01-01'", '`timestamp("2000-01-01T00:00:00Z")`'),
    ("profile.birthday == '2000-01-01T08:00:00Z'", '`timestamp("2000-01-01T08:00:00Z")`'),
    ("now - profile.birthday > 18", '`duration("24h")`'),
    ("now - profile.birthday > '48h'", '`duration("48h")`'),
    ("now - profile.birthday > 90d", '`duration("2160h")`'),
    ("now - profile.birthday > 2 weeks", '`duration("336h")`'),
    ("now - profile.birthday > days(7)", '`duration("168h")`'),
    ("now.getDayOfWeek('Stockholm') == 1", "`Europe/Stockholm`"),
    ("isBirthday(profile.birthday, 'new york')", "`America/New_York`"),
    ("profile['age'] > 3", "`profile.age`"),
    ("profile[age] > 3", "`profile.age`"),
    ("profile.loyalty['tier'] == 'plus'", "`profile.loyalty.tier`"),
    ("profile.?age > 3", "`profile.?age.orValue(0)`"),
    ("profile.?email == 'x'", '`profile.?email.orValue("")`'),
    ("profile.consent.email ? true : false", "`profile.consent.email`"),
    ("profile.age > 3 ? false : true", "`!(profile.age > 3)`"),
    ("profile.age > '18'", "`18` without quotes"),
    ("profile.age in ['18', '19']", "`[18, 19]` without quotes"),
    ("profile.email == 123", '`"123"` in quotes'),
    ("profile.consent.email == 'true'", "`true` without quotes"),
    ("profile.spent * 2 > 100.0", "`2.0`"),
    ("profile.favourite_sports == 'yoga'", "`'yoga' in profile.favourite_sports`"),
    ("context.weather == ['rain', 'snow']", "`context.weather in ['rain', 'snow']`"),
    ("profile.age between 18 and 65", "`profile.age >= 18 && profile.age <= 65`"),
    ("profile.email == 'it's'", r"`\'`"),
    ("{{ profile.age }} > 3", "without braces"),
    ("profile.birthday.year > 2000", "`profile.birthday.getFullYear()`"),
    ("profile.age ≥ 18", "`>=`"),
]


@pytest.mark.parametrize(("source", "instead"), HABITS)
def test_a_habit_is_one_issue_that_says_what_to_write(source: str, instead: str) -> None:
    """However wrong it looks to the checker, one slip is told once, with its replacement."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(source, SHOP, expected=BOOL)
    (issue,) = caught.value.issues
    assert instead in issue.message


REPLACED = [
    "'yoga' in profile.favourite_sports",
    "context.weather in ['rain', 'snow']",
    "size(profile.favourite_sports) > 3",
    "math.greatest(profile.age, 3) > 3",
    "!has(profile.age)",
    "!profile.?age.hasValue()",
    "profile.?age.orValue(0) > 3",
    'profile.birthday < timestamp("2000-01-01T00:00:00Z")',
    "now.getDayOfWeek('Europe/Stockholm') == 1",
    "profile.email.contains('@')",
    "profile.birthday.getFullYear() > 2000",
    'bucket(profile.email, "any text") < 2500',
]


@pytest.mark.parametrize("source", REPLACED)
def test_what_is_advised_compiles(source: str) -> None:
    """Advice that does not work would be worse than none."""
    compile_expression(source, SHOP, expected=BOOL)


QUOTED_NAMES = [
    "aggregate.views.`in` > 1",
    "aggregate.views.`red shorts` > 1",
    "has(aggregate.views.`a/b-c.d`)",
    "aggregate.?views[?'x'].orValue(0) > 1",
    "profile.`age` > 1",
]


@pytest.mark.parametrize("source", QUOTED_NAMES)
def test_a_name_in_backticks_may_be_any_key(source: str) -> None:
    """Keys with other characters, and the word `in`, can be selected in backticks."""
    compile_expression(source, SHOP, expected=BOOL)
