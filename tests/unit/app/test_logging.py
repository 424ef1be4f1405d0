"""What the log of the service leaves out, and what it never does."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from processes import START_S, environment

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
