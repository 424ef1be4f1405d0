"""What changed in definitions, by kind and id, field by field."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from offerd.bundle import Bundle
from offerd.simulation.portrait import Description, describe

_SHOWN: Final = 160


class FieldChange(msgspec.Struct, frozen=True):
    """A field that says something else; values as text, "" where there is none.

    Of lists with other members only those that went and those that came.
    """

    field: str
    old: str
    new: str


class DefinitionChange(msgspec.Struct, frozen=True):
    """A definition that is in both and isn't the same."""

    id: str
    fields: list[FieldChange]


class KindChanges(msgspec.Struct, frozen=True):
    """What changed among definitions of a kind."""

    kind: str
    added: list[str]
    removed: list[str]
    changed: list[DefinitionChange]
    reordered: bool = False
    """Whether those in both are declared in another order, where order means something."""


_ORDERED: Final = frozenset({"namespaces"})


def definition_changes(old: Bundle, new: Bundle) -> list[KindChanges]:
    """Returns what changed between two bundles, only kinds in which anything did."""
    before, after = describe(old), describe(new)
    kinds = list(dict.fromkeys((*before, *after)))
    found = (_of_kind(kind, before.get(kind, {}), after.get(kind, {})) for kind in kinds)
    return [one for one in found if one.added or one.removed or one.changed or one.reordered]


def _of_kind(kind: str, old: dict[str, Description], new: dict[str, Description]) -> KindChanges:
    both_old = [name for name in old if name in new]
    return KindChanges(
        kind,
        [name for name in new if name not in old],
        [name for name in old if name not in new],
        [
            DefinitionChange(name, changed)
            for name in both_old
            if (changed := _fields(old[name], new[name]))
        ],
        kind in _ORDERED and both_old != [name for name in new if name in old],
    )


def _fields(old: Description, new: Description) -> list[FieldChange]:
    changes: list[FieldChange] = []
    for field in dict.fromkeys((*old, *new)):
        before, after = old.get(field), new.get(field)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            changes.extend(
                FieldChange(f"{field}.{name}", _text(before.get(name)), _text(after.get(name)))
                for name in dict.fromkeys((*before, *after))
                if before.get(name) != after.get(name)
            )
        else:
            changes.append(_of_members(field, before, after) or _of_field(field, before, after))
    return changes


def _of_field(field: str, before: Any, after: Any) -> FieldChange:
    return FieldChange(field, _text(before), _text(after))


def _of_members(field: str, before: Any, after: Any) -> FieldChange | None:
    """The members that went and came, if both are lists of texts with other members."""
    if not (_is_texts(before) and _is_texts(after)) or set(before) == set(after):
        return None
    gone = [one for one in before if one not in after]
    come = [one for one in after if one not in before]
    return _of_field(field, ", ".join(gone), ", ".join(come))


def _is_texts(value: Any) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(one, str) for one in value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
