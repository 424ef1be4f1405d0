"""Counters: what the caps of all definitions count, each once, under a key that lasts."""

from __future__ import annotations

from hashlib import blake2b

from offerd.model.capping import CapSubject, Counter

_EVENTS_BYTES = 128
"""Types of event that take more in a key are told by their digest."""

_PLACEMENTS_BYTES = 100
"""Placements that take more in a key are told by their digest."""


class CounterTable:
    """Numbers counters from 0 in the order in which they are first used."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._counters: list[Counter] = []

    def number(self, counter: Counter) -> int:
        """The number of a counter; the same key has one number."""
        number = self._numbers.setdefault(counter.key, len(self._counters))
        if number == len(self._counters):
            self._counters.append(counter)
        return number

    @property
    def counters(self) -> tuple[Counter, ...]:
        """All counters, in the order of their numbers."""
        return tuple(self._counters)


def counter_key(
    subject: CapSubject,
    events: tuple[str, ...],
    over: str,
    placements: tuple[str, ...],
    where: str | None,
) -> str:
    """The key of a counter, such as `profile:display:offer/free-class@web-hero?0f3c…`.

    `over` says which offers' events count: `offer/<id>` for those of one, `cap/<id>` for those of
    all that a shared cap covers, `any` for all there are. Events and placements are sorted. `where`
    is the filter as written: another text is another counter. At most 400 bytes, so that it can
    be a part of a key of the store.
    """
    types = "+".join(events)
    key = f"{subject}:{types if len(types) <= _EVENTS_BYTES else _digest(types)}:{over}"
    if placements:
        joined = ",".join(placements)
        key += f"@{joined if len(joined) <= _PLACEMENTS_BYTES else _digest(joined)}"
    return key if where is None else f"{key}?{_digest(where)}"


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=8).hexdigest()
