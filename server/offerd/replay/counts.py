"""What a decision is told of counters of all profiles: noted down, and told again."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from offerd.decision.capping import Counts
from offerd.model.capping import Cap, Counter
from offerd.model.journal import CountSeen
from offerd.model.profile import ProfileKey


class RecordingCounts:
    """Counts that remember what they said, for one decision.

    Asked the same again they say the same, whatever was counted meanwhile.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._totals: dict[tuple[str, int | None, int | None], int] = {}
        self._pending: dict[str, int] = {}
        self._lost: dict[tuple[str, Cap], None] = {}

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """As decision.capping.Counts."""
        asked = (counter, after_ns, until_ns)
        count = self._totals.get(asked)
        if count is None:
            count = self._totals[asked] = self._counts.total(counter, after_ns, until_ns)
        return count

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """As decision.capping.Counts; a decision has one subject and one instant."""
        count = self._pending.get(counter)
        if count is None:
            count = self._pending[counter] = self._counts.pending(counter, subject, now_ns)
        return count

    def reached(self, offer: str, cap: Cap) -> bool:
        """As decision.capping.Counts."""
        reached = self._counts.reached(offer, cap)
        if reached:
            self._lost[offer, cap] = None
        return reached

    @property
    def seen(self) -> tuple[CountSeen, ...]:
        """What was said of counters, as the journal keeps it: of those only that aren't empty."""
        if not self._totals and not self._pending:
            return ()
        counted = {counter for (counter, _, _), count in self._totals.items() if count}
        return (
            *(
                CountSeen(counter, after_ns, until_ns, count)
                for (counter, after_ns, until_ns), count in self._totals.items()
                if counter in counted
            ),
            *(
                CountSeen(counter, None, None, count, pending=True)
                for counter, count in self._pending.items()
                if count
            ),
        )

    def lost(self, counters: Sequence[Counter]) -> tuple[tuple[str, str], ...]:
        """Returns the offers and counters of which it was said that their cap is reached."""
        return tuple((offer, counters[cap.counter].key) for offer, cap in self._lost)


class RecordedCounts:
    """Counts that say what was said before, and 0 to anything else.

    Of a counter asked for another window than then the largest count is told: a revision that
    widened a window would have seen at least that. `counters` are those of the definitions
    that decide now.
    """

    def __init__(
        self,
        seen: Iterable[CountSeen],
        lost: Iterable[tuple[str, str]],
        counters: Sequence[Counter],
    ) -> None:
        self._exact: dict[tuple[str, int | None, int | None], int] = {}
        self._largest: dict[str, int] = {}
        self._pending: dict[str, int] = {}
        self._lost = frozenset(lost)
        self._counters = counters
        for one in seen:
            if one.pending:
                self._pending[one.counter] = one.count
            else:
                self._exact[one.counter, one.after_ns, one.until_ns] = one.count
                largest = max(self._largest.get(one.counter, 0), one.count)
                self._largest[one.counter] = largest

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """As decision.capping.Counts."""
        exact = self._exact.get((counter, after_ns, until_ns))
        return self._largest.get(counter, 0) if exact is None else exact

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """As decision.capping.Counts; `subject` and `now_ns` are those of the decision."""
        return self._pending.get(counter, 0)

    def reached(self, offer: str, cap: Cap) -> bool:
        """As decision.capping.Counts."""
        return (offer, self._counters[cap.counter].key) in self._lost
