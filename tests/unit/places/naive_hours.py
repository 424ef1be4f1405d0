"""Opening hours by looking at the clock minute after minute: the twin of offerd.places.hours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from offerd.model.place import OpeningHours

MINUTE_S = 60


class NaiveHours:
    """Whether it was open in each minute of a stretch of time, from a week before it on.

    Every opening begins at the first minute at which the clock reads its begin or later, and ends
    at the first at which it reads its end or later.
    """

    def __init__(self, hours: OpeningHours, from_s: int, until_s: int) -> None:
        zone = ZoneInfo(hours.time_zone)
        self.from_s = from_s
        begin_s = from_s - 8 * 86_400
        readings = [
            datetime.fromtimestamp(at_s, UTC).astimezone(zone).replace(tzinfo=None)
            for at_s in range(begin_s, until_s, MINUTE_S)
        ]
        first, last = min(readings).date(), max(readings).date()
        pending = sorted(_openings(hours, first - timedelta(days=3), last))
        lasting: list[datetime] = []
        self.open: list[bool] = []
        for reading in readings:
            while pending and pending[0][0] <= reading:
                lasting.append(pending.pop(0)[1])
            lasting = [end for end in lasting if end > reading]
            self.open.append(bool(lasting))
        del self.open[: (from_s - begin_s) // MINUTE_S]

    def is_open(self, at_s: int) -> bool:
        return self.open[(at_s - self.from_s) // MINUTE_S]

    def next(self, at_s: int, *, opens: bool) -> int | None:
        """The first minute after one at which it is open, or closed, and wasn't just before."""
        place = (at_s - self.from_s) // MINUTE_S
        for after in range(place + 1, len(self.open)):
            if self.open[after] is opens and self.open[after - 1] is not opens:
                return self.from_s + after * MINUTE_S
        return None


def _openings(hours: OpeningHours, first: date, last: date) -> Iterator[tuple[datetime, datetime]]:
    day = first
    while day <= last:
        openings = hours.exceptions.get(day.isoformat(), hours.weekdays[day.weekday()])
        midnight = datetime(day.year, day.month, day.day)
        for opening in openings:
            yield (
                midnight + timedelta(minutes=opening.from_minute),
                midnight + timedelta(minutes=opening.until_minute),
            )
        day += timedelta(days=1)
