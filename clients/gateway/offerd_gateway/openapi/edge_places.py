"""`GET /placesedgequery` in the document: the one path that isn't the contract's."""

from __future__ import annotations

from typing import Any

from offerd_gateway.edge_places import DEFAULT_LIMIT, EDGE_PATHS, MAXIMUM_LIMIT
from offerd_gateway.openapi.schemas import Schema


def edge_places_path() -> dict[str, dict[str, Any]]:
    """The path, as it is without a slash at the end."""
    text, whole = {"type": "string"}, {"type": "integer"}
    point: Schema = {
        "type": "object",
        "properties": {
            "p": {
                "type": "array",
                "description": "Id, name, latitude, longitude, radius in metres, id of the"
                " library, and its rank.",
                "prefixItems": [text, text, text, text, {**whole, "minimum": 1}, text, whole],
                "minItems": 7,
                "maxItems": 7,
            },
            "x": {"type": "object", "additionalProperties": text, "description": "Metadata."},
        },
        "required": ["p", "x"],
    }
    lists: Schema = {
        "type": "object",
        "properties": {
            "userWithin": {"type": "array", "items": point},
            "pois": {"type": "array", "items": point},
        },
        "required": ["userWithin", "pois"],
    }
    answer: Schema = {"type": "object", "properties": {"places": lists}, "required": ["places"]}
    return {
        EDGE_PATHS[0]: {
            "get": {
                "operationId": "PlacesEdgeQuery",
                "tags": ["PlaceService"],
                "description": "The places that contain a position, by rank and the smaller first,"
                " and the others by the distance to their edge, as the mobile SDKs of Adobe's"
                " Places ask for them; with a slash at the end of the path too.",
                "parameters": [
                    _parameter("latitude", {"type": "number", "minimum": -90, "maximum": 90}),
                    _parameter("longitude", {"type": "number", "minimum": -180, "maximum": 180}),
                    _parameter(
                        "limit",
                        {**whole, "minimum": 1, "default": DEFAULT_LIMIT},
                        f"At most so many; of more than {MAXIMUM_LIMIT:,} so many.",
                    ),
                    _parameter(
                        "library",
                        {"type": "array", "items": text},
                        "Ids of libraries, any of which, repeated for several; those that there"
                        " aren't have no places. Absent: all.",
                    ),
                ],
                "responses": {
                    "200": {
                        "description": "The places.",
                        "content": {"application/json": {"schema": answer}},
                    }
                }
                | {
                    status: {"$ref": f"#/components/responses/Error{status}"}
                    for status in ("400", "429", "500", "503", "504")
                },
            }
        }
    }


def _parameter(name: str, schema: Schema, description: str = "") -> Schema:
    parameter: Schema = {"name": name, "in": "query", "schema": schema}
    if description:
        parameter["description"] = description
    else:
        parameter |= {"required": True, "description": "Degrees."}
    return parameter
