"""The dialects of SQL that can be written, by name."""

from __future__ import annotations

from sqlglot.dialects.dialect import Dialect


def dialect_names() -> list[str]:
    """Returns the names of all dialects, sorted."""
    return sorted(name for name in Dialect.classes if name)


def is_dialect(name: str) -> bool:
    """Whether there is a dialect of that name."""
    return Dialect.get(name) is not None
