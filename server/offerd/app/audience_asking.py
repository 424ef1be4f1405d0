"""Audiences worked out over a state that a server may have open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from offerd import expression as ex
from offerd.admission import format_instant, quote
from offerd.admission.wording import suggestion
from offerd.app.place_asking import asking_of, questions_of, require_counted
from offerd.audience.environment import decision_environment
from offerd.audience.place_names import no_names
from offerd.audience.place_questions import PlaceAsking
from offerd.audience.telling import Telling, result_of
from offerd.bundle import Bundle
from offerd.customer.subject import subjects_of
from offerd.customer.timeline import CustomerTimeline
from offerd.customer.tracking import AudienceTracking
from offerd.errors import DataError
from offerd.events import FoldPlan
from offerd.model.identity import Subject, profile_key
from offerd.model.profile import ProfileKey
from offerd.places.record import PlaceQuestions
from offerd.store import ReadOnlyState
from offerd.store.observing import Observed

_PAGE = 200
_THE_RULE = ""
"""Stands for a rule that is given in place of an audience."""


class Estimate(NamedTuple):
    """How many are in an audience, of how many, and how many of whom it isn't known."""

    members: int
    customers: int | None
    unknown: int
    sample: list[ProfileKey]

    @property
    def share(self) -> str:
        """The share of all, in words; "" if that isn't known."""
        if not self.customers:
            return ""
        return f" ({100 * self.members / self.customers:.3g} %)"

    def data(self) -> dict[str, object]:
        """All of it, for programs."""
        return {
            "members": self.members,
            "customers": self.customers,
            "unknown": self.unknown,
            "sample": [f"{key.namespace}:{key.id}" for key in self.sample],
        }


class Asking:
    """Asks about audiences of a bundle, over a state."""

    def __init__(self, bundle: Bundle, state: ReadOnlyState) -> None:
        self._catalogue = bundle.catalogue
        self._prepared = bundle.prepared
        self._plan = FoldPlan.build(bundle.catalogue, bundle.event_filters, bundle.places)
        self._observed = Observed(state, self._plan)
        self._namespaces = {one.id: one for one in bundle.catalogue.schema.namespaces}

    def estimate(self, audience: str | None, rule: str | None, at_ns: int, most: int) -> Estimate:
        """Works an audience, or a rule, out for all customers."""
        rules = dict(self._prepared.audiences)
        places = self._prepared.place_questions
        asked = _THE_RULE if audience is None else audience
        if rule is not None:
            rules[_THE_RULE], places = self._compiled(rule)
        else:
            self._require(asked)
        members = customers = unknown = 0
        sample: list[ProfileKey] = []
        for subject in self._subjects():
            known = self._observed.views.known(subject, self._plan, at_ns)
            if not known.records and not known.found.entries:
                continue  # was known once
            timeline = CustomerTimeline(known, self._plan, rules, at_ns, places)
            outcome = timeline.memberships[asked]
            customers += 1
            unknown += not isinstance(outcome, bool)
            if outcome is True:
                members += 1
                if len(sample) < most:
                    sample.append(subject.unit)
        return Estimate(members, customers, unknown, sample)

    def why(self, key: ProfileKey, audience: str, at_ns: int) -> dict[str, object]:
        """Tells whether and why a customer is in an audience."""
        self._require(audience)
        namespace = self._namespaces.get(key.namespace)
        if namespace is None:
            raise DataError(
                f"no namespace {quote(key.namespace)}{suggestion(key.namespace, self._namespaces)}"
            )
        key = profile_key(namespace, key.id)
        group = self._observed.memberships.linked_to(key)
        subject = subjects_of(key, group, self._namespaces)[0][0]
        known = self._observed.views.known(subject, self._plan, at_ns)
        if not known.records and not known.found.entries:
            raise DataError(f"nothing is known of {quote(key.id)} in `{key.namespace}`")
        timeline = self._tracking().timeline(known, at_ns)
        stored = self._observed.memberships.row(subject.unit)
        outcome = timeline.memberships[audience]
        tracked = None if stored is None else stored.row.memberships.get(audience)
        told_as = "realized" if outcome is True else "exited"
        since = tracked is not None and tracked.status.value == told_as
        until_ns, exact = self._tracking().outlook(audience, timeline, at_ns).certainty
        return {
            "result": result_of(outcome),
            "reason": Telling(self._prepared.audiences, self._prepared.environment).why(
                audience, timeline.memberships
            ),
            "since": format_instant(tracked.since_ns) if since and tracked is not None else None,
            "until": None if until_ns is None else format_instant(until_ns),
            "until_exact": exact,
        }

    def _tracking(self) -> AudienceTracking:
        return AudienceTracking(
            self._catalogue.audiences,
            self._prepared.audiences,
            self._catalogue.schema,
            self._prepared.environment,
            self._plan,
            places=self._prepared.place_questions,
        )

    def _subjects(self) -> Iterator[Subject]:
        """Yields every customer, and every device by itself, once."""
        seen: set[ProfileKey] = set()
        reader = self._observed.memberships
        after: bytes | None = b""
        while after is not None:
            page = reader.everybody(after, _PAGE)
            for key in page.keys:
                group = reader.linked_to(key)
                for subject in subjects_of(key, group, self._namespaces)[0]:
                    if subject.unit not in seen:
                        seen.add(subject.unit)
                        yield subject
            after = page.after

    def _compiled(self, rule: str) -> tuple[ex.Rule, PlaceQuestions | None]:
        """A rule, and what it and others ask of places."""
        catalogue, places = self._catalogue, self._prepared.places
        asking = PlaceAsking(no_names) if places is None else asking_of(places)
        audiences = [one.id for one in catalogue.audiences]
        environment = decision_environment(catalogue.schema, audiences, asking.record)
        try:
            checked = ex.compile_expression(rule, environment)
        except ex.ExpressionError as error:
            raise DataError("\n".join(issue.message for issue in error.issues)) from error
        if "offer" in checked.references.attributes:
            raise DataError("an audience's rule can't read `offer`")
        require_counted(asking, catalogue)
        questions = questions_of(catalogue, places, asking.reads)
        return ex.plan(checked, environment), questions

    def _require(self, audience: str) -> None:
        known = [one.id for one in self._catalogue.audiences]
        if audience not in known:
            raise DataError(f"no audience {quote(audience)}{suggestion(audience, known)}")
