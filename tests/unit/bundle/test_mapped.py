"""Offers and counters that stay in the bundle and are decoded when they are asked for."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from msgspec.structs import replace

from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.bundle import mapped as module
from offerd.errors import BundleError
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Catalogue, Offer
from offerd.model.numbering import Numbering, numbers_of
from offerd.model.schema import Schema
from seeds import random_seed


def offer(name: str, **given: object) -> Offer:
    """Returns an offer with nothing to it."""
    return replace(Offer(name, 0, None, None, None, (), {}, (), ()), **given)


def catalogue(*names: str) -> Catalogue:
    """Returns offers of these names in this order, each with a cap of its own."""
    return Catalogue(
        Schema(), (), (), (), (), (),
        tuple(offer(name, caps=(Cap(n, 3),)) for n, name in enumerate(names)),
        (), (), (), (), (),
        tuple(Counter(f"own/{name}", "display", CapSubject.PROFILE, (n,))
              for n, name in enumerate(names)),
    )  # fmt: skip


def opened(tmp_path: Path, wanted: Catalogue) -> Bundle:
    """Returns a bundle of a catalogue."""
    write_bundle(wanted, tmp_path / "bundle")
    return open_bundle(tmp_path / "bundle")


def test_they_are_those_that_were_written(tmp_path: Path) -> None:
    """By number, from the end, as a part and one after the other."""
    wanted = catalogue("ant", "bee", "cat", "dog")
    offers = opened(tmp_path, wanted).catalogue.offers
    assert offers == wanted.offers
    assert list(offers) == list(wanted.offers)
    assert offers[1] == wanted.offers[1]
    assert offers[-1] == wanted.offers[-1]
    assert offers[1:3] == wanted.offers[1:3]
    assert len(offers) == 4
    with pytest.raises(IndexError):
        offers[4]


def test_few_stay_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was asked for lately is kept, as much as there is room for."""
    monkeypatch.setattr(module, "_MOST_KEPT", 2)
    wanted = catalogue("ant", "bee", "cat")
    offers = opened(tmp_path, wanted).catalogue.offers
    assert offers[0] is offers[0]
    for number in (0, 1, 2, 0, 2, 1):
        assert offers[number] == wanted.offers[number]
    assert isinstance(offers, module.Mapped)
    assert len(offers._kept) <= 2


def test_nothing_of_them_is_told_once_the_bundle_is_closed(tmp_path: Path) -> None:
    """What can't be read any more is an error rather than the end of the process."""
    bundle = opened(tmp_path, catalogue("ant"))
    bundle.close()
    with pytest.raises(BundleError, match="a record of `offers`"):
        bundle.catalogue.offers[0]
    with pytest.raises(BundleError, match="a record of `offers`"):
        list(bundle.catalogue.offers)


@pytest.mark.parametrize("names", [("ant", "bee", "ant"), ("bee", "ant", "ant"), ("bee", "bee")])
def test_an_id_twice_is_refused_in_whatever_order(names: tuple[str, ...], tmp_path: Path) -> None:
    """Compiled offers ascend; in a bundle from elsewhere they may not."""
    wanted = catalogue(*names)
    wanted = replace(wanted, counters=catalogue(*"abc"[: len(names)]).counters)
    write_bundle(wanted, tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"offer `(ant|bee)` is there twice"):
        open_bundle(tmp_path / "bundle")


def test_offers_in_any_order_rank_by_their_ids(tmp_path: Path) -> None:
    """Equal priorities are ordered by id also where offers aren't."""
    bundle = opened(tmp_path, catalogue("dog", "ant", "cat", "bee"))
    numbers = numbers_of(bundle.catalogue.offers)
    assert dict(numbers) == {"dog": 0, "ant": 1, "cat": 2, "bee": 3}


def test_names_are_numbered_as_a_dictionary_would() -> None:
    """Also those that aren't there, those that share a slot, and more than are kept."""
    source = random.Random(random_seed())
    for count in (0, 1, 2, 3, 64, 5_000):
        names = [f"n{number}" for number in source.sample(range(100_000), count)]
        numbers = Numbering(count, lambda names=names: iter(names), names.__getitem__)
        expected = {name: number for number, name in enumerate(names)}
        assert dict(numbers) == expected
        assert len(numbers) == count
        for name in ("", "n", "n100000", *names[:50]):
            assert numbers.get(name) == expected.get(name)
            assert (name in numbers) is (name in expected)
