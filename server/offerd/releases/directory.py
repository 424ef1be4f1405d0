"""The directory of releases.

    releases.json      the history, replaced in one step by every change
    bundles/REVISION   the bundles, each written once
    releases.lock      held while something is changed

Readers need no lock: they see the history before a change or after it, and every bundle that a
history names was whole on disk before the history named it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from offerd.bundle import check_bundle
from offerd.errors import BundleError, ReleaseError
from offerd.releases.history import Action, Entry, Standing, standing_after

HISTORY_FILE: Final = "releases.json"
BUNDLES: Final = "bundles"
LOCK_FILE: Final = "releases.lock"
_PUBLISHING: Final = ".publishing-"
_REWRITING: Final = ".releases-"
FORMAT_VERSION: Final = 1

_OWN_NAMES: Final = frozenset({HISTORY_FILE, BUNDLES, LOCK_FILE, "lost+found"})


class Published(NamedTuple):
    """What publishing did: `is_new` unless that revision was published already.

    `is_mended` if it was, and its bundle had been lost or damaged.
    """

    revision: str
    is_new: bool
    is_mended: bool = False


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    format_version: int
    history: tuple[Entry, ...] = ()


class Releases:
    """Bundles and their history in a directory, which is made at the first change."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def history_path(self) -> Path:
        """The file that every change replaces; watch it to hear of changes."""
        return self.path / HISTORY_FILE

    def history(self) -> tuple[Entry, ...]:
        """Returns what was done, the earliest first; empty before anything was.

        Raises ReleaseError if the file can't be read or isn't a history.
        """
        try:
            data = self.history_path.read_bytes()
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise _unusable(self.history_path, error) from error
        try:
            file = msgspec.json.decode(data, type=_File)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise ReleaseError(
                f"`{self.history_path}` is no history of releases: {error}"
            ) from error
        if file.format_version != FORMAT_VERSION:
            raise ReleaseError(
                f"`{self.history_path}` has format {file.format_version}, "
                f"{FORMAT_VERSION} expected: it is of another version of offerd"
            )
        return file.history

    def standing(self) -> Standing:
        """Returns what decides now; raises ReleaseError as `history` does."""
        return standing_after(self.history())

    def bundle_path(self, revision: str) -> Path:
        """Returns where the bundle of a revision is."""
        return self.path / BUNDLES / revision

    def published(self, prefix: str) -> str:
        """Returns the published revision that begins so.

        Raises ReleaseError if none does, or several.
        """
        found = sorted(r for r in self.standing().published if r.startswith(prefix))
        if len(found) == 1:
            return found[0]
        if not found:
            raise ReleaseError(f"no published revision begins with `{prefix}`")
        among = ", ".join(f"`{revision}`" for revision in found[:5])
        raise ReleaseError(f"{len(found)} published revisions begin with `{prefix}`: {among}")

    def publish(
        self, write: Callable[[Path], str], now_ns: int, *, by: str = "", note: str = ""
    ) -> Published:
        """Adds a bundle, which decides nothing before it is activated.

        `write` writes it to the path that it is given and returns its revision. The bundle is
        read whole, and on disk, before it counts as published. One that is published already
        takes the place of a bundle that was lost or damaged meanwhile. Raises ReleaseError, or
        what `write` raises; then nothing is changed.
        """
        with self._changing() as history:
            folder = self.path / BUNDLES
            folder.mkdir(exist_ok=True)
            with tempfile.TemporaryDirectory(prefix=_PUBLISHING, dir=self.path) as temporary:
                written = Path(temporary) / "bundle"
                revision = write(written)
                check_bundle(written)
                is_new = revision not in standing_after(history).published
                if not is_new and self._is_whole(revision):
                    return Published(revision, is_new=False)
                _sync(written)
                written.replace(self.bundle_path(revision))
                _sync(folder)
            if not is_new:
                return Published(revision, is_new=False, is_mended=True)
            self._append(history, Entry(now_ns, Action.PUBLISH, revision, 0, by, note))
        return Published(revision, is_new=True)

    def activate(self, revision: str, now_ns: int, *, by: str = "", note: str = "") -> Standing:
        """Lets a published revision decide, from its commit on; ends a canary."""
        return self._do(lambda _: Entry(now_ns, Action.ACTIVATE, revision, 0, by, note))

    def roll_back(self, now_ns: int, *, by: str = "", note: str = "") -> Standing:
        """Lets the revision decide that was active before the present one; ends a canary."""

        def entry(standing: Standing) -> Entry:
            if not standing.before:
                raise ReleaseError("no revision was active before the present one")
            return Entry(now_ns, Action.ROLLBACK, standing.before[-1], 0, by, note)

        return self._do(entry)

    def start_canary(
        self, revision: str, share: int, now_ns: int, *, by: str = "", note: str = ""
    ) -> Standing:
        """Lets a revision decide for a share of all profiles, in ten-thousandths."""
        return self._do(lambda _: Entry(now_ns, Action.CANARY, revision, share, by, note))

    def end_canary(self, now_ns: int, *, by: str = "", note: str = "") -> Standing:
        """Lets the active revision decide for all profiles again."""

        def entry(standing: Standing) -> Entry:
            if standing.canary is None:
                raise ReleaseError("there is no canary to end")
            revision = standing.canary.revision
            return Entry(now_ns, Action.END_CANARY, revision, 0, by, note)

        return self._do(entry)

    def _is_whole(self, revision: str) -> bool:
        try:
            return check_bundle(self.bundle_path(revision)).revision == revision
        except BundleError:
            return False

    def _do(self, make: Callable[[Standing], Entry]) -> Standing:
        with self._changing() as history:
            standing = standing_after(history)
            entry = make(standing)
            after = standing.after(entry)
            path = self.bundle_path(entry.revision)
            if not path.is_file():
                raise ReleaseError(f"the bundle `{path}` is missing")
            if after != standing:
                self._append(history, entry)
        return after

    @contextmanager
    def _changing(self) -> Iterator[tuple[Entry, ...]]:
        """Yields the history while nobody else changes it."""
        self._require_own_directory()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.path / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except OSError as error:
            raise _unusable(self.path, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            try:
                self._remove_leftovers()
                yield self.history()
            except OSError as error:
                raise _unusable(self.path, error) from error
        finally:
            os.close(descriptor)

    def _remove_leftovers(self) -> None:
        """Removes what processes that were killed were about to write; to be called locked."""
        for folder in self.path.glob(f"{_PUBLISHING}*"):
            shutil.rmtree(folder)
        for file in self.path.glob(f"{_REWRITING}*"):
            file.unlink()

    def _require_own_directory(self) -> None:
        if not self.path.exists() or self.history_path.exists():
            return
        if not self.path.is_dir():
            raise ReleaseError(f"`{self.path}` is no directory; releases are kept in one")
        names = sorted(entry.name for entry in self.path.iterdir())
        foreign = [n for n in names if n not in _OWN_NAMES and not n.startswith(".")]
        if foreign:
            raise ReleaseError(
                f"`{self.path}` holds no releases but `{foreign[0]}`; "
                "expected a directory of releases, an empty one or a new one"
            )

    def _append(self, history: tuple[Entry, ...], entry: Entry) -> None:
        file = _File(FORMAT_VERSION, (*history, entry))
        data = msgspec.json.format(msgspec.json.encode(file), indent=1)
        with tempfile.NamedTemporaryFile(dir=self.path, prefix=_REWRITING, delete=False) as new:
            try:
                new.write(data)
                new.flush()
                os.fchmod(new.fileno(), 0o644)  # services may run as another user
                os.fsync(new.fileno())
                Path(new.name).replace(self.history_path)
            except BaseException:
                Path(new.name).unlink(missing_ok=True)
                raise
        _sync(self.path)


def _sync(path: Path) -> None:
    """Waits until a file, or what a folder says, is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(path: Path, error: OSError) -> ReleaseError:
    cause = (error.strerror or str(error)).lower()
    return ReleaseError(f"`{path}` can't be used for releases: {cause}")
