"""A small town with places, for the tests of where customers are."""

from __future__ import annotations

from typing import Any

DEFINITIONS = """
namespaces:
- {id: crm, type: cross_device}
- {id: ecid, type: cookie}
libraries: [{id: studios, name: Studios}, {id: malls, name: Malls}]
location: {exit_margin_m: 25, dwell: [10m], ttl: 1h}
places:
- id: studio-south
  library: studios
  name: Studio South
  category: studio
  circle: {latitude: 59.31, longitude: 18.07, radius_m: 100}
  parent: mall
  approach_m: 400
- id: studio-north
  library: studios
  name: Studio North
  category: studio
  circle: {latitude: 59.36, longitude: 18.07, radius_m: 100}
- id: mall
  library: malls
  name: Mall
  category: mall
  circle: {latitude: 59.311, longitude: 18.071, radius_m: 400}
  dwell: [5m, 20m]
audiences: [{id: here, name: In a studio, rule: places.inside("studio")}]
policies: [{id: ours, marketing_actions: [export_to_third_party], any_labels: [S2]}]
aggregates:
- {id: entries, events: [place_entry], function: count}
- {id: by_category, events: [place_entry], function: count, group_by: category}
- {id: stays, events: [place_exit], function: sum, value: dwell_s}
- {id: fixes, events: [location], function: count}
placements: [{id: app, channel: app, content_type: text, item_count: 6}]
offers:
- id: regular
  priority: 3
  eligibility: aggregate.entries >= 1
  representations: [{placement: app, text: "{{ aggregate.entries | 0 }}"}]
- id: limited
  priority: 2
  caps: [{event: place_entry, about: any, limit: 2}]
  representations: [{placement: app, text: Limited}]
- id: per-visit
  priority: 1
  caps: [{event: display, limit: 1, visit: studio}]
  representations: [{placement: app, text: Once a visit}]
fallback_offers: [{id: none, representations: [{placement: app, text: None}]}]
collections: [{id: all, offers: [regular, limited, per-visit]}]
strategies: [{id: all, collection: all, ranking: priority}]
decisions: [{id: best, placements: [app], strategies: [all], fallbacks: [none]}]
scopes: [{id: hero, decision: best, placement: app, item_count: 6}]
"""
SOUTH = (59.31, 18.07)
NORTH = (59.36, 18.07)
FAR = (59.33, 18.07)


def location(
    event_id: str, at: tuple[float, float], who: list[dict[str, str]], when: str = "", **more: float
) -> dict[str, Any]:
    """Returns a location event as JSON; without `when` it has no time of its own."""
    properties = {"latitude": at[0], "longitude": at[1], "accuracy_m": 10, **more}
    event = {
        "eventId": event_id, "type": "location", "identities": who, "properties": properties
    }  # fmt: skip
    return {**event, "eventTime": when} if when else event


def region(
    event_id: str, kind: str, place: str, who: list[dict[str, str]], when: str = ""
) -> dict[str, Any]:
    """Returns a phone's own region event as JSON."""
    event = {
        "eventId": event_id, "type": kind, "identities": who, "properties": {"place": place}
    }  # fmt: skip
    return {**event, "eventTime": when} if when else event
