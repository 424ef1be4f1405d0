"""Keeping track of who is in which audience, beside everything else.

The store marks whoever is written to, in the transaction that writes. A thread looks at those who
are marked, at those whose membership changes as time passes, and after a load or a change of what
is tracked at everybody; it writes what it finds with the marks taken off in one transaction. So
nothing is lost or told twice, whenever the process ends.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Final, NamedTuple

import structlog

from offerd.customer.consent import has_opted_out
from offerd.customer.subject import subjects_of
from offerd.customer.tracking import NOTHING, AudienceTracking, Looked, Tracked, gone
from offerd.errors import Exhausted, Unavailable
from offerd.model.identity import Subject
from offerd.model.profile import ProfileKey
from offerd.service.consents import consent_of
from offerd.service.followed import Followed
from offerd.service.pacing import Pace
from offerd.store import State
from offerd.store.membership_writer import Seen
from offerd.store.memberships import Mark, Stored, Sweep, TrackedRow, decode_mark

_MOST: Final = 100
"""Those who are looked at before anything of it is stored."""

_ROUND_S: Final = 0.03
"""About how long that may take: so much later transitions are told."""

_LONGEST_WAIT_S: Final = 60.0
"""However far the next timer is: the clock on the wall may be set meanwhile."""

_AFTER_FAILURE_S: Final = 1.0
_PATIENCE_S: Final = 0.25
"""So long those who were written to go before all others, who then have a turn too."""

_LONG_NS: Final = 60 * 1_000_000_000
"""Between two writes that nobody has looked at: what was between them is looked at too."""

_AGAIN: Final = 4
"""So often somebody is looked at again because they were written to meanwhile."""


class _Job(NamedTuple):
    """A subject to look at: as of when, because of what, and whose mark or row it was."""

    subject: Subject
    at_ns: int
    first_ns: int
    causes: frozenset[str]
    found_at: ProfileKey

    def with_(self, other: _Job) -> _Job:
        """Both at once; who is looked at because it is time only has no time of a write."""
        if not self.causes or not other.causes:
            return self if self.causes else other
        return self._replace(
            at_ns=max(self.at_ns, other.at_ns),
            first_ns=min(self.first_ns, other.first_ns),
            causes=self.causes | other.causes,
        )


class Tracker:
    """Looks at customers in a thread of its own once started, or step by step.

    `now` is the clock, in nanoseconds. `follow` says what is tracked.
    """

    def __init__(
        self, state: State, now: Callable[[], int], log: structlog.typing.FilteringBoundLogger
    ) -> None:
        self._state = state
        self._tracking = state.tracking
        self._now = now
        self._log = log
        self._followed: Followed | None = None
        self._begun: Future[None] | None = None
        self._most = _MOST
        self._pace = Pace()
        self._swept_s = 0.0
        self._marks_after = b""
        self._listeners: list[Callable[[], object]] = []
        self._wake = threading.Condition()
        self._woken = False
        self._stopping = False
        self._thread: threading.Thread | None = None

    def follow(self, followed: Followed) -> None:
        """Has these audiences tracked from now on; everybody is looked at if they are others."""
        self._followed = followed
        self._tracking.watching.watch = followed.watch()
        self._tracking.watching.when_marked = self.wake
        fingerprint = followed.fingerprint()
        if self._tracking.fingerprint() != fingerprint:
            self._begun = self._tracking.begin_sweep(fingerprint, self._now())
        self.wake()

    @property
    def is_following(self) -> bool:
        """Whether it was said what is tracked."""
        return self._followed is not None

    def start(self) -> None:
        """Begins to look, at first at all that was left or fell due while nobody did."""
        self._thread = threading.Thread(target=self._run, name="offerd-tracker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends; what is left is looked at the next time."""
        with self._wake:
            self._stopping = True
            self._wake.notify_all()
        self._tracking.watching.when_marked = None
        if self._thread is not None:
            self._thread.join()

    def wake(self) -> None:
        """Has it look at once, as after a write or when the clock was set."""
        with self._wake:
            self._woken = True
            self._wake.notify_all()

    def listen(self, listener: Callable[[], object]) -> Callable[[], None]:
        """Calls a function, in any thread, when transitions are stored; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def step(self, *, paced: bool = False) -> bool:
        """Looks at some who are to be looked at; returns whether there were any.

        `paced` rests now and then from looking at others than those who were just written to.
        """
        followed, begun = self._followed, self._begun
        if followed is None:
            return False
        if begun is not None:
            begun.result()
        now_ns = self._now()
        rests = paced and self._pace.left_s > 0
        marks = self._next_marks()
        due = [] if rests else self._tracking.due(now_ns, self._most)
        waits = bool(marks or due) and not (paced and self._swept_s < time.monotonic())
        sweep = None if rests or waits else self._tracking.sweep()
        if not marks and not due and sweep is None:
            return False
        self._pace.begin()
        round_ = _Round(followed, self._state, now_ns, self._pace.breathe)
        for _, mark, value in marks:
            round_.add_mark(mark, value)
        for digest in due:
            round_.add_due(digest)
        swept = None if sweep is None else (self._sweep(sweep, round_), sweep)
        begin_s, begin_cpu_s = time.monotonic(), time.thread_time()
        seen = round_.seen()
        self._fit(time.monotonic() - begin_s)
        if due or sweep is not None:
            self._pace.end(time.thread_time() - begin_cpu_s)
        stored = self._tracking.store(seen, round_.marks.items(), self._now(), swept)
        if stored.result():
            for listener in tuple(self._listeners):
                listener()
        return True

    def _next_marks(self) -> list[tuple[bytes, Mark, bytes]]:
        marks = self._tracking.marks(self._marks_after, self._most)
        if not marks and self._marks_after:
            marks = self._tracking.marks(b"", self._most)
        self._marks_after = marks[-1][0] if marks else b""
        return marks

    def _sweep(self, sweep: Sweep, round_: _Round) -> Sweep | None:
        """Adds some of those who are left to a round; returns who is left then."""
        self._swept_s = time.monotonic() + _PATIENCE_S
        if not round_.followed.concerns(sweep.causes):
            return sweep.later(None)
        page = self._tracking.everybody(sweep.after, self._most)
        for key in page.keys:
            round_.add(key, sweep.time_ns or round_.now_ns, frozenset(sweep.causes))
        return sweep.later(page.after)

    def _fit(self, took_s: float) -> None:
        """Has fewer looked at together if that took long, more if it was quick."""
        if took_s > _ROUND_S:
            self._most = max(1, self._most // 2)
        elif took_s < _ROUND_S / 4:
            self._most = min(_MOST, 2 * self._most)

    def settle(self) -> None:
        """Looks until nobody is left; for who doesn't start a thread."""
        while self.step():
            pass

    def _run(self) -> None:
        while not self._stopping:
            wait_s = 0.0
            try:
                if not self.step(paced=True):
                    wait_s = self._until_next_s()
            except Unavailable:
                return  # the state is being closed
            except Exhausted:
                wait_s = _AFTER_FAILURE_S  # nothing is lost: the marks stay
            except Exception:
                # The thread's outermost edge: a defect at one customer must not end tracking.
                self._log.exception("audiences couldn't be tracked")
                wait_s = _AFTER_FAILURE_S
            with self._wake:
                if wait_s and not self._woken and not self._stopping:
                    self._wake.wait(wait_s)
                self._woken = False

    def _until_next_s(self) -> float:
        if self._tracking.sweep() is not None:
            return self._pace.left_s
        due_ns = self._tracking.next_due_ns()
        if due_ns is None:
            return _LONGEST_WAIT_S
        until_s = max((due_ns - self._now()) / 1e9, self._pace.left_s)
        return min(until_s, _LONGEST_WAIT_S)


