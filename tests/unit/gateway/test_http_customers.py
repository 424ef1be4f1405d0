"""What is asked about customers over HTTP reaches the service, and mistakes name their place."""

from __future__ import annotations

from typing import Any

import pytest

from offerd.v1 import consent_pb2 as consents
from offerd.v1 import profile_service_pb2 as profiles
from unit.client.canned_customers import PATCH_PROFILE, SET_CONSENT, WATCH
from unit.client.canned_service import CannedService
from unit.gateway.conftest import Door

PROFILE_PATH = "/v1/profiles/email/alma%40example.com"
DEVICE = {"namespace": "ecid", "id": "1"}


async def test_null_removes_in_a_patch(door: Door, service: CannedService) -> None:
    """Among attributes null is a value, unlike a field of the request that is null."""
    body = {"attributes": {"loyalty": {"tier": None, "points": 5}}, "id": None}
    answer = await door.http.patch(PROFILE_PATH, json=body)
    (seen,) = service.seen
    assert seen.method == PATCH_PROFILE
    tier = seen.request.attributes.fields["loyalty"].struct_value.fields["tier"]
    assert tier.WhichOneof("kind") == "null_value"
    assert answer.json()["profile"]["attributes"] == body["attributes"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {}),
        ("linked=true", {"linked": True}),
        ("memberships=true&linked=false", {"memberships": True}),
        ("marketingActions=a&marketing_actions=b", {"marketing_actions": ["a", "b"]}),
    ],
)
async def test_what_a_profile_is_read_for(
    door: Door, service: CannedService, query: str, expected: dict[str, Any]
) -> None:
    """Query parameters say how a profile is read."""
    await door.http.get(f"{PROFILE_PATH}?{query}")
    assert service.seen[0].request == profiles.GetProfileRequest(
        namespace="email", id="alma@example.com", **expected
    )


async def test_consent_of_one_address(door: Door, service: CannedService) -> None:
    """A map of messages is read and written with its keys as they are."""
    given = {
        "collect": "CONSENT_VALUE_YES",
        "idSpecific": {"email:alma@example.com": {"marketing": {"email": "CONSENT_VALUE_NO"}}},
    }
    body = {"identities": [DEVICE], "consent": given}
    answer = await door.http.post("/v1/consent:set", json=body)
    (seen,) = service.seen
    assert seen.method == SET_CONSENT
    chosen = seen.request.consent.id_specific["email:alma@example.com"].marketing
    assert dict(chosen) == {"email": consents.CONSENT_VALUE_NO}
    assert answer.json()["consent"]["idSpecific"] == given["idSpecific"]


@pytest.mark.parametrize(
    ("consent", "reason", "field"),
    [
        ({"colect": "CONSENT_VALUE_YES"}, "UNKNOWN_FIELD", "consent.colect"),
        ({"collect": "y"}, "VALUE_NOT_ALLOWED", "consent.collect"),
        ({"marketing": {"email": "YES"}}, "VALUE_NOT_ALLOWED", "consent.marketing.email"),
        ({"marketing": {"email": None}}, "WRONG_TYPE", "consent.marketing.email"),
        ({"idSpecific": {"a": 1}}, "WRONG_TYPE", "consent.id_specific.a"),
        ({"idSpecific": {"a": {"b": {}}}}, "UNKNOWN_FIELD", "consent.id_specific.a.b"),
        (
            {"idSpecific": {"a": {"marketing": {"email": "no"}}}},
            "VALUE_NOT_ALLOWED",
            "consent.id_specific.a.marketing.email",
        ),
        ({"choiceTime": "yesterday"}, "INVALID_TIME", "consent.choice_time"),
    ],
)
async def test_a_mistake_in_consent_names_its_place(
    door: Door, service: CannedService, consent: dict[str, Any], reason: str, field: str
) -> None:
    """The path of the field leads through maps to what is wrong."""
    body = {"identities": [DEVICE], "consent": consent}
    answer = await door.http.post("/v1/consent:set", json=body)
    assert answer.status_code == 400, answer.text
    assert (answer.json()["reason"], answer.json()["field"]) == (reason, field)
    assert service.seen == []


async def test_a_stream_has_no_deadline_unless_it_says_one(
    door: Door, service: CannedService
) -> None:
    """Who watches may do so for as long as they like; any other call has ten seconds.

    What is left on arrival is compared roughly: on the wire it is rounded.
    """
    await door.http.post("/v1/audiences:watch", json={})
    await door.http.post("/v1/audiences:watch", json={}, headers={"X-Timeout-Ms": "60000"})
    await door.http.get("/v1/audiences")
    endless, minute, usual = (seen.time_left_s for seen in service.seen)
    assert [seen.method for seen in service.seen[:2]] == [WATCH] * 2
    assert endless is None or endless > 365 * 24 * 3_600
    assert minute is not None
    assert usual is not None
    assert usual < 20 < minute < 100
