"""One revision of the definitions: what is loaded of it, and what answers by it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import structlog

from offerd.bundle import Bundle
from offerd.events import FoldPlan
from offerd.model.schema import Namespace
from offerd.service.audiences import Audiences
from offerd.service.caps import Caps
from offerd.service.consents import Consents
from offerd.service.contacts import Contacts
from offerd.service.decisions import Decisions
from offerd.service.events import Events
from offerd.service.failures import RankingFailures
from offerd.service.followed import tracking_of
from offerd.service.linking import Linking
from offerd.service.loads import Loads
from offerd.service.profiles import Profiles
from offerd.service.subject_data import SubjectData
from offerd.service.tokens import Tokens
from offerd.service.translate.events import EventAdmission
from offerd.store import State


class Loaded(NamedTuple):
    """An open bundle and what it folds: all of a revision that needs no state.

    `hidden` are names whose values no explanation tells (see offerd.decision.hiding).
    """

    bundle: Bundle
    fold: FoldPlan
    hidden: frozenset[str] = frozenset()


class Revision:
    """The handlers of one revision."""

    def __init__(
        self,
        loaded: Loaded,
        state: State,
        log: structlog.typing.FilteringBoundLogger,
        now: Callable[[], int],
        *,
        failures: RankingFailures,
        events: Events,
    ) -> None:
        bundle, fold, hidden = loaded
        self.loaded = loaded
        self.decisions = Decisions(
            bundle, state, fold, log, now, hidden=hidden, failures=failures, events=events
        )
        self.tracking = tracking_of(bundle, fold)
        self.audiences = Audiences(bundle, state, self.tracking, now, hidden)
        self.profiles = Profiles(bundle, state, fold, now, self.audiences)
        self.caps = Caps(bundle, state, fold, now)
        self.subject_data = SubjectData(bundle, state, fold, now)
        self.loads = Loads(bundle, state, fold, now)
        self.consents = Consents(bundle, state, now)
        self.contacts = Contacts(bundle, state, fold, now)
        self.admission = EventAdmission(bundle.catalogue.schema, Tokens(state.secret), fold.places)
        schema = bundle.catalogue.schema
        self.namespaces: dict[str, Namespace] = {n.id: n for n in schema.namespaces}
        self.linking = Linking(self.namespaces, state, now)
