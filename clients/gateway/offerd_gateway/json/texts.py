"""Answers to decide from what they are made of to JSON: each piece is known in JSON by its bytes.

Of an answer only names, tokens and the instant are new. What doesn't tell what it is made of is
written from its bytes (`pieces`), which also tell the JSON of what hasn't come before.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from offerd_gateway.backend import Found
from offerd_gateway.json.instants import SECOND_NS, Instants
from offerd_gateway.json.pieces import LARGEST_BYTES, AnswerPieces, Around, Unusual
from offerd_gateway.json.writer import to_json

MOST: Final = 4_096
"""So many items, and scopes with their outcomes, are remembered at most."""

_NAME, _ITEMS = b'{"propositionId":"', b',"items":['


class AnswerTexts:
    """Writes answers to decide. For one event loop."""

    def __init__(self) -> None:
        self._pieces = AnswerPieces()
        self._items = Around()
        self._told: dict[bytes, bytes] = {}
        self._instants = Instants()
        self._revision, self._revision_text = "", b""

    def write(self, found: Found) -> bytes:
        """Returns the JSON of a DecideResponse."""
        pieces = found.pieces
        if pieces is None or not (pieces[0] and pieces[1]):  # what is empty is left out
            return self._pieces.write(found.data)
        request_id, revision, now_ns, propositions, warnings = pieces
        if revision != self._revision:
            self._revision, self._revision_text = revision, to_json(revision)
        seconds, nanos = divmod(now_ns, SECOND_NS)
        parts = [
            b'{"requestId":', to_json(request_id), b',"revision":', self._revision_text,
            b',"decideTime":"', self._instants.text(seconds, nanos).encode(), b'"',
        ]  # fmt: skip
        try:
            if propositions:
                self._add(parts, propositions)
        except Unusual:
            return self._pieces.write(found.data)
        if warnings:
            parts += (b',"warnings":', to_json(warnings))
        parts.append(b"}")
        return b"".join(parts)

    def _add(self, parts: list[bytes], propositions: Sequence[bytes]) -> None:
        """Adds the propositions of an answer, of which there are some. May raise Unusual."""
        items, told = self._items, self._told
        between = b',"propositions":['
        each = iter(propositions)
        for before, name, what, item, token in zip(each, each, each, each, each, strict=True):
            if not before:  # one more item of the proposition before
                text = items.get(item) or self._new_item(item, token)
                parts += (b",", text[0], token, text[1])
                continue
            parts += (between, _NAME, name, told.get(what) or self._new_told(what))
            between = b"},"
            if item:
                text = items.get(item) or self._new_item(item, token)
                parts += (_ITEMS, text[0], token, text[1])
                between = b"]},"
        parts.append(between[:-1] + b"]")

    def _new_item(self, item: bytes, token: bytes) -> tuple[bytes, bytes]:
        """Returns the JSON of an item around the text of its token."""
        found = self._pieces.item(item + token)
        self._items.remember(item, found, MOST)
        return found

    def _new_told(self, what: bytes) -> bytes:
        """Returns the JSON of a scope and an outcome, from the end of a name on."""
        found = b'",' + self._pieces.member(what)
        if len(what) <= LARGEST_BYTES:
            if len(self._told) >= MOST:
                self._told.clear()
            self._told[what] = found
        return found
