"""Audiences whose members are loaded, and audiences that ask them, as they are tracked."""

from __future__ import annotations

from pathlib import Path

from offerd.customer.loaded import LoadKind, LoadTarget, MembershipRow, ScoreRow
from offerd.model.profile import ProfileKey
from offerd.v1 import audience_service_pb2 as audiences
from unit.service.tracked import BEGIN, DAY, DEFINITIONS, Tracked, device

SOURCE = DEFINITIONS.replace(
    "audiences:\n",
    "audiences:\n"
    "- {id: vip, name: Vip, external: true}\n"
    "- {id: fine, name: Fine, rule: \"audience('vip') && profile.tier == 'plus'\"}\n",
)
VIP = LoadTarget(LoadKind.MEMBERSHIPS, "vip")


def _load(service: Tracked, *names: str, valid_until_ns: int | None = None) -> None:
    loading = service.state.loads.begin(VIP, service.now_ns, full=True)
    for name in names:
        loading.add(ProfileKey("web", name), MembershipRow(valid_until_ns=valid_until_ns))
    loading.enforce(service.now_ns)
    loading.close()


async def test_a_load_brings_members_and_its_end_of_validity_takes_them(tmp_path: Path) -> None:
    """Also those of whom nothing else is known; the end is dated as of when it is."""
    with Tracked(tmp_path, SOURCE).running() as service:
        await service.set_tier("web", "a", "plus")
        service.look()
        _load(service, "a", "b", valid_until_ns=BEGIN + 10 * DAY)
        service.look()
        assert service.members("vip") == ["a", "b"]
        assert service.members("fine") == ["a"]
        seen = len(service.transitions())
        service.now_ns = BEGIN + 20 * DAY
        service.look()
        assert sorted(service.transitions()[seen:]) == [
            ("a", "fine", "exited", BEGIN + 10 * DAY),
            ("a", "vip", "exited", BEGIN + 10 * DAY),
            ("b", "vip", "exited", BEGIN + 10 * DAY),
        ]


async def test_who_is_in_no_later_load_leaves(tmp_path: Path) -> None:
    """Dated as of the load that came into force."""
    with Tracked(tmp_path, SOURCE).running() as service:
        _load(service, "a", "b")
        service.look()
        service.now_ns += DAY
        _load(service, "b")
        service.now_ns += DAY
        service.look()
        assert service.members("vip") == ["b"]
        assert service.transitions()[-1] == ("a", "vip", "exited", BEGIN + DAY)


async def test_the_end_of_a_loaded_membership_is_known_exactly(tmp_path: Path) -> None:
    """Its `until` is when it changes, whatever else of the customer changes before that."""
    scores = SOURCE.replace("audiences:\n", "scores: [{id: s, maximum_age: 1h}]\naudiences:\n", 1)
    with Tracked(tmp_path, scores).running() as service:
        target = LoadTarget(LoadKind.SCORES, "s")
        loading = service.state.loads.begin(target, service.now_ns, full=True)
        loading.add(ProfileKey("web", "a"), ScoreRow(score=1.0))
        loading.enforce(service.now_ns)
        loading.close()
        _load(service, "a", valid_until_ns=BEGIN + DAY)
        request = audiences.ExplainMembershipRequest(audience="vip", identities=[device("a")])
        told = await service.call("AudienceService/ExplainMembership", request)
        assert told.membership.until.ToNanoseconds() == BEGIN + DAY
        assert told.membership.until_exact
        service.now_ns = BEGIN + DAY
        told = await service.call("AudienceService/ExplainMembership", request)
        assert not told.membership.HasField("until")
