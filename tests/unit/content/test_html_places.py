"""Where a placeholder can stand in HTML: every place that browsers know, and tricks besides."""

from __future__ import annotations

import pytest

from offerd.content.fragments import places
from offerd.model.content import Escape

TEXT = "html"
ADDRESS = "html_url"
BEGINNING = "the beginning of an address"
RAW = "can't stand inside"
COMMENT = "in a comment"
QUOTES = "must be in quotes"
TAG = "can't stand in the tag"
ATTRIBUTE = "can't stand in the attribute"
NOWHERE = "in text and in quoted values of attributes only"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("@", [TEXT]),
        ("<p>@</p>", [TEXT]),
        ("a < b @ &amp; c", [TEXT]),
        ("<p title=\"@\" class='@'>@", [TEXT, TEXT, TEXT]),
        ("<P TITLE = '@'>", [TEXT]),
        ('<p/title="@"/>', [TEXT]),
        ('<p title="a@b@c">', [TEXT, TEXT]),
        ('<p data-name="@" aria-label="@">', [TEXT, TEXT]),
        ("<textarea>@</textarea><title>@</title>", [TEXT, TEXT]),
        ("<svg><title>@</title><text>@</text></svg>", [TEXT, TEXT]),
        ("<template><b title='@'>@</b></template>", [TEXT, TEXT]),
        ("<table><tr><td>@</table>", [TEXT]),
        ("<select><option value='@'>@</select>", [TEXT, TEXT]),
        ('<b title="@"><p>mis</b>nested', [TEXT]),
        ("<script>if (a < b) c('</p>')</script>@", [TEXT]),
        ("<!-- > -- --!> @", [TEXT]),
        ("<!doctype html><html lang='@'><title>@</title><body class='@'>@", [TEXT] * 4),
        ('<a href="https://example.com/@?b=@#@">', [ADDRESS] * 3),
        ('<a href="/shop/@"><img src="img/@.png">', [ADDRESS, ADDRESS]),
        ('<form action="?x=@"><button formaction="#@">', [ADDRESS, ADDRESS]),
        ('<svg><a xlink:href="https://example.com/@"/></svg>', [ADDRESS]),
        ('<a href="mailto:@">', [ADDRESS]),
    ],
)
def test_value_can_stand_in_text_and_quoted_attributes(html: str, expected: list[str]) -> None:
    """Text is escaped for HTML; what follows the beginning of an address is percent-encoded."""
    found = places(html.split("@"))
    assert [(place.escape.value, place.fault) for place in found] == [(e, None) for e in expected]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p title=@>", [QUOTES]),
        ("<p title=x@>", [QUOTES]),
        ("<p title= @ >", [QUOTES]),
        ("<p title='a' class=b@>", [QUOTES]),
        ("<@>", [NOWHERE]),
        ("<p@>", [NOWHERE]),
        ("</@>", [NOWHERE]),
        ("</p @>", [NOWHERE]),
        ("<p @>", [NOWHERE]),
        ("<p @='x'>", [NOWHERE]),
        ("<p title='@", [NOWHERE]),
        ("<p title='a' title='@'>", [NOWHERE]),
        ("<p onclick='@'>", [ATTRIBUTE]),
        ("<p ONCLICK='@'>", [ATTRIBUTE]),
        ("<p style='color: @'>", [ATTRIBUTE]),
        ("<iframe srcdoc='@'>", [ATTRIBUTE]),
        ("<img srcset='/a/@ 2x'>", [ATTRIBUTE]),
        ("<p x-on:click='@'><p hx-get='/a/@'>", [ATTRIBUTE, ATTRIBUTE]),
        ("<p data-hx-on:click='@'><p DATA-HX-GET='/a/@'>", [ATTRIBUTE, ATTRIBUTE]),
        ("<p data-bind='@'><p data-on-click='@'>", [ATTRIBUTE, ATTRIBUTE]),
        ("<p data-ng-click='@'><p data-x-init='@'><p data-v-on='@'>", [ATTRIBUTE] * 3),
        ("<script>@</script>", [RAW]),
        ("<script type='application/json'>\"@\"</script>", [RAW]),
        ("<style>@</style>", [RAW]),
        ("<svg><style>@</style></svg>", [RAW]),
        ("<iframe>@</iframe><xmp>@</xmp>", [RAW, RAW]),
        ("<noscript>@<p title='@'></noscript>", [RAW, RAW]),
        ("<noscript><p title='</noscript><p title=@>'></noscript>", [QUOTES]),
        ("<plaintext>@", [RAW]),
        ("<script><!--<script></script>@</script>", [RAW]),
        ("<!-- @ -->", [COMMENT]),
        ("<!@>", [COMMENT]),
        ("<?@>", [COMMENT]),
        ("<![CDATA[@]]>", [COMMENT]),
        ("<script src='/a/@'>", [TAG]),
        ("<link href='/a/@'><base href='/a/@'><meta content='@'>", [TAG] * 3),
        ("<object data='/a/@'><embed src='/a/@'>", [TAG, TAG]),
        ("<svg><animate attributeName='href' to='@'/></svg>", [TAG]),
        ("<a href='@'>", [BEGINNING]),
        ("<a href='@://example.com/'>", [BEGINNING]),
        ("<a href='https://@'>", [BEGINNING]),
        ("<a href='https://example.com@/'>", [BEGINNING]),
        ("<a href=' java&#x73;cript:@'>", [BEGINNING]),
        ("<a href='javascript://example.com/%0a@'>", ["`javascript:` address"]),
        ("<a href='java\nscript:@'>", [BEGINNING]),
        ("<img src='data:image/png;base64,@'>", [BEGINNING]),
        ("<img src='/@/evil.example/'>", [BEGINNING]),
    ],
)  # fmt: skip
def test_everywhere_else_is_refused(html: str, expected: list[str]) -> None:
    """Code, styles, comments, names, unquoted values and beginnings of addresses are refused."""
    found = places(html.split("@"))
    for place, part in zip(found, expected, strict=True):
        assert place.fault is not None
        assert part in place.fault
    assert all(place.escape in (Escape.NONE, Escape.HTML_URL) for place in found)


def test_text_that_looks_like_a_marker_is_no_marker() -> None:
    """Whatever the fragment says itself, only placeholders are found."""
    assert places(["<i>value0x0a value0x0b=c</i><p title=", ">"])[0].fault is not None
    assert places(["<!-- value0x0a value0x0b=c --><i>", "</i>"])[0].fault is None
