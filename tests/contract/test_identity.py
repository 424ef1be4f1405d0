"""Who a request is about, through the public API: the shared device, the login, the logout."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from identity_service import (
    Service,
    identity_service,
    left,
    offers,
    proven,
    recognised,
)
from offerd.errors import FailedPrecondition, InvalidArgument, Reason
from offerd.model.profile import ProfileKey
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import event_service_pb2 as events

DEVICE = recognised("ecid", "1")
OTHER = recognised("ecid", "2")
ANN = proven("email", "ann@example.com")
BEN = proven("email", "ben@example.com")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that knows nobody yet."""
    with identity_service(tmp_path / "service") as found:
        yield found


async def views(service: Service, who: dict[str, str]) -> int:
    """Returns how many page views are known of a person wherever they are."""
    profile = await service.profile(who["namespace"], who["id"], linked=True)
    return int(profile.aggregates["views"])


async def shared_device(service: Service) -> None:
    """E1 and E2 of nobody, E3 of Ann's login, E4 after her logout, E5 of Ben's login."""
    for who in ([DEVICE], [DEVICE], [DEVICE, ANN], [DEVICE, left("email", ANN["id"])]):
        await service.view(*who)
        service.clock.go_on()
    await service.view(DEVICE, BEN)
    service.clock.go_on()


async def test_a_shared_device_and_its_anonymous_events_are_who_logged_in_last(
    service: Service,
) -> None:
    """E1, E2 and E4 are Ben's with his own E5; Ann keeps E3, and is linked to nothing."""
    await shared_device(service)
    assert await views(service, BEN) == 4
    assert await views(service, ANN) == 1
    ann = await service.profile("email", ANN["id"], linked=True)
    assert [one.id for one in ann.identities] == [ANN["id"]]
    ben = await service.profile("email", BEN["id"], linked=True)
    assert [one.id for one in ben.identities] == [BEN["id"], "1"]


async def test_the_device_comes_back_with_the_next_login(service: Service) -> None:
    """After Ann's E6 everything anonymous is hers again, and what came since."""
    await shared_device(service)
    await service.view(DEVICE)  # while it is Ben's
    service.clock.go_on()
    await service.view(DEVICE, ANN)
    assert await views(service, ANN) == 6
    assert await views(service, BEN) == 1


async def test_the_device_by_itself_sees_its_own_events_only(service: Service) -> None:
    """Whoever owns it: a request that isn't authenticated is about the device alone."""
    await shared_device(service)
    assert await service.views(DEVICE) == 3
    assert await service.views(DEVICE, left("email", BEN["id"])) == 3
    assert (await service.profile("ecid", "1")).aggregates["views"] == 3


async def test_a_login_that_arrives_late_takes_nothing_from_who_owns_it_since(
    service: Service,
) -> None:
    """Ann's login of before Ben's, delivered after it, is hers; the device isn't."""
    await shared_device(service)
    await service.view(DEVICE, ANN, eventTime="2026-11-02T08:00:00Z")
    assert await views(service, ANN) == 2
    assert await views(service, BEN) == 4


async def test_the_case_of_an_address_never_makes_two_people(service: Service) -> None:
    """However it is written, also around it."""
    await service.view(DEVICE, proven("email", "Ann@Example.COM"))
    await service.view(proven("email", " ann@example.com "))
    assert await views(service, ANN) == 2


async def test_the_event_that_carries_the_login_sees_the_person(service: Service) -> None:
    """In one request: the event is stored, its link holds, and the decision sees the person."""
    await service.profiles(
        "SetProfile",
        {"namespace": "crm", "id": "7", "attributes": {"tier": "plus"}},
    )
    await service.view(proven("crm", "7"), ANN)
    await service.view(OTHER, ANN)
    assert "plus" not in offers(await service.decide(DEVICE))
    login = service.event()
    answer = await service.decide(DEVICE, ANN, events=[login])
    assert [one.status for one in answer.event_results] == [events.EVENT_STATUS_ACCEPTED]
    assert offers(answer)[:4] == ["once", "shown_twice", "plus", "regular"]
    assert await service.views(DEVICE, ANN, dryRun=True) == 3
    again = await service.decide(DEVICE, ANN, events=[login])
    assert [one.status for one in again.event_results] == [events.EVENT_STATUS_DUPLICATE]
    assert (await service.profile("email", ANN["id"])).aggregates["views"] == 2


async def test_a_dry_run_decides_as_if_the_login_had_happened(service: Service) -> None:
    """It sees the person and the events of now, and stores neither events nor links."""
    await service.view(proven("crm", "7"), ANN)
    await service.view(DEVICE)
    login = service.event(DEVICE, ANN)
    answer = await service.decide(DEVICE, ANN, dryRun=True, events=[login, login])
    assert [one.status for one in answer.event_results] == [
        events.EVENT_STATUS_ACCEPTED,
        events.EVENT_STATUS_DUPLICATE,
    ]
    text = next(i.content.text for i in answer.propositions[0].items if i.offer == "regular")
    assert text == "You saw 3"
    alone = await service.decide(ANN, dryRun=True, events=[login])
    assert any(item.content.text == "You saw 3" for item in alone.propositions[0].items)
    assert service.state.counts().events == 2
    assert await service.views(ANN) == 0


