"""Lines of calls that were answered: nearly all that a service logs, so they have a way of their
own."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple


class Answered(NamedTuple):
    """What the line of a call says that was answered; `request_id` is "" if it has no name."""

    method: str
    door: str
    duration_us: int
    request_id: str

    def line(self) -> dict[str, object]:
        """Returns the line by its keys."""
        line: dict[str, object] = {
            "method": self.method,
            "door": self.door,
            "code": "OK",
            "duration_us": self.duration_us,
        }
        if self.request_id:
            line["request_id"] = self.request_id
        return line


class AnswerLog(ABC):
    """A log that takes such lines as they are."""

    @abstractmethod
    def answered(self, line: Answered) -> None:
        """Logs a line, with what is bound to the logger; nothing of context variables is added."""
