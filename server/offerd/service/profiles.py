"""ProfileService: reading, writing and deleting one profile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from offerd.admission import admit_attributes, admit_identity, format_instant, quote, to_nested
from offerd.bundle import Bundle
from offerd.customer.consent import merged
from offerd.customer.loaded import score_details
from offerd.customer.subject import alone
from offerd.customer.view import Known
from offerd.errors import InvalidArgument, NotFound, Reason
from offerd.events import FoldPlan
from offerd.model.identity import AuthenticationState, Identity, Subject, profile_key
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import ValueType
from offerd.service.audiences import Audiences
from offerd.service.linking import identity_messages
from offerd.service.patching import Patch
from offerd.service.subjects import subject_in
from offerd.service.translate.consents import consent_message
from offerd.service.translate.loads import score_messages
from offerd.service.translate.movements import whereabouts_message
from offerd.service.translate.overrides import admit_scores
from offerd.service.translate.structs import data_to_struct, ns_to_timestamp, struct_to_data
from offerd.service.views import known_of
from offerd.service.withholding import ProfileWithholding
from offerd.store import State
from offerd.v1 import profile_service_pb2 as pb


class Profiles:
    """Answers the profile rpcs. `now` is the clock, in nanoseconds."""

    def __init__(
        self,
        bundle: Bundle,
        state: State,
        fold: FoldPlan,
        now: Callable[[], int],
        audiences: Audiences,
    ) -> None:
        self._audiences = audiences
        self._state = state
        self._now = now
        self._fold = fold
        self._withholding = ProfileWithholding(bundle)
        schema = bundle.catalogue.schema
        self._namespaces = {namespace.id: namespace for namespace in schema.namespaces}
        self._declared = {attribute.path: attribute for attribute in schema.profile}
        self._scores = [score.id for score in schema.scores]
        self._time_aggregates = {
            aggregate.id
            for aggregate in schema.aggregates
            if aggregate.type in (ValueType.TIMESTAMP, ValueType.MAP_TIMESTAMP)
        }

    async def get_profile(self, request: pb.GetProfileRequest) -> pb.GetProfileResponse:
        """Returns a profile; raises NotFound if there is none."""
        withheld = self._withholding.admit(request.marketing_actions)
        key = self._key(request.namespace, request.id)
        now_ns = self._now()
        subject = self._linked(key) if request.linked else alone(key)
        known = await known_of(self._state, subject, self._fold, now_ns)
        if not known.records and not known.found.entries:
            raise NotFound(
                Reason.PROFILE_NOT_FOUND,
                f"no profile {quote(key.id)} in namespace `{key.namespace}`",
                field="id",
            )
        as_one = request.linked or not known.records
        record = _merged(key, known, now_ns) if as_one else _with_loaded(known, now_ns)
        profile = self._message(record, known.aggregates(now_ns))
        profile.approximations.update(known.approximations(now_ns))
        details = score_details(known.found, self._fold.maximum_ages_ns, now_ns)
        for name, score in score_messages(details).items():
            profile.loaded_scores[name].CopyFrom(score)
        if request.linked:
            profile.identities.extend(identity_messages(subject.members, self._namespaces))
        if request.memberships:
            profile.memberships.extend(await self._audiences.memberships(known, now_ns))
        if known.whereabouts is not None:
            told = whereabouts_message(known.whereabouts, now_ns, self._fold.movements)
            profile.whereabouts.CopyFrom(told)
        self._withholding.withhold(profile, withheld)
        self._withholding.withhold_whereabouts(profile, request.marketing_actions)
        return pb.GetProfileResponse(profile=profile)

    async def set_profile(self, request: pb.SetProfileRequest) -> pb.SetProfileResponse:
        """Replaces a profile's attributes and scores; returns once that is durable."""
        key = self._key(request.namespace, request.id)
        attributes, _ = admit_attributes(
            struct_to_data(request.attributes, "attributes"), self._declared, field="attributes"
        )
        self._check_person_data(key, attributes)
        scores = admit_scores(request.scores, self._scores, "scores")
        now_ns = self._now()
        record = await asyncio.wrap_future(
            self._state.set_profile(key, attributes, now_ns, scores=scores)
        )
        known = await known_of(self._state, alone(key), self._fold, now_ns)
        return pb.SetProfileResponse(profile=self._message(record, known.aggregates(now_ns)))

    async def patch_profile(self, request: pb.PatchProfileRequest) -> pb.PatchProfileResponse:
        """Changes some of a profile's attributes; returns once that is durable."""
        key = self._key(request.namespace, request.id)
        patch = Patch(request.attributes, self._declared)
        self._check_person_data(key, patch.set)
        now_ns = self._now()
        size_bytes = request.attributes.ByteSize()
        record = await asyncio.wrap_future(
            self._state.patch_profile(key, patch.over, now_ns, size_bytes)
        )
        known = await known_of(self._state, alone(key), self._fold, now_ns)
        return pb.PatchProfileResponse(profile=self._message(record, known.aggregates(now_ns)))

    async def delete_profile(self, request: pb.DeleteProfileRequest) -> pb.DeleteProfileResponse:
        """Removes a profile with its events; returns once that is durable."""
        key = self._key(request.namespace, request.id)
        existed = await asyncio.wrap_future(self._state.delete_profile(key))
        return pb.DeleteProfileResponse(existed=existed)

    def _key(self, namespace: str, identity: str) -> ProfileKey:
        admitted = admit_identity(
            namespace, identity, AuthenticationState.AUTHENTICATED, self._namespaces, ""
        )
        return profile_key(self._namespaces[admitted.namespace], admitted.id)

    def _check_person_data(self, key: ProfileKey, attributes: Iterable[str]) -> None:
        """Refuses person data of a namespace that names no person."""
        if self._namespaces[key.namespace].type.names_person:
            return
        for path in attributes:
            if self._declared[path].person:
                raise InvalidArgument(
                    Reason.PERSON_DATA_ON_DEVICE,
                    f"`{path}` is person data, and `{key.namespace}` names no person",
                    field=f"attributes.{path}",
                )

    def _linked(self, key: ProfileKey) -> Subject:
        """Returns whom an identity names, as if a request had authenticated it."""
        who = Identity(key.namespace, key.id, AuthenticationState.AUTHENTICATED)
        if not self._namespaces[key.namespace].type.names_person:
            raise InvalidArgument(
                Reason.CONFLICTING_FIELDS,
                f"`{key.namespace}` names no person, and only a person's identities are told",
                field="linked",
            )
        subject = subject_in(self._state, [who], self._namespaces)
        return alone(key) if subject is None else subject

    def _message(self, record: ProfileRecord, aggregates: dict[str, Any]) -> pb.Profile:
        for name in self._time_aggregates & aggregates.keys():
            value = aggregates[name]
            aggregates[name] = (
                {group: format_instant(time_ns) for group, time_ns in value.items()}
                if isinstance(value, dict)
                else format_instant(value)
            )
        return pb.Profile(
            namespace=record.namespace,
            id=record.id,
            attributes=data_to_struct(to_nested(record.attributes, self._declared)),
            aggregates=data_to_struct(aggregates),
            event_count=record.event_count,
            update_time=ns_to_timestamp(record.update_time_ns),
            # As with attributes, what is no longer declared stays stored and isn't shown.
            scores={n: record.scores[n] for n in self._scores if n in record.scores},
            consent=None if record.consent is None else consent_message(record.consent),
        )


def _with_loaded(known: Known, now_ns: int) -> ProfileRecord:
    """Returns the record of one identity with what was loaded of it."""
    own = known.records[0]
    if not known.found.entries:
        return own
    view = known.view(now_ns)
    return replace(own, attributes=view.attributes, scores=dict(view.scores))


def _merged(key: ProfileKey, known: Known, now_ns: int) -> ProfileRecord:
    """Returns all that is known of a customer as if it were of one identity."""
    view = known.view(now_ns)
    consents = [record.consent for record in known.records if record.consent is not None]
    return ProfileRecord(
        key.namespace,
        key.id,
        attributes=view.attributes,
        scores=dict(view.scores),
        event_count=sum(record.event_count for record in known.records),
        update_time_ns=max((record.update_time_ns for record in known.records), default=0),
        consent=merged(consents) if consents else None,
    )
