"""Definitions that use everything that is said about customers, none of them with a mistake."""

from __future__ import annotations

CUSTOMERS = """
    namespaces:
    - {id: crm, type: cross_device}
    - {id: card, type: cross_device, unique: false, limit: 5}
    - {id: mail, type: email}
    - {id: phone, type: phone, normalize: phone}
    - {id: ecid, type: cookie, unique: true}
    - {id: app, type: device, normalize: lowercase}
    profile:
    - {name: time_zone, type: string}
    - {name: goal, type: string, labels: [RHD]}
    events:
    - {id: page_view}
    - id: view
      properties:
      - {name: category, type: string, labels: [C4]}
      - {name: product, type: string}
      - {name: goal, type: string, labels: [RHD, I2]}
      - {name: weight, type: double}
      - {name: new, type: bool}
    - {id: cart, properties: [{name: category, type: string}]}
    - {id: purchase, properties: [{name: amount, type: double}]}
    aggregates:
    - {id: visits, events: [page_view], function: count, window: 720h}
    - id: spent
      events: [purchase]
      function: sum
      value: amount
      calendar: {unit: week, count: 2, time_zone: Europe/Stockholm, week_starts: sunday}
    - {id: average, events: [purchase], function: average, value: amount}
    - {id: last_goal, events: [view], function: last, value: goal}
    - {id: tops, events: [view, cart], function: top, group_by: category, half_life: 168h}
    - {id: weighed, events: [view], function: top, group_by: category, value: weight, count: 3}
    - {id: liked, events: [view, cart], function: affinity, group_by: category}
    - id: liked_long
      events: [view]
      function: affinity
      group_by: product
      session_gap: 2h
      count: 9
    - {id: filtered, events: [view], function: count, where: event.goal == "sleep"}
    - id: abandoned
      function: last_time
      window: 72h
      sequence: [{events: [cart]}, {not: [purchase], within: 1h}]
    - id: checkout
      function: steps
      sequence_within: 24h
      session_gap: 30m
      sequence:
      - {not: [page_view], within: 1m}
      - {events: [view, cart], where: event.category == "yoga"}
      - {not: [page_view]}
      - {not: [view], where: event.goal == "sleep"}
      - {events: [purchase], after: 1s, within: 2h, where: event.amount > 10.0}
    scores:
    - {id: yoga, maximum_age: 720h, labels: [C9]}
    audiences:
    - {id: vip, external: true, name: Important people}
    - {id: likely, rule: score("yoga.percentile") > 90.0 && score("yoga.probability") > 0.2}
    - {id: both, rule: audience("vip") && audience("likely") && "yoga" in aggregate.tops}
    marketing_actions:
    - {id: call_centre}
    policies:
    - id: no-health
      marketing_actions: [onsite_personalization, call_centre]
      any_labels: [RHD, C4]
      all_labels: [S1, C9]
    consent: {collect: u, personalize: LI, marketing: {any: p, letters: n}}
    channels:
    - id: email
      consent: letters
      namespaces: [mail]
      time_zone: Europe/Stockholm
      time_zone_attribute: time_zone
      quiet_hours:
      - {from: 22:00, until: 08:30}
      - {from: "00:00", until: "00:00", dates: [2026-12-25, 2026-12-24]}
      - {from: "13:00", until: "14:00", weekdays: [sunday, monday]}
      caps:
      - {limit: 3, within: 24h}
      - {limit: 1, every: {unit: day}, channels: [push, email]}
      marketing_actions: [email_targeting]
    - {id: push, caps: [{limit: 7, channels: [email, push]}]}
    placements:
    - {id: web, channel: web, content_type: text, marketing_actions: [onsite_personalization]}
    """
"""As text of YAML, indented as texts in tests are."""
