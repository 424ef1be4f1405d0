"""Requests that a reader can paste, by rpc; a test sends each through the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DECIDE: Mapping[str, Any] = {
    "requestId": "page-7f3a",
    "identities": [
        {
            "namespace": "email",
            "id": "alma@example.com",
            "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
        },
        {"namespace": "ecid", "id": "38400000-8cf0-11bd"},
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
COLLECT: Mapping[str, Any] = {
    "events": [
        {
            "eventId": "0c9a2e4e-display",
            "type": "display",
            "identities": [{"namespace": "ecid", "id": "38400000-8cf0-11bd"}],
            "eventTime": "2026-03-01T09:30:00Z",
            "token": "the token of the item that was shown",
        },
        {
            "eventId": "0c9a2e4e-purchase",
            "type": "purchase",
            "identities": [
                {
                    "namespace": "email",
                    "id": "alma@example.com",
                    "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
                }
            ],
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
    "identities": [
        {
            "namespace": "email",
            "id": "alma@example.com",
            "authenticationState": "AUTHENTICATION_STATE_AUTHENTICATED",
        }
    ],
    "items": [{"offer": "free-class", "placement": "web-hero", "decision": "next-best-offer"}],
    "ttl": "86400s",
}

EXAMPLES: Mapping[str, Mapping[str, Any]] = {
    "/offerd.v1.DecisionService/Decide": DECIDE,
    "/offerd.v1.EventService/Collect": COLLECT,
    "/offerd.v1.ProfileService/SetProfile": SET_PROFILE,
    "/offerd.v1.CapService/Reserve": RESERVE,
    "/offerd.v1.CapService/Commit": {"reservationId": "mail-7-alma"},
    "/offerd.v1.CapService/Release": {"reservationId": "mail-7-alma"},
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
