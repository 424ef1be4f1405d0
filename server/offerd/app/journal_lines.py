"""Entries of the journal as lines for people and as objects for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from offerd.admission import format_instant
from offerd.model.decision import Stage
from offerd.model.event import Event
from offerd.model.journal import (
    DecisionEntry,
    EventEntry,
    JournalEntry,
    JournalItem,
    JournalScope,
    TransitionEntry,
)
from offerd.replay import scope_name
from offerd.store import Journalled

SHOWN_REVISION = 12


def entry_lines(found: Journalled, event: Event | None, *, reasons: bool) -> Iterator[str]:
    """Yields an entry as a line, and with `reasons` what became of each candidate, if it is kept.

    `event` is the event of an event's entry, None if it was deleted.
    """
    entry = found.entry
    begin = f"{found.sequence}  {format_instant(entry.time_ns)}  {_who(entry)}"
    if isinstance(entry, DecisionEntry):
        scopes = "; ".join(map(scope_line, entry.scopes))
        asked = f"request {entry.request_id}, revision {entry.revision[:SHOWN_REVISION]}"
        yield f"{begin}  decision  {scopes}  ({asked})"
        if reasons:
            for scope in entry.scopes:
                yield from _reasons(scope)
    elif isinstance(entry, EventEntry):
        yield f"{begin}  event  {entry.event_id}  {_event(event)}"
    elif isinstance(entry, TransitionEntry):
        yield f"{begin}  transition  {entry.audience} {entry.status}"
    else:
        yield f"{begin}  gap  {entry.decisions:,} decisions are missing: the journal was behind"


def scope_line(scope: JournalScope) -> str:
    """Returns a scope's answer in a line."""
    items = ", ".join(map(item_text, scope.items)) or "nothing"
    told = f"{scope_name(scope.name, scope.decision)}: {items}"
    if not scope.experiment:
        return told
    if scope.holdout:
        withheld = ", ".join(scope.withheld) or "nothing"
        return f"{told} [{scope.experiment}: holdout, would have shown {withheld}]"
    forced = ", forced" if scope.forced else ""
    return f"{told} [{scope.experiment}: {scope.arm}{forced}]"


def item_text(item: JournalItem) -> str:
    """Returns an item with how it came to be chosen."""
    if item.fallback:
        return f"{item.offer} (fallback)"
    if item.score is None:
        return f"{item.offer} (by hand)"
    return f"{item.offer} ({item.strategy} {item.score:g})"


def _who(entry: JournalEntry) -> str:
    return "nobody" if entry.subject is None else ":".join(entry.subject)


def _event(event: Event | None) -> str:
    if event is None:
        return "deleted since"
    about = "" if event.offer is None else f" about {event.offer}"
    return f"{event.type}{about} at {format_instant(event.time_ns)}"


def _reasons(scope: JournalScope) -> Iterator[str]:
    name = scope_name(scope.name, scope.decision)
    for reason in scope.reasons or ():
        fell = f"fell at {Stage(reason.stage).name.lower()}: " if reason.stage else "chosen"
        yield f"    {name}  {reason.offer}  {fell}{reason.reason}"


def entry_object(found: Journalled, event: Event | None) -> dict[str, Any]:
    """Returns an entry as an object for JSON; an event's with what it says, if it is there."""
    entry = found.entry
    told = {
        "sequence": found.sequence,
        "kind": type(entry).__struct_config__.tag,
        "time": format_instant(entry.time_ns),
        **as_object(entry),
    }
    del told["time_ns"]
    if isinstance(entry, EventEntry):
        told["event"] = None if event is None else msgspec.to_builtins(event)
    if isinstance(entry, TransitionEntry):
        told["found"] = format_instant(told.pop("found_ns"))
    return told


def as_object(value: Any) -> Any:
    """Returns data with the names of its fields; bytes in hexadecimal."""
    if isinstance(value, msgspec.Struct):
        return {name: as_object(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, tuple | list):
        return [as_object(one) for one in value]
    if isinstance(value, dict):
        return {key: as_object(one) for key, one in value.items()}
    return value.hex() if isinstance(value, bytes) else value


def json_line(value: dict[str, Any]) -> str:
    """Returns an object as a line of JSON."""
    return msgspec.json.encode(value).decode()
