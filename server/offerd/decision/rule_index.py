"""Which rules may be true of a customer, found by the attributes and not by the rules.

Each rule has a place in the index, by the best offer that it decides about, so that the lowest bit
of a set of rules is the rule with the best offer. For each attribute that conditions read there is
a column (`columns`); the sets that a customer's values pick are intersected. What is left are the
rules that may be true; those among them that are more than conditions, or whose data isn't what
the columns were made for, must be asked.

Where the index can't be right it says so rather than guessing, by leaving rules to be asked: a
value that isn't of the declared type; a record that is computed when read, or from which something
is withheld, where what isn't there may still be unknown otherwise; audiences that a request
overrides or that policies keep from being known.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from offerd.audience.membership import Memberships
from offerd.decision.columns import Bits, ColumnBuilder, Equal, Ordered, bits
from offerd.decision.conditions import ROOTS, Needed, needed
from offerd.decision.straight import Straight, straight
from offerd.decision.together import MISSING
from offerd.decision.withholding import Withheld
from offerd.expression import Rule

_EXACT_INTEGERS: Final = 1 << 53
"""Up to here each integer is a double, so that comparing with doubles is the same."""


Survivors = tuple[Bits, Bits]
"""The rules that may be true, as a set of places, and those of them that must be asked."""


Records = tuple[Any, Any, Any, Any, int]
"""What is read of each of ROOTS."""


class _Root(NamedTuple):
    """The columns that read one record, those of `equal` apart that have `few` rules by value.

    `straight` does the same for plain records, if it can.
    """

    equal: tuple[Equal, ...]
    sparse: tuple[Equal, ...]
    ordered: tuple[Ordered, ...]
    straight: Straight | None


class RuleIndex:
    """The index over some rules. `order` are their numbers by place; None always holds.

    `rules` are the planned rules by number and `audiences` those of audiences. A rule may have
    several places; then `places` has one of them, and `found` alone may be asked.
    """

    def __init__(
        self, order: Sequence[int | None], rules: Sequence[Rule], audiences: Mapping[str, Rule]
    ) -> None:
        self.order = tuple(order)
        self.places: dict[int | None, int] = {rule: place for place, rule in enumerate(order)}
        building = _Building(len(self.order))
        known: dict[int, Needed] = {}
        for place, number in enumerate(order):
            if number is not None:
                if number not in known:
                    known[number] = needed(rules[number], audiences)
                building.add(place, known[number])
        self.roots = building.by_root()
        self._steps = tuple((place, root.straight, root) for place, root in self.roots)
        self._audiences = audiences
        self._asked = bits(building.asked, len(self.order))
        self._possible = (1 << len(self.order)) - 1
        self._through = {name: array("L", places) for name, places in building.through.items()}
        loaded = building.loaded
        self._loaded = {name: bits(places, len(self.order)) for name, places in loaded.items()}
        needing = [place for places in loaded.values() for place in places]
        self._unloaded = self._possible & ~bits(needing, len(self.order))
        self._barred: dict[int, tuple[Bits, Bits]] = {}

    def count_values(self) -> int:
        """Counts the values, and the bounds between values, that it tells apart."""
        return sum(
            sum(len(column.values) + len(column.few) for column in (*root.equal, *root.sparse))
            + sum(len(column.bounds) for column in root.ordered)
            for _, root in self.roots
        )

    def survivors(
        self,
        memberships: Memberships,
        overridden: Collection[str] = (),
        withheld: Withheld | None = None,
    ) -> Survivors:
        """Returns the rules that may be true of what a request's rules read.

        `overridden` are audiences whose membership the request says.
        """
        maybe, asked = self.found(memberships.records, memberships.loaded)
        for audience in overridden:
            through = bits(self._through.get(audience, ()), len(self.order))
            maybe |= through
            asked |= through
        if withheld is not None:
            hopeless, unsure = self._barred_by(withheld)
            maybe &= ~hopeless
            asked |= unsure
        return maybe, asked & maybe

    def found(self, records: Records, members: Mapping[str, bool]) -> Survivors:
        """Returns the same where nothing is overridden or withheld.

        `records` are those of ROOTS, `members` who is in the audiences whose members are loaded.
        """
        maybe, asked = self._possible, self._asked
        for place, without_loops, root in self._steps:
            record = records[place]
            if type(record) is int:
                record = {"now": record}
            if type(record) is dict and without_loops is not None:
                maybe, asked = without_loops(record.get, maybe, asked)
            else:
                maybe, asked = narrowed(root, record, maybe, asked)
        if self._loaded:
            maybe &= self._of_members(members)
        return maybe, asked & maybe

    def _of_members(self, members: Mapping[str, bool]) -> Bits:
        found, loaded = self._unloaded, self._loaded
        for audience, member in members.items():
            if member is True and audience in loaded:
                found |= loaded[audience]
        return found

    def _barred_by(self, withheld: Withheld) -> tuple[Bits, Bits]:
        """Returns the rules that can't be true at some placements, and those to be asked there."""
        known = self._barred.get(id(withheld))
        if known is None:
            hopeless = [self.places[one] for one in withheld.hopeless if one in self.places]
            unsure = [
                place
                for audience, rule in withheld.audiences.items()
                if rule is not self._audiences[audience]
                for place in self._through.get(audience, ())
            ]
            size = len(self.order)
            known = self._barred[id(withheld)] = bits(hopeless, size), bits(unsure, size)
        return known


