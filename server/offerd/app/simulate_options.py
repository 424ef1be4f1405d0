"""What `offerd simulate` and `offerd diff` are told alike."""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from offerd.admission import InvalidInstant, parse_instant, quote
from offerd.admission.wording import suggestion
from offerd.app.json_option import read_object
from offerd.app.models import installed_models
from offerd.bundle import Bundle, open_bundle, write_bundle
from offerd.decision.hiding import HIDDEN_LABELS, hidden_names
from offerd.errors import DataError
from offerd.events import FoldPlan
from offerd.model.decision import Arbitration, Deduplication, Options
from offerd.simulation.profiles import PARTS, ProfileAdmission
from offerd.simulation.question import Question, named_requests, paired_request
from offerd.simulation.run import Reading, Source

_FILE = click.Path(path_type=Path, dir_okay=False)
_LABEL: Final = re.compile(r"C(?:[1-9]|1[0-2])|I[12]|S[12]|RHD|PSPD|[a-z0-9][a-z0-9._-]{0,127}")

_OPTIONS = (
    click.option(
        "--profiles",
        required=True,
        type=click.Path(path_type=Path, dir_okay=False, exists=True),
        help="Profiles to decide for: JSON Lines, or CSV with dotted column names.",
    ),
    click.option(
        "--scope",
        "scopes",
        multiple=True,
        metavar="NAME",
        help="A scope to ask for; repeated, all in one request. Default: every scope by itself.",
    ),
    click.option("--decision", help="Instead of a scope's name: a decision, with --placement."),
    click.option("--placement", help="The placement of --decision."),
    click.option("--items", type=click.IntRange(1, 500), help="How many items each scope wants."),
    click.option("--at", metavar="INSTANT", help="When, in RFC 3339. Default: now."),
    click.option(
        "--context",
        metavar="JSON",
        help="The moment, as in a request, or a file of it; what a line says itself goes first.",
    ),
    click.option(
        "--override",
        metavar="JSON",
        help="Parts of a profile laid over every line, or a file of them.",
    ),
    click.option(
        "--arm",
        "arms",
        multiple=True,
        metavar="EXPERIMENT=ARM",
        help="Put everybody into an arm of an experiment; repeatable.",
    ),
    click.option(
        "--deduplication",
        type=click.Choice([one.value for one in Deduplication]),
        default=Deduplication.SCOPE.value,
        show_default=True,
        help="Within what an offer is proposed at most once.",
    ),
    click.option(
        "--arbitration",
        type=click.Choice([one.value for one in Arbitration]),
        default=Arbitration.IN_ORDER.value,
        show_default=True,
        help="Which scope gets an offer that only one of several may have.",
    ),
    click.option(
        "--limit", type=click.IntRange(1), help="Decide for so many profiles at most, the first."
    ),
    click.option(
        "--seed", type=int, help="Take the profiles of --limit at random, the same for a seed."
    ),
    click.option(
        "--hide-labels",
        default=",".join(HIDDEN_LABELS),
        show_default=True,
        metavar="LABELS",
        help="Tell no values of data so labelled, only its names; empty hides nothing.",
    ),
    click.option("--html", type=_FILE, help="Write a page with charts."),
    click.option("--json", "json_file", type=_FILE, help="Write all of it as JSON."),
)


def shared_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that both commands have."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of both commands, as they are given."""

    profiles: Path
    scopes: tuple[str, ...]
    decision: str | None
    placement: str | None
    items: int | None
    at: str | None
    context: str | None
    override: str | None
    arms: tuple[str, ...]
    deduplication: str
    arbitration: str
    limit: int | None
    seed: int | None
    hide_labels: str
    html: Path | None
    json_file: Path | None

    def verify(self) -> None:
        """Raises UsageError for options that don't go together."""
        if (self.decision is None) != (self.placement is None):
            raise click.UsageError("--decision and --placement go together")
        if self.scopes and self.decision is not None:
            raise click.UsageError("give either --scope, or --decision and --placement")
        if self.seed is not None and self.limit is None:
            raise click.UsageError("--seed is for the sample of --limit")

    @property
    def now_ns(self) -> int:
        """The instant asked for, in nanoseconds. The present one differs with every call."""
        if self.at is None:
            return time.time_ns()
        try:
            return parse_instant(self.at)
        except InvalidInstant as error:
            raise click.BadParameter(f"`{self.at}`: {error}", param_hint="--at") from error

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels to hide."""
        return parse_labels(self.hide_labels)

    def question(self, source: Source, now_ns: int) -> Question:
        """Returns what is asked of definitions; DataError for what they don't have."""
        bundle = source.bundle
        if self.decision is not None and self.placement is not None:
            requests = paired_request(bundle.prepared, self.decision, self.placement, self.items)
        else:
            requests = named_requests(bundle.prepared, self.scopes, self.items)
        if not requests:
            raise DataError(f"{source.name} names no scope: give --decision and --placement")
        options = Options(
            Deduplication(self.deduplication),
            Arbitration(self.arbitration),
            arms=_arms(self.arms, bundle),
            hidden=hidden_names(bundle.prepared, bundle.event_filters, self.labels),
        )
        return Question(requests, now_ns, options)

    def admission(self, source: Source, now_ns: int) -> ProfileAdmission:
        """Returns what reads profiles by the declarations of definitions."""
        bundle = source.bundle
        return ProfileAdmission(
            bundle.prepared,
            FoldPlan.build(bundle.catalogue, bundle.event_filters).defaults,
            now_ns,
            context=read_object(self.context, "--context"),
            override=_parts(read_object(self.override, "--override")),
        )

    @contextmanager
    def reading(self) -> Iterator[Reading]:
        """Yields how the file is read, with progress told on a terminal."""
        size = self.profiles.stat().st_size
        with _progress(size) as advance:
            yield Reading(self.profiles, self.limit, self.seed, advance)


