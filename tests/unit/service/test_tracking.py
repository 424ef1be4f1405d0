"""Who enters and leaves audiences, and when: to the nanosecond, and each time once."""

from __future__ import annotations

from pathlib import Path

from offerd.service.revisions import Standing
from offerd.v1 import profile_service_pb2
from unit.service.tracked import (
    BEGIN,
    DAY,
    DEFINITIONS,
    HOUR,
    SECOND,
    Tracked,
    device,
    person,
)

_90_DAYS = 90 * DAY


async def test_who_has_not_bought_for_ninety_days_enters_at_that_very_instant(
    tmp_path: Path,
) -> None:
    """Time alone makes somebody a member, dated as of the nanosecond at which it does."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", device("d"))
        service.look()
        service.now_ns = BEGIN + _90_DAYS - 1
        service.look()
        assert service.members("lapsed") == []
        service.now_ns = BEGIN + _90_DAYS
        service.look()
        assert service.members("lapsed") == ["d"]
        assert service.transitions() == [("d", "lapsed", "realized", BEGIN + _90_DAYS)]


async def test_a_purchase_ends_it_as_of_the_purchase(tmp_path: Path) -> None:
    """A write dates what it changes as of when it was accepted."""
    with Tracked(tmp_path).running() as service:
        await service.collect("purchase", device("d"))
        service.now_ns += 100 * DAY
        service.look()
        await service.collect("purchase", device("d"))
        written_ns = service.now_ns
        service.now_ns += SECOND
        service.look()
        assert service.transitions()[1:] == [("d", "lapsed", "exited", written_ns)]
        assert service.members("lapsed") == []


async def test_what_fell_due_while_nobody_looked_is_dated_as_of_when_it_did(
    tmp_path: Path,
) -> None:
    """Several changes in a row are found one by one, after a restart too."""
    service = Tracked(tmp_path)
    with service.running():
        await service.collect("page_view", device("d"))
        service.now_ns += HOUR
        await service.collect("page_view", device("d"))
        await service.collect("purchase", device("d"))
        service.look()
        assert service.members("keen") == ["d"]
    service.now_ns = BEGIN + 400 * DAY
    with service.running():
        assert service.transitions() == [
            ("d", "keen", "realized", BEGIN + HOUR),
            ("d", "keen", "exited", BEGIN + 30 * DAY),
            ("d", "lapsed", "realized", BEGIN + HOUR + _90_DAYS),
        ]


async def test_what_fell_due_before_a_write_is_found_though_the_write_came_first(
    tmp_path: Path,
) -> None:
    """A write is looked at after what time alone had done before it."""
    service = Tracked(tmp_path)
    with service.running():
        await service.collect("purchase", device("d"))
        service.look()
        service.now_ns += 95 * DAY
        await service.collect("purchase", device("d"))
        service.now_ns += DAY
        service.look()
        assert service.transitions() == [
            ("d", "lapsed", "realized", BEGIN + _90_DAYS),
            ("d", "lapsed", "exited", BEGIN + 95 * DAY),
        ]


async def test_a_mark_outlives_the_process_and_is_taken_off_once(tmp_path: Path) -> None:
    """Who was written to but not looked at before the end is looked at after the next start."""
    service = Tracked(tmp_path)
    with service.running():
        await service.set_tier("web", "d", "plus")
    service.now_ns += DAY
    with service.running():
        assert service.transitions() == [("d", "plus", "realized", BEGIN)]
    with service.running():
        assert len(service.transitions()) == 1


async def test_what_happens_on_a_device_concerns_the_person_who_owns_it(tmp_path: Path) -> None:
    """The person's memberships are over all of their devices, and a device has its own."""
    with Tracked(tmp_path).running() as service:
        await service.collect("page_view", person("p"), device("d"))
        service.look()
        assert service.members("keen") == []
        await service.collect("page_view", device("d"))
        service.look()
        assert service.members("keen") == ["p"]
        await service.collect("page_view", device("d"))
        service.look()
        assert service.members("keen") == ["d", "p"]


async def test_a_person_known_by_a_better_identity_is_no_subject_by_another(
    tmp_path: Path,
) -> None:
    """Linked people become one: who was a member under a lesser identity leaves under it."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("email", "p@example.org", "plus")
        service.look()
        assert service.members("plus") == ["p@example.org"]
        await service.collect("page_view", person("p@example.org", "email"), person("p"))
        service.look()
        assert service.members("plus") == ["p"]
        assert [one[:3] for one in service.transitions()[1:]] == [
            ("p", "plus", "realized"),
            ("p@example.org", "plus", "exited"),
        ]


async def test_audiences_of_audiences_follow(tmp_path: Path) -> None:
    """An audience that asks others changes with them, by time and by writes."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d", "plus")
        await service.collect("purchase", device("d"))
        service.look()
        service.now_ns += 200 * DAY
        service.look()
        both = [one for one in service.transitions() if one[1] == "lapsed-plus"]
        assert both == [("d", "lapsed-plus", "realized", BEGIN + _90_DAYS)]


async def test_other_definitions_are_tracked_over_everybody(tmp_path: Path) -> None:
    """After a release all profiles are looked at, in pages, by the rules that are active then."""
    service = Tracked(tmp_path)
    with service.running():
        for number in range(250):
            await service.set_tier("web", f"d{number}", "basic" if number % 5 else "plus")
        service.look()
        assert len(service.members("plus")) == 50
        changed = DEFINITIONS.replace("profile.tier == 'plus'", "profile.tier == 'basic'")
        await service.revisions.use(Standing(service.loaded(changed)))
        service.look()
        assert len(service.members("plus")) == 200
        assert service.state.tracking.sweep() is None


async def test_data_written_while_nobody_tracks_is_looked_at_later(tmp_path: Path) -> None:
    """An import without a server leaves word that everybody is to be looked at."""
    service = Tracked(tmp_path)
    with service.running():
        await service.set_tier("web", "a", "plus")
        service.look()
        service.state.tracking.watching.watch = None
        await service.set_tier("web", "a", "basic")
        await service.set_tier("web", "b", "plus")
    with service.running():
        assert service.members("plus") == ["b"]


async def test_a_deleted_profile_leaves_nothing(tmp_path: Path) -> None:
    """Memberships, timers and transitions go with the profile."""
    with Tracked(tmp_path).running() as service:
        await service.set_tier("web", "d", "plus")
        await service.collect("purchase", device("d"))
        service.look()
        await service.call(
            "ProfileService/DeleteProfile",
            profile_service_pb2.DeleteProfileRequest(namespace="web", id="d"),
        )
        service.look()
        assert service.members("plus") == []
        assert service.transitions() == []
        assert service.state.tracking.next_due_ns() is None
