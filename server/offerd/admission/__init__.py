"""Checks of what comes in against what is declared, for every door alike.

Each `admit_*` function returns the value as the engine wants it, or raises InvalidArgument
with a reason and the path of the field at fault. Nothing here does I/O.
"""

from offerd.admission.attributes import RECORD_LIMIT_BYTES, admit_attributes
from offerd.admission.context import (
    admit_locale,
    admit_locales,
    admit_location,
    admit_time_zone,
)
from offerd.admission.identity import IDENTITY_LIMIT, admit_identity
from offerd.admission.instant import (
    EARLIEST_NS,
    LATEST_NS,
    InvalidInstant,
    format_instant,
    parse_instant,
)
from offerd.admission.nested import to_nested
from offerd.admission.text import admit_text
from offerd.admission.values import LIST_LIMIT, STRING_LIMIT_BYTES
from offerd.admission.wording import kind_of, nearest, quote

__all__ = [
    "EARLIEST_NS",
    "IDENTITY_LIMIT",
    "LATEST_NS",
    "LIST_LIMIT",
    "RECORD_LIMIT_BYTES",
    "STRING_LIMIT_BYTES",
    "InvalidInstant",
    "admit_attributes",
    "admit_identity",
    "admit_locale",
    "admit_locales",
    "admit_location",
    "admit_text",
    "admit_time_zone",
    "format_instant",
    "kind_of",
    "nearest",
    "parse_instant",
    "quote",
    "to_nested",
]
