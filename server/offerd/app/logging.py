"""structlog, set up once: one line an event, on standard error."""

from __future__ import annotations

import logging
import sys

import structlog


def set_up_logging(*, level: str, as_json: bool) -> structlog.typing.FilteringBoundLogger:
    """Configures the process's log and returns it.

    `level` is a name such as `info`. JSON is for machines; otherwise lines are for people,
    coloured on a terminal. The words of a refusal quote what the caller sent, which may be
    a person's; they are logged at level `debug` only, their reason and field always.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            *([] if level == "debug" else [_without_words]),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([structlog.processors.format_exc_info] if as_json else []),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log


def _without_words(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    line.pop("error", None)
    return line
