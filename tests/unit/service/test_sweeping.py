"""Looking at everybody: after a load at what it may concern, and after what was told already."""

from __future__ import annotations

from pathlib import Path

from offerd.customer.loaded import LoadKind, LoadTarget, MembershipRow, Row, ScoreRow
from offerd.model.profile import ProfileKey
from offerd.service.revisions import Standing
from offerd.store.memberships import Sweep
from unit.service.tracked import BEGIN, DAY, DEFINITIONS, HOUR, SECOND, Tracked, device

SOURCE = DEFINITIONS.replace(
    "audiences:\n",
    "scores:\n"
    "- {id: unread}\n"
    "- {id: read}\n"
    "audiences:\n"
    "- {id: vip, name: Vip, external: true}\n"
    "- {id: likely, name: Likely, rule: 'score(\"read.probability\") > 0.5'}\n"
    "- {id: both, name: Both, rule: \"audience('vip') && audience('likely')\"}\n",
)
QUIET = "- {id: quiet, name: Quiet, rule: 'aggregate.visits_30d == 0'}\n"
VIP = LoadTarget(LoadKind.MEMBERSHIPS, "vip")
SCORED = ScoreRow(score=1.0, probability=0.9)


def _load(service: Tracked, target: LoadTarget, row: Row, *names: str) -> None:
    loading = service.state.loads.begin(target, service.now_ns, full=True)
    for name in names:
        loading.add(ProfileKey("web", name), row)
    loading.enforce(service.now_ns)
    loading.close()


async def test_a_load_that_no_audience_reads_has_nobody_looked_at(tmp_path: Path) -> None:
    """Not even to find out that it concerns nobody."""
    with Tracked(tmp_path, SOURCE).running() as service:
        _load(service, LoadTarget(LoadKind.SCORES, "unread"), SCORED, "a")
        assert service.state.tracking.sweep() is None


async def test_a_load_has_those_audiences_looked_at_that_read_it(tmp_path: Path) -> None:
    """Also a part of a score, and also by audiences that they ask."""
    with Tracked(tmp_path, SOURCE).running() as service:
        _load(service, LoadTarget(LoadKind.SCORES, "read"), SCORED, "a", "b")
        service.look()
        assert service.members("likely") == ["a", "b"]
        service.now_ns += SECOND
        _load(service, VIP, MembershipRow(), "b", "c")
        service.look()
        assert service.members("vip") == ["b", "c"]
        assert service.members("both") == ["b"]


async def test_customers_that_only_a_load_brings_are_in_what_takes_in_anybody(
    tmp_path: Path,
) -> None:
    """Though no such audience reads what was loaded."""
    source = SOURCE.replace("audiences:\n", "audiences:\n" + QUIET)
    with Tracked(tmp_path, source).running() as service:
        _load(service, LoadTarget(LoadKind.SCORES, "unread"), SCORED, "a")
        service.look()
        assert service.members("quiet") == ["a"]


async def test_what_was_told_of_a_later_write_is_not_told_again(tmp_path: Path) -> None:
    """Everybody is looked at as of a release, also those who were looked at since then."""
    with Tracked(tmp_path).running() as service:
        await service.collect("page_view", device("d"))
        service.now_ns += HOUR
        later = DEFINITIONS.replace("duration('2160h')", "duration('1080h')")
        await service.revisions.use(Standing(service.loaded(later)))
        service.now_ns += HOUR
        await service.collect("page_view", device("d"))
        service.revisions.tracker.step()
        entered = ("d", "keen", "realized", BEGIN + 2 * HOUR)
        assert service.transitions() == [entered]
        service.look()
        assert service.transitions() == [entered]
        service.now_ns += 30 * DAY
        service.look()
        assert service.transitions() == [entered, ("d", "keen", "exited", BEGIN + 30 * DAY)]


def test_a_load_meanwhile_does_not_have_all_begin_anew() -> None:
    """Those who are left are looked at for both, the others for the second one again."""
    sweep = Sweep(1, b"", ("@scores/a",)).with_load(2, "@scores/b")
    assert sweep == Sweep(2, b"", ("@scores/a", "@scores/b"))
    half = sweep.later(b"pm")
    assert half is not None
    three = half.with_load(3, "@scores/c")
    assert three.causes == ("@scores/a", "@scores/b", "@scores/c")
    assert three.after == b"pm"
    again = three.later(None)
    assert again == Sweep(3, b"", ("@scores/c",), b"pm")
    assert again.later(b"pk") == Sweep(3, b"pk", ("@scores/c",), b"pm")
    assert again.later(b"pm") is None
    assert Sweep(1, b"pm").with_load(2, "@scores/a").later(None) == Sweep(
        2, b"", ("@scores/a",), b"pm"
    )


def test_a_load_during_the_second_time_is_looked_at_by_all() -> None:
    """Whom the second time would have left out is looked at for the new one."""
    again = Sweep(3, b"pk", ("@scores/c",), b"pm").with_load(4, "@scores/d")
    assert again.causes == ("@scores/c", "@scores/d")
    assert (again.after, again.until) == (b"pk", b"")
    assert again.later(None) == Sweep(4, b"", ("@scores/d",), b"pk")
