"""Instants of nearly now as JSON has them: all but the fraction is the same for a second."""

from __future__ import annotations

from typing import Final

from google.protobuf.timestamp_pb2 import Timestamp

SECOND_NS: Final = 10**9


class Instants:
    """Writes instants; for one event loop."""

    def __init__(self) -> None:
        self._second: int | None = None
        self._begin = ""

    def text(self, seconds: int, nanos: int) -> str:
        """Returns a Timestamp's text; raises ValueError if it is none."""
        if not 0 < nanos < SECOND_NS:
            return Timestamp(seconds=seconds, nanos=nanos).ToJsonString()
        if self._second != seconds:
            self._begin = Timestamp(seconds=seconds).ToJsonString().removesuffix("Z")
            self._second = seconds
        digits = f"{nanos:09}"
        # Three, six or nine, as the mapping has it.
        while digits.endswith("000"):
            digits = digits.removesuffix("000")
        return f"{self._begin}.{digits}Z"
