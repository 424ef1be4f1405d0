"""Telling a customer all that is stored of them, and deleting it for good."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from identity_service import DAY_NS, Clock, Service, identity_service, proven, recognised
from offerd.errors import NotFound
from offerd.model.profile import ProfileKey
from offerd.store import Selection, State, deletions
from offerd.v1 import cap_service_pb2 as caps
from offerd.v1 import event_service_pb2 as events
from offerd.v1.error_pb2 import ErrorReason

DEVICE = recognised("ecid", "the-device-1")
ANN = proven("email", "ann@example.com")
CRM = proven("crm", "number-7")
BEN = proven("email", "ben@example.com")
KEYS = (
    ProfileKey("crm", "number-7"),
    ProfileKey("email", "ann@example.com"),
    ProfileKey("ecid", "the-device-1"),
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """A service that knows nobody yet."""
    with identity_service(tmp_path / "service") as found:
        yield found


async def live(service: Service) -> None:
    """Leaves traces of Ann of every kind, under all her identities, and some of Ben's."""
    for who in ([DEVICE], [DEVICE, ANN], [ANN, CRM], [BEN], [DEVICE, ANN]):
        await service.view(*who)
        await service.decide(*who)
        service.clock.go_on()
    for namespace, name in (("crm", "number-7"), ("email", ANN["id"]), ("email", BEN["id"])):
        request = {"namespace": namespace, "id": name, "attributes": {"colour": "red"}}
        await service.profiles("SetProfile", request)
    for name, who in (("ann", ANN), ("ben", BEN)):
        items = [{"offer": "few", "placement": "web"}]
        request = {"reservationId": f"of-{name}", "identities": [who], "items": items}
        await service.call("CapService/Reserve", request, caps.ReserveRequest)


async def refusal(service: Service, **event: object) -> str:
    """Returns why an event of Ann is refused, "" if it isn't."""
    (result,) = await service.collect(service.event(ANN, DEVICE, **event))
    reason = ErrorReason.Name(result.refusal.reason)
    return reason.removeprefix("ERROR_REASON_").removeprefix("UNSPECIFIED")


def traces(state: State) -> list[str]:
    """Returns the tables in which anything names Ann."""
    found = []
    needles = [key.id.encode() for key in KEYS]

    def look(transaction: object) -> None:
        for table in deletions.Table:
            database = state._environment.database(table)
            for key, value in transaction.cursor(db=database):  # type: ignore[attr-defined]
                if any(needle in bytes(key) + bytes(value) for needle in needles):
                    found.append(table.value)

    state._environment.read(look)
    return sorted(set(found))


async def test_an_export_tells_everything_of_all_identities(service: Service) -> None:
    """Asked by the address it tells of the customer number and the device too, and not of Ben."""
    await live(service)
    pieces = await service.export(ANN)
    kinds = {(piece.kind, piece.identity.id) for piece in pieces}
    number, address, device = (key.id for key in KEYS)
    assert kinds >= {
        ("profile", number),
        ("profile", address),
        ("profile", device),
        ("event", device),
        ("event", address),
        ("link", number),
        ("link", address),
        ("counter", device),
        ("reservation", address),
        ("journal", number),
        ("journal", device),
    }
    assert {piece.identity.id for piece in pieces} == {number, address, device}
    assert "ben" not in str(pieces)
    profile = next(p for p in pieces if (p.kind, p.identity.id) == ("profile", number))
    assert dict(profile.data["attributes"]) == {"colour": "red"}
    event = next(p for p in pieces if (p.kind, p.identity.id) == ("event", device))
    assert event.data["time"] == "2026-11-02T09:00:00Z"
    links = [p for p in pieces if p.kind == "link"]
    assert len(links) == 2
    assert {(p.identity.id, p.data["other"]["id"]) for p in links} == {
        (number, address),
        (address, device),
    }


async def test_an_export_of_a_device_does_not_tell_whose_it_is(service: Service) -> None:
    """Neither by its links nor otherwise: it is told as a device never linked."""
    await live(service)
    pieces = await service.export(DEVICE)
    assert {piece.kind for piece in pieces} >= {"profile", "event", "journal"}
    assert not any(name in str(pieces) for name in ("ann", "number-7"))


async def test_nothing_can_be_read_of_who_was_deleted(service: Service) -> None:
    """Under none of the identities, in no table of the file; others keep all."""
    await live(service)
    ben = await service.export(BEN)
    assert len(traces(service.state)) >= 5
    answer = await service.delete(ANN)
    assert [one.id for one in answer.identities] == [key.id for key in KEYS]
    assert answer.events > 5
    assert answer.journal_entries > 5
    assert answer.tombstone_until.seconds == (service.clock.now_ns + 90 * DAY_NS) // 10**9
    assert traces(service.state) == []
    for key in KEYS:
        assert service.state.profile(key) is None
        assert service.state.events(key) == []
        assert list(service.state.journal.reader.entries(Selection(profile=key))) == []
        with pytest.raises(NotFound):
            await service.profile(*key)
    assert await service.export(ANN, CRM, DEVICE) == []
    assert await service.export(BEN) == ben
    assert service.state.tallies.pending("profile:decision:offer/few", KEYS[1], 0) == 0
    again = await service.delete(ANN)
    assert (list(again.identities), again.events, again.journal_entries) == ([], 0, 0)


