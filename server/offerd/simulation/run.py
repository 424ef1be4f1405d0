"""Running a simulation: the decision of a service, over a file of profiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from offerd.bundle import Bundle
from offerd.simulation.lines import Advance, IsText, Line, read_lines, sampled
from offerd.simulation.mistakes import Mistakes
from offerd.simulation.profiles import ProfileAdmission
from offerd.simulation.question import Question, ask
from offerd.simulation.report import Report
from offerd.simulation.tally import Tally

REASONS_OF: Final = 300
"""Why candidates fell is worked out in words for so many profiles: it costs most of the time."""


class Reading(NamedTuple):
    """Which profiles: a file, at most `limit` of them (None is all).

    The first ones are taken or, with a `seed`, ones chosen at random, the same for the same seed.
    `advance` is told how many bytes have been read.
    """

    path: Path
    limit: int | None = None
    seed: int | None = None
    advance: Advance = lambda _: None

    def lines(self, is_text: IsText) -> Iterator[Line]:
        """Yields the lines."""
        lines = read_lines(self.path, is_text, self.advance)
        if self.limit is None:
            yield from lines
        elif self.seed is None:
            yield from _first(lines, self.limit)
        else:
            yield from sampled(lines, self.limit, self.seed)


class Source(NamedTuple):
    """Where definitions come from, in words, and what they are."""

    name: str
    bundle: Bundle


def simulate(
    source: Source,
    question: Question,
    admission: ProfileAdmission,
    reading: Reading,
    *,
    first_profiles: int = 20,
    hidden_labels: Sequence[str] = (),
) -> Report:
    """Decides for every profile and returns what they get.

    Raises ProfilesError, which tells every line that is wrong, and then there is no report.
    """
    prepared = source.bundle.prepared
    tally = Tally(question, first_profiles)
    mistakes = Mistakes(str(reading.path))
    for line in reading.lines(admission.is_text):
        if line.mistake is not None:
            mistakes.add(line.number, line.mistake)
            continue
        subject, wrong = admission.admit(line.number, line.record)
        for mistake in wrong:
            mistakes.add(line.number, mistake)
        if not mistakes.count:
            reasons = tally.profiles < REASONS_OF
            tally.take(subject, ask(prepared, question, subject, explain=True, reasons=reasons))
    mistakes.verify()
    return tally.report(
        source.name,
        source.bundle.revision,
        str(reading.path),
        hidden_labels,
        [offer.id for offer in source.bundle.catalogue.offers],
    )


def _first(lines: Iterator[Line], limit: int) -> Iterator[Line]:
    for count, line in enumerate(lines, 1):
        yield line
        if count == limit:
            return
