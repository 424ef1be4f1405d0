"""Text fields of a request."""

from __future__ import annotations

import re
from typing import Final

from offerd.admission.wording import quote
from offerd.errors import InvalidArgument, Reason

_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def admit_text(value: str, field: str, maximum: int, *, required: bool = False) -> str:
    """Returns a text of at most `maximum` characters without control characters.

    Empty means absent, which is refused if the text is `required`.
    """
    if required and not value.strip():
        raise InvalidArgument(Reason.MISSING_FIELD, f"{quote(field)} is empty", field=field)
    if len(value) > maximum:
        raise InvalidArgument(
            Reason.TOO_LARGE,
            f"{quote(field)} has {len(value):,} characters; at most {maximum:,} are allowed",
            field=field,
        )
    found = _CONTROL.search(value)
    if found is not None:
        raise InvalidArgument(
            Reason.INVALID_TEXT,
            f"{quote(field)} holds U+{ord(found[0]):04X} at character {found.start() + 1}; "
            "control characters are not allowed",
            field=field,
        )
    return value
