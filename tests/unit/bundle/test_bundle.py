"""The bundle: written whole or not at all, and refused if it is anything but whole."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from offerd import expression as ex
from offerd.audience.environment import profile_environment
from offerd.bundle import check_bundle, open_bundle, write_bundle
from offerd.bundle.seal import FORMAT_VERSION, SEAL_BYTES, seal
from offerd.errors import BundleError
from offerd.model.catalogue import Audience, Catalogue, Rule
from offerd.model.content import Content, ContentType
from offerd.model.selection import Scope
from seeds import random_seed
from unit.bundle import resealed
from unit.decision import catalogues


@pytest.fixture
def catalogue() -> Catalogue:
    """A small catalogue with content."""
    made = catalogues.catalogue(random.Random(7))
    contents = (Content(ContentType.TEXT, "hello"), Content(ContentType.JSON, {"a": [1, None]}))
    return resealed.without_models(msgspec.structs.replace(made, contents=contents))


@pytest.fixture
def bundle(catalogue: Catalogue, tmp_path: Path) -> Path:
    """The same as a bundle."""
    write_bundle(catalogue, tmp_path / "bundle")
    return tmp_path / "bundle"


def test_reads_back_what_was_written(catalogue: Catalogue, bundle: Path) -> None:
    """Every table is the same; contents come from the memory map when asked for."""
    opened = open_bundle(bundle)
    assert opened.catalogue == msgspec.structs.replace(catalogue, contents=(), places=())
    assert [opened.content(n) for n in range(2)] == list(catalogue.contents)
    with pytest.raises(BundleError, match="content 2 is missing"):
        opened.content(2)
    opened.close()


def test_same_input_gives_the_same_revision_and_bytes(
    catalogue: Catalogue, bundle: Path, tmp_path: Path
) -> None:
    """A revision depends on the definitions alone, and so does the file."""
    again = write_bundle(catalogue, tmp_path / "again")
    assert check_bundle(bundle).revision == again.revision
    assert bundle.read_bytes() == (tmp_path / "again").read_bytes()


def test_any_change_gives_another_revision(catalogue: Catalogue, tmp_path: Path) -> None:
    """One character of one content is enough."""
    first = write_bundle(catalogue, tmp_path / "first")
    contents = (Content(ContentType.TEXT, "hullo"), catalogue.contents[1])
    second = write_bundle(
        msgspec.structs.replace(catalogue, contents=contents), tmp_path / "second"
    )
    assert first.revision != second.revision


def test_check_walks_a_whole_bundle(catalogue: Catalogue, bundle: Path) -> None:
    """A whole bundle is described by its revision, format, counts and size."""
    checked = check_bundle(bundle)
    assert checked.format_version == FORMAT_VERSION
    assert checked.counts["offers"] == len(catalogue.offers)
    assert checked.counts["contents"] == 2
    assert checked.size_bytes == bundle.stat().st_size


def test_truncated_anywhere_is_refused(bundle: Path, tmp_path: Path) -> None:
    """However much is cut off, opening says so and LMDB never sees the file."""
    data = bundle.read_bytes()
    lengths = {0, 1, 63, 64, 4096, len(data) - SEAL_BYTES, len(data) - 1}
    seed = random_seed()
    lengths |= {random.Random(seed).randrange(len(data)) for _ in range(20)}
    for length in lengths:
        cut = tmp_path / "cut"
        cut.write_bytes(data[:length])
        with pytest.raises(BundleError, match="cut short"):
            open_bundle(cut)


def test_altered_anywhere_is_refused(bundle: Path, tmp_path: Path) -> None:
    """One flipped bit anywhere is found, in the seal too."""
    data = bundle.read_bytes()
    seed = random_seed()
    source = random.Random(seed)
    places = [source.randrange(len(data)) for _ in range(60)]
    places += [len(data) - 1 - n for n in range(SEAL_BYTES)]
    for place in places:
        altered = bytearray(data)
        altered[place] ^= 1 << source.randrange(8)
        path = tmp_path / "altered"
        path.write_bytes(altered)
        with pytest.raises(BundleError):
            open_bundle(path)


def test_newer_format_is_refused(bundle: Path, tmp_path: Path) -> None:
    """A bundle of a format that this offerd doesn't know says which one it is."""
    newer = tmp_path / "newer"
    newer.write_bytes(bundle.read_bytes()[:-SEAL_BYTES])
    seal(newer, format_version=FORMAT_VERSION + 1)
    with pytest.raises(BundleError, match="has format 6, and this offerd reads format 5: it was "):
        open_bundle(newer)