async def test_events_without_identities_have_those_of_the_request(service: Service) -> None:
    """In Collect as in Decide; one that has its own keeps them."""
    accepted = events.EVENT_STATUS_ACCEPTED
    results = await service.collect(service.event(), service.event(OTHER), identities=[DEVICE, ANN])
    assert [result.status for result in results] == [accepted, accepted]
    assert (await service.profile("email", ANN["id"])).event_count == 1
    assert (await service.profile("ecid", "2")).event_count == 1
    (refused,) = await service.collect(service.event())
    assert refused.refusal.field == "events[0].identities"
    wrong = [{"namespace": "nowhere", "id": "1"}]
    (refused,) = await service.collect(service.event(), identities=wrong)
    assert refused.refusal.field == "identities[0].namespace"


async def test_a_logout_ends_it_at_once(service: Service) -> None:
    """The request after sees what the device alone has seen."""
    await service.view(DEVICE, ANN)
    await service.view(ANN)
    assert await service.views(DEVICE, ANN) == 2
    assert await service.views(DEVICE, left("email", ANN["id"])) == 0
    assert "once" not in offers(await service.decide(DEVICE))


async def test_two_devices_of_a_person_hammer_one_cap_of_one(service: Service) -> None:
    """Of forty requests at once, by any identity, one gets the offer."""
    person = proven("crm", "7")
    await service.view(person, ANN, DEVICE, OTHER)
    whos = [[DEVICE, person], [OTHER, person], [ANN], [person], [OTHER, ANN]]
    answers = await asyncio.gather(*(service.decide(*whos[n % 5]) for n in range(40)))
    assert sum("once" in offers(answer) for answer in answers) == 1
    assert "once" not in offers(await service.decide(ANN, DEVICE))


async def test_what_an_event_changed_for_a_cap_is_told_as_decisions_count(
    service: Service,
) -> None:
    """Of a person over all identities; of a device alone without those of its owner."""
    device, person = recognised("ecid", "own"), proven("email", "own@example.com")
    answer = await service.decide(device)
    items = {item.offer: item.token for item in answer.propositions[0].items}

    async def display(*who: dict[str, str]) -> tuple[int, int]:
        event = service.event(*who, type="display", token=items["shown_twice"])
        ((counter,),) = [one.counters for one in await service.collect(event)]
        return counter.before, counter.after

    assert await display(device) == (0, 1)
    assert await display(person, device) == (1, 2)
    assert await display(device) == (1, 2)
    assert await display(person) == (3, 4)


async def test_what_is_reserved_under_one_identity_takes_room_of_all(service: Service) -> None:
    """A reservation under the address holds what the customer number would take."""
    await service.view(proven("crm", "7"), ANN)
    request = {
        "reservationId": "r",
        "identities": [ANN],
        "items": [{"offer": "once", "placement": "web"}],
    }
    answer = await service.call("CapService/Reserve", request, caps.ReserveRequest)
    assert answer.granted
    assert "once" not in offers(await service.decide(proven("crm", "7")))
    other = {**request, "reservationId": "s", "identities": [proven("crm", "7")]}
    refused = await service.call("CapService/Reserve", other, caps.ReserveRequest)
    assert [one.count for one in refused.reached] == [1]
    await service.call("CapService/Release", {"reservationId": "r"}, caps.ReleaseRequest)
    assert "once" in offers(await service.decide(proven("crm", "7")))


async def test_a_person_has_one_arm_on_all_devices(service: Service) -> None:
    """Experiments assign the best identity, whichever the request names."""
    await service.view(proven("crm", "7"), ANN)
    arms = {
        (await service.decide(*who)).propositions[1].exposure.arm
        for who in ([ANN], [proven("crm", "7")], [ANN, DEVICE], [OTHER, ANN])
    }
    assert len(arms) == 1


