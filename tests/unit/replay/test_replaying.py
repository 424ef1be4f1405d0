"""What a replay is told, what it can read of other revisions, and what it can't do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from offerd.bundle import Bundle, open_bundle
from offerd.decision.ranking_model import RankingModel
from offerd.model.capping import Cap, CapSubject, Counter
from offerd.model.catalogue import Offer
from offerd.model.decision import DecisionContext
from offerd.model.journal import DecisionEntry, JournalItem, JournalScope
from offerd.model.profile import ProfileKey, ProfileView
from offerd.model.schema import Attribute, Schema, ValueType
from offerd.replay import Definitions, RecordedCounts, RecordingCounts, Replay, Unreplayable
from offerd.replay.fitting import fitting_context, fitting_view, new_aggregates
from serving import compile_to

KEY = ProfileKey("crm", "1")
COUNTERS = (Counter("shown", "decision", CapSubject.TOTAL, (0,)),)
CAP = Cap(0, 3)
DEFINITIONS = """
placements: [{{id: web, channel: web, content_type: text}}]
offers: [{{id: a, representations: [{{placement: web, text: A}}]}}]
collections: [{{id: all, offers: [a]}}]
rankings: [{{id: learned, model: learned}}]
strategies: [{{id: all, collection: all, ranking: {ranking}}}]
fallback_offers: [{{id: none, representations: [{{placement: web, text: N}}]}}]
decisions: [{{id: {decision}, placements: [web], strategies: [all], fallbacks: [none]}}]
"""


class Moving:
    """Counts that are others each time."""

    def __init__(self) -> None:
        self.asked = 0

    def total(self, counter: str, after_ns: int | None, until_ns: int | None) -> int:
        """Returns 0 in windows, else one more than the time before."""
        self.asked += 1
        return 0 if after_ns is not None else self.asked

    def pending(self, counter: str, subject: ProfileKey | None, now_ns: int) -> int:
        """Returns one more than the time before."""
        self.asked += 1
        return self.asked

    def reached(self, offer: str, cap: Cap) -> bool:
        """Whether it is offer `a`."""
        return offer == "a"


class Flat:
    """A model to which all offers are alike."""

    def scores(
        self, offers: Sequence[Offer], view: ProfileView, context: DecisionContext, now_ns: int
    ) -> Sequence[float]:
        """Returns ones."""
        return [1.0] * len(offers)


def test_counts_are_told_again_as_they_were() -> None:
    """Whatever moved meanwhile; also a window that was empty of a counter that wasn't."""
    recording = RecordingCounts(Moving())
    first = [recording.total("shown", None, None), recording.total("shown", 5, 9)]
    assert [recording.total("shown", None, None), recording.total("shown", 5, 9)] == first
    pending = recording.pending("shown", KEY, 7)
    assert recording.pending("shown", KEY, 7) == pending
    assert (recording.reached("a", CAP), recording.reached("b", CAP)) == (True, False)
    again = RecordedCounts(recording.seen, recording.lost(COUNTERS), COUNTERS)
    assert [again.total("shown", None, None), again.total("shown", 5, 9)] == first
    assert again.pending("shown", KEY, 7) == pending
    assert (again.reached("a", CAP), again.reached("b", CAP)) == (True, False)


def test_other_windows_are_told_the_largest_count_and_other_counters_none() -> None:
    """A revision that asks otherwise can't be told what nobody asked then."""
    recording = RecordingCounts(Moving())
    count = recording.total("shown", None, None)
    again = RecordedCounts(recording.seen, (), COUNTERS)
    assert again.total("shown", 1, 2) == count
    assert again.total("another", None, None) == 0
    assert again.pending("shown", None, 0) == 0


def test_values_of_another_type_are_left_out() -> None:
    """As of a live profile; what was new is as before any event, but for nobody."""
    schema = Schema(
        profile=(
            Attribute("age", ValueType.INT),
            Attribute("vip", ValueType.BOOL),
            Attribute("tags", ValueType.LIST_STRING),
        ),
        context=(Attribute("weather", ValueType.STRING),),
    )
    known = {"age": "old", "vip": True, "tags": ["a", 1], "gone": 1}
    view = ProfileView(KEY, known, {"visits": 3}, {})
    fitting = fitting_view(view, schema, {"visits": 0, "spend": 0.0})
    assert fitting.attributes == {"vip": True, "gone": 1}
    assert fitting.aggregates == {"visits": 3, "spend": 0.0}
    assert new_aggregates(view, {"visits": 0, "spend": 0.0}) == {"spend"}
    nobody = ProfileView(None, {}, {}, {})
    assert fitting_view(nobody, schema, {"visits": 0}) == nobody
    assert new_aggregates(nobody, {"visits": 0}) == frozenset()
    context = DecisionContext({"weather": 3, "channel": "web"}, ("sv",))
    assert fitting_context(context, schema) == DecisionContext({"channel": "web"}, ("sv",))


@contextmanager
def bundle_of(
    folder: Path, *, ranking: str = "priority", decision: str = "best"
) -> Iterator[Bundle]:
    """Opens a bundle that may ask for a model."""
    source = folder / f"{ranking}-{decision}"
    source.mkdir()
    text = DEFINITIONS.format(ranking=ranking, decision=decision)
    (source / "all.yaml").write_text(text, encoding="utf-8")
    models: Mapping[str, RankingModel] = {"learned": Flat()}
    opened = open_bundle(compile_to(folder / "bundles", source), models)
    try:
        yield opened
    finally:
        opened.close()


def entry(revision: str, **changes: object) -> DecisionEntry:
    """Returns a decision that proposed offer `a` by priority."""
    items = (JournalItem("a", False, "all", 0.0),)
    scope = JournalScope("hero", "best", "web", 1, None, "proposed", items)
    made = DecisionEntry(0, None, b"", "stem", "r-1", revision, {}, (), (scope,))
    for name, value in changes.items():
        made = type(made)(**{**_fields(made), name: value})  # type: ignore[arg-type]
    return made


def _fields(made: DecisionEntry) -> dict[str, object]:
    return {name: getattr(made, name) for name in made.__struct_fields__}


VIEW = ProfileView(None, {}, {}, {})


def test_what_cannot_be_replayed_is_said(tmp_path: Path) -> None:
    """Without its view, or without a model that it may ask, a decision isn't made up."""
    with bundle_of(tmp_path, ranking="learned") as bundle:
        here = Replay(Definitions(bundle.prepared, bundle.revision, {}))
        assert here.replay(entry("r"), None) is Unreplayable.VIEW
        assert isinstance(here.replay(entry("r"), VIEW), tuple)
        away = Replay(Definitions(bundle.prepared, bundle.revision, {}, {"learned"}))
        assert away.replay(entry("r"), VIEW) is Unreplayable.MODEL
        assert (away.replayed, away.unreplayable) == (0, {Unreplayable.MODEL: 1})


def test_scopes_and_arms_that_are_gone_are_named(tmp_path: Path) -> None:
    """A decision under another name isn't the same one."""
    with bundle_of(tmp_path) as bundle:
        same = Replay(Definitions(bundle.prepared, bundle.revision, {}))
        assert same.replay(entry(bundle.revision), VIEW) == ()
    with bundle_of(tmp_path, decision="other") as bundle:
        replay = Replay(Definitions(bundle.prepared, bundle.revision, {}))
        found = replay.replay(entry("r", arms={"old": "b"}), VIEW)
        assert isinstance(found, tuple)
        assert found[0].now is None
        assert (replay.gone, replay.differing, replay.arms) == ({"hero": 1}, {}, {"old=b"})
        assert replay.of_other_revisions == 1
