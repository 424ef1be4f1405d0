"""ProfileService: reading, writing and deleting one profile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from offerd.admission import admit_attributes, admit_identity, format_instant, quote, to_nested
from offerd.bundle import Bundle
from offerd.errors import InvalidArgument, NotFound, Reason
from offerd.events import FoldPlan
from offerd.model.identity import AuthenticationState, profile_key
from offerd.model.profile import ProfileKey, ProfileRecord
from offerd.model.schema import ValueType
from offerd.service.translate.overrides import admit_scores
from offerd.service.translate.structs import data_to_struct, ns_to_timestamp, struct_to_data
from offerd.store import State
from offerd.v1 import profile_service_pb2 as pb


class Profiles:
    """Answers the profile rpcs. `now` is the clock, in nanoseconds."""

    def __init__(
        self, bundle: Bundle, state: State, fold: FoldPlan, now: Callable[[], int]
    ) -> None:
        self._state = state
        self._now = now
        self._fold = fold
        self._defaults = fold.defaults
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
        key = self._key(request.namespace, request.id)
        record = self._state.profile(key, self._fold)
        if record is None:
            raise NotFound(
                Reason.PROFILE_NOT_FOUND,
                f"no profile {quote(key.id)} in namespace `{key.namespace}`",
                field="id",
            )
        return pb.GetProfileResponse(profile=self._message(record))

    async def set_profile(self, request: pb.SetProfileRequest) -> pb.SetProfileResponse:
        """Replaces a profile's attributes and scores; returns once that is durable."""
        key = self._key(request.namespace, request.id)
        attributes, _ = admit_attributes(
            struct_to_data(request.attributes, "attributes"), self._declared, field="attributes"
        )
        namespace = self._namespaces[key.namespace]
        if not namespace.type.names_person:
            for path in attributes:
                if self._declared[path].person:
                    raise InvalidArgument(
                        Reason.PERSON_DATA_ON_DEVICE,
                        f"`{path}` is person data, and `{namespace.id}` names no person",
                        field=f"attributes.{path}",
                    )
        scores = admit_scores(request.scores, self._scores, "scores")
        record = await asyncio.wrap_future(
            self._state.set_profile(key, attributes, self._now(), scores=scores)
        )
        return pb.SetProfileResponse(profile=self._message(record))

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

    def _message(self, record: ProfileRecord) -> pb.Profile:
        aggregates = {**self._defaults, **record.aggregates}
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
        )
