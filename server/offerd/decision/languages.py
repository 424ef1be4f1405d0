"""Choosing the representation for the customer's languages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TypeVar

T = TypeVar("T")

DEFAULT_LANGUAGE = ""
"""The language of a representation that was written without one."""


@lru_cache(1024)
def lookup_order(locales: tuple[str, ...]) -> tuple[str, ...]:
    """Returns the languages to look for, in order, lower-cased.

    Each tag and then its shorter forms, as in RFC 4647, section 3.4 (`zh-hant-tw`, `zh-hant`,
    `zh`; a single letter left at the end goes too), and the default language at last.
    """
    return tuple(_lookup_order(locales))


def _lookup_order(locales: Iterable[str]) -> Iterator[str]:
    for locale in locales:
        parts = locale.lower().split("-")
        while parts:
            yield "-".join(parts)
            parts.pop()
            if parts and len(parts[-1]) == 1:
                parts.pop()
    yield DEFAULT_LANGUAGE


def best(by_language: Mapping[str, T], order: Iterable[str]) -> T | None:
    """Returns the value of the first language of `order` that there is, or None."""
    for language in order:
        found = by_language.get(language)
        if found is not None:
            return found
    return None
