"""ProfileService: which identities are of one customer, as callers say who know it for sure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

from offerd.admission import format_instant
from offerd.customer.graph import pairs_of
from offerd.errors import InvalidArgument, Reason
from offerd.model.identity import AuthenticationState, Identity, profile_key
from offerd.model.profile import ProfileKey
from offerd.model.schema import Namespace
from offerd.service.subjects import deleted_subject
from offerd.service.translate.events import FIRST_YEAR, LAST_YEAR
from offerd.service.translate.identities import identities
from offerd.service.translate.structs import timestamp_to_ns
from offerd.store import State
from offerd.v1 import identity_pb2
from offerd.v1 import profile_service_pb2 as pb


class Linking:
    """Answers the rpcs that link. `now` is the clock, in nanoseconds."""

    def __init__(
        self, namespaces: Mapping[str, Namespace], state: State, now: Callable[[], int]
    ) -> None:
        self._namespaces = namespaces
        self._state = state
        self._now = now

    async def link_identities(self, request: pb.LinkIdentitiesRequest) -> pb.LinkIdentitiesResponse:
        """Links all that are named; returns once that is durable.

        Raises InvalidArgument unless they are two at least and a person is among them, for a time
        to come, and FailedPrecondition if one was deleted since.
        """
        now_ns = self._now()
        who = [known_for_sure(one) for one in self._who(request.identities, "identities")]
        keys = [profile_key(self._namespaces[one.namespace], one.id) for one in who]
        pairs = pairs_of(who, self._namespaces)
        if not pairs:
            raise InvalidArgument(
                Reason.MISSING_FIELD,
                "two different identities are needed, and one of them must name a person: "
                "devices are linked by whom they belong to",
                field="identities",
            )
        time_ns = self._time(request, now_ns)
        linked = await asyncio.wrap_future(
            self._state.identities.link(keys[0], pairs, time_ns, now_ns)
        )
        if linked.deleted:
            position = keys.index(linked.deleted[0])
            raise deleted_subject(linked.deleted[0], f"identities[{position}]")
        return pb.LinkIdentitiesResponse(
            identities=identity_messages(linked.members, self._namespaces),
            cut=[
                pb.CutLink(one=_message(link.one), other=_message(link.other), reason=reason)
                for link, reason in linked.cut
            ],
        )

    async def unlink_identity(self, request: pb.UnlinkIdentityRequest) -> pb.UnlinkIdentityResponse:
        """Removes all links of an identity; returns once that is durable."""
        if not request.HasField("identity"):
            raise InvalidArgument(
                Reason.MISSING_FIELD, "which identity is to be unlinked?", field="identity"
            )
        try:
            (who,) = identities([request.identity], self._namespaces, "identity")
        except InvalidArgument as error:
            error.field = error.field.replace("identity[0]", "identity")
            raise
        key = profile_key(self._namespaces[who.namespace], who.id)
        was_linked = await asyncio.wrap_future(self._state.identities.unlink(key))
        return pb.UnlinkIdentityResponse(was_linked=was_linked)

    def _who(self, messages: Sequence[identity_pb2.Identity], field: str) -> list[Identity]:
        return identities(messages, self._namespaces, field)

    @staticmethod
    def _time(request: pb.LinkIdentitiesRequest, now_ns: int) -> int:
        if not request.HasField("link_time"):
            return now_ns
        time_ns = timestamp_to_ns(request.link_time, "link_time", FIRST_YEAR, LAST_YEAR)
        if time_ns > now_ns:
            raise InvalidArgument(
                Reason.INVALID_TIME,
                f"{format_instant(time_ns)} is yet to come, and a link is of what is known",
                field="link_time",
            )
        return time_ns


def known_for_sure(identity: Identity) -> Identity:
    """Returns an identity as if the request had authenticated it: for trusted callers."""
    return identity._replace(state=AuthenticationState.AUTHENTICATED)


def identity_messages(
    keys: Iterable[ProfileKey], namespaces: Mapping[str, Namespace]
) -> list[identity_pb2.Identity]:
    """Returns identities, those that name a person first, by the order of their namespaces.

    Those whose namespace isn't declared any more come last.
    """
    order = {name: rank for rank, name in enumerate(namespaces)}

    def rank(key: ProfileKey) -> tuple[bool, bool, int, str, str]:
        namespace = namespaces.get(key.namespace)
        is_person = namespace is not None and namespace.type.names_person
        return namespace is None, not is_person, order.get(key.namespace, 0), *key

    return [_message(key) for key in sorted(keys, key=rank)]


def _message(key: ProfileKey) -> identity_pb2.Identity:
    return identity_pb2.Identity(namespace=key.namespace, id=key.id)
