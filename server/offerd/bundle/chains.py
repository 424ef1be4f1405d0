"""That audiences don't ask for each other for ever, nor offers replace each other in a circle."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from offerd import expression as ex
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue

MAXIMUM_AUDIENCE_DEPTH = 32
"""How many audiences may ask for each other in a chain; definitions can't have more either."""


def verify_replaced(catalogue: Catalogue, replaced: Mapping[int, Sequence[int]]) -> None:
    """Raises BundleError if an offer replaces what isn't there, or offers do so in a circle.

    `replaced` are the numbers that offers replace, by their own.
    """
    offers = catalogue.offers
    waiting = dict.fromkeys(replaced, 0)
    for replacer, numbers in replaced.items():
        for number in numbers:
            if number not in range(len(offers)):
                where = f"offer `{offers[replacer].id}`"
                raise BundleError(f"{where} refers to `{number}`, which isn't there")
            if number in waiting:
                waiting[number] += 1
    # Those that nothing replaces go first, and take theirs along; a circle is never reached.
    ready = [number for number, count in waiting.items() if not count]
    for number in ready:
        for other in replaced[number]:
            if other in waiting:
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
    if len(ready) < len(replaced):
        left = next(number for number, count in waiting.items() if count)
        raise BundleError(f"offer `{offers[left].id}` is replaced in a circle")


def verify_chains(catalogue: Catalogue, trees: Sequence[ex.Checked]) -> None:
    """Raises BundleError if audiences ask for each other in a circle, or in too long a chain.

    `trees` are the decoded rules, by number. Nothing is recursive here, since the length of
    chains isn't known yet.
    """
    asked = {
        audience.id: trees[audience.rule].references.lookups.get("audience", ())
        for audience in catalogue.audiences
        if audience.rule is not None
    }
    depths: dict[str, int] = {}
    for root, names in asked.items():
        path = {root: iter(names)} if root not in depths else {}
        while path:
            audience, rest = next(reversed(path.items()))
            following = next((name for name in rest if name not in depths), None)
            if following is None:
                path.popitem()
                depths[audience] = _depth(audience, asked.get(audience, ()), depths)
            elif following in path:
                raise BundleError(f"audience `{following}` depends on itself")
            else:
                path[following] = iter(asked.get(following, ()))


def _depth(audience: str, asked: Iterable[str], depths: Mapping[str, int]) -> int:
    depth = 1 + max((depths[name] for name in asked), default=0)
    if depth > MAXIMUM_AUDIENCE_DEPTH:
        raise BundleError(
            f"audience `{audience}` asks through {depth} levels of audiences, "
            f"at most {MAXIMUM_AUDIENCE_DEPTH} expected"
        )
    return depth
