"""Who shows what: the scopes of a request choose one after another, in its order.

Each takes the best offers of its ranking that nothing keeps out:

- a cap that the request itself has reached by what it chose before;
- de-duplication: a scope of the same domain has the offer;
- an exclusion of which as many as may be shown are;
- arbitration AVOID_FALLBACK: a later scope of the same domain couldn't have an offer without
  it. As many scopes as possible get an offer each; among the ways to do that the first scope
  has its best, then the second. For its first offer a scope may take what a later one needs if
  it has nothing else. What exclusions will take away during a scope's turn isn't foreseen.

Customers held out take nothing away from other scopes, and what is withheld from them uses up no
cap. Fallbacks come after all scopes have
chosen, so that they displace nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from offerd.decision.arbitration import LookAhead
from offerd.decision.choosing import Choosing
from offerd.decision.exclusions import ShownFor
from offerd.decision.remaining import Gone, Remaining
from offerd.decision.request import RequestState
from offerd.decision.turns import Turn
from offerd.model.decision import Arbitration, Deduplication

Domain = tuple[str | int, ...]
"""The scopes with an equal one share their offers out."""


class Arrangement:
    """What the scopes of a request have chosen so far.

    `taken` has by domain the offers that a scope took, number → label of the scope; `shown` the
    offers that exclusions over the whole request count.
    """

    __slots__ = ("_state", "_turns", "shown", "taken")

    def __init__(self, state: RequestState, turns: Sequence[Turn]) -> None:
        self._state = state
        self._turns = turns
        self.taken: dict[Domain, dict[int, str]] = {}
        self.shown: ShownFor = {}

    def domain(self, turn: Turn) -> Domain:
        """Returns the domain of de-duplication of a scope."""
        match self._state.options.deduplication:
            case Deduplication.DECISION:
                return (turn.query.decision,)
            case Deduplication.PLACEMENT:
                return (turn.query.placement,)
            case Deduplication.REQUEST:
                return ()
            case Deduplication.SCOPE:
                return (turn.position,)

    def choose(self) -> None:
        """Lets every scope choose."""
        options = self._state.options
        if (
            options.deduplication is Deduplication.SCOPE
            and not options.explain
            and not self._state.prepared.is_shared
        ):
            for turn in self._turns:
                turn.chosen = turn.choices.ranked.first(turn.query.item_count)
            return
        if not options.explain and not self._state.prepared.is_shared and self._is_in_order():
            self._choose_in_order()
            return
        state = self._state
        state.taking = state.capping.begun()
        most = sum(turn.query.item_count for turn in self._turns)
        gone = Gone(state, state.taking, self.shown, most)
        may_repeat = options.deduplication is Deduplication.SCOPE
        lists = _Lists(
            self, gone, by_decision=state.prepared.counts_decisions, may_repeat=may_repeat
        )
        ahead = None
        if options.arbitration is Arbitration.AVOID_FALLBACK and not may_repeat:
            ahead = _Ahead(self, self._turns, lists)
        for turn in self._turns:
            taken = self.taken.setdefault(self.domain(turn), {})
            look_ahead = None if ahead is None or turn.held_out else ahead.of(turn)
            Choosing(turn, lists.of(turn), gone, taken, look_ahead).run()

    def _is_in_order(self) -> bool:
        """Whether no scope leaves an offer to a later one."""
        if self._state.options.arbitration is Arbitration.IN_ORDER or len(self._turns) == 1:
            return True
        # If each has as many as all want together, there is always one left.
        most = sum(turn.query.item_count for turn in self._turns)
        return all(turn.choices.ranked.has(most) for turn in self._turns)

    def _choose_in_order(self) -> None:
        """Lets every scope choose where only other scopes' offers can keep one out."""
        begun: dict[tuple[int, Domain], int] = {}
        for turn in self._turns:
            domain, ranked, wanted = self.domain(turn), turn.choices.ranked, turn.query.item_count
            taken = self.taken.setdefault(domain, {})
            # What a scope that asks the same has walked over is taken by now.
            key = id(ranked.order), domain
            place = begun.get(key, 0)
            chosen = ranked.some(place, wanted)
            numbers = [found.candidate.number for found in chosen]
            place += len(chosen)
            if taken and not taken.keys().isdisjoint(numbers):
                chosen = [found for found in chosen if found.candidate.number not in taken]
                for found in ranked.since(place) if len(chosen) < wanted else ():
                    place += 1
                    if found.candidate.number not in taken:
                        chosen.append(found)
                        if len(chosen) == wanted:
                            break
                numbers = [found.candidate.number for found in chosen]
            turn.chosen = chosen
            if not turn.held_out:
                taken.update(dict.fromkeys(numbers, turn.label))
                begun[key] = place


class _Lists:
    """What is left for each scope, one list for those of a domain that ask the same.

    Of one decision, if caps count its propositions: what it repeats counts once.
    """

    def __init__(
        self, arrangement: Arrangement, gone: Gone, *, by_decision: bool, may_repeat: bool
    ) -> None:
        self._arrangement = arrangement
        self._gone = gone
        self._by_decision = by_decision
        self._may_repeat = may_repeat
        self._lists: dict[tuple[int, str, Domain], Remaining] = {}

    def of(self, turn: Turn) -> Remaining:
        """Returns what is left for a scope."""
        decision = turn.query.decision if self._by_decision else ""
        domain = () if self._may_repeat else self._arrangement.domain(turn)
        key = id(turn.choices), decision, domain
        known = self._lists.get(key)
        if known is None:
            # Where scopes may repeat each other none takes anything from another.
            taken = {} if self._may_repeat else self._arrangement.taken.setdefault(domain, {})
            known = self._lists[key] = Remaining(turn.choices, decision, taken, self._gone)
        return known


class _Ahead:
    """What the scopes that haven't chosen yet can't spare."""

    def __init__(self, arrangement: Arrangement, turns: Sequence[Turn], lists: _Lists) -> None:
        self._arrangement = arrangement
        self._later: dict[Domain, deque[tuple[int, Remaining]]] = {}
        self._matched: dict[Domain, dict[int, int]] = {}
        for turn in turns:
            if not turn.held_out:
                later = self._later.setdefault(arrangement.domain(turn), deque())
                later.append((turn.position, lists.of(turn)))

    def of(self, turn: Turn) -> LookAhead | None:
        """Returns what those after a scope can't spare, None if nothing needs to be spared.

        Asked for each scope in the order of the request. A later scope with so many offers that
        this one and all the others can't take all of them away is left out: it gets one in any
        case.
        """
        domain = self._arrangement.domain(turn)
        later = self._later[domain]
        later.popleft()
        enough = len(later) + turn.query.item_count
        lists = {id(remaining): remaining for _, remaining in later}
        few = {
            key: offers
            for key, remaining in lists.items()
            if len(offers := remaining.first(enough)) < enough
        }
        if not any(few.values()):
            return None
        needy = {
            position: few[id(remaining)] for position, remaining in later if id(remaining) in few
        }
        return LookAhead(needy, self._matched.setdefault(domain, {}))
