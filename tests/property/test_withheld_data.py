"""Data that is withheld at all placements of a request can't be told from its answer.

Not its value, and not whether there is any: whatever it is, the answer is the same to the last
character, with explanations, diagnostics, scores, caps and content.
"""

from __future__ import annotations

import os
import random
from typing import Any

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.content.render import Renderer
from offerd.decision.engine import decide
from offerd.decision.prepared import Prepared
from offerd.model.content import Content, ContentType, Escape, Placeholder, Template
from offerd.model.decision import DecisionContext, Options, ScopeQuery
from offerd.model.profile import ProfileView
from offerd.service.rendering import Customer
from seeds import random_seed
from unit.decision import catalogues, random_caps
from unit.decision.naive_policies import Kept

CATALOGUES = int(os.environ.get("OFFERD_WITHHELD_CATALOGUES", "60"))
"""How many random catalogues to ask; each is asked 6 requests, each of several customers."""

VALUES: dict[str, tuple[Any, ...]] = {
    "profile.tier": ("basic", "plus", "gold"),
    "profile.age": (17, 30, 31, 45),
    "profile.tags": ([], ["a"], ["b", "c"]),
    "context.weather": ("sun", "rain"),
    "aggregate.purchases": (0, 3),
    "aggregate.last_purchase": (0, random_caps.AROUND_NS),
    'score("likes")': (0.25, 0.75),
}


class Everything:
    """A model that scores by all that it is given to see."""

    def scores(
        self, offers: Any, view: ProfileView, context: DecisionContext, now_ns: int
    ) -> list[float]:
        """Scores."""
        seen = repr((view.attributes, view.aggregates, dict(view.scores), context.values))
        return [float(random.Random(f"{seen}{offer.id}").random()) for offer in offers]


def test_withheld_data_makes_no_difference() -> None:
    """Customers who differ in withheld data only get the same, explained and rendered."""
    seed = random_seed()
    compared = differ = 0
    for number in range(CATALOGUES):
        source = random.Random(f"{seed}/{number}")
        catalogue = catalogues.catalogue(source)
        if not catalogue.policies:
            continue
        names = [audience.id for audience in catalogue.audiences]
        environment = decision_environment(catalogue.schema, names)
        rules = ex.plan_many([ex.decode(rule.tree) for rule in catalogue.rules], environment)
        models = {name: Everything() for name in random_caps.MODELS}
        prepared = Prepared(catalogue, rules, models)
        kept = {place.id: Kept(catalogue, place.id) for place in catalogue.placements}
        for request in range(6):
            now_ns = random_caps.AROUND_NS + source.randrange(-200, 200) * catalogues.HOUR_NS
            view = catalogues.view(source, catalogue, now_ns)
            context = catalogues.context(source)
            queries = catalogues.queries(source, catalogue)
            options = catalogues.options(source, catalogue)._replace(explain=True)
            asked = [kept[query.placement].names for query in queries]
            secret = sorted(set.intersection(*asked) & VALUES.keys())
            if not secret:
                continue
            counts = random_caps.GivenCounts(source, catalogue, now_ns)

            def told(
                view: ProfileView,
                context: DecisionContext,
                *,
                now_ns: int = now_ns,
                queries: list[ScopeQuery] = queries,
                options: Options = options,
                prepared: Prepared = prepared,
                counts: Any = counts,
            ) -> str:
                answer = decide(prepared, view, context, now_ns, queries, options, counts=counts)
                customer = Customer(prepared, view, context, now_ns, options)
                bodies = [_content(prepared, customer, query.placement) for query in queries]
                return repr((answer, bodies, customer.diagnostics))

            first = told(view, context)
            for name in secret:
                for value in (None, *VALUES[name]):
                    other = _changed(view, context, name, value)
                    assert told(*other) == first, f"seed {seed}/{number}, request {request}: {name}"
                    compared += 1
            for name in sorted(VALUES.keys() - set.union(*asked)):
                differ += any(
                    told(*_changed(view, context, name, value)) != first for value in VALUES[name]
                )
    print(f"{compared:,} compared; data that isn't withheld made a difference {differ:,} times")
    assert compared > CATALOGUES
    assert differ > CATALOGUES / 10, "the answers depend on too little to show anything"


def _content(prepared: Prepared, customer: Customer, placement: str) -> list[Any]:
    """All rules of a catalogue that content can show, each written at a placement."""
    bodies = []
    for number in range(len(prepared.rules)):
        if number in prepared.offer_rules:
            continue
        template = Template((), ("Hi ", Placeholder(number, Escape.NONE, "?")))
        renderer = Renderer(Content(ContentType.TEXT, "", (template,)), prepared.rules)
        bodies.append(customer.rendered(renderer, {"id": "offer"}, placement))
    return bodies


def _changed(
    view: ProfileView, context: DecisionContext, name: str, value: Any
) -> tuple[ProfileView, DecisionContext]:
    """The same customer with another value of one name, or with none."""

    def put(record: Any, path: str) -> dict[str, Any]:
        rest = {known: one for known, one in record.items() if known != path}
        return rest if value is None else {**rest, path: value}

    if name.startswith("score("):
        return view._replace(scores=put(view.scores, name[7:-2])), context
    root, _, path = name.partition(".")
    if root == "context":
        return view, context._replace(values=put(context.values, path))
    field = {"profile": "attributes", "aggregate": "aggregates"}[root]
    return view._replace(**{field: put(getattr(view, field), path)}), context
