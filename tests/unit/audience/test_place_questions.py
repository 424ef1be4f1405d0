"""How rules ask for places: what is understood, what is refused in which words, what is printed."""

from __future__ import annotations

import pytest

from offerd import expression as ex
from offerd.audience.environment import decision_environment
from offerd.audience.place_names import names_of, no_names, select
from offerd.audience.place_questions import PlaceAsking, answers
from offerd.dialects.checked_expr import to_checked_expr
from offerd.dialects.error import DialectError
from offerd.dialects.sql import to_sql
from offerd.expression.format import format_expression
from offerd.expression.narrate import narrate
from offerd.model.place import Circle, Place, PlaceSelector, Point
from offerd.model.schema import Aggregate, AggregateFunction, Attribute, Schema, ValueType

_AT = Point(59.31, 18.07)
PLACES = [
    Place("soder", "own", "Söder", Circle(_AT, 100), _AT, "studio", labels=("C9",)),
    Place("mall", "own", "The mall", Circle(_AT, 900), _AT, "mall"),
]
SCHEMA = Schema(offer=(Attribute("studio", ValueType.STRING),))
VISITS = 'places.visits("studio", duration("720h"))'


def _asking() -> PlaceAsking:
    return PlaceAsking(lambda: names_of(PLACES, ["own", "partners"]))


def _environment(asking: PlaceAsking) -> ex.Environment:
    return decision_environment(SCHEMA, (), asking.record)


UNDERSTOOD = {
    'places.inside("studio")': 'inside("studio")',
    'places.inside("")': "inside()",
    "places.inside()": "inside()",
    "!places.inside('category:mall')": 'inside("category:mall")',
    'places.dwell("place:mall") > duration("10m")': 'dwell("place:mall")',
    'places.approaching("own")': 'approaching("own")',
    'places.nearest("studio").distance_m < 800.0': 'nearest("studio").distance_m',
    'places.nearest_open("studio").name == "x"': 'nearest_open("studio").name',
    'has(places.nearest("studio").opens_at)': 'nearest("studio").opens_at',
    'has(places.current("studio").metadata.city)': 'current("studio").metadata',
    'places.nearest().metadata["city"] == "x"': "nearest().metadata",
    'places.nearest("studio").?opens_at.orValue(now) > now': 'nearest("studio").opens_at',
    'places.last_exited("studio").exited_at < now': 'last_exited("studio").exited_at',
    "places.distances[offer.studio] < 100.0": "distances",
    "offer.studio in places.distances": "distances",
    "places.distances[?offer.studio].orValue(1e9) < 5.0": "distances",
    '["a"].exists(p, places.nearest("studio").name == p)': 'nearest("studio").name',
}


@pytest.mark.parametrize("source", UNDERSTOOD)
def test_question_becomes_an_attribute(source: str) -> None:
    """A call is one look-up in the record of answers, under one form however it is written."""
    asking = _asking()
    checked = ex.compile_expression(source, _environment(asking))
    assert checked.references.attributes["places"] == (UNDERSTOOD[source],)
    assert [read.path for read in asking.reads] == [UNDERSTOOD[source]]
    again = ex.decode(ex.encode(checked))
    ex.plan(again, decision_environment(SCHEMA, (), answers(asking.reads)))


@pytest.mark.parametrize("source", [one for one in UNDERSTOOD if "'" not in one])
def test_question_is_printed_as_it_was_written(source: str) -> None:
    """The printer of rules leaves questions as they are."""
    assert format_expression(source) == source


MISTAKES = {
    'places.insde("studio")': "unknown function `places.insde`: did you mean `inside`?",
    'places.inside("studoi")': "no place, category or library `studoi`: did you mean `studio`?",
    'places.inside("place:sodr")': "no place `sodr`: did you mean `soder`?",
    'places.inside("place:studio")': 'no place `studio`, but a category: write `"category:studio"`',
    'places.inside("mall")': "`mall` is the id of a category and place: write "
    '`"category:mall"` or `"place:mall"`',
    "places.inside(studio)": "`places.inside` takes a constant, as it is worked out beforehand: a "
    'text is written in quotes: `"studio"`',
    "places.inside(offer.studio)": "`places.inside` takes a constant, as it is worked out "
    "beforehand",
    "places.inside(1)": '`places.inside` takes a text in quotes, such as `"studio"`: found `int`',
    'places.inside("studio", "mall")': "`places.inside` takes one argument: write "
    '`places.inside("studio")`',
    'places.visits("studio") > 1': '`places.visits` lacks a duration such as `duration("720h")`: '
    f"write `{VISITS}`",
    'places.visits("studio", 3) > 1': '`places.visits` takes a duration such as `duration("720h")'
    "`: found `int`",
    'places.visits("studio", now - now) > 1': "`places.visits` takes a duration such as "
    f'`duration("720h")`, which must be constant: write `{VISITS}`',
    'places.visits("studio", duration("1s")) > 1': "visits are counted over `1m` to `17544h`, 731 "
    "days",
    'places.nearest("studio").distence_m < 3.0': "unknown field `distence_m` of "
    '`places.nearest("studio")`: did you mean `distance_m`?',
    'places.nearest("studio").category == "stduio"': "`stduio` is not a value of "
    '`places.nearest("studio").category`: did you mean `studio`?',
    "places.inside": '`places.inside` is a function: write `places.inside("studio")`',
    "places": '`places` is no value: ask it something, such as `places.inside("studio")` or '
    '`places.nearest("studio").distance_m`',
    "places.distances.size() > 1": "`places.distances` is asked for one entry: write "
    "`places.distances[offer.studio]`",
    'places.distances("soder") > 1.0': "`places.distances` is no call: write "
    "`places.distances[offer.studio]`",
    'places["soder"]': '`places` is no value: ask it something, such as `places.inside("studio")` '
    'or `places.nearest("studio").distance_m`',
}


