"""What the clients send and read about who a customer is and what they allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from offerd.v1 import consent_pb2 as consents
from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import event_service_pb2 as events
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client import (
    Client,
    Consent,
    ConsentValue,
    Event,
    EventResult,
    EventStatus,
    Identity,
    InvalidArgument,
    LoadedScore,
    Membership,
    Profile,
    Reason,
    RetryPolicy,
    Unavailable,
    Withheld,
)
from unit.client.canned_customers import SET_CONSENT
from unit.client.canned_service import COLLECT, GET_PROFILE, CannedService

ALMA = Identity.authenticated("email", "alma@example.com")
BROWSER = Identity.device("ecid", "1")
MOMENT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
HALF = "\ud800"
NOBODY = "localhost:1"

CHOSEN = Consent(
    collect=ConsentValue.YES,
    personalize=ConsentValue.LEGITIMATE_INTEREST,
    marketing={"any": ConsentValue.PENDING, "email": ConsentValue.NO},
    id_specific={"email:alma@example.com": {"email": ConsentValue.YES}},
    general=ConsentValue.UNKNOWN,
    tcf_string="CPXxRfA",
    choice_time=MOMENT,
)


def chosen_message() -> consents.Consent:
    """CHOSEN as it goes over the wire."""
    message = consents.Consent(
        collect=consents.CONSENT_VALUE_YES,
        personalize=consents.CONSENT_VALUE_LEGITIMATE_INTEREST,
        general=consents.CONSENT_VALUE_UNKNOWN,
        tcf_string="CPXxRfA",
    )
    message.marketing["any"] = consents.CONSENT_VALUE_PENDING
    message.marketing["email"] = consents.CONSENT_VALUE_NO
    address = message.id_specific["email:alma@example.com"]
    address.marketing["email"] = consents.CONSENT_VALUE_YES
    message.choice_time.FromDatetime(MOMENT)
    return message


async def test_decide_sends_what_has_just_happened(service: CannedService, connect: Any) -> None:
    """Events and consent go with the question; the result of each event comes with the answer."""
    clicked = Event("click", token="t0ken", event_id="e-1")
    bought = Event("purchase", [ALMA], properties={"amount": 49.5}, event_time=MOMENT)
    async with connect(service.target) as client:
        decision = await client.decide(
            ["hero"], identities=[BROWSER], events=[clicked, bought], consent=CHOSEN
        )
        await client.decide(["hero"])
    sent = decisions.DecideRequest(scopes=[{"name": "hero"}], consent=chosen_message())
    sent.identities.add(namespace="ecid", id="1", authentication_state=1)
    sent.events.add(event_id="e-1", type="click", token="t0ken")
    event = sent.events.add(event_id=bought.event_id, type="purchase")
    event.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    event.properties.update({"amount": 49.5})
    event.event_time.FromDatetime(MOMENT)
    assert service.seen[0].request == sent
    assert decision.event_results == (
        EventResult("e-1", EventStatus.ACCEPTED),
        EventResult(bought.event_id, EventStatus.ACCEPTED),
    )
    assert not service.seen[1].request.HasField("consent")


async def test_default_content_has_no_results(service: CannedService, connect: Any) -> None:
    """Whether the events were stored isn't known then; sent again they count once."""
    service.failures.append(Unavailable(Reason.NOT_SERVING, "stopping"))
    async with connect(service.target, retry=RetryPolicy(max_attempts=1)) as client:
        decision = await client.decide(["hero"], events=[Event("click", [BROWSER])], default={})
    assert decision.error is not None
    assert decision.event_results == ()


async def test_collect_sends_whose_consent_it_is(service: CannedService, connect: Any) -> None:
    """Consent goes with the identities whose it is, and events may leave theirs out."""
    async with connect(service.target) as client:
        await client.collect(
            [Event("click", event_id="e-1")], consent=CHOSEN, identities=[ALMA, BROWSER]
        )
        await client.collect([], consent=Consent(collect=ConsentValue.NO), identities=[BROWSER])
        await client.collect([Event("click", [BROWSER], event_id="e-2")])
    sent = events.CollectRequest(consent=chosen_message())
    sent.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    sent.identities.add(namespace="ecid", id="1", authentication_state=1)
    sent.events.add(event_id="e-1", type="click")
    first, denied, plain = (seen.request for seen in service.seen)
    assert first == sent
    assert denied.consent == consents.Consent(collect=consents.CONSENT_VALUE_NO)
    assert not denied.events
    assert not plain.HasField("consent")
    assert not plain.identities
    assert [seen.method for seen in service.seen] == [COLLECT] * 3


