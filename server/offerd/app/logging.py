"""structlog, set up once: one line an event, on standard error, whoever logs it."""

from __future__ import annotations

import logging
import sys
from typing import Final

import msgspec
import structlog

from offerd.admission import format_instant
from offerd.app.log_queue import Line, LogQueue, Render
from offerd.service.answer_log import Answered, AnswerLog

_REQUEST: Final = "request"
"""The event of the line that each call has, whichever door it came by."""


def set_up_logging(*, level: str, as_json: bool) -> structlog.typing.FilteringBoundLogger:
    """Configures the process's log and returns it.

    `level` is a name such as `info`. JSON is for machines; otherwise lines are for people,
    coloured on a terminal. The words of a refusal quote what the caller sent, which may be
    a person's; a request's line has them at level `debug` only, their reason and field always.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    shared: list[structlog.typing.Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *([structlog.processors.format_exc_info] if as_json else []),
    ]
    queue = LogQueue(sys.stderr, _rendering(as_json=as_json, renderer=renderer))
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            *([] if level == "debug" else [_without_words]),
            queue,
        ],
        wrapper_class=_logger_class(threshold, queue),
        logger_factory=structlog.PrintLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    _route_libraries(threshold, shared, renderer)
    log: structlog.typing.FilteringBoundLogger = structlog.get_logger()
    return log


def _logger_class(threshold: int, queue: LogQueue) -> type[structlog.typing.BindableLogger]:
    """Returns the class of loggers, which take the lines of answered calls as they are."""
    put = queue.put
    is_told = threshold <= logging.INFO

    class Logger(structlog.make_filtering_bound_logger(threshold), AnswerLog):  # type: ignore[misc] # as structlog makes its own
        def answered(self, line: Answered) -> None:
            """As AnswerLog has it."""
            if is_told:
                bound = self._context
                put("info", {**bound, **line.line(), "event": _REQUEST} if bound else line)

    return Logger


def _rendering(*, as_json: bool, renderer: structlog.typing.Processor) -> Render:
    """Returns what makes text of a line, in the thread that writes."""
    answered = AnsweredText()

    def render(level: str, line: Line, time_ns: int) -> str:
        if isinstance(line, Answered):
            if as_json:
                return answered(line, time_ns)
            line = {**line.line(), "event": _REQUEST}
        # As structlog's own methods have it: a failure that is told with its cause is an error.
        line["level"] = "error" if level == "exception" else level
        line["timestamp"] = format_instant(time_ns)
        if not as_json:
            return str(renderer(None, level, line))
        if "exc_info" in line:
            line = structlog.processors.format_exc_info(None, level, line)
        return _encode(line).decode()

    return render


class AnsweredText:
    """Makes JSON of the lines of answered calls, of which there are more than of all others.

    The same text as is made of other lines.
    """

    def __init__(self) -> None:
        self._second = 0
        self._until_second = ""

    def __call__(self, line: Answered, time_ns: int) -> str:
        """Returns the text of a line of an instant, in nanoseconds."""
        second, nanos = divmod(time_ns, 10**9)
        if second != self._second:
            self._second = second
            self._until_second = format_instant(second * 10**9).removesuffix("Z")
        # Fewer digits if the last ones are zeros.
        timestamp = (
            f"{self._until_second}.{nanos:09}Z" if nanos % 1_000 else format_instant(time_ns)
        )
        method, door, duration_us, request_id = line
        named = f'"request_id":{_encode(request_id).decode()},' if request_id else ""
        return (
            f'{{"method":"{method}","door":"{door}","code":"OK","duration_us":{duration_us},'
            f'{named}"event":"{_REQUEST}","level":"info","timestamp":"{timestamp}"}}'
        )


_encode: Final = msgspec.json.Encoder(enc_hook=repr).encode


def _route_libraries(
    threshold: int,
    shared: list[structlog.typing.Processor],
    renderer: structlog.typing.Processor,
) -> None:
    """Makes what the gateway and libraries log through the standard library look the same."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(level=threshold, handlers=[handler], force=True)
    logging.captureWarnings(True)
    # What the libraries say of themselves is for who works on them.
    for library in ("uvicorn", "asyncio"):
        logging.getLogger(library).setLevel(max(threshold, logging.WARNING))


def _without_words(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    # Other lines tell of the service's own errors, which whoever runs it must see.
    if line.get("event") == _REQUEST:
        line.pop("error", None)
    return line
