"""A service to load into, and the messages of loads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import grpc.aio

from offerd.v1 import decision_service_pb2 as decisions
from offerd.v1 import decision_service_pb2_grpc as decisions_grpc
from offerd.v1 import identity_pb2 as identities
from offerd.v1 import load_service_pb2 as pb
from offerd.v1 import load_service_pb2_grpc as pb_grpc
from offerd.v1 import profile_service_pb2 as profiles
from offerd_client.status import error_from_call
from serving import serving

DEFINITIONS = """
namespaces: [{id: crm, type: cross_device}, {id: ecid, type: cookie}]
profile:
- {name: loyalty.tier, type: string, person: true}
- {name: theme, type: string}
- {name: balance, type: double}
- {name: joined, type: timestamp}
- {name: goals, type: list(string)}
- {name: opted, type: bool}
scores: [{id: propensity, maximum_age: 24h}]
audiences:
- {id: vip, external: true, name: VIPs}
- {id: ordinary, name: Ordinary, rule: '!audience("vip")'}
placements: [{id: web, channel: web, content_type: text}]
offers:
- {id: for-vips, priority: 4, eligibility: 'audience("vip")',
   representations: [{placement: web, text: A}]}
- {id: likely, priority: 3, representations: [{placement: web, text: B}],
   eligibility: 'score("propensity") > 50.0 && score("propensity.probability") >= 0.5'}
- {id: plus, priority: 2, eligibility: 'profile.loyalty.tier == "plus"',
   representations: [{placement: web, text: C}]}
- {id: ordinary, priority: 1, eligibility: 'audience("ordinary")',
   representations: [{placement: web, text: D}]}
fallback_offers: [{id: none, representations: [{placement: web, text: N}]}]
collections: [{id: all, offers: [for-vips, likely, plus, ordinary]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [web], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: web}]
"""
SECOND_NS = 10**9
DAY_S = 86_400
NOW_S = 1_767_225_600


class Service:
    """A service on a port, whose clock the test sets."""

    def __init__(self) -> None:
        self.now_ns = NOW_S * SECOND_NS
        self.channel: Any = None
        self.port = 0

    async def load(self, *requests: pb.LoadRequest) -> list[pb.LoadProgress]:
        """Sends all messages of a load and returns all answers; raises the error of offerd.

        From a thread: a client on an event loop that is refused while it sends may be told by
        gRPC that sending failed, rather than why.
        """
        return await asyncio.to_thread(self._load, requests)

    def _load(self, requests: Iterable[pb.LoadRequest]) -> list[pb.LoadProgress]:
        try:
            with grpc.insecure_channel(f"127.0.0.1:{self.port}") as channel:
                return list(pb_grpc.LoadServiceStub(channel).Load(iter(requests)))
        except grpc.RpcError as error:
            raise error_from_call(error) from error

    async def offer(
        self,
        namespace: str,
        identity: str,
        *,
        authenticated: bool = True,
        vip: bool | None = None,
    ) -> str:
        """Returns the offer that somebody gets; `vip` overrides whether they are one."""
        decided = await self.decided(namespace, identity, authenticated, vip)
        return decided.items[0].offer

    async def why(self, namespace: str, identity: str, offer: str) -> str:
        """Returns why somebody doesn't get an offer."""
        proposition = await self.decided(namespace, identity)
        (found,) = (c for c in proposition.explanation.candidates if c.offer == offer)
        return found.reason

    async def decided(
        self,
        namespace: str,
        identity: str,
        authenticated: bool = True,
        vip: bool | None = None,
    ) -> decisions.Proposition:
        """Returns what is decided for somebody."""
        overrides = decisions.Overrides(memberships={} if vip is None else {"vip": vip})
        state = identities.AUTHENTICATION_STATE_AUTHENTICATED if authenticated else 0
        answer = await decisions_grpc.DecisionServiceStub(self.channel).Decide(
            decisions.DecideRequest(
                scopes=[decisions.Scope(name="hero")],
                identities=[
                    identities.Identity(
                        namespace=namespace, id=identity, authentication_state=state
                    )
                ],
                explain=True,
                dry_run=True,
                overrides=overrides,
            )
        )
        return answer.propositions[0]


@asynccontextmanager
async def started(folder: Path) -> AsyncIterator[Service]:
    """A service with nothing in it."""
    (folder / "definitions").mkdir()
    (folder / "definitions" / "all.yaml").write_text(DEFINITIONS, encoding="utf-8")
    service = Service()
    async with (
        serving(folder, [folder / "definitions"], lambda: service.now_ns) as running,
        grpc.aio.insecure_channel(f"127.0.0.1:{running.grpc_port}") as service.channel,
    ):
        service.port = running.grpc_port
        yield service


def header(
    kind: str, target: str, as_of_s: int = NOW_S, mode: str = "REPLACE", **more: bool
) -> pb.LoadRequest:
    """Returns the first message of a load."""
    made = pb.LoadHeader(kind=f"LOAD_KIND_{kind}", mode=f"LOAD_MODE_{mode}", target=target, **more)
    made.as_of.seconds = as_of_s
    return pb.LoadRequest(header=made)


def body(rows: Sequence[pb.LoadRow], per_message: int = 1_000) -> list[pb.LoadRequest]:
    """Returns the other messages of a load."""
    parts = (rows[first : first + per_message] for first in range(0, len(rows), per_message))
    messages = [pb.LoadRequest(rows=pb.LoadRows(rows=part)) for part in parts]
    return [*messages, pb.LoadRequest(end=pb.LoadEnd(rows=len(rows)))]


def who(number: object, namespace: str = "crm") -> identities.Identity:
    """Returns an identity."""
    return identities.Identity(namespace=namespace, id=str(number))


def member(number: object, *, exited: bool = False, valid_until_s: int | None = None) -> pb.LoadRow:
    """Returns the row of a member."""
    membership = pb.LoadMembership()
    if exited:
        membership.status = profiles.MEMBERSHIP_STATUS_EXITED
    if valid_until_s is not None:
        membership.valid_until.seconds = valid_until_s
    return pb.LoadRow(identity=who(number), membership=membership)


def score(
    number: object, value: float, probability: float | None = None, score_s: int | None = None
) -> pb.LoadRow:
    """Returns the row of a score."""
    made = profiles.LoadedScore(score=value, probability=probability)
    if score_s is not None:
        made.score_time.seconds = score_s
    return pb.LoadRow(identity=who(number), score=made)


def attributes(number: object, values: dict[str, object], namespace: str = "crm") -> pb.LoadRow:
    """Returns the row of a profile."""
    row = pb.LoadRow(identity=who(number, namespace))
    row.attributes.update(values)
    return row


def members(numbers: Iterable[int]) -> list[pb.LoadRow]:
    """Returns rows of members."""
    return [member(number) for number in numbers]
