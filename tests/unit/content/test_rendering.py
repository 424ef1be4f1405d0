"""What is shown: values in each type of content, and contents that need nothing computed."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.content.render import Fault, Renderer
from offerd.content.values import double_text
from offerd.errors import BundleError
from offerd.model.content import Content, ContentType, Escape, Placeholder, Template
from unit.content.templating import Rendering, compiled, content, messages


@pytest.mark.parametrize(
    ("placeholder", "profile", "text"),
    [
        ('{{ profile.first_name | "" }}', {"first_name": "Åsa <3"}, "Åsa <3"),
        ("{{ profile.age | 0 }}", {"age": -(2**63)}, "-9223372036854775808"),
        ("{{ profile.vip | false }}", {"vip": True}, "true"),
        ("{{ profile.balance | 0 }}", {"balance": 19.9}, "19.9"),
        ("{{ profile.balance | 0 }}", {"balance": 20.0}, "20"),
        ("{{ profile.since | '' }}", {"since": 1_500_000_000}, "1970-01-01T00:00:01.500Z"),
        ('{{ profile.sports.join(", ") | "" }}', {"sports": ["a", "b"]}, "a, b"),
        ("{{ 1 + 2 }} of {{ offer.id }}", {}, "3 of free-class"),
    ],
)
def test_values_in_text(placeholder: str, profile: dict[str, Any], text: str) -> None:
    """Each type is written as people expect it."""
    assert Rendering(ContentType.TEXT, placeholder)(**profile) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.1 + 0.2, "0.30000000000000004"), (-0.0, "0"), (1e22, "10000000000000000000000"),
     (1.5e-7, "0.00000015"), (-2.5, "-2.5"), (100.0, "100")],
)  # fmt: skip
def test_doubles_are_written_in_digits(value: float, text: str) -> None:
    """The fewest digits that read back the same, without exponent or needless fraction."""
    assert double_text(value) == text
    assert float(double_text(value)) == value


def test_whole_json_values_keep_their_type() -> None:
    """A string that is only a placeholder becomes the value; in a longer one it is text."""
    body = {
        "age": "{{ profile.age | 0 }}",
        "list": ["{{ profile.sports | [] }}", {"vip": "{{ profile.vip | null }}"}],
        "text": 'a "{{ profile.first_name | "" }}"',
        "fixed": ["{{ 1.5 }}", '{{ "{{" }}', 7, None, "plain"],
        "since": "{{ profile.since | null }}",
    }
    shown = Rendering(ContentType.JSON, body)
    assert shown(age=3, sports=["x"], vip=True, first_name='"}', since=0) == {
        "age": 3,
        "list": [["x"], {"vip": True}],
        "text": 'a ""}"',
        "fixed": [1.5, "{{", 7, None, "plain"],
        "since": "1970-01-01T00:00:00Z",
    }
    assert body["fixed"][0] == "{{ 1.5 }}"  # type: ignore[index]
    assert shown()["list"] == [[], {"vip": None}]


def test_fields_of_image_links_redirects_and_key_values() -> None:
    """Addresses are percent-encoded, texts stand as they are."""
    name = '{{ profile.first_name | "" }}'
    link = Rendering(
        ContentType.IMAGE_LINK,
        {"url": f"/img/{name}.png", "link_url": f"/a?b={name}", "alternative_text": name},
    )
    assert link(first_name="a/b&c") == {
        "url": "/img/a%2Fb%26c.png",
        "link_url": "/a?b=a%2Fb%26c",
        "alternative_text": "a/b&c",
    }
    redirect = Rendering(ContentType.REDIRECT, f"https://example.com/{name}")
    assert redirect(first_name="../å") == "https://example.com/..%2F%C3%A5"
    assert Rendering(ContentType.KEY_VALUE, {"a": name})(first_name="<b>") == {"a": "<b>"}


def test_content_without_placeholders_is_as_written() -> None:
    """Braces that open no placeholder are nothing special, and nothing is computed."""
    body = {"a": ["}}", "{ {", {"b": 1.0}]}
    assert content(ContentType.JSON, body) == Content(ContentType.JSON, body)
    assert content(ContentType.HTML, "<script>{}</script><p title=x>") == Content(
        ContentType.HTML, "<script>{}</script><p title=x>"
    )


def test_braces_are_written_as_a_placeholder() -> None:
    """So templates of other systems can be content, even in a script."""
    html = '<script>{{ "{{" }} name }}</script>'
    assert content(ContentType.HTML, html) == Content(
        ContentType.HTML, "<script>{{ name }}</script>"
    )
    assert Rendering(ContentType.TEXT, '{{ "{{" }} {{ offer.id }} }}')() == "{{ free-class }}"


def test_all_mistakes_are_told_at_their_places() -> None:
    """Every text is looked at, and each mistake says where it is."""
    body = {"a": ["{{ profile.nme }}", "ok {{ profile.age }} {{ ofer.id }}"], "{{ b }}": "{{ c"}
    found, _ = compiled(ContentType.JSON, body)
    assert [(m.path, m.offset, m.length, m.part) for m in found.mistakes] == [
        (("a", 0), 3, 11, "profile.nme"),
        (("a", 1), 6, 11, "profile.age"),
        (("a", 1), 24, 4, "ofer"),
        (("{{ b }}",), 0, 2, "{{"),
        (("{{ b }}",), 0, 1, "{{ b }}"),
    ]


def test_mistake_on_a_later_line_is_placed() -> None:
    """Lines of an expression count towards the offset in the text."""
    text = 'a\n{{\n  offer.id ==\n  ofer.id | "" }}'
    found, _ = compiled(ContentType.TEXT, text)
    assert text[found.mistakes[0].offset :].startswith("ofer.id")


@pytest.mark.parametrize(
    ("kind", "expression", "message"),
    [
        (ContentType.TEXT, "offer.tags", "a value of type `list(string)` can't be shown in text: "
         'join it, as in `tags.join(", ")`'),
        (ContentType.TEXT, "aggregate.spent", "a value of type `map(string, double)` can't be "
         'shown in text: show one entry of it, as in `counts[?"yoga"].orValue(0)`'),
        (ContentType.JSON, "aggregate.spent", "a value of type `map(string, double)` can't be "
         'shown as a JSON value: show one entry of it, as in `counts[?"yoga"].orValue(0)`'),
        (ContentType.TEXT, "now - now", "a value of type `duration` can't be shown in text: show "
         "a number of it, such as `.getHours()`"),
        (ContentType.TEXT, "profile.?age", "a value of type `optional(int)` can't be shown in "
         "text: say what stands there without a value, as in `.orValue(...)`"),
        (ContentType.TEXT, "b'a'", "a value of type `bytes` can't be shown in text: write "
         "`string(...)` around it"),
    ],
)  # fmt: skip
def test_types_without_a_form_are_refused(kind: ContentType, expression: str, message: str) -> None:
    """What people couldn't read isn't shown; the message says what to write instead."""
    assert messages(kind, f"{{{{ {expression} }}}}") == [(expression, message)]


def test_failure_is_reported_and_unknown_is_not() -> None:
    """A default stands for both, but only a failure is a fault of the definitions."""
    shown = Rendering(ContentType.TEXT, '{{ 100 / profile.age | "?" }}')
    assert shown.result({}) == ("?", ())
    assert shown.result({"age": 0}) == ("?", (Fault(0, "division by zero"),))


def test_value_that_cannot_stand_in_an_address_is_replaced() -> None:
    """A folder name would change the path, so the default stands there and it is reported."""
    shown = Rendering(ContentType.REDIRECT, 'https://example.com/{{ profile.first_name | "x" }}/')
    assert shown.result({"first_name": ".."}) == (
        "https://example.com/x/",
        (Fault(0, "`..` can't stand in an address"),),
    )


def test_rendering_leaves_the_content_as_it_is() -> None:
    """The same renderer serves any number of requests."""
    body = {"a": {"b": "{{ profile.age | 0 }}"}, "c": [1]}
    shown = Rendering(ContentType.JSON, body)
    assert [shown(age=1), shown(age=2)] == [
        {"a": {"b": 1}, "c": [1]},
        {"a": {"b": 2}, "c": [1]},
    ]
    assert shown.content.body == body


@pytest.mark.parametrize(
    "template",
    [
        Template(("b",), ("x",)),
        Template((), ("x",)),
        Template(("a", 0), ("x",)),
        Template(("a",), (Placeholder(5, Escape.NONE, ""),)),
        Template(("a",), (Placeholder(-1, Escape.NONE, ""),)),
        Template(("a",), (Placeholder(0, Escape.NONE, 3),)),
        Template(("a",), ("x",), whole=True),
    ],
)
def test_templates_of_no_content_are_refused(template: Template) -> None:
    """A damaged bundle is told before any request is answered from it."""
    _, rules = compiled(ContentType.JSON, {"a": "{{ offer.id }}"})
    with pytest.raises(BundleError):
        Renderer(Content(ContentType.JSON, {"a": "text"}, (template,)), rules)
