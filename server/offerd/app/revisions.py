"""Opening what a process serves, and following a directory of releases while it runs."""

from __future__ import annotations

import asyncio
import gc
import math
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final
from weakref import WeakValueDictionary

import structlog

from offerd.app.config import ServeConfig
from offerd.app.giving_way import Pause, giving_way
from offerd.app.models import installed_models, logged
from offerd.bundle import Bundle, no_pause, open_bundle, write_bundle
from offerd.decision.hiding import hidden_names
from offerd.decision.warming import warm
from offerd.errors import ConfigurationError, OfferdError
from offerd.events import FoldPlan
from offerd.expression import prepare
from offerd.model.numbering import numbers_of
from offerd.model.shares import WHOLE
from offerd.releases import Releases
from offerd.service.revision import Loaded
from offerd.service.revisions import Revisions, Standing
from offerd.store.cycles import without_cycle_search

POLL_S: Final = 0.1
"""How often the history of releases is looked at: one call of stat."""

FIRST_RETRY_S: Final = 0.5
"""How soon an activation that failed is tried again; each further time waits twice as long."""

LONGEST_RETRY_S: Final = 30.0
"""It waits no longer than this between two tries."""


def load_bundle(
    path: Path, hidden_labels: Collection[str], pause: Callable[[], None] = no_pause
) -> Loaded:
    """Opens a bundle and makes all ready that the first requests would have to; takes a while.

    `pause` is called often meanwhile. Explanations don't tell the values of what carries any of
    the labels.
    Raises BundleError, also if it names a model that isn't installed, and ConfigurationError.
    """
    bundle = open_bundle(path, logged(installed_models(), structlog.get_logger()), pause)
    try:
        for rule in bundle.prepared.rules:
            pause()
            prepare([rule])
        warm(bundle.prepared, time.time_ns(), pause)
        numbers_of(bundle.catalogue.offers)
        loaded = _loaded(bundle, hidden_labels)
        bundle.hurry()
        return loaded
    except BaseException:
        bundle.close()  # LMDB opens no file twice, and it will be tried again
        raise


def _loaded(bundle: Bundle, hidden_labels: Collection[str]) -> Loaded:
    return Loaded(
        bundle,
        FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places, bundle),
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

    A release that can't be served changes nothing: what was served goes on, and the log says
    why. It is tried again, less and less often, until it is served or the history changes.
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
        loop = asyncio.get_running_loop()
        retry_s, retry_at = FIRST_RETRY_S, math.inf
        while True:
            await asyncio.sleep(POLL_S)
            stamp = self._stamp()
            if stamp != self._seen:
                self._seen, retry_s = stamp, FIRST_RETRY_S
            elif loop.time() < retry_at:
                continue
            if await self._activate(revisions, retry_s):
                retry_at = math.inf
            else:
                retry_at = loop.time() + retry_s
                retry_s = min(2 * retry_s, LONGEST_RETRY_S)

    async def _activate(self, revisions: Revisions, retry_s: float) -> bool:
        """Returns whether what the history asks for is served; tells the log if it isn't."""
        try:
            # A search for cycles stops everybody until it has visited all that is loaded.
            with without_cycle_search(), giving_way():
                standing = await asyncio.to_thread(self._standing, give_way=True)
                gc.freeze()
            await revisions.use(standing)
        except Exception as error:
            # Whatever it was, later releases must be seen: nobody else would look for them.
            tell = self._log.error if isinstance(error, OfferdError) else self._log.exception
            serving = revisions.active.bundle.revision
            tell("activation failed", cause=str(error), serving=serving, retry_s=retry_s)
            return False
        canary = standing.canary
        self._log.info(
            "activated",
            revision=standing.active.bundle.revision,
            canary=None if canary is None else canary.bundle.revision,
            share=standing.share / WHOLE,
        )
        return True

    def _standing(self, *, give_way: bool = False) -> Standing:
        wanted = self._releases.standing()
        if wanted.active is None:
            raise ConfigurationError(f"`{self._releases.path}` has no active release any more")
        pause = Pause() if give_way else no_pause
        active = self._load(wanted.active, pause)
        loaded = {wanted.active: active}
        canary, share = None, 0
        if wanted.canary is not None:
            canary, share = self._load(wanted.canary.revision, pause), wanted.canary.share
            loaded[wanted.canary.revision] = canary
        self._loaded = loaded
        return Standing(active, canary, share)

    def _load(self, revision: str, pause: Callable[[], None]) -> Loaded:
        found = self._loaded.get(revision)
        if found is None:
            bundle = self._open.get(revision)
            if bundle is None:
                path = self._releases.bundle_path(revision)
                found = load_bundle(path, self._hidden_labels, pause)
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