@pytest.mark.parametrize("source", MISTAKES)
def test_mistakes_are_told_with_what_to_write(source: str) -> None:
    """What can't be asked so is refused where it stands, with the nearest name or an example."""
    with pytest.raises(ex.ExpressionError) as refused:
        ex.compile_expression(source, _environment(_asking()))
    assert [issue.message for issue in refused.value.issues] == [MISTAKES[source]]


def test_place_needs_a_field() -> None:
    """A question that is about a place says what can be asked of it."""
    with pytest.raises(ex.ExpressionError) as refused:
        ex.compile_expression('places.nearest("studio")', _environment(_asking()), expected=None)
    (issue,) = refused.value.issues
    assert issue.message.startswith('`places.nearest("studio")` is a place, not a value: ask for')
    assert "`.distance_m`" in issue.message


def test_answered_question_is_no_name() -> None:
    """That `distances` was asked for an entry doesn't make all of it a value."""
    environment = _environment(_asking())
    ex.compile_expression('places.distances["soder"] < 1.0', environment)
    with pytest.raises(ex.ExpressionError):
        ex.compile_expression("size(places.distances) > 1", environment)


def test_variable_of_a_macro_hides_places() -> None:
    """A name that a macro gives is that, also if it is `places`."""
    source = "offer.tags.exists(places, places.startsWith('a'))"
    checked = ex.compile_expression(source, _environment(_asking()))
    assert "places" not in checked.references.attributes


def test_visits_are_an_aggregate() -> None:
    """Visits are read like any figure; each way of writing the same is one figure."""
    asking = _asking()
    environment = _environment(asking)
    one = ex.compile_expression(f"{VISITS} > 1", environment)
    other = ex.compile_expression('places.visits("studio", duration("43200m")) > 2', environment)
    assert one.references.attributes == other.references.attributes == {"aggregate": (VISITS,)}
    (count,) = asking.visits.values()
    assert count.selector == PlaceSelector(category="studio")
    assert count.within_ns == 720 * 3_600 * 10**9
    assert count.labels == ("C9", "S2")


def test_labels_are_those_of_the_places_and_of_being_somewhere() -> None:
    """How far something is tells precisely where somebody is; what else is asked, roughly."""
    asking = _asking()
    environment = _environment(asking)
    for source in (
        'places.inside("studio")',
        'places.inside("category:mall")',
        'places.nearest("studio").distance_m < 1.0',
        'places.nearest("studio").latitude < 1.0',
        'places.distances["soder"] < 1.0',
    ):
        ex.compile_expression(source, environment)
    assert {read.path: read.labels for read in asking.reads} == {
        "distances": ("C9", "S1", "S2"),
        'inside("category:mall")': ("S2",),
        'inside("studio")': ("C9", "S2"),
        'nearest("studio").distance_m': ("C9", "S1", "S2"),
        'nearest("studio").latitude': ("C9", "S2"),
    }


def test_without_places_nothing_can_be_asked() -> None:
    """Where the definitions have no places, a question says so."""
    with pytest.raises(ex.ExpressionError, match="the definitions have no places"):
        ex.compile_expression("places.inside()", _environment(PlaceAsking(no_names)))


def test_nearest_name_is_found_among_many() -> None:
    """Of a great many ids the nearest is still told."""
    many = [Place(f"store-{n:06}", "own", "", Circle(_AT, 1), _AT) for n in range(20_000)]
    told = select("store-01234x", names_of(many, ["own"]))
    assert isinstance(told, str)
    assert "did you mean `store-01234" in told


def _narrated(source: str, roots: dict[str, object]) -> str:
    schema = Schema(
        aggregates=(Aggregate(VISITS, ("place_entry",), AggregateFunction.COUNT, ValueType.INT),)
    )
    asking = _asking()
    environment = decision_environment(schema, (), asking.record)
    checked = ex.compile_expression(source, environment)
    values = [roots.get(name, {}) for name in environment.roots]
    told = narrate(ex.explain(checked, environment, values))
    return "; ".join([*(one.text for one in told.decided), told.sentence])


def test_explanations_name_questions_as_they_are_written() -> None:
    """Why a rule came out so is told with the calls that are in it, those of visits too."""
    told = _narrated('places.inside("studio")', {"places": {'inside("studio")': False}})
    assert told == '`places.inside("studio")` is false; No: `places.inside("studio")` is false.'
    told = _narrated(f"{VISITS} > 2", {"aggregate": {VISITS: 1}})
    assert f"`{VISITS} > 2` is false (`{VISITS}` is 1)" in told
    assert "aggregate" not in told
    told = _narrated(f"{VISITS} > 2", {})
    assert f"no value for `{VISITS}`" in told


@pytest.mark.parametrize("source", ['places.inside("studio")', f"{VISITS} > 2"])
def test_other_dialects_refuse_places(source: str) -> None:
    """Neither a warehouse nor another evaluator of the language knows where places are."""
    checked = ex.compile_expression(source, _environment(_asking()))
    for translate in (to_sql, to_checked_expr):
        with pytest.raises(DialectError, match="is asked of places"):
            translate(checked)
