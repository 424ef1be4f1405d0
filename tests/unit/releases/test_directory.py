"""Releases on disk: changes are whole or not there at all."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from offerd.bundle import check_bundle, write_bundle
from offerd.errors import BundleError, ReleaseError
from offerd.model.catalogue import Catalogue, Placement
from offerd.model.content import ContentType
from offerd.model.schema import Schema
from offerd.releases import Action, Releases


def write(path: Path, *placements: str) -> str:
    """Writes a bundle of some placements; returns its revision."""
    made = tuple(Placement(name, "web", ContentType.TEXT) for name in placements)
    catalogue = Catalogue(Schema(), (), (), (), made, (), (), (), (), (), (), ())
    return write_bundle(catalogue, path).revision


def publish(releases: Releases, *placements: str, now_ns: int = 1) -> str:
    """Publishes a bundle of some placements; returns its revision."""
    return releases.publish(lambda path: write(path, *placements), now_ns).revision


def test_a_directory_that_is_not_there_has_no_releases(tmp_path: Path) -> None:
    """Asking changes nothing; the first publication makes the directory."""
    releases = Releases(tmp_path / "releases")
    assert releases.history() == ()
    assert not releases.path.exists()
    revision = publish(releases, "web")
    assert releases.bundle_path(revision).is_file()
    assert releases.standing().active is None


def test_publishing_again_changes_nothing(tmp_path: Path) -> None:
    """The same definitions have the same revision and are published once."""
    releases = Releases(tmp_path)
    first = releases.publish(lambda path: write(path, "web"), 1)
    again = releases.publish(lambda path: write(path, "web"), 2)
    assert (first.is_new, again.is_new) == (True, False)
    assert first.revision == again.revision
    assert len(releases.history()) == 1


def test_activation_and_rollback_are_kept_with_who_and_why(tmp_path: Path) -> None:
    """The history says what was done, when, by whom and why."""
    releases = Releases(tmp_path)
    one, two = publish(releases, "web"), publish(releases, "web", "app")
    releases.activate(one, 10)
    releases.activate(two, 20, by="eva", note="spring campaign")
    standing = releases.roll_back(30, by="eva", note="too many e-mails")
    assert standing.active == releases.standing().active == one
    last = releases.history()[-1]
    assert (last.action, last.time_ns, last.by, last.note) == (
        Action.ROLLBACK, 30, "eva", "too many e-mails",
    )  # fmt: skip


def test_a_failed_publication_leaves_no_trace(tmp_path: Path) -> None:
    """What isn't a whole bundle isn't published, and nothing of it stays."""
    releases = Releases(tmp_path)
    publish(releases, "web")
    before = sorted(path.name for path in tmp_path.rglob("*"))

    def nonsense(path: Path) -> str:
        path.write_bytes(b"no bundle")
        return "0" * 32

    with pytest.raises(BundleError):
        releases.publish(nonsense, 2)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("damage", ["lost", "cut short", "altered"])
def test_publishing_again_mends_a_bundle(tmp_path: Path, damage: str) -> None:
    """A bundle that was lost or damaged is there again once it is published again."""
    releases = Releases(tmp_path)
    revision = publish(releases, "web")
    path = releases.bundle_path(revision)
    whole = path.read_bytes()
    middle = len(whole) // 2
    if damage == "lost":
        path.unlink()
    elif damage == "altered":
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
    else:
        path.write_bytes(whole[:-100])
    again = releases.publish(lambda target: write(target, "web"), 2)
    assert (again.revision, again.is_new, again.is_mended) == (revision, False, True)
    assert check_bundle(path).revision == revision
    assert len(releases.history()) == 1
    assert releases.activate(revision, 3).active == revision


def test_what_is_published_is_on_disk_before_the_history_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy of a bundle and its folder are synced, then the new history and its folder."""
    synced: list[str] = []
    fsync = os.fsync

    def record(descriptor: int) -> None:
        synced.append(Path(f"/dev/fd/{descriptor}").resolve().name)
        fsync(descriptor)

    write(tmp_path / "copied", "web")
    data = (tmp_path / "copied").read_bytes()
    revision = check_bundle(tmp_path / "copied").revision
    releases = Releases(tmp_path / "releases")

    def copy(path: Path) -> str:
        path.write_bytes(data)
        return revision

    monkeypatch.setattr(os, "fsync", record)
    releases.publish(copy, 1)
    assert synced[:2] == ["bundle", "bundles"]
    assert synced[2].startswith(".releases-")
    assert synced[3:] == ["releases"]


def test_leftovers_of_a_killed_publisher_are_removed(tmp_path: Path) -> None:
    """What a process that died was about to write is gone after the next change."""
    releases = Releases(tmp_path)
    publish(releases, "web")
    (tmp_path / ".publishing-dead").mkdir()
    (tmp_path / ".publishing-dead" / "bundle").write_bytes(b"half")
    (tmp_path / ".releases-dead").write_bytes(b"half")
    publish(releases, "app")
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_missing_bundle_is_not_activated(tmp_path: Path) -> None:
    """Activation of a revision whose bundle was removed is refused, and changes nothing."""
    releases = Releases(tmp_path)
    revision = publish(releases, "web")
    releases.bundle_path(revision).unlink()
    with pytest.raises(ReleaseError, match="is missing"):
        releases.activate(revision, 2)
    assert len(releases.history()) == 1


def test_a_revision_can_be_named_by_its_beginning(tmp_path: Path) -> None:
    """As much of a revision as no other begins with is enough."""
    releases = Releases(tmp_path)
    revision = publish(releases, "web")
    assert releases.published(revision[:6]) == revision
    with pytest.raises(ReleaseError, match="no published revision begins with `zz`"):
        releases.published("zz")
    publish(releases, "web", "app")
    with pytest.raises(ReleaseError, match="2 published revisions begin with"):
        releases.published("")


def test_a_foreign_directory_is_left_alone(tmp_path: Path) -> None:
    """A directory that holds something else isn't made one of releases."""
    (tmp_path / "photos").mkdir()
    with pytest.raises(ReleaseError, match="`photos`"):
        publish(Releases(tmp_path), "web")
    assert [path.name for path in tmp_path.iterdir()] == ["photos"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is no history of releases"),
        ('{"format_version": 9}', "has format 9, 1 expected"),
        ('{"format_version": 1, "history": [{"time_ns": 1}]}', "is no history of releases"),
    ],
)
def test_a_damaged_history_is_told(tmp_path: Path, text: str, message: str) -> None:
    """A history that can't be read stops what needs it, with the file named."""
    (tmp_path / "releases.json").write_text(text)
    with pytest.raises(ReleaseError, match=message):
        Releases(tmp_path).standing()


def _publish_many(path: Path, worker: int) -> None:
    for number in range(5):
        publish(Releases(path), f"p-{worker}-{number}")


def test_processes_that_publish_at_once_lose_nothing(tmp_path: Path) -> None:
    """Four processes publish five bundles each; the history has all twenty."""
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=_publish_many, args=(tmp_path, n)) for n in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    history = Releases(tmp_path).history()
    assert len(history) == len({entry.revision for entry in history}) == 20
