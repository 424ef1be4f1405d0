"""What rules can ask of places, how they ask it, and where they find the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from typing import Any, Final, NamedTuple

from offerd import expression as ex
from offerd.audience.place_names import PlaceNames, labels_of, select
from offerd.model.figures import LONGEST_WINDOW_NS, SHORTEST_WINDOW_NS
from offerd.model.place import PlaceFunction, PlaceRead, PlaceSelector

ROOT: Final = "places"
AGGREGATE: Final = "aggregate"
VISITS: Final = "visits"

PRECISE: Final = "S1"
COARSE: Final = "S2"

_TEXTS: Final = ex.map_of(ex.STRING, ex.STRING)
_METRES: Final = ex.map_of(ex.STRING, ex.DOUBLE)

_PLACE: Final[Mapping[str, ex.Type]] = {
    "id": ex.STRING,
    "name": ex.STRING,
    "category": ex.STRING,
    "library": ex.STRING,
    "latitude": ex.DOUBLE,
    "longitude": ex.DOUBLE,
    "open": ex.BOOL,
    "opens_at": ex.TIMESTAMP,
    "closes_at": ex.TIMESTAMP,
    "metadata": _TEXTS,
}
FROM_HERE: Final = ("distance_m", "center_distance_m", "bearing_deg")
"""Fields that tell where the customer is, seen from a place that everybody knows."""
_SEEN: Final = {**_PLACE, **dict.fromkeys(FROM_HERE, ex.DOUBLE)}
_STAY: Final = {"entered_at": ex.TIMESTAMP}
_STAYED: Final = {**_STAY, "exited_at": ex.TIMESTAMP}


class _Form(NamedTuple):
    """What a function gives: one value, or a place of which a field is asked."""

    type: ex.Type | None
    fields: Mapping[str, ex.Type]
    example: str


_FORMS: Final[Mapping[PlaceFunction, _Form]] = {
    PlaceFunction.INSIDE: _Form(ex.BOOL, {}, 'places.inside("studio")'),
    PlaceFunction.NEAREST: _Form(None, _SEEN, 'places.nearest("studio").distance_m'),
    PlaceFunction.NEAREST_OPEN: _Form(None, _SEEN, 'places.nearest_open("studio").name'),
    PlaceFunction.CURRENT: _Form(None, {**_SEEN, **_STAY}, 'places.current("studio").name'),
    PlaceFunction.LAST_ENTERED: _Form(
        None, {**_PLACE, **_STAYED}, 'places.last_entered("studio").entered_at'
    ),
    PlaceFunction.LAST_EXITED: _Form(
        None, {**_PLACE, **_STAYED}, 'places.last_exited("studio").exited_at'
    ),
    PlaceFunction.DWELL: _Form(ex.DURATION, {}, 'places.dwell("studio")'),
    PlaceFunction.APPROACHING: _Form(ex.BOOL, {}, 'places.approaching("studio")'),
    PlaceFunction.DISTANCES: _Form(_METRES, {}, "places.distances[offer.studio]"),
}

_VISITS_EXAMPLE: Final = 'places.visits("studio", duration("720h"))'

_QUESTIONS: Final[Mapping[str, ex.Question]] = {
    **{
        function.value: ex.Question(form.example, (ex.STRING,), fields=tuple(form.fields))
        for function, form in _FORMS.items()
    },
    PlaceFunction.DISTANCES.value: ex.Question(
        _FORMS[PlaceFunction.DISTANCES].example, indexed=True
    ),
    VISITS: ex.Question(_VISITS_EXAMPLE, (ex.STRING, ex.DURATION), required=2),
}

ALWAYS_KNOWN: Final = (PlaceFunction.INSIDE, PlaceFunction.DWELL, PlaceFunction.APPROACHING)
"""Functions that give an answer whatever is known of the customer."""


class VisitCount(NamedTuple):
    """How often places were visited in a stretch of time up to now, asked as `written`."""

    written: str
    selector: PlaceSelector
    within_ns: int
    labels: tuple[str, ...]


class PlaceAsking:
    """Answers the questions that are written about places, and remembers them.

    `record` is what the variable `places` is declared as. After rules were compiled, `reads` are
    what they ask of the record, by path, and `visits` what they count, by how it is written: an
    aggregate of that id has to be declared before the rules can be evaluated. `names` is asked
    once, for the first question.
    """

    def __init__(self, names: Callable[[], PlaceNames]) -> None:
        self._read_names = names
        self._selectors: dict[str, PlaceSelector | str] = {}
        self._labels: dict[PlaceSelector, frozenset[str]] = {}
        self._reads: dict[str, PlaceRead] = {}
        self.visits: dict[str, VisitCount] = {}
        self.record = ex.AnsweringRecord(_QUESTIONS, self._resolve)

    @cached_property
    def _names(self) -> PlaceNames:
        return self._read_names()

    @property
    def reads(self) -> tuple[PlaceRead, ...]:
        """What was asked, sorted by path."""
        return tuple(self._reads[path] for path in sorted(self._reads))

    def selector(self, text: str) -> PlaceSelector | str:
        """Which places a text selects, or why none: see `select`."""
        selector = self._selectors.get(text)
        if selector is None:
            selector = self._selectors[text] = select(text, self._names)
        return selector

    def _attribute(self, field: str, type_: ex.Type) -> ex.Attribute:
        if field == "category":
            return ex.Attribute(type_, tuple(self._names.categories))
        return ex.Attribute(type_, tuple(self._names.libraries) if field == "library" else ())

    def _resolve(
        self, function: str, arguments: tuple[Any, ...], field: str
    ) -> ex.Answer | ex.Misasked:
        text = arguments[0] if arguments else ""
        selector = self.selector(text)
        if isinstance(selector, str):
            return ex.Misasked(selector)
        if function == VISITS:
            return self._visits(text, selector, arguments[1])
        return self._read(PlaceFunction(function), text, selector, field)

    def _read(
        self, function: PlaceFunction, text: str, selector: PlaceSelector, field: str
    ) -> ex.Answer:
        form = _FORMS[function]
        type_ = form.fields[field] if form.type is None else form.type
        path = canonical(function, text, field)
        if path not in self._reads:
            is_precise = field in FROM_HERE or function is PlaceFunction.DISTANCES
            own = {COARSE, PRECISE} if is_precise else {COARSE}
            self._reads[path] = PlaceRead(
                path, function, selector, field, str(type_), self._labelled(selector, own)
            )
        return ex.Answer(ROOT, path, self._attribute(field, type_))

    def _visits(
        self, text: str, selector: PlaceSelector, within_ns: int
    ) -> ex.Answer | ex.Misasked:
        if not SHORTEST_WINDOW_NS <= within_ns <= LONGEST_WINDOW_NS:
            message = "visits are counted over `1m` to `17544h`, 731 days"
            return ex.Misasked(message, argument=1)
        written = f"{ROOT}.{VISITS}({json.dumps(text, ensure_ascii=False)}, {_duration(within_ns)})"
        if written not in self.visits:
            labels = self._labelled(selector, {COARSE})
            self.visits[written] = VisitCount(written, selector, within_ns, labels)
        return ex.Answer(AGGREGATE, written, ex.Attribute(ex.INT))

    def _labelled(self, selector: PlaceSelector, own: set[str]) -> tuple[str, ...]:
        labels = self._labels.get(selector)
        if labels is None:
            labels = self._labels[selector] = labels_of(selector, self._names)
        return tuple(sorted(labels | own))


def canonical(function: PlaceFunction, selector: str, field: str) -> str:
    """The one form of a question, however it is written: its path in the record of answers."""
    if function is PlaceFunction.DISTANCES:
        return function.value
    argument = json.dumps(selector, ensure_ascii=False) if selector else ""
    return f"{function.value}({argument})" + (f".{field}" if field else "")


_UNITS: Final = (("h", 3_600 * 10**9), ("m", 60 * 10**9), ("s", 10**9), ("ms", 10**6), ("ns", 1))


def _duration(length_ns: int) -> str:
    unit, size_ns = next(one for one in _UNITS if length_ns % one[1] == 0)
    return f'duration("{length_ns // size_ns}{unit}")'


def answers(reads: Iterable[PlaceRead]) -> ex.Record:
    """What the variable `places` is where rules are only evaluated: what they were found to ask."""
    return ex.Record({read.path: ex.Attribute(ex.parse_type(read.type)) for read in reads})


NO_ANSWERS: Final = answers(())
"""Where no rule asks for places."""
