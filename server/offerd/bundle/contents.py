"""That a content is what its type says, so that a request can be answered with it."""

from __future__ import annotations

from typing import Any

from offerd.errors import BundleError
from offerd.model.content import Content, ContentType

MAXIMUM_DEPTH = 32
"""How many objects and lists may be inside each other in JSON content.

Definitions nest no deeper, and an answer that did couldn't be read by its receiver.
"""

_IMAGE_LINK = frozenset({"url", "link_url", "alternative_text"})


def verify_content(content: Content) -> None:
    """Raises BundleError unless the body is one that definitions of that type can have."""
    match content.type:
        case ContentType.TEXT | ContentType.HTML:
            _require(isinstance(content.body, str), content, "is text")
        case ContentType.REDIRECT:
            _require(isinstance(content.body, str) and content.body, content, "is an address")
        case ContentType.KEY_VALUE:
            _require(_is_texts_by_name(content.body), content, "has names and values of text")
        case ContentType.IMAGE_LINK:
            _require(_is_image_link(content.body), content, "has `url` and may have no others than "
                     "`link_url` and `alternative_text`, all of them text")  # fmt: skip
        case ContentType.JSON:
            _verify_json(content)


def _require(fits: object, content: Content, expected: str) -> None:
    if not fits:
        raise BundleError(f"content of type `{content.type}` {expected}")


def _is_texts_by_name(body: object) -> bool:
    return isinstance(body, dict) and all(
        isinstance(part, str) for pair in body.items() for part in pair
    )


def _is_image_link(body: object) -> bool:
    if not (isinstance(body, dict) and _is_texts_by_name(body) and body.keys() <= _IMAGE_LINK):
        return False
    return bool(body.get("url")) and body.get("link_url") != ""


def _verify_json(content: Content) -> None:
    """Walks level by level, without recursion, so that no depth is too much for the walk."""
    level: list[Any] = [content.body]
    for _ in range(MAXIMUM_DEPTH + 1):
        inside: list[Any] = []
        for value in level:
            _require(_is_json(value), content, "holds a value that JSON doesn't have")
            if isinstance(value, dict):
                inside.extend(value.values())
            elif isinstance(value, list):
                inside.extend(value)
        deepest, level = level, inside
    _require(
        not any(isinstance(value, dict | list) for value in deepest),
        content,
        f"nests at most {MAXIMUM_DEPTH} levels deep",
    )


def _is_json(value: object) -> bool:
    """Whether a value, what is in it aside, is one that JSON and 64 bits can hold."""
    if isinstance(value, dict):
        return all(isinstance(name, str) for name in value)
    if isinstance(value, float):
        return value - value == 0.0
    if isinstance(value, int):
        return -(2**63) <= value < 2**63
    return value is None or isinstance(value, str | list)
