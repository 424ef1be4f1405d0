"""The files of the Luma example, and its definitions compiled."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from offerd.definitions import load
from offerd.definitions.load import Loaded

LUMA = Path(__file__).parents[3] / "examples" / "luma"
ANSWERS = json.loads((LUMA / "answers.json").read_text(encoding="utf-8"))


def _lines(name: str) -> list[dict[str, Any]]:
    text = (LUMA / "data" / name).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


MEMBERS = _lines("members.jsonl")
EVENTS = _lines("events.jsonl")


@cache
def luma_definitions() -> Loaded:
    """The definitions, compiled once."""
    return load([LUMA / "definitions"])
