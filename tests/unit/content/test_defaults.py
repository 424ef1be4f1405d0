"""Which placeholders need a default, and what a default can be."""

from __future__ import annotations

import pytest

from offerd.model.content import ContentType
from unit.content.templating import Rendering, messages


@pytest.mark.parametrize(
    "expression",
    [
        "offer.id",
        "offer.price",
        "'about ' + offer.id",
        "offer.tags.join(', ')",
        "'%.2f kr'.format([offer.price])",
        "now",
        "now.getFullYear('Europe/Stockholm')",
        "aggregate.visits",
        "aggregate.visits / 2",
        "aggregate.visits > 3 ? 'again' : 'new'",
        "'yoga' in aggregate.spent ? aggregate.spent['yoga'] : 0.0",
        "aggregate.spent[?'yoga'].orValue(0.0)",
        "has(profile.first_name) ? profile.first_name : 'you'",
        "!has(profile.first_name) ? 'you' : profile.first_name",
        "has(profile.age) && profile.age > 17 ? 'adult' : 'minor'",
        "!has(profile.age) || profile.age < 18 ? 'minor' : string(profile.age)",
        "profile.?first_name.orValue('you').upperAscii()",
        "profile.?first_name.optMap(n, n.lowerAscii()).orValue('you')",
        "has(profile.sports) ? profile.sports.filter(s, s != 'yoga').join(', ') : ''",
        "profile.?balance.orValue(0.0)",
        "math.round(offer.price)",
    ],
)
def test_what_always_has_a_value_needs_no_default(expression: str) -> None:
    """What was asked for before, or can't be missing, is known to be there."""
    assert messages(ContentType.TEXT, f"{{{{ {expression} }}}}") == []


@pytest.mark.parametrize(
    ("expression", "blamed", "reason"),
    [
        ("profile.first_name", "profile.first_name", "may be missing"),
        ("'Hi ' + profile.first_name", "profile.first_name", "may be missing"),
        ("context.channel", "context.channel", "may be missing"),
        ("offer.name", "offer.name", "may be missing"),
        ("offer.start", "offer.start", "may be missing"),
        ("aggregate.last", "aggregate.last", "may be missing"),
        ('score("yoga")', 'score("yoga")', "may be unknown"),
        ('audience("vips") ? "a" : "b"', 'audience("vips")', "may be unknown"),
        ("aggregate.spent['yoga']", "aggregate.spent['yoga']", "may fail"),
        ("has(profile.age) ? profile.first_name : ''", "profile.first_name", "may be missing"),
        ("has(profile.age) || profile.age > 1 ? 'a' : 'b'", "profile.age", "may be missing"),
        ("has(profile.age) ? 0 : profile.age", "profile.age", "may be missing"),
        ("aggregate.visits + 1", "aggregate.visits + 1", "may fail"),
        ("100 / aggregate.visits", "100 / aggregate.visits", "may fail"),
        ("offer.id.substring(3)", "offer.id.substring(3)", "may fail"),
        ("offer.tags[0]", "offer.tags[0]", "may fail"),
        ("now.getHours(offer.id)", "now.getHours(offer.id)", "may fail"),
        ("offer.price * offer.price", "offer.price * offer.price",
         "may come to no number, being too large or divided by 0"),
    ],
)  # fmt: skip
def test_doubt_is_told_with_the_rewrite(expression: str, blamed: str, reason: str) -> None:
    """The part to blame is named, and how the placeholder is written with a default."""
    text = f"Hi {{{{ {expression} }}}}!"
    rewrite = f'{{{{ {expression} | "..." }}}}'
    assert messages(ContentType.TEXT, text) == [
        (blamed, f"`{blamed}` {reason}: give a default, as in `{rewrite}`")
    ]
    assert messages(ContentType.TEXT, f"Hi {rewrite}!") == []


@pytest.mark.parametrize(
    ("kind", "text", "profile", "expected"),
    [
        (ContentType.TEXT, '{{ profile.first_name | "friend" }}', {}, "friend"),
        (ContentType.TEXT, '{{ profile.first_name | "" }}', {}, ""),
        (ContentType.TEXT, '{{ profile.age | "your" }}', {}, "your"),
        (ContentType.TEXT, "{{ profile.age | -1 }}", {}, "-1"),
        (ContentType.TEXT, "{{ profile.balance | 0 }}", {}, "0"),
        (ContentType.TEXT, "{{ profile.vip | false }}", {}, "false"),
        (ContentType.HTML, '{{ profile.first_name | "a<b" }}', {}, "a&lt;b"),
        (ContentType.JSON, "{{ profile.age | 3 }}", {}, 3),
        (ContentType.JSON, "{{ profile.age | null }}", {}, None),
        (ContentType.JSON, "{{ profile.sports | [] }}", {}, []),
        (ContentType.JSON, "{{ profile.sports | ['a'] }}", {}, ["a"]),
        (ContentType.JSON, "{{ profile.since | timestamp('2026-01-01T00:00:00Z') }}", {},
         "2026-01-01T00:00:00Z"),
        (ContentType.JSON, "x{{ profile.age | 3 }}", {}, "x3"),
    ],
)  # fmt: skip
def test_default_stands_for_what_is_missing(
    kind: ContentType, text: str, profile: dict[str, object], expected: object
) -> None:
    """It is shown, and escaped, as a value would be."""
    assert Rendering(kind, text)(**profile) == expected


@pytest.mark.parametrize(
    ("kind", "default", "message"),
    [
        (ContentType.TEXT, "profile.first_name",
         "the default must be a constant, the same for everybody"),
        (ContentType.TEXT, "friend",
         'the default must be a constant: to show this text write `"friend"`'),
        (ContentType.TEXT, "dear friend",
         'the default must be a constant: to show this text write `"dear friend"`'),
        (ContentType.TEXT, "true",
         "the default must be of type `int` or `string`: found `bool`"),
        (ContentType.TEXT, "null",
         "the default must be of type `int` or `string`: found `null`"),
        (ContentType.JSON, '"a"', "the default must be of type `int` or null: found `string`"),
        (ContentType.JSON, "1.5", "the default must be of type `int` or null: found `double`"),
    ],
)  # fmt: skip
def test_default_that_does_not_fit_is_refused(
    kind: ContentType, default: str, message: str
) -> None:
    """A default is a constant of the type of the value, a text in text, or null in JSON."""
    assert messages(kind, f"{{{{ profile.age | {default} }}}}") == [(default, message)]
