"""Who is in which audience, as a service tracks it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import grpc

from offerd.v1 import audience_service_pb2 as pb
from offerd.v1 import audience_service_pb2_grpc, identity_pb2
from offerd_client.status import error_from_call


class TrackedMembers(NamedTuple):
    """How many are in an audience, and some of them: namespace and id."""

    members: int
    sample: list[tuple[str, str]]


class Explained(NamedTuple):
    """Whether and why somebody is in an audience.

    `result` is `true`, `false` or `unknown`; instants are nanoseconds since 1970, None if they
    aren't known or there are none.
    """

    result: str
    reason: str
    since_ns: int | None
    until_ns: int | None
    until_exact: bool


def tracked_members(channel: grpc.Channel, audience: str, most: int) -> TrackedMembers:
    """Returns how many are in an audience, and at most so many of them; raises RequestError."""
    stub = audience_service_pb2_grpc.AudienceServiceStub(channel)
    with _refusals():
        listed = stub.ListAudiences(pb.ListAudiencesRequest()).audiences
        request = pb.ListMembersRequest(audience=audience, page_size=max(most, 1))
        members = stub.ListMembers(request).members[:most]
    counts = {one.id: one.members for one in listed}
    sample = [(one.identity.namespace, one.identity.id) for one in members]
    return TrackedMembers(counts.get(audience, 0), sample)


def explain(channel: grpc.Channel, namespace: str, identity: str, audience: str) -> Explained:
    """Returns why somebody is in an audience or isn't; raises RequestError."""
    stub = audience_service_pb2_grpc.AudienceServiceStub(channel)
    who = identity_pb2.Identity(
        namespace=namespace,
        id=identity,
        authentication_state=identity_pb2.AUTHENTICATION_STATE_AUTHENTICATED,
    )
    with _refusals():
        request = pb.ExplainMembershipRequest(audience=audience, identities=[who])
        answer = stub.ExplainMembership(request)
    membership = answer.membership
    return Explained(
        answer.result,
        answer.reason,
        membership.since.ToNanoseconds() if membership.HasField("since") else None,
        membership.until.ToNanoseconds() if membership.HasField("until") else None,
        membership.until_exact,
    )


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        raise error_from_call(error) from error
