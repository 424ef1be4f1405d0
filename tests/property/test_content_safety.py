"""Whatever a customer is called, content keeps its shape: no markup, no other address, no key."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from hypothesis import assume, given, settings
from hypothesis import strategies as st
from justhtml import JustHTML

from offerd.content.escaping import ESCAPES
from offerd.content.fragments import places
from offerd.model.content import ContentType
from unit.content.templating import Rendering

NASTY = st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onclick='x", "-->", "]]>",
     "</textarea></title>", "javascript:alert(1)", "//evil.example", "\\\\evil", "&lt;b&gt;",
     "&#60;", "{{ profile.first_name }}", '"}', '\\"', "\0", "\r\n", "\t", " ", "=", "`", "/../..",
     "?#", "<", "<!--", "</", "&", '"', "'", ">", "\u2028", "\ud7ff", "\U0010ffff"]
)  # fmt: skip
VALUES = st.text() | NASTY | st.lists(NASTY | st.text(max_size=5), max_size=6).map("".join)
NAME = '{{ profile.first_name | "harmless" }}'

PAGE = Rendering(
    ContentType.HTML,
    f"""<!-- a --><div class="{NAME} b" title='{NAME}' data-x='{{"a": "{NAME}"}}'>{NAME}<br/>
    <a href="https://example.com/a?b={NAME}&c={NAME}#{NAME}">{NAME}</a>
    <img src='/i/x{NAME}' alt="{NAME}"><textarea>{NAME}</textarea>
    <b title="{NAME}"><p>mis</b>nested {NAME}</p><svg><text>{NAME}</text></svg>
    <select><option value="{NAME}">{NAME}</option></select><script>a < b</script>{NAME}</div>""",
)


def tree(html: str) -> list[Any]:
    """Elements and names of attributes as a browser makes them; texts and values aside."""

    def of(node: Any) -> list[Any]:
        inner = [of(child) for child in node.children or () if child.name != "#text"]
        return [node.name, sorted(node.attrs or ()), inner]

    return of(JustHTML(html, sanitize=False, fragment=True).root)


class Tags(HTMLParser):
    """Tags and names of attributes as another parser finds them, and the values of attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[Any] = []
        self.values: list[str | None] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, [name for name, _ in attrs]))
        self.values.extend(value for _, value in attrs)

    def handle_endtag(self, tag: str) -> None:
        self.found.append(tag)

    def handle_comment(self, data: str) -> None:
        self.found.append(("comment", data))


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_html_has_the_same_tree_for_every_value(value: str) -> None:
    """Two parsers see the same elements and attributes; addresses lead to the same place."""
    shown, harmless = PAGE.result({"first_name": value}).body, PAGE()
    assert tree(shown) == tree(harmless)
    tags = Tags(shown)
    assert tags.found == Tags(harmless).found
    links = [urlsplit(v) for v in tags.values if v is not None and v.startswith("https:")]
    assert [(link.scheme, link.netloc, link.path) for link in links] == [
        ("https", "example.com", "/a")
    ]
    assert [v for v in tags.values if v and v.startswith("/i/x")] != []


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_text_of_html_is_the_value(value: str) -> None:
    """What people read is what the attribute says, in text and in attributes alike."""
    assume(not set(value) & {"\0", "\r"})  # HTML has no way to say these
    page = Rendering(ContentType.HTML, f'<p title="{NAME}">.{NAME}</p>')
    root = JustHTML(page(first_name=value), sanitize=False, fragment=True).root
    paragraph = root.children[0]
    assert paragraph.attrs["title"] == value
    assert paragraph.children[0].data == f".{value}"


@settings(deadline=None)
@given(VALUES)
def test_json_has_the_same_structure_for_every_value(value: str) -> None:
    """Values are put into the data, so they can't end a string or add a name."""
    shown = Rendering(ContentType.JSON, {"a": NAME, "b": [f"x{NAME}", {"c": 1}]})
    body = shown(first_name=value)
    assert body == {"a": value, "b": [f"x{value}", {"c": 1}]}
    assert json.loads(json.dumps(body)) == body


@settings(deadline=None)
@given(VALUES)
def test_redirect_leads_to_the_same_host_and_depth(value: str) -> None:
    """A value is one part of the path and one of the query, whatever is in it."""
    shown = Rendering(ContentType.REDIRECT, f"https://example.com/a/{NAME}/b?c={NAME}")
    found = urlsplit(shown.result({"first_name": value}).body)
    assert (found.scheme, found.netloc, found.path.count("/")) == ("https", "example.com", 3)
    assert found.query.count("&") == found.query.count("#") == 0
    assert not found.fragment


MARKUP = st.sampled_from(
    ["<p", "<a", "<script", "<svg", "<title", "<style", "<select", "<table", "<td", "<noscript",
     "</p", "</script", "</svg", "</title", "</style", "</noscript", ">", " title=", " href=",
     " x ", '"', "'", "/", "=", "<!--", "-->", "<![CDATA[", "]]>", "a", " ", "https://example.com/",
     "@", "@"]
)  # fmt: skip
FRAGMENTS = st.lists(MARKUP, max_size=14).map("".join)


@settings(max_examples=600, deadline=None)
@given(FRAGMENTS, VALUES)
def test_accepted_places_are_safe_in_any_fragment(html: str, value: str) -> None:
    """Where a placeholder is accepted, however odd the fragment, a value adds no markup."""
    literals = html.split("@")
    found = places(literals)
    if not found or any(place.fault for place in found):
        return
    try:
        values = [ESCAPES[place.escape](value) for place in found]
    except ValueError:
        return

    def filled(inner: list[str]) -> str:
        return "".join(part for pair in zip(literals, [*inner, ""], strict=True) for part in pair)

    assume(value.strip(" \t\r\n\f\0"))  # white space is no text in a table
    assert tree(filled(values)) == tree(filled(["x"] * len(values)))
