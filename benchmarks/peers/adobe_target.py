"""Adobe Target's on-device decisioning in Python, with an artifact made here.

Each offer is an activity of the global mbox, which gives all that match, in order of priority. It
is asked to prefetch a page load, the kind of request that evaluates each activity once and that
sends nothing to Adobe. With a location hint given it asks nobody for one; any attempt to reach
the network ends the process.
"""

from __future__ import annotations

import socket
from typing import Any

from delivery_api_client import (
    ChannelType,
    Context,
    DeliveryRequest,
    PrefetchRequest,
    RequestDetails,
)
from target_python_sdk import TargetClient

from peers.world import Customer, Rule, Way, World

GLOBAL = "target-global-mbox"


class OnDevice:
    """An activity for each offer, best first."""

    def __init__(self, world: World) -> None:
        socket.socket.connect = _refuse  # type: ignore[assignment,method-assign]
        activities = [
            _activity(number, offer, world.rules[rule])
            for number, (offer, rule) in enumerate(world.offers)
        ]
        artifact = {
            "version": "1.0.0",
            "meta": {"clientCode": "w", "environment": "production"},
            "globalMbox": GLOBAL,
            "geoTargetingEnabled": False,
            "remoteMboxes": [],
            "remoteViews": [],
            "localMboxes": [GLOBAL],
            "localViews": [],
            "responseTokens": [],
            "rules": {"mboxes": {GLOBAL: activities}, "views": {}},
        }
        self._client = TargetClient.create(
            {
                "client": "w",
                "organization_id": "w@AdobeOrg",
                "decisioning_method": "on-device",
                "artifact_payload": artifact,
                "polling_interval": 0,
                "target_location_hint": "35",
                "telemetry_enabled": False,
            }
        )

    def best(self, customer: Customer, count: int) -> list[str]:
        """Returns the ids of the best eligible offers: all are found, for want of a limit."""
        return self.every(customer)[:count]

    def every(self, customer: Customer) -> list[str]:
        """Returns the ids of all eligible offers, best first."""
        request = DeliveryRequest(
            context=Context(channel=ChannelType.WEB),
            prefetch=PrefetchRequest(page_load=RequestDetails(parameters=customer)),
        )
        answer = self._client.get_offers({"request": request})["response"]
        return [option.content for option in answer.prefetch.page_load.options]


def _activity(number: int, offer: str, rule: Rule) -> dict[str, Any]:
    conditions = [{operator: [{"var": f"mbox.{name}"}, value]} for name, operator, value in rule]
    return {
        "ruleKey": offer,
        "condition": {"and": conditions},
        "consequence": {
            "name": GLOBAL,
            "options": [{"type": "html", "content": offer}],
            "metrics": [],
        },
        "meta": {
            "activity.id": number,
            "activity.type": "landing",
            "experience.id": 0,
            "audience.ids": [],
            "offer.id": [number],
        },
    }


def _refuse(_: socket.socket, address: Any) -> None:
    raise SystemExit(f"the SDK reached for the network: {address}")


def ways(world: World) -> dict[str, Way]:
    """Returns the ways of asking it."""
    return {"offer by offer": OnDevice(world)}
