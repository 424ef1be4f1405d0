"""Walking all of a bundle to say whether it is whole."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from offerd.bundle.damage import damage_at
from offerd.bundle.environment import BundleEnvironment
from offerd.bundle.place_checks import verify_every_place
from offerd.bundle.read import Bundle, bundle_places, read_bundle
from offerd.bundle.tables import CONTENTS, TABLES, revision_of
from offerd.content.render import Renderer
from offerd.errors import BundleError
from offerd.model.catalogue import Catalogue, FallbackOffer, Offer
from offerd.model.content import ContentType


class Checked(NamedTuple):
    """A bundle that was found whole."""

    revision: str
    format_version: int
    counts: dict[str, int]
    size_bytes: int


def check_bundle(path: Path) -> Checked:
    """Does all that opening does, compares records with the revision, reads every content and every
    place, and makes the index of places once more.

    Raises BundleError that says what is wrong first.
    """
    environment = BundleEnvironment(path)
    try:
        bundle = read_bundle(environment, models=None)
        with damage_at(f"`{path}`"):
            _verify_revision(environment)
            _verify_contents(bundle)
            catalogue = bundle.catalogue
            verify_every_place(environment, catalogue, bundle_places(environment, catalogue))
    finally:
        environment.close()
    return Checked(
        bundle.revision, environment.format_version, bundle.counts, environment.size_bytes
    )


def _verify_revision(environment: BundleEnvironment) -> None:
    revision = revision_of((table, environment.records(table)) for table in TABLES)
    if revision != environment.meta.revision:
        raise BundleError(
            f"its records have revision {revision}, it says {environment.meta.revision}"
        )


def _verify_contents(bundle: Bundle) -> None:
    """Every content is what its type says, can be filled in, and is of its placements' type."""
    types = []
    for number in range(bundle.counts[CONTENTS.name]):
        content = bundle.content(number)
        with damage_at(f"content {number}"):
            Renderer(content, bundle.prepared.rules)
        types.append(content.type)
    _verify_placed(bundle.catalogue, types)


def _verify_placed(catalogue: Catalogue, types: list[ContentType]) -> None:
    shown = {placement.id: placement.content_type for placement in catalogue.placements}
    offers: tuple[Offer | FallbackOffer, ...] = (*catalogue.offers, *catalogue.fallback_offers)
    for offer in offers:
        for representation in offer.representations:
            found, expected = types[representation.content], shown[representation.placement]
            if found is not expected:
                raise BundleError(
                    f"offer `{offer.id}` has `{found}` for the placement "
                    f"`{representation.placement}`, which shows `{expected}`"
                )
