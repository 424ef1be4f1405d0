"""The log of a gateway on its own: one JSON object a line, on standard error."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

from offerd.errors import Code
from offerd_gateway.access import AccessRecord, OnAccess

DOOR = "http"
FACTS = "facts"
"""Where a record holds what its line says beside its words."""


class JsonLines(logging.Formatter):
    """Writes a record as the service's own log does."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's facts and words as one JSON object."""
        line: dict[str, object] = {
            **getattr(record, FACTS, {}),
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: str) -> OnAccess:
    """Configures the process's log; returns what writes the line of a request.

    `level` is a name such as `info`. The words of a refusal quote what the caller sent, which
    may be a person's; they are logged at level `debug` only, their reason and field always.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    threshold = logging.getLevelNamesMapping()[level.upper()]
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    # What the libraries say of themselves is for who works on them.
    for library in ("uvicorn", "asyncio"):
        logging.getLogger(library).setLevel(max(threshold, logging.WARNING))
    access = logging.getLogger("offerd_gateway.access")

    def log(record: AccessRecord) -> None:
        if not record.is_call:
            return
        facts = record.line(DOOR)
        if level != "debug":
            facts.pop("error", None)
        own_fault = record.error is not None and record.error.code is Code.INTERNAL
        access.log(logging.ERROR if own_fault else logging.INFO, "request", extra={FACTS: facts})

    return log