async def test_a_choice_of_nothing_is_still_a_choice(service: CannedService, connect: Any) -> None:
    """An empty consent is sent as one rather than left out, so that the service can refuse it."""
    async with connect(service.target) as client:
        await client.collect([], consent=Consent(), identities=[BROWSER])
    assert service.seen[0].request.HasField("consent")


async def test_consent_is_set_and_read(service: CannedService, connect: Any) -> None:
    """What was chosen is sent whole; what is known now comes back."""
    async with connect(service.target) as client:
        known = await client.set_consent([ALMA], CHOSEN)
    sent = profiles.SetConsentRequest(consent=chosen_message())
    sent.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    assert service.seen[0].request == sent
    assert known == Consent(
        CHOSEN.collect,
        CHOSEN.personalize,
        ConsentValue.NO,
        CHOSEN.marketing,
        CHOSEN.id_specific,
        CHOSEN.general,
        CHOSEN.tcf_string,
        MOMENT,
    )


async def test_a_newer_value_of_consent_grants_nothing(
    service: CannedService, connect: Any
) -> None:
    """A value that this client doesn't know is UNKNOWN; a question that nobody answered None."""

    def answer(_request: Any) -> profiles.SetConsentResponse:
        message = profiles.SetConsentResponse(consent=consents.Consent(collect=77))
        message.consent.marketing["email"] = 77
        return message

    service.answers[SET_CONSENT] = answer
    async with connect(service.target) as client:
        known = await client.set_consent([BROWSER], Consent())
    assert known == Consent(collect=ConsentValue.UNKNOWN, marketing={"email": ConsentValue.UNKNOWN})


async def test_a_profile_is_patched(service: CannedService, connect: Any) -> None:
    """None is sent as null, which removes; what isn't named isn't sent."""
    async with connect(service.target) as client:
        found = await client.patch_profile(
            "email", "alma@example.com", {"loyalty": {"tier": None, "points": 5}}
        )
    sent = profiles.PatchProfileRequest(namespace="email", id="alma@example.com")
    sent.attributes.update({"loyalty": {"tier": None, "points": 5}})
    assert service.seen[0].request == sent
    assert found.attributes == {"loyalty": {"tier": None, "points": 5}}


async def test_identities_are_linked_and_cut_off(service: CannedService, connect: Any) -> None:
    """Linking answers with all identities of the customer, cutting off whether there was a link."""
    local = MOMENT.astimezone(timezone(timedelta(hours=2)))
    async with connect(service.target) as client:
        found = await client.link_identities([ALMA, BROWSER], link_time=local)
        await client.link_identities([ALMA, BROWSER])
        linked = await client.unlink_identity(BROWSER)
    sent = profiles.LinkIdentitiesRequest()
    sent.identities.add(namespace="email", id="alma@example.com", authentication_state=2)
    sent.identities.add(namespace="ecid", id="1", authentication_state=1)
    sent.link_time.FromDatetime(MOMENT)
    first, again, cut = (seen.request for seen in service.seen)
    assert first == sent
    assert not again.HasField("link_time")
    assert (cut.identity.namespace, cut.identity.id) == ("ecid", "1")
    assert found == (Identity("email", "alma@example.com"), Identity("ecid", "1"))
    assert linked is True


async def test_a_customer_is_deleted(service: CannedService, connect: Any) -> None:
    """Whose data was removed comes back."""
    async with connect(service.target) as client:
        found = await client.delete_subject([ALMA, BROWSER])
    assert [one.id for one in service.seen[0].request.identities] == ["alma@example.com", "1"]
    assert found == (Identity("email", "alma@example.com"), Identity("ecid", "1"))


