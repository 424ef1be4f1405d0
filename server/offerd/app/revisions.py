"""Opening what a process serves, and following a directory of releases while it runs."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import structlog

from offerd.app.config import ServeConfig
from offerd.app.models import installed_models
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.hiding import hidden_names
from offerd.errors import ConfigurationError, OfferdError
from offerd.events import FoldPlan
from offerd.expression import prepare
from offerd.releases import Releases
from offerd.service.revisions import Loaded, Revisions, Standing

POLL_S: Final = 0.1
"""How often the history of releases is looked at: one call of stat."""


def load_bundle(path: Path, hidden_labels: Collection[str]) -> Loaded:
    """Opens a bundle and makes all its rules ready; takes a while.

    Explanations don't tell the values of what carries any of the labels.
    Raises BundleError, also if it names a model that isn't installed, and ConfigurationError.
    """
    bundle = open_bundle(path, installed_models())
    # Here rather than in the first requests, which would pay for it.
    prepare(bundle.prepared.rules)
    return _loaded(bundle, hidden_labels)


def _loaded(bundle: Bundle, hidden_labels: Collection[str]) -> Loaded:
    return Loaded(
        bundle,
        FoldPlan.build(bundle.catalogue, bundle.event_filters),
        hidden_names(bundle.prepared, bundle.event_filters, hidden_labels),
    )


def first_standing(
    config: ServeConfig, log: structlog.typing.FilteringBoundLogger
) -> tuple[Standing, ReleaseFollower | None]:
    """Returns what to serve first, and what follows its releases if it is served from some.

    Raises ConfigurationError, DefinitionsError, BundleError or ReleaseError.
    """
    if config.releases is not None:
        follower = ReleaseFollower(Releases(config.releases), log, config.hidden_labels)
        return follower.first(), follower
    if config.bundle is not None:
        return Standing(load_bundle(config.bundle, config.hidden_labels)), None
    from offerd.definitions import load

    loaded = load(config.definitions)
    for warning in loaded.warnings:
        log.warning("definitions", warning=str(warning))
    # Once open the bundle needs no name: however the process ends, nothing of it stays behind.
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        compiled = Path(folder) / "bundle"
        write_bundle(loaded.catalogue, compiled)
        return Standing(load_bundle(compiled, config.hidden_labels)), None


class ReleaseFollower:
    """Serves what a directory of releases says, soon after it says so.

    A release that can't be opened changes nothing: what was served goes on, and the log says
    why. It is tried again at the next change of the history.
    """

    def __init__(
        self,
        releases: Releases,
        log: structlog.typing.FilteringBoundLogger,
        hidden_labels: Collection[str],
    ) -> None:
        self._releases = releases
        self._hidden_labels = hidden_labels
        self._log = log
        self._seen: tuple[int, int] | None = None
        self._loaded: dict[str, Loaded] = {}
        # LMDB opens no file twice, and requests that are under way may hold a bundle for a while.
        self._open: WeakValueDictionary[str, Bundle] = WeakValueDictionary()

    def first(self) -> Standing:
        """Returns what is to be served at start; raises ConfigurationError if nothing is active."""
        self._seen = self._stamp()
        if self._releases.standing().active is None:
            raise ConfigurationError(
                f"`{self._releases.path}` has no active release: `offerd publish --activate` "
                "makes one"
            )
        return self._standing()

    async def follow(self, revisions: Revisions) -> None:
        """Looks for changes, and lets the revisions answer that they ask for, until cancelled."""
        while True:
            await asyncio.sleep(POLL_S)
            stamp = self._stamp()
            if stamp == self._seen:
                continue
            self._seen = stamp
            try:
                standing = await asyncio.to_thread(self._standing)
                await revisions.use(standing)
            except OfferdError as error:
                self._log.error(
                    "activation failed", error=str(error), serving=revisions.active.bundle.revision
                )
                continue
            canary = standing.canary
            self._log.info(
                "activated",
                revision=standing.active.bundle.revision,
                canary=None if canary is None else canary.bundle.revision,
                share=standing.share / 10_000,
            )

    def _standing(self) -> Standing:
        wanted = self._releases.standing()
        if wanted.active is None:
            raise ConfigurationError(f"`{self._releases.path}` has no active release any more")
        active = self._load(wanted.active)
        loaded = {wanted.active: active}
        canary, share = None, 0
        if wanted.canary is not None:
            canary, share = self._load(wanted.canary.revision), wanted.canary.share
            loaded[wanted.canary.revision] = canary
        self._loaded = loaded
        return Standing(active, canary, share)

    def _load(self, revision: str) -> Loaded:
        found = self._loaded.get(revision)
        if found is None:
            bundle = self._open.get(revision)
            if bundle is None:
                path = self._releases.bundle_path(revision)
                found = load_bundle(path, self._hidden_labels)
                self._open[revision] = found.bundle
            else:
                found = _loaded(bundle, self._hidden_labels)
        return found

    def _stamp(self) -> tuple[int, int] | None:
        try:
            status = self._releases.history_path.stat()
        except OSError:
            return self._seen  # what is served goes on without
        return status.st_ino, status.st_mtime_ns