def narrowed(root: _Root, record: Any, maybe: Bits, asked: Bits) -> tuple[Bits, Bits]:
    """Returns what a record leaves of the rules that may be true, and adds those to be asked."""
    is_plain = type(record) is dict
    get = record.get if is_plain or not isinstance(record, dict) else _stored(record)
    for path, kind, values, other, missing, readers, _ in root.equal:
        value = get(path, MISSING)
        if type(value) is kind:
            maybe &= values.get(value, other)
        elif value is MISSING and is_plain:
            maybe &= missing
        elif kind is object and value is not MISSING:
            maybe &= other
        elif kind is float and type(value) is int:
            maybe &= values.get(value, other)
        else:
            asked |= readers
    for column in root.sparse:
        value = get(column.path, MISSING)
        if type(value) is column.kind:
            maybe &= _sparse(column, value)
        elif value is MISSING and is_plain:
            maybe &= column.missing
        else:
            asked |= column.readers
    for path, kind, bounds, places, missing, readers, unsure in root.ordered:
        value = get(path, MISSING)
        if kind is float and type(value) is int and -_EXACT_INTEGERS < value < _EXACT_INTEGERS:
            value = float(value)
        if type(value) is kind and value == value:  # noqa: PLR0124 - NaN isn't
            place = bisect_right(bounds, value)
            maybe &= places[place]
            if unsure is not None:
                asked |= unsure[place]
        elif value is MISSING and is_plain:
            maybe &= missing
        else:
            asked |= readers
    return maybe, asked


def _stored(record: dict[str, Any]) -> Any:
    """Returns what reads what a record holds by now, without having it computed."""
    get = dict.get
    return lambda path, missing: get(record, path, missing)


def _sparse(column: Equal, value: Any) -> Bits:
    found = column.values.get(value)
    if found is not None:
        return found
    found = column.other
    for place in column.few.get(value, ()):
        found ^= 1 << place
    return found


class _Building:
    """Gathers the conditions of rules by attribute."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._columns: dict[str, dict[str, ColumnBuilder]] = {root: {} for root in ROOTS}
        self.asked: list[int] = []
        self.through: dict[str, list[int]] = {}
        self.loaded: dict[str, list[int]] = {}

    def add(self, place: int, found: Needed) -> None:
        """Adds what a rule needs."""
        for condition in found.conditions:
            columns = self._columns[condition.root]
            column = columns.get(condition.path)
            if column is None:
                column = columns[condition.path] = ColumnBuilder(condition.path, self._size)
            column.add(place, condition)
        if not found.is_all:
            self.asked.append(place)
        for audience in found.audiences:
            self.through.setdefault(audience, []).append(place)
        if found.loaded:
            self.loaded.setdefault(found.loaded, []).append(place)
            self.through.setdefault(found.loaded, []).append(place)

    def by_root(self) -> tuple[tuple[int, _Root], ...]:
        """Returns the columns of each root that is read, with its place among ROOTS."""
        return tuple(
            (place, _root(self._columns[root].values()))
            for place, root in enumerate(ROOTS)
            if self._columns[root]
        )


def _root(columns: Iterable[ColumnBuilder]) -> _Root:
    built = list(columns)
    equal = [one for column in built if (one := column.equal()) is not None]
    ordered = [bounded for column in built if (bounded := column.ordered()) is not None]
    return _Root(
        tuple(column for column in equal if not column.few),
        tuple(column for column in equal if column.few),
        tuple(ordered),
        straight(equal, ordered),
    )
