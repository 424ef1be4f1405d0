"""The thin client of offerd: what an application that asks for decisions needs, and no more.

    with Client("localhost:50051") as client:
        decision = client.decide(
            ["home-hero"],
            identities=[Identity.authenticated("email", "alma@example.com")],
            context={"channel": "web", "locales": ["sv-SE"]},
            default=Content(html="<p>Welcome</p>"),
        )
        show(decision.content("home-hero"))
        client.display(decision.proposition("home-hero").items[0].token, identities)

`AsyncClient` has the same methods for asyncio. Errors are those of `offerd.errors`.
"""

from offerd.errors import (
    ConfigurationError,
    DeadlineExceeded,
    Exhausted,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    OfferdError,
    Reason,
    RequestError,
    Unavailable,
)
from offerd_client.aio import AsyncClient
from offerd_client.answers import (
    Candidate,
    Content,
    CounterChange,
    Crossing,
    Decision,
    EventResult,
    EventStatus,
    Explanation,
    Exposure,
    ImageLink,
    Item,
    LoadedScore,
    Membership,
    Outcome,
    Profile,
    Proposition,
    ReachedCap,
    Refusal,
    Reservation,
    Selection,
    Withheld,
)
from offerd_client.client import Client
from offerd_client.consents import Consent, ConsentValue
from offerd_client.contacts import ContactCategory, ContactOutcome, ContactVerdict
from offerd_client.many import Question
from offerd_client.places import (
    FenceShape,
    FoundPlace,
    Location,
    Place,
    PlaceAhead,
    PlaceFilter,
    PlacesInBox,
    Region,
    RegionPlatform,
    Regions,
)
from offerd_client.questions import (
    Arbitration,
    AuthenticationState,
    Deduplication,
    Event,
    Identity,
    Overrides,
    ReservedItem,
    Scope,
)
from offerd_client.settings import ClientSettings, RetryPolicy, Tls

__all__ = [
    "Arbitration",
    "AsyncClient",
    "AuthenticationState",
    "Candidate",
    "Client",
    "ClientSettings",
    "ConfigurationError",
    "Consent",
    "ConsentValue",
    "ContactCategory",
    "ContactOutcome",
    "ContactVerdict",
    "Content",
    "CounterChange",
    "Crossing",
    "DeadlineExceeded",
    "Decision",
    "Deduplication",
    "Event",
    "EventResult",
    "EventStatus",
    "Exhausted",
    "Explanation",
    "Exposure",
    "FailedPrecondition",
    "FenceShape",
    "FoundPlace",
    "Identity",
    "ImageLink",
    "InvalidArgument",
    "Item",
    "LoadedScore",
    "Location",
    "Membership",
    "NotFound",
    "OfferdError",
    "Outcome",
    "Overrides",
    "Place",
    "PlaceAhead",
    "PlaceFilter",
    "PlacesInBox",
    "Profile",
    "Proposition",
    "Question",
    "ReachedCap",
    "Reason",
    "Refusal",
    "Region",
    "RegionPlatform",
    "Regions",
    "RequestError",
    "Reservation",
    "ReservedItem",
    "RetryPolicy",
    "Scope",
    "Selection",
    "Tls",
    "Unavailable",
    "Withheld",
]
