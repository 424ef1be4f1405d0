"""Which beginnings of an address fix where it leads."""

from __future__ import annotations

from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from offerd.content.addresses import fault_of_beginning
from offerd.content.escaping import percent_encoded

SAFE = [
    "https://example.com/",
    "HTTP://example.com?",
    "https://user@example.com:8080/a/b?c=",
    "//cdn.example.com/",
    "app://product/",
    "/a",
    "/a/",
    "/?q=",
    "?q=",
    "#",
    "a/",
    "./",
    "../../",
    "../a/",
    "a.b/c?d=",
    "mailto:",
    "tel:",
]
UNSAFE = [
    "", "/", "//", "///", "/\\", "https:", "https:/", "https://", "https:///", "https://example.com",
    "https:example.com/", "https://example.com\\", "https:\\\\example.com/", "a", "a:", "a:b/",
    "javascript:", "javascript://example.com/", "vbscript:x/", "data:text/html,", "data://a/",
    " https://example.com/", "\thttps://example.com/", "java\nscript:/", "/\t/", ".", "..", "1",
]  # fmt: skip


@pytest.mark.parametrize("beginning", SAFE)
def test_fixed_beginning_is_accepted(beginning: str) -> None:
    """Once scheme and host, or the start of a relative path, stand there, values may follow."""
    assert fault_of_beginning(beginning) is None


@pytest.mark.parametrize("beginning", UNSAFE)
def test_open_beginning_is_refused(beginning: str) -> None:
    """A value may not be, or continue, a scheme or a host, or be run as code."""
    assert fault_of_beginning(beginning) is not None


@settings(deadline=None)
@given(st.sampled_from(SAFE), st.text(), st.sampled_from(["", "/", "//evil.example/", "?x", "."]))
def test_no_value_changes_where_an_address_leads(beginning: str, value: str, end: str) -> None:
    """Scheme and host are the same for every value that can stand there, and for none."""
    assume(not (beginning in ("mailto:", "tel:") and end.startswith("/")))
    base = "https://shop.example.com/a/b/c/d"
    expected = urlsplit(urljoin(base, f"{beginning}x{end}"))
    for shown in ("", percent_encoded(value) if value not in (".", "..") else ""):
        found = urlsplit(urljoin(base, f"{beginning}{shown}{end}"))
        assert (found.scheme, found.netloc) == (expected.scheme, expected.netloc)


@pytest.mark.parametrize("value", [".", ".."])
def test_folder_names_cannot_stand_in_an_address(value: str) -> None:
    """They would lead to another folder, and browsers take `%2e` for a dot as well."""
    with pytest.raises(ValueError, match="can't stand in an address"):
        percent_encoded(value)