def parse_labels(text: str) -> tuple[str, ...]:
    """Returns labels separated by commas; raises BadParameter for what can't be one."""
    labels = tuple(label for part in text.split(",") if (label := part.strip()))
    for label in labels:
        if _LABEL.fullmatch(label) is None:
            message = f"{quote(label)} is no label such as I1, S2, RHD or one of your own"
            raise click.BadParameter(message, param_hint="--hide-labels")
    return labels


def _parts(override: dict[str, Any]) -> dict[str, Any]:
    for name, value in override.items():
        known = [part for part in PARTS if part not in ("namespace", "id")]
        if name not in known:
            raise DataError(f"--override has {quote(name)}{suggestion(name, known)}")
        if not isinstance(value, Mapping):
            raise DataError(f"--override: `{name}` must be an object")
    return override


def _arms(given: Sequence[str], bundle: Bundle) -> dict[str, str]:
    known = {one.id: [arm.id for arm in one.arms] for one in bundle.catalogue.experiments}
    arms: dict[str, str] = {}
    for text in given:
        experiment, equals, arm = text.partition("=")
        if not equals:
            raise click.BadParameter(f"`{text}`: expected EXPERIMENT=ARM", param_hint="--arm")
        if experiment not in known:
            raise DataError(f"no experiment {quote(experiment)}{suggestion(experiment, known)}")
        if arm not in known[experiment]:
            among = suggestion(arm, known[experiment])
            raise DataError(f"experiment `{experiment}` has no arm {quote(arm)}{among}")
        arms[experiment] = arm
    return arms


@contextmanager
def bundle_of(paths: Sequence[Path]) -> Iterator[Bundle]:
    """Yields one bundle, or that of folders of definitions; UsageError for a mixture."""
    files = [path for path in paths if not path.is_dir()]
    if files and len(paths) > 1:
        raise click.UsageError(f"give one bundle or folders of definitions: `{files[0]}` is a file")
    with opened(paths[0]) if files else _compiled(paths) as found:
        yield found


@contextmanager
def _compiled(folders: Sequence[Path]) -> Iterator[Bundle]:
    """Yields the bundle of folders of definitions, which is gone afterwards."""
    from offerd.definitions import load

    loaded = load(folders)
    for warning in loaded.warnings:
        click.echo(f"warning: {warning}", err=True)
    with tempfile.TemporaryDirectory(prefix="offerd-") as folder:
        path = Path(folder) / "bundle"
        write_bundle(loaded.catalogue, path)
        with opened(path) as bundle:
            yield bundle


@contextmanager
def opened(path: Path) -> Iterator[Bundle]:
    """Yields a bundle, which is closed afterwards."""
    bundle = open_bundle(path, installed_models())
    try:
        yield bundle
    finally:
        bundle.close()


def write_file(path: Path, text: str) -> None:
    """Writes a result; DataError if it can't be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise DataError(f"`{path}` can't be written: {reason}") from error


@contextmanager
def _progress(size_bytes: int) -> Iterator[Callable[[int], None]]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (
        TextColumn("deciding"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )  # fmt: skip
    with Progress(*columns, console=Console(file=sys.stderr), transient=True) as progress:
        task = progress.add_task("deciding", total=size_bytes)
        yield lambda done: progress.update(task, completed=done)
