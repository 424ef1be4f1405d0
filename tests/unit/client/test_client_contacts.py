"""What the clients send and read about contacts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from offerd.errors import NotFound
from offerd.v1 import contact_service_pb2 as contacts
from offerd_client import (
    Client,
    ContactCategory,
    ContactOutcome,
    ContactVerdict,
    Identity,
    InvalidArgument,
    Reason,
)
from unit.client.canned_customers import CHECK_CONTACT
from unit.client.canned_service import CannedService

ALMA = Identity.authenticated("email", "alma@example.com")
MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
NOBODY = "localhost:1"


async def test_a_contact_is_checked(service: CannedService, connect: Any) -> None:
    """Every argument reaches the service in its field; absent ones are left out."""
    async with connect(service.target) as client:
        allowed = await client.check_contact(
            "email",
            [ALMA],
            category=ContactCategory.TRANSACTIONAL,
            address=Identity("email", "alma@example.com"),
            reservation_id="mail-7",
            ttl=timedelta(hours=1.5),
            at=MOMENT,
            time_zone="Europe/Stockholm",
        )
        deferred = await client.check_contact("push", [ALMA])
    sent = contacts.CheckContactRequest(
        channel="email",
        category=contacts.CONTACT_CATEGORY_TRANSACTIONAL,
        reservation_id="mail-7",
        time_zone="Europe/Stockholm",
    )
    sent.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    sent.address.namespace, sent.address.id = "email", "alma@example.com"
    sent.address.authentication_state = 1
    sent.ttl.seconds = 5_400
    sent.at.FromDatetime(MOMENT)
    plain = contacts.CheckContactRequest(
        channel="push", category=contacts.CONTACT_CATEGORY_MARKETING
    )
    plain.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    assert [seen.request for seen in service.seen] == [sent, plain]
    assert allowed == ContactVerdict(ContactOutcome.ALLOW, reserved=True)
    until = datetime(2026, 3, 2, 7, tzinfo=UTC)
    assert deferred == ContactVerdict(ContactOutcome.DEFER, "QUIET_HOURS", "quiet hours", until)


@pytest.mark.parametrize(
    ("number", "reason"), [(1, "CONSENT"), (2, "SUPPRESSION_LIST"), (3, "QUIET_HOURS"), (4, "CAP")]
)
async def test_each_reason(service: CannedService, connect: Any, number: int, reason: str) -> None:
    """Why a customer isn't contacted comes by name."""
    service.answers[CHECK_CONTACT] = lambda _: contacts.CheckContactResponse(
        outcome=contacts.CONTACT_OUTCOME_SUPPRESS, reason=number
    )
    async with connect(service.target) as client:
        verdict = await client.check_contact("email", [ALMA])
    assert verdict == ContactVerdict(ContactOutcome.SUPPRESS, reason)


async def test_an_outcome_of_a_newer_service(service: CannedService, connect: Any) -> None:
    """What this client doesn't know is UNSPECIFIED, which isn't ALLOW."""
    service.answers[CHECK_CONTACT] = lambda _: contacts.CheckContactResponse(outcome=77, reason=77)
    async with connect(service.target) as client:
        verdict = await client.check_contact("email", [ALMA])
    assert verdict == ContactVerdict(ContactOutcome.UNSPECIFIED)


async def test_a_contact_is_committed_or_released(service: CannedService, connect: Any) -> None:
    """Both name the reservation; a commitment that is refused raises."""
    async with connect(service.target) as client:
        await client.commit_contact("mail-7")
        released = await client.release_contact("mail-8")
        service.failures.append(NotFound(Reason.RESERVATION_NOT_FOUND, "gone"))
        with pytest.raises(NotFound) as caught:
            await client.commit_contact("mail-9")
    assert [seen.request for seen in service.seen] == [
        contacts.CommitContactRequest(reservation_id="mail-7"),
        contacts.ReleaseContactRequest(reservation_id="mail-8"),
        contacts.CommitContactRequest(reservation_id="mail-9"),
    ]
    assert released is True
    assert caught.value.reason is Reason.RESERVATION_NOT_FOUND


@pytest.mark.parametrize(
    ("arguments", "reason", "field"),
    [
        ({"channel": "\ud800"}, Reason.INVALID_TEXT, "channel"),
        ({"address": Identity("email", "\ud800")}, Reason.INVALID_TEXT, "address.id"),
        ({"reservation_id": "\ud800"}, Reason.INVALID_TEXT, "reservation_id"),
        ({"time_zone": "\ud800"}, Reason.INVALID_TEXT, "time_zone"),
        ({"at": MOMENT.replace(tzinfo=None)}, Reason.INVALID_TIME, "at"),
    ],
)
def test_a_wrong_argument_names_its_field(
    arguments: dict[str, Any], reason: Reason, field: str
) -> None:
    """What can't be written down is refused before anything is sent."""
    asked = {"channel": "email", "identities": [ALMA]} | arguments
    with Client(NOBODY) as client, pytest.raises(InvalidArgument) as caught:
        client.check_contact(**asked)
    assert (caught.value.reason, caught.value.field) == (reason, field)