class _Round:
    """Those who are looked at together, each once."""

    def __init__(
        self, followed: Followed, state: State, now_ns: int, breathe: Callable[[], None]
    ) -> None:
        self.followed = followed
        self.now_ns = now_ns
        self._state = state
        self._tracking = state.tracking
        self._breathe = breathe
        self._jobs: dict[ProfileKey, _Job] = {}
        self._retired: dict[ProfileKey, ProfileKey] = {}
        self.marks: dict[ProfileKey, bytes] = {}
        """The marks that are answered, as they were encoded."""

    def add_mark(self, mark: Mark, value: bytes) -> None:
        """Whoever a marked identity is part of."""
        self.marks[mark.key] = value
        at_ns = mark.last_ns or self.now_ns
        self.add(mark.key, at_ns, frozenset(mark.causes), mark.first_ns or at_ns)

    def add_due(self, digest: bytes) -> None:
        """A subject, by the digest of its key, for whom it is time."""
        stored = self._tracking.row_at(digest)
        if stored is not None:
            self.add(stored.row.key, self.now_ns, frozenset())

    def add(
        self, key: ProfileKey, at_ns: int, causes: frozenset[str], first_ns: int | None = None
    ) -> None:
        """All subjects that an identity is part of."""
        group = self._tracking.linked_to(key)
        subjects, retired = subjects_of(key, group, self.followed.namespaces)
        for subject in subjects:
            job = _Job(subject, at_ns, at_ns if first_ns is None else first_ns, causes, key)
            known = self._jobs.get(subject.unit)
            self._jobs[subject.unit] = job if known is None else known.with_(job)
        for one in retired:
            self._retired[one] = key

    def seen(self) -> list[Seen]:
        """Looks at all of them; returns those of whom there is something to write."""
        found: list[Seen] = []
        for job in self._jobs.values():
            found += self._look(job)
            self._breathe()  # decisions go first
        for key, found_at in self._retired.items():
            stored = self._tracking.row(key)
            if stored is not None and key not in self._jobs:
                looked = gone(key, _tracked(stored), self.now_ns)
                found.append(Seen(key, stored.value, None, looked.transitions, found_at))
        return found

    def _look(self, job: _Job) -> Iterable[Seen]:
        unit = job.subject.unit
        tracking = self.followed.of(unit)
        stored = self._tracking.row(unit)
        before = _tracked(stored)
        if self._has_opted_out(job.subject):
            # Nothing is found out about them any more; they leave what they were in.
            if stored is None:
                return ()
            looked = gone(unit, before, max(self.now_ns, job.at_ns))
            return (Seen(unit, stored.value, None, looked.transitions, job.found_at),)
        earlier = self._look_before(job, tracking, before)
        before = earlier.tracked
        due_ns = min(before.timers.values(), default=job.at_ns)
        for _ in range(_AGAIN):
            begin_ns = min(job.at_ns, due_ns) if not job.causes else job.at_ns
            known = self._state.views.known(job.subject, tracking.plan, begin_ns)
            newer = self._newer(job)
            if newer is None:
                break
            job = newer
        until_ns = max(self.now_ns, job.at_ns)
        looked = tracking.look(known, before, job.at_ns, until_ns, tracking.concerned(job.causes))
        row, transitions = _row(unit, looked.tracked), (*earlier.transitions, *looked.transitions)
        before_row, value = (None, None) if stored is None else stored
        if row == before_row and not transitions:
            return ()
        return (Seen(unit, value, row, transitions, job.found_at),)

    def _has_opted_out(self, subject: Subject) -> bool:
        if not self._state.consents.given:
            return False
        return has_opted_out(consent_of(self._state, subject, self.followed.namespaces))

    def _look_before(self, job: _Job, tracking: AudienceTracking, before: Tracked) -> Looked:
        """What happened before somebody was last written to, but nobody has looked at yet.

        That is what time alone did before the first write, and if long ago then what the first
        write did, and time after it.
        """
        looked = Looked(before, ())
        if not job.causes:
            return looked
        due_ns = min(before.timers.values(), default=job.first_ns)
        if due_ns < job.first_ns:
            known = self._state.views.known_as_of(job.subject, tracking.plan, due_ns)
            looked = tracking.look(known, before, due_ns, job.first_ns - 1, ())
        if job.at_ns - job.first_ns > _LONG_NS:
            known = self._state.views.known_as_of(job.subject, tracking.plan, job.first_ns)
            concerned = tracking.concerned(job.causes)
            later = tracking.look(known, looked.tracked, job.first_ns, job.at_ns - 1, concerned)
            looked = Looked(later.tracked, (*looked.transitions, *later.transitions))
        return looked

    def _newer(self, job: _Job) -> _Job | None:
        """The job as of now if somebody was written to since it was made, else None."""
        changed = False
        for key in job.subject.members:
            known = self.marks.get(key)
            value = self._tracking.mark(key) if known is not None else None
            if value is None or value == known:
                continue
            mark = decode_mark(value)
            self.marks[key] = value
            changed = True
            job = job._replace(
                at_ns=max(job.at_ns, mark.last_ns), causes=job.causes | set(mark.causes)
            )
        return job if changed else None


def _tracked(stored: Stored | None) -> Tracked:
    return NOTHING if stored is None else Tracked(stored.row.memberships, stored.row.timers)


def _row(unit: ProfileKey, tracked: Tracked) -> TrackedRow | None:
    if not tracked.memberships and not tracked.timers:
        return None
    return TrackedRow(*unit, dict(tracked.memberships), dict(tracked.timers))