async def test_linking_by_hand_and_cutting_off(service: Service) -> None:
    """What a trusted caller says holds until it is contradicted or taken back."""
    await service.view(DEVICE)
    answer = await service.profiles(
        "LinkIdentities",
        {"identities": [recognised("email", "ANN@example.com"), recognised("crm", "7"), DEVICE]},
    )
    assert [one.id for one in answer.identities] == ["7", "ann@example.com", "1"]
    assert await views(service, ANN) == 1
    service.clock.go_on()
    answer = await service.profiles(
        "LinkIdentities", {"identities": [recognised("email", BEN["id"]), recognised("crm", "7")]}
    )
    assert [one.id for one in answer.identities] == ["7", BEN["id"], "1"]
    assert [(one.one.id, one.other.id, one.reason) for one in answer.cut] == [
        ("7", ANN["id"], "a customer has one id in `email`, and a newer link gives another")
    ]
    unlink = {"identity": recognised("crm", "7")}
    assert (await service.profiles("UnlinkIdentity", unlink)).was_linked
    assert not (await service.profiles("UnlinkIdentity", unlink)).was_linked
    assert [one.id for one in (await service.profile("ecid", "1")).identities] == []
    with pytest.raises(InvalidArgument, match="one of them must name a person") as refused:
        await service.profiles("LinkIdentities", {"identities": [DEVICE, OTHER]})
    assert refused.value.field == "identities"
    with pytest.raises(InvalidArgument, match="yet to come") as refused:
        await service.profiles(
            "LinkIdentities",
            {"identities": [ANN, DEVICE], "linkTime": "2027-01-01T00:00:00Z"},
        )
    assert refused.value.field == "link_time"


async def test_a_merged_profile_is_told_of_people_only(service: Service) -> None:
    """Asking a device for the person whom it belongs to is refused."""
    await service.view(DEVICE, ANN)
    with pytest.raises(InvalidArgument, match="names no person") as refused:
        await service.profile("ecid", "1", linked=True)
    assert refused.value.field == "linked"


async def test_a_patch_changes_what_it_names(service: Service) -> None:
    """As RFC 7396 has it: null removes, also all under a name; the rest stays."""
    key = {"namespace": "email", "id": ANN["id"]}

    async def patch(attributes: dict[str, object]) -> dict[str, object]:
        answer = await service.profiles("PatchProfile", {**key, "attributes": attributes})
        return dict(answer.profile.attributes)

    await patch({"tier": "plus", "nested": {"one": "x", "two": 2}})
    assert await patch({"nested": {"one": "y"}, "colour": "red"}) == {
        "tier": "plus",
        "colour": "red",
        "nested": {"one": "y", "two": 2},
    }
    assert await patch({"nested.one": None, "tier": None}) == {
        "colour": "red",
        "nested": {"two": 2},
    }
    assert await patch({"nested": None}) == {"colour": "red"}
    assert await patch({}) == {"colour": "red"}
    for wrong, reason in (
        ({"colour": 7}, Reason.WRONG_TYPE),
        ({"nested": "x"}, Reason.WRONG_TYPE),
        ({"colr": None}, Reason.UNKNOWN_ATTRIBUTE),
        ({"colour": "x" * 65_537}, Reason.TOO_LARGE),
    ):
        with pytest.raises(InvalidArgument) as refused:
            await patch(wrong)
        assert refused.value.reason is reason
    with pytest.raises(InvalidArgument) as refused:
        await service.profiles(
            "PatchProfile", {"namespace": "ecid", "id": "1", "attributes": {"tier": "plus"}}
        )
    assert refused.value.reason is Reason.PERSON_DATA_ON_DEVICE


async def test_patches_at_once_are_all_there(service: Service) -> None:
    """Each is merged into what the others made, in the writer."""
    key = {"namespace": "email", "id": ANN["id"]}
    patches = [{"tier": "plus"}, {"nested.one": "x"}, {"nested": {"two": 2}}, {"colour": "red"}]
    await asyncio.gather(
        *(service.profiles("PatchProfile", {**key, "attributes": one}) for one in patches * 5)
    )
    profile = await service.profile("email", ANN["id"])
    assert dict(profile.attributes) == {
        "tier": "plus",
        "colour": "red",
        "nested": {"one": "x", "two": 2},
    }


async def test_attributes_are_those_written_last_of_any_identity(service: Service) -> None:
    """Per path, the better identity's if they are equally old."""

    async def patch(namespace: str, name: str, **attributes: object) -> None:
        request = {"namespace": namespace, "id": name, "attributes": attributes}
        await service.profiles("PatchProfile", request)

    await patch("crm", "7", colour="red", tier="plus")
    service.clock.go_on()
    await patch("ecid", "1", colour="blue")
    await service.profiles("LinkIdentities", {"identities": [proven("crm", "7"), DEVICE]})
    profile = await service.profile("crm", "7", linked=True)
    assert dict(profile.attributes) == {"colour": "blue", "tier": "plus"}
    assert "red" not in offers(await service.decide(proven("crm", "7")))


async def test_a_link_to_somebody_who_was_deleted_since_is_refused(service: Service) -> None:
    """And says which one."""
    await service.view(DEVICE, ANN)
    await service.delete(ANN)
    service.clock.go_on()
    link = {"identities": [proven("crm", "7"), ANN], "linkTime": "2026-11-02T09:00:00Z"}
    with pytest.raises(FailedPrecondition) as refused:
        await service.profiles("LinkIdentities", link)
    assert refused.value.reason is Reason.SUBJECT_DELETED
    assert refused.value.field == "identities[1]"
    assert service.state.graph(ProfileKey("crm", "7")) == {ProfileKey("crm", "7")}
