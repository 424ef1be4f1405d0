"""What the canned service answers about customers, contacts, audiences and loads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from offerd.v1 import audience_service_pb2 as audiences
from offerd.v1 import consent_pb2 as consents
from offerd.v1 import contact_service_pb2 as contacts
from offerd.v1 import load_service_pb2 as loads
from offerd.v1 import profile_service_pb2 as profiles

PATCH_PROFILE = "/offerd.v1.ProfileService/PatchProfile"
LINK = "/offerd.v1.ProfileService/LinkIdentities"
UNLINK = "/offerd.v1.ProfileService/UnlinkIdentity"
SET_CONSENT = "/offerd.v1.ProfileService/SetConsent"
EXPORT = "/offerd.v1.ProfileService/ExportSubject"
DELETE_SUBJECT = "/offerd.v1.ProfileService/DeleteSubject"
CHECK_CONTACT = "/offerd.v1.ContactService/CheckContact"
COMMIT_CONTACT = "/offerd.v1.ContactService/CommitContact"
RELEASE_CONTACT = "/offerd.v1.ContactService/ReleaseContact"
SET_SUPPRESSION = "/offerd.v1.ContactService/SetSuppression"
GET_SUPPRESSION = "/offerd.v1.ContactService/GetSuppression"
LIST_AUDIENCES = "/offerd.v1.AudienceService/ListAudiences"
LIST_MEMBERS = "/offerd.v1.AudienceService/ListMembers"
EXPLAIN = "/offerd.v1.AudienceService/ExplainMembership"
WATCH = "/offerd.v1.AudienceService/WatchAudiences"
LIST_LOADS = "/offerd.v1.LoadService/ListLoads"


def link(request: profiles.LinkIdentitiesRequest) -> profiles.LinkIdentitiesResponse:
    """Link all that are named, and cut the last one off somebody else."""
    answer = profiles.LinkIdentitiesResponse()
    for identity in request.identities:
        answer.identities.add(namespace=identity.namespace, id=identity.id)
    cut = answer.cut.add(reason="two people can't be one")
    cut.one.CopyFrom(answer.identities[-1])
    cut.other.namespace, cut.other.id = "crm", "9"
    return answer


def set_consent(request: profiles.SetConsentRequest) -> profiles.SetConsentResponse:
    """Know what was said, and that sharing was denied before."""
    answer = profiles.SetConsentResponse(consent=request.consent)
    answer.consent.share = consents.CONSENT_VALUE_NO
    answer.consent.choice_time.FromJsonString("2026-03-01T09:30:00Z")
    return answer


def export(request: profiles.ExportSubjectRequest) -> Iterator[profiles.ExportSubjectResponse]:
    """Have a profile and an event of each."""
    for identity in request.identities:
        for kind, data in (("profile", {"tier": "plus"}), ("event", {"type": "purchase"})):
            piece = profiles.ExportSubjectResponse(kind=kind, identity=identity)
            piece.data.update(data)
            yield piece


def delete_subject(request: profiles.DeleteSubjectRequest) -> profiles.DeleteSubjectResponse:
    """Remove two events of each."""
    answer = profiles.DeleteSubjectResponse(events=2 * len(request.identities))
    for identity in request.identities:
        answer.identities.add(namespace=identity.namespace, id=identity.id)
    answer.tombstone_until.FromJsonString("2026-05-30T09:30:00Z")
    return answer


def check_contact(request: contacts.CheckContactRequest) -> contacts.CheckContactResponse:
    """Allow e-mail and reserve if asked to; put everything else off."""
    if request.channel == "email":
        return contacts.CheckContactResponse(
            outcome=contacts.CONTACT_OUTCOME_ALLOW, reserved=bool(request.reservation_id)
        )
    answer = contacts.CheckContactResponse(
        outcome=contacts.CONTACT_OUTCOME_DEFER,
        reason=contacts.CONTACT_REASON_QUIET_HOURS,
        message="quiet hours",
    )
    answer.defer_until.FromJsonString("2026-03-02T07:00:00Z")
    return answer


def get_suppression(request: contacts.GetSuppressionRequest) -> contacts.GetSuppressionResponse:
    """Have all of them on the list."""
    answer = contacts.GetSuppressionResponse()
    for address in request.addresses:
        found = answer.suppressions.add(address=address, reason="hard bounce")
        found.since.FromJsonString("2026-02-01T00:00:00Z")
    return answer


def list_members(request: audiences.ListMembersRequest) -> audiences.ListMembersResponse:
    """Have one member, on the only page."""
    answer = audiences.ListMembersResponse()
    member = answer.members.add()
    member.identity.namespace, member.identity.id = "crm", f"of {request.audience}"
    member.since.FromJsonString("2026-02-01T00:00:00Z")
    return answer


def explain(request: audiences.ExplainMembershipRequest) -> audiences.ExplainMembershipResponse:
    """Have everybody in it, for an hour yet."""
    answer = audiences.ExplainMembershipResponse(result="true", reason="`true` holds")
    answer.membership.audience = request.audience
    answer.membership.status = profiles.MEMBERSHIP_STATUS_REALIZED
    answer.membership.until.FromJsonString("2026-03-01T10:30:00Z")
    answer.membership.until_exact = True
    return answer


def watch(_request: audiences.WatchAudiencesRequest) -> Iterator[audiences.WatchAudiencesResponse]:
    """Tell of one who enters and leaves; a real service would go on."""
    for position, status in enumerate(("REALIZED", "EXITED")):
        answer = audiences.WatchAudiencesResponse(
            position=str(position), audience="lapsed-yoga", status=f"MEMBERSHIP_STATUS_{status}"
        )
        answer.identity.namespace, answer.identity.id = "crm", "1"
        answer.time.FromJsonString("2026-03-01T09:30:00Z")
        yield answer


def list_loads(_request: loads.ListLoadsRequest) -> loads.ListLoadsResponse:
    """Have one load of scores."""
    answer = loads.ListLoadsResponse()
    load = answer.loads.add(kind=loads.LOAD_KIND_SCORES, target="yoga-propensity", rows=1_000)
    load.as_of.FromJsonString("2026-02-28T04:00:00Z")
    load.load_time.FromJsonString("2026-02-28T05:00:00Z")
    return answer


def list_audiences(_request: audiences.ListAudiencesRequest) -> audiences.ListAudiencesResponse:
    """Have one audience."""
    answer = audiences.ListAudiencesResponse()
    answer.audiences.add(id="lapsed-yoga", name="Lapsed yoga buyers", tracked=True, members=3)
    return answer


CANNED_CUSTOMERS: Mapping[str, Callable[[Any], Any]] = {
    PATCH_PROFILE: lambda asked: profiles.PatchProfileResponse(
        profile=profiles.Profile(
            namespace=asked.namespace, id=asked.id, attributes=asked.attributes
        )
    ),
    LINK: link,
    UNLINK: lambda asked: profiles.UnlinkIdentityResponse(was_linked=True),
    SET_CONSENT: set_consent,
    EXPORT: export,
    DELETE_SUBJECT: delete_subject,
    CHECK_CONTACT: check_contact,
    COMMIT_CONTACT: lambda asked: contacts.CommitContactResponse(),
    RELEASE_CONTACT: lambda asked: contacts.ReleaseContactResponse(released=True),
    SET_SUPPRESSION: lambda asked: contacts.SetSuppressionResponse(changed=len(asked.addresses)),
    GET_SUPPRESSION: get_suppression,
    LIST_AUDIENCES: list_audiences,
    LIST_MEMBERS: list_members,
    EXPLAIN: explain,
    WATCH: watch,
    LIST_LOADS: list_loads,
}
