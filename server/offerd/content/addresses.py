"""Addresses whose end is computed: what must be written out before the first placeholder.

So much that no value can change where the address leads: scheme and host up to the slash after
it, or the first part of a relative path.
"""

from __future__ import annotations

import re
from typing import Final

_FIXED: Final = re.compile(
    r"""(?:(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):)?//[^\s/?#\\]+[/?#]
    |(?:mailto|tel|sms):
    |/[^\s/?#\\]                      # `/` alone and no value could become `//` and a host
    |(?:\.{1,2}/)*(?:[\w.~%-]+/|[?#])
    |(?:\.{1,2}/)+
    |/[?#]
    """,
    re.VERBOSE | re.ASCII | re.IGNORECASE,
)
_RUNS_CODE: Final = frozenset(("javascript", "vbscript", "data", "blob", "filesystem"))


def fault_of_beginning(beginning: str) -> str | None:
    """What is wrong with the literal text before an address's first placeholder, if anything."""
    found = _FIXED.match(beginning)
    if found is None:
        return (
            "a placeholder can't stand in the beginning of an address: write out the scheme and "
            "the host, such as `https://example.com/`, or the first part of the path"
        )
    if (found["scheme"] or "").lower() in _RUNS_CODE:
        return f"a placeholder can't stand in a `{found['scheme'].lower()}:` address"
    return None
