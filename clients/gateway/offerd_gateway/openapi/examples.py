"""Requests that a reader can paste, by rpc; a test sends each through the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ALMA: Mapping[str, Any] = {
    "namespace": "email",
    "id": "alma@example.com",
    "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
}
BROWSER: Mapping[str, Any] = {"namespace": "ecid", "id": "38400000-8cf0-11bd"}
ADDRESS: Mapping[str, Any] = {"namespace": "email", "id": "alma@example.com"}

DECIDE: Mapping[str, Any] = {
    "requestId": "page-7f3a",
    "identities": [
        ALMA,
        BROWSER,
    ],
    "scopes": [
        {"name": "home-hero"},
        {"decision": "next-best-offer", "placement": "web-hero", "itemCount": 3},
    ],
    "context": {
        "channel": "web",
        "locales": ["sv-SE", "en"],
        "timeZone": "Europe/Stockholm",
        "location": {"latitude": 59.3293, "longitude": 18.0686, "accuracyM": 50},
        "attributes": {"weather": "rain"},
    },
}
BATCH_DECIDE: Mapping[str, Any] = {
    "requests": [
        {"requestId": "mail-alma", "identities": [ALMA], "scopes": [{"name": "home-hero"}]},
        {"requestId": "mail-bo", "identities": [BROWSER], "scopes": [{"name": "home-hero"}]},
    ]
}
COLLECT: Mapping[str, Any] = {
    "events": [
        {
            "eventId": "0c9a2e4e-display",
            "type": "display",
            "identities": [BROWSER],
            "eventTime": "2026-03-01T09:30:00Z",
            "token": "the token of the item that was shown",
        },
        {
            "eventId": "0c9a2e4e-purchase",
            "type": "purchase",
            "identities": [ALMA],
            "properties": {"category": "yoga", "amount": 49.5},
        },
    ]
}
SET_PROFILE: Mapping[str, Any] = {
    "attributes": {"loyalty": {"tier": "plus"}},
    "scores": {"yoga-propensity": 0.8},
}
RESERVE: Mapping[str, Any] = {
    "reservationId": "mail-7-alma",
    "identities": [ALMA],
    "items": [{"offer": "free-class", "placement": "web-hero", "decision": "next-best-offer"}],
    "ttl": "86400s",
}
SET_CONSENT: Mapping[str, Any] = {
    "identities": [ALMA],
    "consent": {
        "personalize": "CONSENT_VALUE_YES",
        "marketing": {"any": "CONSENT_VALUE_UNKNOWN", "email": "CONSENT_VALUE_YES"},
        "idSpecific": {"email:alma@work.example": {"marketing": {"email": "CONSENT_VALUE_NO"}}},
    },
}
CHECK_CONTACT: Mapping[str, Any] = {
    "identities": [ALMA],
    "channel": "email",
    "address": ADDRESS,
    "reservationId": "news-31-alma",
    "ttl": "3600s",
}

HERE: Mapping[str, Any] = {"latitude": 59.3293, "longitude": 18.0686}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "/offerd.v1.DecisionService/Decide": DECIDE,
    "/offerd.v1.DecisionService/BatchDecide": BATCH_DECIDE,
    "/offerd.v1.EventService/Collect": COLLECT,
    "/offerd.v1.ProfileService/SetProfile": SET_PROFILE,
    "/offerd.v1.ProfileService/PatchProfile": {
        "attributes": {"loyalty": {"points": 120, "tier": None}}
    },
    "/offerd.v1.ProfileService/LinkIdentities": {"identities": [ADDRESS, BROWSER]},
    "/offerd.v1.ProfileService/UnlinkIdentity": {"identity": BROWSER},
    "/offerd.v1.ProfileService/SetConsent": SET_CONSENT,
    "/offerd.v1.ProfileService/ExportSubject": {"identities": [ADDRESS]},
    "/offerd.v1.ProfileService/DeleteSubject": {"identities": [ADDRESS]},
    "/offerd.v1.CapService/Reserve": RESERVE,
    "/offerd.v1.CapService/Commit": {"reservationId": "mail-7-alma"},
    "/offerd.v1.CapService/Release": {"reservationId": "mail-7-alma"},
    "/offerd.v1.AudienceService/ExplainMembership": {"identities": [ALMA]},
    "/offerd.v1.AudienceService/WatchAudiences": {
        "audiences": ["lapsed-yoga"],
        "afterPosition": "beginning",
    },
    "/offerd.v1.ContactService/CheckContact": CHECK_CONTACT,
    "/offerd.v1.ContactService/CommitContact": {"reservationId": "news-31-alma"},
    "/offerd.v1.ContactService/ReleaseContact": {"reservationId": "news-31-alma"},
    "/offerd.v1.ContactService/SetSuppression": {
        "addresses": [ADDRESS],
        "reason": "hard bounce",
    },
    "/offerd.v1.ContactService/GetSuppression": {"addresses": [ADDRESS]},
    "/offerd.v1.PlaceService/Within": {"location": HERE},
    "/offerd.v1.PlaceService/Nearby": {
        "location": HERE,
        "filter": {"categories": ["studio"], "open": True},
        "limit": 3,
        "withinM": 2000,
    },
    "/offerd.v1.PlaceService/InBox": {"south": 59.2, "west": 17.8, "north": 59.5, "east": 18.4},
    "/offerd.v1.PlaceService/Ahead": {"location": HERE, "bearingDeg": 180, "distanceM": 3000},
    "/offerd.v1.PlaceService/Regions": {
        "location": {**HERE, "courseDeg": 180, "speedMps": 12},
        "platform": "REGION_PLATFORM_IOS",
    },
}
PROBLEM: Mapping[str, Any] = {
    "type": "urn:offerd:error:UNKNOWN_SCOPE",
    "title": "unknown scope",
    "status": 400,
    "detail": "`scopes[0].name`: no scope `home-heroo`, did you mean `home-hero`?",
    "code": "INVALID_ARGUMENT",
    "reason": "UNKNOWN_SCOPE",
    "field": "scopes[0].name",
    "requestId": "page-7f3a",
}
