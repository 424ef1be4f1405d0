"""What the log of the service leaves out, and what it never does."""

from __future__ import annotations

import json
import random
import subprocess
import sys

import msgspec
import pytest

from offerd.admission import format_instant
from offerd.app.logging import AnsweredText
from offerd.service.answer_log import Answered
from processes import START_S, environment
from seeds import random_seed

NOW_NS = 1_767_225_600 * 10**9

_WRITE = """
import sys
from offerd.app.logging import set_up_logging

log = set_up_logging(level=sys.argv[1], as_json=True)
log.info("request", code="INVALID_ARGUMENT", reason="MALFORMED", error="`alma` is no address")
log.warning("ranking model raised", model="learned", error="ValueError('no offers')")
"""


@pytest.mark.parametrize("level", ["info", "debug"])
def test_only_the_words_of_refusals_are_left_out(level: str) -> None:
    """They may quote a person; what went wrong in the service itself is told at every level."""
    written = subprocess.run(
        [sys.executable, "-c", _WRITE, level],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=START_S,
        check=True,
    )
    request, raised = map(json.loads, written.stderr.splitlines())
    assert request.get("error") == ("`alma` is no address" if level == "debug" else None)
    assert request["reason"] == "MALFORMED"
    assert raised["error"] == "ValueError('no offers')"


_ANSWERED = """
import sys
from offerd.app.logging import set_up_logging
from offerd.service.answer_log import Answered, AnswerLog

log = set_up_logging(level=sys.argv[1], as_json=sys.argv[2] == "json").bind(**BOUND)
assert isinstance(log, AnswerLog)
log.answered(Answered("Decide", "grpc", 12, "mine"))
log.warning("last")
"""


@pytest.mark.parametrize("bound", [{}, {"worker": 7}], ids=["alone", "worker"])
@pytest.mark.parametrize("kind", ["json", "text"])
@pytest.mark.parametrize("level", ["info", "warning"])
def test_lines_of_answered_calls_are_lines_as_any_other(
    level: str, kind: str, bound: dict[str, int]
) -> None:
    """They are left out above their level, made for people if that is asked, and say whose."""
    written = subprocess.run(
        [sys.executable, "-c", _ANSWERED.replace("**BOUND", f"**{bound}"), level, kind],
        env=environment(), capture_output=True, text=True, timeout=START_S, check=True,
    )  # fmt: skip
    *answered, last = written.stderr.splitlines()
    assert "last" in last
    assert len(answered) == (level == "info")
    for line in answered:
        for word in ("request", "Decide", "grpc", "OK", "12", "mine", *bound):
            assert word in line


def test_the_text_of_answered_calls_is_that_of_other_lines() -> None:
    """Key by key in the same order, for any name of a request and any instant."""
    seed = random_seed()
    source = random.Random(seed)
    text = AnsweredText()
    for _ in range(300):
        request_id = source.choice(("", "mine", 'q"\\', "å 😀", "a" * 128))
        line = Answered(
            "Decide", source.choice(("grpc", "http")), source.randrange(10**6), request_id
        )
        time_ns = NOW_NS + source.choice((0, 1, 999, 1_000, 10**6, 10**9, source.randrange(10**12)))
        whole = {
            **line.line(),
            "event": "request",
            "level": "info",
            "timestamp": format_instant(time_ns),
        }
        assert text(line, time_ns) == msgspec.json.encode(whole).decode()
