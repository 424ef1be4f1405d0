"""Item and preview tokens come back as they were made, and can't be made up."""

from __future__ import annotations

import random

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.service.tokens import ItemReference, Tokens
from seeds import random_seed

ITEM = ItemReference("proposition-1", "hero", "web", "free-class")


def test_reads_what_it_made() -> None:
    """A token names the item that it was made for, in URL-safe text."""
    tokens = Tokens(b"s" * 32)
    token = tokens.make(ITEM)
    assert tokens.read(token, "token") == ITEM
    assert token.replace("-", "").replace("_", "").isalnum()


def test_refuses_any_other_text() -> None:
    """One changed character, another secret, or no token at all are refused with the field."""
    tokens = Tokens(b"s" * 32)
    token = tokens.make(ITEM)
    seed = random_seed()
    source = random.Random(seed)
    wrong = ["", "x", "å" * 40, token + "A", token[:-1], "A" * 3_000, Tokens(b"t" * 32).make(ITEM)]
    for _ in range(200):
        place = source.randrange(len(token) - 1)
        other = source.choice("ABCDEFGHIJKLMNOP")
        if token[place] != other:
            wrong.append(token[:place] + other + token[place + 1 :])
    for text in wrong:
        with pytest.raises(InvalidArgument) as refused:
            tokens.read(text, "events[0].token")
        assert refused.value.reason is Reason.INVALID_TOKEN
        assert refused.value.field == "events[0].token"


def test_a_preview_token_forces_its_arms_until_it_expires() -> None:
    """Up to the instant of its expiry a preview token gives its arms, and then is refused."""
    tokens = Tokens(b"s" * 32)
    token = tokens.make_preview({"hero": "b"}, 1_000)
    assert tokens.read_preview(token, "preview_token", 999) == {"hero": "b"}
    with pytest.raises(InvalidArgument, match="expired at 1970-01-01T00:00:00") as refused:
        tokens.read_preview(token, "preview_token", 1_000)
    assert (refused.value.reason, refused.value.field) == (Reason.INVALID_TOKEN, "preview_token")


def test_one_kind_of_token_is_no_other() -> None:
    """An item token previews nothing, a preview token is about no item, and secrets differ."""
    tokens = Tokens(b"s" * 32)
    preview = tokens.make_preview({"hero": "b"}, 1_000)
    for wrong in ("", "å", preview[:-2], tokens.make(ITEM), preview + "A"):
        with pytest.raises(InvalidArgument, match="not a preview token of this service"):
            tokens.read_preview(wrong, "preview_token", 0)
    with pytest.raises(InvalidArgument):
        Tokens(b"t" * 32).read_preview(preview, "preview_token", 0)
    with pytest.raises(InvalidArgument):
        tokens.read(preview, "token")
