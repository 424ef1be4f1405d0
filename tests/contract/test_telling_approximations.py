"""A profile says which of its aggregates aren't exact any more, and how exact they are."""

from __future__ import annotations

from pathlib import Path

from identity_service import DEFINITIONS, NOW_NS, SECOND_NS, identity_service
from offerd.model.event import Event
from offerd.model.profile import ProfileKey

COUNTING = DEFINITIONS.replace(
    "- {id: views_hour,",
    "- {id: categories, events: [page_view], function: distinct, value: category}\n"
    "- {id: views_hour,",
)


async def test_what_is_exact_to_a_bound_is_told_beyond_it(tmp_path: Path) -> None:
    """Of different values over more events than are kept one by one; not of what is exact."""
    key = ProfileKey("ecid", "busy")
    several = (
        (key, Event(f"b{n}", "page_view", NOW_NS - n * SECOND_NS, {"category": f"c{n}"}))
        for n in range(10_000)
    )
    with identity_service(tmp_path / "service", definitions=COUNTING) as service:
        for _ in service.state.load_events(several, NOW_NS):
            pass
        profile = await service.profile(*key)
        assert set(profile.approximations) == {"categories"}
        assert profile.approximations["categories"]
        assert profile.aggregates["views"] == 10_000
        await service.view({"namespace": "ecid", "id": "quiet"})
        assert not (await service.profile("ecid", "quiet")).approximations
