"""Heads that come again: taken for the same only if they are, and kept only if they are small."""

from __future__ import annotations

import random

import pytest

from offerd_gateway.same_head import LARGEST_BYTES, SameHead
from seeds import random_seed
from unit.gateway.random_posts import posted


@pytest.mark.parametrize(("more_bytes", "is_kept"), [(0, True), (LARGEST_BYTES, False)])
def test_a_large_head_is_not_kept(more_bytes: int, is_kept: bool) -> None:
    """There are as many as connections."""
    whole = posted(b"{}", b"cookie: " + b"c" * more_bytes)
    assert (SameHead.of(whole, 2, "read") is not None) == is_kept


def test_any_other_byte_is_another_head() -> None:
    """Only the body, and the digits of its length, may differ, and then they fit."""
    source = random.Random(random_seed())
    first = posted(b"{}", b"x-request-id: 1")
    known = SameHead.of(first, 2, "read")
    assert known is not None
    for _ in range(2_000):
        body = b"a\r" * source.randrange(60)
        whole = posted(body, b"x-request-id: 1")
        assert known.body_of(whole) == body
        place = source.randrange(len(whole) - len(body))
        other = bytes([whole[place] ^ (1 << source.randrange(8))])
        assert known.body_of(whole[:place] + other + whole[place + 1 :]) is None
        assert known.body_of(whole[:place] + whole[place + 1 :]) is None
        assert known.body_of(whole + b"P") is None