async def test_all_of_a_customer_is_read(service: CannedService, connect: Any) -> None:
    """What a profile is asked for is sent, and everything that it may say arrives."""

    def answer(_request: Any) -> profiles.GetProfileResponse:
        profile = profiles.Profile(namespace="email", id="alma@example.com", event_count=3)
        profile.identities.add(namespace="crm", id="7")
        profile.identities.add(namespace="ecid", id="1")
        profile.consent.CopyFrom(chosen_message())
        full = profile.loaded_scores["yoga"]
        full.score, full.probability, full.percentile, full.expired = 0.7, 0.0, 99.5, True
        full.factors.add(code="visits", value="many", importance="high")
        full.score_time.FromDatetime(MOMENT)
        profile.loaded_scores["bare"].score = 1.5
        profile.memberships.add(
            audience="vip",
            status=profiles.MEMBERSHIP_STATUS_REALIZED,
            since=profile.loaded_scores["yoga"].score_time,
            until=profile.loaded_scores["yoga"].score_time,
            until_exact=True,
        )
        profile.memberships.add(audience="new", status=profiles.MEMBERSHIP_STATUS_EXITED)
        profile.withheld.add(name="profile.health.goal", labels=["RHD", "C9"], policy="p")
        profile.approximations["visits"] = "within 1 h"
        return profiles.GetProfileResponse(profile=profile)

    service.answers[GET_PROFILE] = answer
    async with connect(service.target) as client:
        found = await client.get_profile(
            "email",
            "alma@example.com",
            linked=True,
            memberships=True,
            marketing_actions=["call_centre", "email_targeting"],
        )
    assert service.seen[0].request == profiles.GetProfileRequest(
        namespace="email",
        id="alma@example.com",
        linked=True,
        memberships=True,
        marketing_actions=["call_centre", "email_targeting"],
    )
    assert found == Profile(
        "email",
        "alma@example.com",
        {},
        {},
        3,
        None,
        identities=(Identity("crm", "7"), Identity("ecid", "1")),
        consent=CHOSEN,
        loaded_scores={
            "yoga": LoadedScore(0.7, 0.0, 99.5, (("visits", "many", "high"),), MOMENT, True),
            "bare": LoadedScore(1.5),
        },
        memberships=(
            Membership("vip", True, MOMENT, MOMENT, True),
            Membership("new", False),
        ),
        withheld=(Withheld("profile.health.goal", ("RHD", "C9"), "p"),),
        approximations={"visits": "within 1 h"},
    )


async def test_a_profile_says_no_more_than_is_known(service: CannedService, connect: Any) -> None:
    """By default nothing more is asked for, and what wasn't told is empty or None."""
    async with connect(service.target) as client:
        found = await client.get_profile("ecid", "1")
    assert service.seen[0].request == profiles.GetProfileRequest(namespace="ecid", id="1")
    assert (found.identities, found.memberships, found.withheld) == ((), (), ())
    assert (found.consent, found.loaded_scores, found.approximations) == (None, {}, {})


NAIVE = MOMENT.replace(tzinfo=None)


@pytest.mark.parametrize(
    ("method", "given", "named", "reason", "field"),
    [
        ("patch_profile", ["email", HALF, {}], {}, Reason.INVALID_TEXT, "id"),
        ("patch_profile", ["email", "a", {"x": {1}}], {}, Reason.WRONG_TYPE, "attributes.x"),
        (
            "get_profile",
            ["a", "b"],
            {"marketing_actions": [HALF]},
            Reason.INVALID_TEXT,
            "marketing_actions",
        ),
        (
            "link_identities",
            [[ALMA, Identity("ecid", HALF)]],
            {},
            Reason.INVALID_TEXT,
            "identities[1].id",
        ),
        (
            "link_identities",
            [[ALMA, BROWSER]],
            {"link_time": NAIVE},
            Reason.INVALID_TIME,
            "link_time",
        ),
        ("unlink_identity", [Identity(HALF, "1")], {}, Reason.INVALID_TEXT, "identity.namespace"),
        ("delete_subject", [[Identity("ecid", HALF)]], {}, Reason.INVALID_TEXT, "identities[0].id"),
        (
            "set_consent",
            [[ALMA], Consent(choice_time=NAIVE)],
            {},
            Reason.INVALID_TIME,
            "consent.choice_time",
        ),
        (
            "set_consent",
            [[ALMA], Consent(tcf_string=HALF)],
            {},
            Reason.INVALID_TEXT,
            "consent.tcf_string",
        ),
        (
            "set_consent",
            [[ALMA], Consent(marketing={HALF: ConsentValue.YES})],
            {},
            Reason.INVALID_TEXT,
            "consent.marketing",
        ),
        (
            "set_consent",
            [[ALMA], Consent(id_specific={HALF: {}})],
            {},
            Reason.INVALID_TEXT,
            "consent.id_specific",
        ),
        (
            "decide",
            [["s"]],
            {"events": [Event("x", event_time=NAIVE)]},
            Reason.INVALID_TIME,
            "events[0].event_time",
        ),
        (
            "decide",
            [["s"]],
            {"consent": Consent(choice_time=NAIVE)},
            Reason.INVALID_TIME,
            "consent.choice_time",
        ),
        (
            "collect",
            [[]],
            {"identities": [Identity("ecid", HALF)]},
            Reason.INVALID_TEXT,
            "identities[0].id",
        ),
    ],
)
def test_what_can_not_be_written_down(
    method: str, given: list[Any], named: dict[str, Any], reason: Reason, field: str
) -> None:
    """It is refused with its field before anything is sent."""
    with Client(NOBODY) as client, pytest.raises(InvalidArgument) as caught:
        getattr(client, method)(*given, **named)
    assert (caught.value.reason, caught.value.field) == (reason, field)
