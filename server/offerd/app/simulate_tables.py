"""Simulations and comparisons as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

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

_FILE_WIDTH = 160
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
    out = _console()
    profiles = report.profiles
    _line(out, f"{report.definitions}: revision {report.revision}, at {report.at}")
    _line(out, f"{report.profiles_file}: {profiles:,} profiles")
    _print(out, "outcome by scope", ["scope", *_OUTCOMES.values()], 1, _outcomes(report))
    _print(
        out,
        "coverage of offers, in profiles",
        ["offer", "candidate", "eligible", "shown", "", "first"],
        1,
        (_coverage(offer, profiles) for offer in report.offers if offer.shown),
    )
    _print(
        out,
        "shadowed: eligible for somebody, shown to nobody",
        ["offer", "eligible", "shown instead"],
        1,
        ((o.id, f"{o.eligible:,}", _listed(o.displaced_by)) for o in report.shadowed),
        last_is_text=True,
    )
    _print(
        out,
        "nobody is eligible",
        ["offer", "candidate", "where most fell, and why"],
        1,
        ((o.id, f"{o.considered:,}", _why(o.reason)) for o in report.never_shown),
        last_is_text=True,
    )
    if report.unconsidered:
        _line(out, f"in none of these scopes: {', '.join(report.unconsidered)}")
    for scope in report.scopes:
        _print_experiments(out, scope, profiles)
    if report.ranking_failures:
        _line(out, f"offers without a score, by ranking: {_listed(report.ranking_failures)}")
    _print(
        out,
        "diagnostics",
        ["requests", "what failed"],
        0,
        ((f"{times:,}", text) for text, times in report.diagnostics.items()),
        last_is_text=True,
    )
    _print(
        out,
        "profiles" if len(report.first_profiles) == profiles else "the first profiles",
        ["line", "profile", "scope", "gets"],
        3,
        (row for profile in report.first_profiles for row in _answers(profile)),
        last_is_text=True,
    )


def print_difference(difference: Difference) -> None:
    """Prints a comparison."""
    out = _console()
    profiles = difference.profiles
    _line(out, f"before: {difference.old}, revision {difference.old_revision}")
    _line(out, f"now: {difference.new}, revision {difference.new_revision}")
    _line(
        out,
        f"{difference.profiles_file}: {profiles:,} profiles at {difference.at}, "
        f"{difference.changed:,} ({share(difference.changed, profiles)}) get something else",
    )
    _print_definitions(out, difference.definitions)
    for side, found in difference.left_out.items():
        where = "before" if side == "old" else "now"
        _line(out, f"values not declared so {where}, and left out there: {_listed(found)}")
    for name, scopes in (("before", difference.only_old), ("now", difference.only_new)):
        if scopes:
            _line(out, f"scopes only {name}: {', '.join(scopes)}")
    _print(
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


def _console() -> Console:
    console = Console(highlight=False)
    return console if console.is_terminal else Console(width=_FILE_WIDTH, highlight=False)


def _line(out: Console, text: str) -> None:
    out.print(Text(text), soft_wrap=True)


def _print(
    out: Console,
    title: str,
    columns: Sequence[str],
    texts: int,
    rows: Iterable[Sequence[str]],
    *,
    last_is_text: bool = False,
) -> None:
    """Prints a table, if it has rows; the first `texts` columns hold text, the rest numbers."""
    table = Table(box=box.SIMPLE_HEAD, title=Text(title), title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        is_text = place < texts or (last_is_text and place == len(columns) - 1)
        table.add_column(
            column, justify="left" if is_text else "right", overflow="fold",
            no_wrap=not is_text,
        )  # fmt: skip
    for row in rows:
        table.add_row(*map(Text, row))  # text of others is never markup
    if table.row_count:
        out.print(table)


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
        _line(out, f"experiment {one.experiment} in {scope.name}: {', '.join(parts)}")


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
        _line(out, "definitions: the same")
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
    _print(out, "definitions", ["kind", "id", "change"], 3, rows)


def _print_scope(out: Console, scope: ScopeDifference) -> None:
    moved = scope.transitions[:_TRANSITIONS]
    _print(
        out,
        f"{scope.name}: first place",
        ["before", "now", "profiles"],
        2,
        ((one.old, one.new, f"{one.profiles:,}") for one in moved),
    )
    _print(
        out,
        f"{scope.name}: offers",
        ["offer", "shown before", "now", "gained", "lost"],
        1,
        ((g.id, f"{g.old:,}", f"{g.new:,}", f"{g.gained:,}", f"{g.lost:,}") for g in scope.gains),
    )
    for example in scope.examples:
        _print_example(out, example)


def _print_example(out: Console, example: Example) -> None:
    _line(out, f"such as {example.id} (line {example.line})")
    _line(out, f"  before: {_gets(example.old)}")
    _line(out, f"  now: {_gets(example.new)}")
    for one in example.because:
        when = "before" if one.side == "old" else "now"
        stage = f"not {when}: {STAGE_NAMES[one.stage]}: " if one.stage else ""
        _line(out, f"  {one.offer}: {stage}{one.reason}")
