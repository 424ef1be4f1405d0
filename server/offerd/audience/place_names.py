"""What the places of some definitions are called, for rules that select some of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import islice
from typing import Final, NamedTuple, Protocol

from offerd.expression.check.nearest import suggestion
from offerd.model.place import Place, PlaceSelector

_MOST_NAMES: Final = 5_000
"""Among so many names the nearest is looked for."""

_OPENING: Final = 2
"""Where there are too many ids, a misspelled one is taken to begin with so many right letters."""


class PlaceIds(Protocol):
    """The ids of places, each of which can be asked for and all of which can be gone through."""

    def __contains__(self, place_id: object) -> bool:
        """Whether there is a place of this id."""

    def __iter__(self) -> Iterator[str]:
        """All ids, or none where that would take too long."""


class PlaceNames(NamedTuple):
    """What a selector can name, with the labels of all that it selects.

    `labels_of` gives those of one place by id, `labels` those of all places.
    """

    ids: PlaceIds
    categories: Mapping[str, Collection[str]]
    libraries: Mapping[str, Collection[str]]
    labels_of: Callable[[str], Collection[str]]
    labels: Collection[str] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is no place that could be asked for."""
        return not self.categories and not self.libraries and next(iter(self.ids), None) is None


def names_of(places: Iterable[Place], libraries: Iterable[str]) -> PlaceNames:
    """The names of places, found in one walk; `libraries` are ids, also of those without places."""
    of_places: dict[str, tuple[str, ...]] = {}
    categories: dict[str, set[str]] = {}
    by_library: dict[str, set[str]] = {library: set() for library in libraries}
    for place in places:
        of_places[place.id] = place.labels
        by_library.setdefault(place.library, set()).update(place.labels)
        if place.category:
            categories.setdefault(place.category, set()).update(place.labels)
    every: set[str] = set()
    every.update(*by_library.values())
    return PlaceNames(of_places, categories, by_library, of_places.__getitem__, every)


def no_names() -> PlaceNames:
    """Where there are no places."""
    return names_of((), ())


def select(text: str, names: PlaceNames) -> PlaceSelector | str:
    """Which places a selector means, or why it means none.

    "" are all. Otherwise it is the id of a category, a place or a library, whichever there is, or
    one with its kind before it: `category:studio`.
    """
    if names.is_empty:
        return "the definitions have no places to ask for"
    if not text:
        return PlaceSelector()
    kind, colon, name = text.partition(":")
    if colon and kind in _KINDS:
        if name in _KINDS[kind](names):
            return _selector(kind, name)
        others = [other for other, known in _KINDS.items() if name in known(names)]
        if others:
            instead = " or ".join(f'`"{other}:{name}"`' for other in others)
            return f"no {kind} `{name}`, but a {' and a '.join(others)}: write {instead}"
        return _unknown(f"{kind} `{name}`", name, names, kind)
    kinds = [kind for kind, known in _KINDS.items() if text in known(names)]
    if len(kinds) > 1:
        forms = [f'`"{kind}:{text}"`' for kind in kinds]
        are = f"{', '.join(kinds[:-1])} and {kinds[-1]}"
        return f"`{text}` is the id of a {are}: write {' or '.join(forms)}"
    if not kinds:
        return _unknown(f"place, category or library `{text}`", text, names)
    return _selector(kinds[0], text)


_KINDS: Final[Mapping[str, Callable[[PlaceNames], PlaceIds]]] = {
    "category": lambda names: names.categories,
    "place": lambda names: names.ids,
    "library": lambda names: names.libraries,
}


def _selector(kind: str, name: str) -> PlaceSelector:
    return PlaceSelector(**{kind: name})


def _unknown(what: str, text: str, names: PlaceNames, only: str = "") -> str:
    kinds = [only] if only else [kind for kind in _KINDS if kind != "place"]
    candidates = {name for kind in kinds if kind != "place" for name in _KINDS[kind](names)}
    if only in ("", "place"):
        candidates.update(_near_ids(text, names.ids))
    return f"no {what}{suggestion(text, candidates)}"


def _near_ids(text: str, ids: Iterable[str]) -> list[str]:
    """Ids among which the nearest may be: all, if they are few."""
    first = list(islice(ids, _MOST_NAMES + 1))
    if len(first) <= _MOST_NAMES:
        return first
    for length in (len(text) - 1, len(text) - 2, len(text) - 4, len(text) // 2, _OPENING):
        opening = text[: max(length, _OPENING)]
        alike = (one for one in ids if one.startswith(opening) and abs(len(one) - len(text)) <= 2)
        found = list(islice(alike, _MOST_NAMES))
        if found:
            return found
    return []


def labels_of(selector: PlaceSelector, names: PlaceNames) -> frozenset[str]:
    """The labels of all places that a selector means."""
    if selector.place:
        return frozenset(names.labels_of(selector.place))
    if selector.category:
        return frozenset(names.categories[selector.category])
    if selector.library:
        return frozenset(names.libraries[selector.library])
    return frozenset(names.labels)
