"""Which fields an aggregate of each function has, and which it needs."""

from __future__ import annotations

from offerd.definitions.documents import AggregateDocument
from offerd.definitions.findings import Findings
from offerd.definitions.gathering.entry import Entry
from offerd.definitions.wording import listed
from offerd.model.figures import OF_GROUPS, OF_SEQUENCES, TAKEN
from offerd.model.schema import AggregateFunction

_FOR = {
    "value": tuple(TAKEN),
    "count": tuple(one for one in AggregateFunction if one in OF_GROUPS),
    "half_life": (AggregateFunction.TOP,),
}
"""The functions that each of these fields is for."""

_WITHOUT_SEQUENCE = ("events", "where", "value", "group_by", "count", "half_life")


def check_fields(entry: Entry[AggregateDocument], findings: Findings) -> None:
    """Reports fields that are there and have no meaning, or are missing."""
    if entry.document.sequence is None:
        _check_of_events(entry, findings)
    else:
        _check_of_sequence(entry, findings)


def _check_of_sequence(entry: Entry[AggregateDocument], findings: Findings) -> None:
    document = entry.document
    if document.function not in OF_SEQUENCES:
        allowed = _said(tuple(one for one in AggregateFunction if one in OF_SEQUENCES))
        message = f"`sequence` is for {allowed}: the function is `{document.function}`"
        findings.mistake(entry.key_place("sequence"), message)
    for name in _given(document, _WITHOUT_SEQUENCE):
        message = f"`{name}` can't be with `sequence`"
        if name in ("events", "where"):
            message += ", whose steps have their own"
        findings.mistake(entry.key_place(name), message)


def _check_of_events(entry: Entry[AggregateDocument], findings: Findings) -> None:
    document, function = entry.document, entry.document.function
    if document.events is None and not findings.is_doubtful(document.id):
        needed = "`sequence`" if function is AggregateFunction.STEPS else "`events` or `sequence`"
        findings.mistake(entry.place(), f"an aggregate needs {needed}")
    elif function is AggregateFunction.STEPS and document.events is not None:
        findings.mistake(entry.key_place("events"), "`steps` is of a `sequence`, not of `events`")
    for name in _given(document, tuple(_FOR)):
        if function not in _FOR[name]:
            message = f"`{name}` is for {_said(_FOR[name])}: the function is `{function}`"
            findings.mistake(entry.key_place(name), message)
    if function.needs_value and document.value is None:
        message = f"`{function}` needs `value`: the property that it takes"
        findings.mistake(entry.place("function"), message)
    if function in OF_GROUPS and document.group_by is None:
        message = f"`{function}` needs `group_by`: the property whose values it weighs"
        findings.mistake(entry.place("function"), message)
    if document.sequence_within is not None:
        message = "`sequence_within` is for an aggregate with a `sequence`"
        findings.mistake(entry.key_place("sequence_within"), message)
    if document.session_gap is not None and function is not AggregateFunction.AFFINITY:
        message = f"`session_gap` is for `affinity` and for a `sequence`: found `{function}`"
        findings.mistake(entry.key_place("session_gap"), message)


def _given(document: AggregateDocument, names: tuple[str, ...]) -> list[str]:
    return [name for name in names if getattr(document, name) is not None]


def _said(functions: tuple[AggregateFunction, ...]) -> str:
    if len(functions) == 1:
        return listed(functions)
    return f"{listed(functions[:-1], most=20)} and `{functions[-1]}`"