def test_older_format_is_refused(bundle: Path, tmp_path: Path) -> None:
    """A bundle that an older offerd compiled is to be compiled again."""
    older = tmp_path / "older"
    older.write_bytes(bundle.read_bytes()[:-SEAL_BYTES])
    seal(older, format_version=1)
    with pytest.raises(BundleError, match=r"has format 1, and this .* compile its definitions aga"):
        open_bundle(older)


@pytest.mark.parametrize("content", [b"", b"definitions: []\n", b"\x00" * 8192])
def test_other_files_are_no_bundles(content: bytes, tmp_path: Path) -> None:
    """A file of another kind is refused for what it is."""
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(BundleError, match="is no bundle"):
        check_bundle(path)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    """A path where nothing lies says so, and nothing is created there."""
    with pytest.raises(BundleError, match=r"can't be read: no such file"):
        open_bundle(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_failed_write_leaves_the_old_bundle(
    catalogue: Catalogue, bundle: Path, tmp_path: Path
) -> None:
    """A write that fails has written nothing and left nothing behind."""
    before = bundle.read_bytes()
    broken = msgspec.structs.replace(catalogue, contents=(Content(ContentType.JSON, 2**70),))
    with pytest.raises(BundleError, match="can't be written"):
        write_bundle(broken, bundle)
    assert bundle.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def test_replacing_keeps_open_bundles(catalogue: Catalogue, bundle: Path) -> None:
    """Who has the old file open goes on reading it while a new one takes its name."""
    opened = open_bundle(bundle)
    write_bundle(catalogues.catalogue(random.Random(8)), bundle)
    assert opened.content(0).body == "hello"
    opened.close()


def _damage(name: str, catalogue: Catalogue) -> Catalogue:
    replace = msgspec.structs.replace
    match name:
        case "rule":
            audience = Audience("x", "", 10_000)
            return replace(catalogue, audiences=(*catalogue.audiences, audience))
        case "offer":
            collection = replace(catalogue.collections[0], offers=(10_000,))
            return replace(catalogue, collections=(collection, *catalogue.collections[1:]))
        case "negative":
            strategy = replace(catalogue.strategies[0], collection=-1)
            return replace(catalogue, strategies=(strategy, *catalogue.strategies[1:]))
        case "content":
            return replace(catalogue, contents=())
        case "placement":
            return replace(catalogue, placements=())
        case "scope":
            return replace(catalogue, scopes=(Scope("s", "nothing", "web"),))
        case "tree":
            return replace(catalogue, rules=(Rule("true", b"\xc1"), *catalogue.rules[1:]))
        case "strange tree":
            strange = msgspec.msgpack.encode(["__import__('os').system('true')", 1, 2])
            return replace(catalogue, rules=(Rule("true", strange), *catalogue.rules[1:]))
        case _:
            environment = profile_environment(catalogue.schema, ["x", "y"])
            rules = tuple(
                Rule(text, ex.encode(ex.compile_expression(text, environment)))
                for text in ('audience("y")', 'audience("x")')
            )
            audiences = (
                Audience("x", "", len(catalogue.rules)),
                Audience("y", "", len(catalogue.rules) + 1),
            )
            return replace(
                catalogue,
                rules=(*catalogue.rules, *rules),
                audiences=(*catalogue.audiences, *audiences),
            )


@pytest.mark.parametrize(
    "name",
    ["rule", "offer", "negative", "content", "placement", "scope", "tree", "strange tree", "cycle"],
)
@pytest.mark.parametrize("use", [open_bundle, check_bundle])
def test_records_that_do_not_fit_are_refused(
    name: str, use: Callable[[Path], object], catalogue: Catalogue, tmp_path: Path
) -> None:
    """A bundle made elsewhere, sealed whole but with references to nothing, isn't opened."""
    path = tmp_path / "strange"
    write_bundle(_damage(name, catalogue), path)
    with pytest.raises(BundleError):
        use(path)
