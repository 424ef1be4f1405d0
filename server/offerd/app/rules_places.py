"""What a record of the command line says of places: answers by how the questions are written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from offerd import expression as ex
from offerd.audience.place_names import PlaceNames, names_of
from offerd.audience.place_questions import ROOT, PlaceAsking
from offerd.errors import DataError
from offerd.expression.check.tree import Attribute
from offerd.model.catalogue import Catalogue
from offerd.model.place import Point
from offerd.places.index import Places
from offerd.places.memory import MemorySource
from offerd.places.record import PlaceQuestions


class _Anything(dict[str, tuple[str, ...]]):
    """Takes every name for one that there is."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> tuple[str, ...]:
        return ()

    def __bool__(self) -> bool:
        return True


def asking_of(catalogue: Catalogue | None) -> PlaceAsking:
    """Answers questions about the places of definitions; without any, every selector will do."""
    if catalogue is None:
        nothing: dict[str, tuple[str, ...]] = {}
        any_category = PlaceNames(nothing, _Anything(), nothing, lambda _: ())
        return PlaceAsking(lambda: any_category)
    libraries = [library.id for library in catalogue.libraries]
    return PlaceAsking(lambda: names_of(catalogue.places, libraries))


def given_answers(
    environment: ex.Environment, given: Mapping[str, Any]
) -> Iterator[tuple[Attribute, Any]]:
    """Yields where each answer of a record belongs, and the answer, as it is given.

    Keys are questions as they are written after `places.`; those of one place may be together:
    `{"nearest(\\"studio\\")": {"name": "Söder", "distance_m": 80}}`. DataError for any other key.
    """
    for written, value in _flat(environment, given):
        if value is not None:
            yield _attribute(environment, written), value


def _flat(environment: ex.Environment, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    record = environment.variables[ROOT]
    for written, value in given.items():
        function, _, rest = written.partition("(")
        question = (
            record.questions.get(function) if isinstance(record, ex.AnsweringRecord) else None
        )
        whole = rest.endswith(")") and question is not None and bool(question.fields)
        if whole and isinstance(value, dict):
            yield from ((f"{written}.{field}", inner) for field, inner in value.items())
        else:
            yield written, value


def _attribute(environment: ex.Environment, written: str) -> Attribute:
    record = environment.variables[ROOT]
    if isinstance(record, ex.AnsweringRecord) and written in record.questions:
        answer = record.resolve(written, (), "") if record.questions[written].indexed else None
        if isinstance(answer, ex.Answer):
            record.learn(answer.path, answer.attribute)
            return Attribute(answer.root, answer.path, answer.attribute.type, 0, 0)
    try:
        tree = ex.compile_expression(f"{ROOT}.{written}", environment, expected=None).tree
    except ex.ExpressionError as error:
        found = error.issues[0].message
        raise DataError(f"the record has `{ROOT}.{written}`: {found}") from error
    if not isinstance(tree, Attribute) or tree.root == "profile":
        raise DataError(f"the record has `{ROOT}.{written}`, which is no question about places")
    return tree


def answered(
    catalogue: Catalogue, asking: PlaceAsking, values: Mapping[str, Any], given: dict[str, Any]
) -> dict[str, Any]:
    """What places answer: what was given, and else by where the record's context is."""
    reads = {read.path: read for read in (*catalogue.place_reads, *asking.reads)}
    if not reads or not catalogue.places:
        return given
    places = Places(MemorySource(catalogue.places, catalogue.libraries))
    context = values["context"]
    latitude, longitude = (context.get(f"location.{one}") for one in ("latitude", "longitude"))
    location = None if latitude is None or longitude is None else Point(latitude, longitude)
    questions = PlaceQuestions(reads.values(), places, catalogue.location)
    record = questions.record(None, location, values["now"])
    record.update(given)
    return record
