"""Audiences that ask for audiences: right to the limit of their depth, refused beyond it."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from offerd import expression as ex
from offerd.audience.environment import profile_environment
from offerd.audience.membership import Memberships
from offerd.bundle import check_bundle, open_bundle, write_bundle
from offerd.bundle.chains import MAXIMUM_AUDIENCE_DEPTH
from offerd.definitions import load
from offerd.definitions.resolving import audiences
from offerd.errors import BundleError, DefinitionsError
from offerd.model.catalogue import Audience, Catalogue, Rule
from unit.bundle import resealed


def definitions(folder: Path, levels: int) -> Path:
    """Definitions of audiences that ask for each other through so many levels."""
    rules = ["profile.age > 18", *(f'audience("level-{n}")' for n in range(levels - 1))]
    lines = [f"- {{id: level-{number}, rule: {rule}}}" for number, rule in enumerate(rules)]
    text = "\n".join(["profile: [{name: age, type: int}]", "audiences:", *lines])
    path = folder / "chain.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def chained(levels: int, *, circle: bool) -> Catalogue:
    """A catalogue of audiences that ask for each other, the first for the last if in a circle."""
    made = resealed.catalogue()
    names = [f"level-{number}" for number in range(levels)]
    environment = profile_environment(made.schema, names)
    first = f'audience("{names[-1]}")' if circle else "profile.age > 18"
    sources = [first, *(f'audience("{name}")' for name in names[:-1])]
    trees = [ex.encode(ex.compile_expression(source, environment)) for source in sources]
    return msgspec.structs.replace(
        made,
        offers=(), collections=(), strategies=(), decisions=(), fallback_offers=(),
        counters=(), rankings=(), score_tables=(), exclusions=(), experiments=(),
        rules=tuple(Rule(source, tree) for source, tree in zip(sources, trees, strict=True)),
        audiences=tuple(Audience(name, name, number) for number, name in enumerate(names)),
    )  # fmt: skip


def test_chain_as_deep_as_the_limit_is_evaluated(tmp_path: Path) -> None:
    """The last of 32 audiences that ask for each other has the members of the first."""
    catalogue = load([definitions(tmp_path, 32)]).catalogue
    write_bundle(catalogue, tmp_path / "bundle")
    check_bundle(tmp_path / "bundle")
    bundle = open_bundle(tmp_path / "bundle")
    for age, member in ((30, True), (3, False)):
        memberships = Memberships(bundle.prepared.audiences, {"age": age}, {}, {}, 0)
        assert memberships["level-31"] is member
    bundle.close()


def test_chain_deeper_than_the_limit_is_not_compiled(tmp_path: Path) -> None:
    """One audience more is a mistake in the definitions, and only one however deep it goes on."""
    for levels in (33, 40, 3000):
        with pytest.raises(DefinitionsError) as refused:
            load([definitions(tmp_path, levels)])
        assert [str(issue).partition(": ")[2] for issue in refused.value.issues] == [
            "the audience asks through 33 levels of audiences, at most 32 are allowed: "
            "`level-32` → `level-31` → … → `level-0`"
        ]


@pytest.mark.parametrize("levels", [33, 3000])
def test_chain_deeper_than_the_limit_is_not_opened(levels: int, tmp_path: Path) -> None:
    """A bundle from elsewhere is held to the limit, without following the chain by recursion."""
    write_bundle(chained(levels, circle=False), tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"`level-32` asks through 33 levels .* at most 32"):
        open_bundle(tmp_path / "bundle")


@pytest.mark.parametrize("levels", [1, 2, 3000])
def test_circle_is_not_opened(levels: int, tmp_path: Path) -> None:
    """However long a circle is, it is found."""
    write_bundle(chained(levels, circle=True), tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"audience `level-\d+` depends on itself"):
        open_bundle(tmp_path / "bundle")


def test_limit_is_that_of_definitions() -> None:
    """What can be compiled can be opened."""
    assert MAXIMUM_AUDIENCE_DEPTH == audiences.MAXIMUM_AUDIENCE_DEPTH
