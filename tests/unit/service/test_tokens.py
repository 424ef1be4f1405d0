"""Item tokens come back as they were made, and can't be made up."""

from __future__ import annotations

import random

import pytest

from offerd.errors import InvalidArgument, Reason
from offerd.service.tokens import ItemReference, Tokens

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
    seed = random.randrange(2**32)
    print(f"seed {seed}")
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