async def test_nothing_from_before_brings_them_back(service: Service) -> None:
    """Neither the same events again nor others dated before; what comes after is new."""
    await live(service)
    old = service.event(ANN, DEVICE)
    untimed = service.event(ANN)
    await service.collect(old, untimed)
    service.clock.go_on()
    await service.delete(ANN)
    service.clock.go_on()
    assert await refusal(service, eventTime="2026-11-02T08:00:00Z") == "SUBJECT_DELETED"
    (result,) = await service.collect(service.event(DEVICE, eventTime="2026-11-02T09:00:01Z"))
    assert ErrorReason.Name(result.refusal.reason) == "ERROR_REASON_SUBJECT_DELETED"
    assert result.refusal.field == "events[0]"
    results = await service.collect(old, untimed)
    assert [one.status for one in results] == [events.EVENT_STATUS_DUPLICATE] * 2
    assert service.state.profile(KEYS[1]) is None
    assert service.state.graph(KEYS[1]) == {KEYS[1]}
    assert await refusal(service) == ""
    assert (await service.profile("email", ANN["id"])).event_count == 1
    assert service.state.graph(KEYS[1]) == {KEYS[1], KEYS[2]}


async def test_a_link_from_before_does_not_come_back_with_an_event_of_others(
    service: Service,
) -> None:
    """Ben's event of before on Ann's device is stored and doesn't give him the device."""
    await live(service)
    await service.delete(ANN)
    service.clock.go_on()
    await service.view(BEN, DEVICE, eventTime="2026-11-02T09:00:00Z")
    assert service.state.graph(ProfileKey("email", BEN["id"])) == {ProfileKey("email", BEN["id"])}


async def test_a_tombstone_is_forgotten_in_time(service: Service) -> None:
    """After ninety days events of before are taken again, and refolding sees them."""
    await live(service)
    await service.delete(ANN)
    service.clock.now_ns += 90 * DAY_NS - 1
    assert await refusal(service, eventTime="2026-11-02T08:00:00Z") == "SUBJECT_DELETED"
    service.clock.now_ns += 1
    assert await refusal(service, eventTime="2026-11-02T08:00:00Z") == ""
    assert len(service.state.events(KEYS[1])) == 1


async def test_a_device_alone_is_deleted_without_its_owner(service: Service) -> None:
    """What is linked to a person is deleted with the person; a device names nobody."""
    await live(service)
    answer = await service.delete(DEVICE)
    assert [one.id for one in answer.identities] == [DEVICE["id"]]
    assert service.state.graph(KEYS[1]) == {KEYS[0], KEYS[1]}
    assert (await service.profile("email", ANN["id"])).event_count > 0


async def test_events_that_come_while_a_customer_is_deleted_are_all_there_or_refused(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion in many small pieces, and new events between them."""
    monkeypatch.setattr(deletions, "PIECE", 3)
    for number in range(100):
        await service.collect(service.event(ANN, DEVICE if number % 2 else CRM))
    service.clock.go_on()
    accepted = 0

    async def go_on_collecting() -> None:
        nonlocal accepted
        for _ in range(40):
            service.clock.go_on(0.001)
            accepted += await refusal(service) == ""

    answer, _ = await asyncio.gather(service.delete(CRM), go_on_collecting())
    assert answer.events + service.state.counts().events == 100 + accepted
    record = service.state.profile(KEYS[1])
    stored = service.state.events(KEYS[1])
    assert (0 if record is None else record.event_count) == len(stored)
    assert all(event.time_ns > service.clock.now_ns - 10**9 for event in stored)


@pytest.mark.parametrize("seed", range(3))
async def test_a_deletion_that_is_interrupted_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """After any number of its transactions the process ends; at the next start it is done."""
    print(f"seed {seed}")
    monkeypatch.setattr(deletions, "PIECE", 2)
    clock = Clock()
    pieces = random.Random(seed).randrange(8)
    with identity_service(tmp_path / "s", clock=clock) as service:
        await live(service)
        done = 0

        def interrupted(self: object, operation: object) -> object:
            nonlocal done
            if done == pieces:
                raise ConnectionError("the power is gone")
            done += 1
            return original(self, operation)

        original = deletions.Deletions._submitted
        monkeypatch.setattr(deletions.Deletions, "_submitted", interrupted)
        with pytest.raises(Exception, match="the service failed"):
            await service.delete(ANN)
        assert traces(service.state) != []
        assert service.state.profile(KEYS[1]) is None
        assert service.state.events(KEYS[1]) == []
        monkeypatch.setattr(deletions.Deletions, "_submitted", original)
    with identity_service(tmp_path / "s", clock=clock) as service:
        assert traces(service.state) == []
        clock.go_on()
        assert await refusal(service, eventTime="2026-11-02T08:00:00Z") == "SUBJECT_DELETED"


async def test_what_was_decided_before_isnt_written_down_afterwards(service: Service) -> None:
    """A decision that began before the deletion and ends after it leaves nothing of them."""
    await live(service)
    service.clock.go_on()
    deciding = [asyncio.ensure_future(service.decide(ANN, DEVICE)) for _ in range(20)]
    await asyncio.sleep(0)
    await service.delete(ANN)
    await asyncio.gather(*deciding)
    assert traces(service.state) == []


async def test_a_profile_with_a_long_journal_is_deleted_in_pieces(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DeleteProfile too removes any number of entries, and takes events of before again."""
    monkeypatch.setattr(deletions, "PIECE", 3)
    for _ in range(10):
        await service.decide(DEVICE)
    answer = await service.profiles("DeleteProfile", {"namespace": "ecid", "id": DEVICE["id"]})
    assert answer.existed
    assert list(service.state.journal.reader.entries(Selection(profile=KEYS[2]))) == []
    (result,) = await service.collect(service.event(DEVICE, eventTime="2026-11-02T08:00:00Z"))
    assert result.status == events.EVENT_STATUS_ACCEPTED
