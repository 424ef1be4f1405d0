"""Simulations and comparisons as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console

from offerd.app.tables import console, print_line, print_table
from offerd.simulation.changes import KindChanges
from offerd.simulation.differences import Difference, Example, ScopeDifference
from offerd.simulation.report import (
    STAGE_NAMES,
    Coverage,
    FrequentReason,
    ProfileAnswers,
    Report,
    ScopeAnswer,
    ScopeReport,
)

_LISTED = 4
_TRANSITIONS = 20
_OUTCOMES = {
    "proposed": "offers",
    "topped_up": "topped up",
    "fallback": "fallback",
    "nothing": "nothing",
}


def print_report(report: Report) -> None:
    """Prints a simulation."""
    out = console()
    profiles = report.profiles
    print_line(out, f"{report.definitions}: revision {report.revision}, at {report.at}")
    print_line(out, f"{report.profiles_file}: {profiles:,} profiles")
    print_table(out, "outcome by scope", ["scope", *_OUTCOMES.values()], 1, _outcomes(report))
    print_table(
        out,
        "coverage of offers, in profiles",
        ["offer", "candidate", "eligible", "shown", "", "first"],
        1,
        (_coverage(offer, profiles) for offer in report.offers if offer.shown),
    )
    print_table(
        out,
        "shadowed: eligible for somebody, shown to nobody",
        ["offer", "eligible", "shown instead"],
        1,
        ((o.id, f"{o.eligible:,}", _listed(o.displaced_by)) for o in report.shadowed),
        last_is_text=True,
    )
    print_table(
        out,
        "nobody is eligible",
        ["offer", "candidate", "where most fell, and why"],
        1,
        ((o.id, f"{o.considered:,}", _why(o.reason)) for o in report.never_shown),
        last_is_text=True,
    )
    if report.unconsidered:
        print_line(out, f"in none of these scopes: {', '.join(report.unconsidered)}")
    for scope in report.scopes:
        _print_experiments(out, scope, profiles)
    if report.ranking_failures:
        print_line(out, f"offers without a score, by ranking: {_listed(report.ranking_failures)}")
    print_table(
        out,
        "diagnostics",
        ["requests", "what failed"],
        0,
        ((f"{times:,}", text) for text, times in report.diagnostics.items()),
        last_is_text=True,
    )
    print_table(
        out,
        "profiles" if len(report.first_profiles) == profiles else "the first profiles",
        ["line", "profile", "scope", "gets"],
        3,
        (row for profile in report.first_profiles for row in _answers(profile)),
        last_is_text=True,
    )


def print_difference(difference: Difference) -> None:
    """Prints a comparison."""
    out = console()
    profiles = difference.profiles
    print_line(out, f"before: {difference.old}, revision {difference.old_revision}")
    print_line(out, f"now: {difference.new}, revision {difference.new_revision}")
    print_line(
        out,
        f"{difference.profiles_file}: {profiles:,} profiles at {difference.at}, "
        f"{difference.changed:,} ({share(difference.changed, profiles)}) get something else",
    )
    _print_definitions(out, difference.definitions)
    for side, found in difference.left_out.items():
        where = "before" if side == "old" else "now"
        print_line(out, f"values not declared so {where}, and left out there: {_listed(found)}")
    for name, scopes in (("before", difference.only_old), ("now", difference.only_new)):
        if scopes:
            print_line(out, f"scopes only {name}: {', '.join(scopes)}")
    print_table(
        out,
        "scopes",
        ["scope", "another answer", "", "other content only"],
        1,
        (
            (s.name, f"{s.changed:,}", share(s.changed, profiles), f"{s.other_content:,}")
            for s in difference.scopes
        ),
    )
    for scope in difference.scopes:
        _print_scope(out, scope)


def share(part: int, whole: int) -> str:
    """Returns a part as a percentage of the whole; a dash if there is nothing."""
    return f"{100 * part / whole:.1f}".removesuffix(".0") + "%" if whole else "–"


def _outcomes(report: Report) -> Iterable[Sequence[str]]:
    for scope in report.scopes:
        shares = (share(scope.outcomes[name], report.profiles) for name in _OUTCOMES)
        yield (scope.name, *shares)


def _coverage(offer: Coverage, profiles: int) -> Sequence[str]:
    return (
        offer.id,
        f"{offer.considered:,}",
        f"{offer.eligible:,}",
        f"{offer.shown:,}",
        share(offer.shown, profiles),
        f"{offer.first:,}",
    )


def _why(reason: FrequentReason | None) -> str:
    if reason is None:
        return ""
    told = f"{reason.count:,} at {STAGE_NAMES[reason.stage]}"
    if not reason.reason:
        return told
    of_all = ""
    if reason.reason_count < reason.told:
        of_all = f" ({share(reason.reason_count, reason.told)} of them)"
    return f"{told}: {reason.reason}{of_all}"


def _listed(counts: Mapping[str, int]) -> str:
    listed = [f"{name} {count:,}" for name, count in list(counts.items())[:_LISTED]]
    return ", ".join(listed + ["…"] * (len(counts) > _LISTED))


def _print_experiments(out: Console, scope: ScopeReport, profiles: int) -> None:
    for one in scope.experiments:
        parts = [f"{arm} {n:,} ({share(n, profiles)})" for arm, n in one.arms.items()]
        parts.append(f"holdout {one.holdout:,} ({share(one.holdout, profiles)})")
        parts.append(f"taking no part {one.outside:,} ({share(one.outside, profiles)})")
        print_line(out, f"experiment {one.experiment} in {scope.name}: {', '.join(parts)}")


def _answers(profile: ProfileAnswers) -> Iterable[Sequence[str]]:
    line, name = str(profile.line), profile.id
    for answer in profile.answers:
        yield line, name, answer.scope, _gets(answer)
        line = name = ""


def _gets(answer: ScopeAnswer) -> str:
    offers = [*answer.offers, *(f"{name} (fallback)" for name in answer.fallbacks)]
    arm = f" [{answer.arm}]" if answer.arm else ""
    return (", ".join(offers) or "nothing") + arm


def _print_definitions(out: Console, kinds: Sequence[KindChanges]) -> None:
    if not kinds:
        print_line(out, "definitions: the same")
        return
    rows: list[Sequence[str]] = []
    for kind in kinds:
        rows += [(kind.kind, name, "added") for name in kind.added]
        rows += [(kind.kind, name, "removed") for name in kind.removed]
        rows += [
            (kind.kind, one.id, f"{field.field}: {field.old or '–'} → {field.new or '–'}")
            for one in kind.changed
            for field in one.fields
        ]
        if kind.reordered:
            rows.append((kind.kind, "", "in another order"))
    print_table(out, "definitions", ["kind", "id", "change"], 3, rows)


def _print_scope(out: Console, scope: ScopeDifference) -> None:
    moved = scope.transitions[:_TRANSITIONS]
    print_table(
        out,
        f"{scope.name}: first place",
        ["before", "now", "profiles"],
        2,
        ((one.old, one.new, f"{one.profiles:,}") for one in moved),
    )
    print_table(
        out,
        f"{scope.name}: offers",
        ["offer", "shown before", "now", "gained", "lost"],
        1,
        ((g.id, f"{g.old:,}", f"{g.new:,}", f"{g.gained:,}", f"{g.lost:,}") for g in scope.gains),
    )
    for example in scope.examples:
        _print_example(out, example)


def _print_example(out: Console, example: Example) -> None:
    print_line(out, f"such as {example.id} (line {example.line})")
    print_line(out, f"  before: {_gets(example.old)}")
    print_line(out, f"  now: {_gets(example.new)}")
    for one in example.because:
        when = "before" if one.side == "old" else "now"
        stage = f"not {when}: {STAGE_NAMES[one.stage]}: " if one.stage else ""
        print_line(out, f"  {one.offer}: {stage}{one.reason}")
