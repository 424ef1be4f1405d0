"""Where a definition is in its life."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Where a definition is in its life. Only what is approved is ever proposed.

    draft: being written. paused: to be approved again. archived: done with, its id kept. Any
    may become any other; "live" is approved and within its dates.
    """

    DRAFT = "draft"
    APPROVED = "approved"
    PAUSED = "paused"
    ARCHIVED = "archived"
