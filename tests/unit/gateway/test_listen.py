"""Addresses: what is one, and who can reach it."""

from __future__ import annotations

import pytest

from offerd.errors import ConfigurationError
from offerd_gateway.listen import Address, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1:8080", ("127.0.0.1", 8080)),
        ("[::1]:0", ("::1", 0)),
        ("decisions.internal:65535", ("decisions.internal", 65535)),
    ],
)
def test_addresses(text: str, address: tuple[str, int]) -> None:
    """A host and a port are read, and written as they were."""
    assert parse_address(text) == address
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    "text",
    ["", "8080", ":8080", "localhost:", "localhost:http", "localhost:65536", "localhost:-1",
     "localhost:٨٠", "localhost:²", "localhost:" + "9" * 5000, "::1:80", "[::1:80", "a b:80"],
)  # fmt: skip
def test_what_is_no_address(text: str) -> None:
    """Anything else is refused and quoted."""
    with pytest.raises(ConfigurationError, match=r"is no address|has no valid port"):
        parse_address(text)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("LOCALHOST", True),
        ("0.0.0.0", False),
        ("::", False),
        ("10.0.0.1", False),
        ("gateway.example", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    """Only addresses that no other machine can reach are loopback."""
    assert Address(host, 1).is_loopback is loopback


@pytest.mark.parametrize(
    ("listens", "asked"),
    [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.1:1", "10.0.0.1:1")],
)
def test_where_to_ask(listens: str, asked: str) -> None:
    """A door that listens on all addresses is asked on loopback."""
    assert str(parse_address(listens).from_here()) == asked
