"""Documents of places: libraries, fences, opening hours, and how locations are taken."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, StringConstraints

from offerd.definitions.documents.contacting import DATE_PATTERN
from offerd.definitions.documents.fields import (
    Described,
    Document,
    Given,
    Id,
    Label,
    NonEmpty,
    OptionalText,
)

HOURS_PATTERN = r"^([01][0-9]|2[0-3]):[0-5][0-9]-(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$"
MAXIMUM_RADIUS_M = 20_015_000.0
MAXIMUM_APPROACH_M = 100_000.0
MAXIMUM_DWELLS = 20
MAXIMUM_METADATA = 100
MAXIMUM_RANK = 1_000_000

Degrees90 = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Degrees180 = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
ApproachM = Annotated[float, Field(ge=0, le=MAXIMUM_APPROACH_M, allow_inf_nan=False)]
Dwell = Annotated[list[str], Field(max_length=MAXIMUM_DWELLS)]
MetadataKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]

Hours = Annotated[str, StringConstraints(pattern=HOURS_PATTERN)]
"""A stretch of a day such as `09:00-21:00`, until `24:00` or over midnight: `20:00-02:00`."""

DayOfYear = Annotated[str, StringConstraints(pattern=DATE_PATTERN)]


class LibraryDocument(Described):
    """A set of places that somebody keeps."""

    noun: ClassVar[str] = "a library"

    id: Id
    """The id that places and rules name."""
    rank: Annotated[int | None, Given(), Field(ge=1, le=MAXIMUM_RANK)] = None
    """Where fences overlap, the place of the library of lowest rank is the current one, 1 before
    2. All libraries have one, or none. Absent: the order of declaration."""


class LocationDocument(Document):
    """How locations become entries and exits, where a place doesn't say otherwise."""

    noun: ClassVar[str] = "the section `location`"

    worst_accuracy_m: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 200.0
    """A location less accurate than this crosses nothing. Absent: 200."""
    highest_speed_mps: Annotated[float, Field(gt=0, le=100_000, allow_inf_nan=False)] = 350.0
    """A location that needed a higher speed isn't believed until a second agrees. Absent: 350."""
    exit_margin_m: Annotated[float, Field(ge=0, le=10_000, allow_inf_nan=False)] = 25.0
    """An exit is at least so far outside, and as far as the location may be wrong. Absent: 25."""
    dwell: Annotated[Dwell | None, Given()] = None
    """Lengths of stay that are events, such as `10m`. Absent: `10m`."""
    approach_m: ApproachM = 0.0
    """How near, from the edge, is an approach; 0 for none. Absent: 0."""
    ttl: OptionalText = None
    """How long after the last news a customer is believed to be where they were. Absent: `1h`."""


class CircleDocument(Document):
    """All that is near a point."""

    noun: ClassVar[str] = "a circle"

    latitude: Degrees90
    """Of the centre, in degrees, -90 to 90."""
    longitude: Degrees180
    """Of the centre, in degrees, -180 to 180."""
    radius_m: Annotated[float, Field(gt=0, le=MAXIMUM_RADIUS_M, allow_inf_nan=False)]
    """How near is inside, in metres."""


class GeometryDocument(Document):
    """A polygon or several, as GeoJSON has them."""

    noun: ClassVar[str] = "a geometry"

    type: Literal["Polygon", "MultiPolygon"]
    """A polygon is a list of rings, the first the outer one, the others its holes."""
    coordinates: list[Any]
    """Rings of `[longitude, latitude]`, the last the first again; of a MultiPolygon, a list of
    polygons."""


class CorridorDocument(Document):
    """All that is near a line."""

    noun: ClassVar[str] = "a corridor"

    line: list[Any]
    """Two points or more, `[longitude, latitude]`."""
    width_m: Annotated[float, Field(gt=0, le=MAXIMUM_RADIUS_M, allow_inf_nan=False)]
    """From side to side, in metres: half of it is on either side of the line."""


class OpeningHoursDocument(Document):
    """When a place is open, by the clocks of its time zone. A day that isn't there is closed."""

    noun: ClassVar[str] = "`opening_hours`"

    time_zone: NonEmpty
    """The IANA name of the time zone."""
    monday: list[Hours] = Field(default_factory=list)
    """Stretches such as `09:00-21:00`; one that ends no later than it begins ends on the day
    after. Absent: closed."""
    tuesday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    wednesday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    thursday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    friday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    saturday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    sunday: list[Hours] = Field(default_factory=list)
    """As `monday`."""
    exceptions: dict[DayOfYear, list[Hours]] = Field(default_factory=dict)
    """Stretches by date such as `2026-12-24`, instead of those of its weekday. Absent: none."""


class PlaceDocument(Described):
    """A place with a fence around it: exactly one of `circle`, `geometry` and `corridor`."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": [kind]} for kind in ("circle", "geometry", "corridor")]
        }
    )
    noun: ClassVar[str] = "a place"

    id: Id
    """The id that events, rules and caps name."""
    library: Id
    """The id of its library."""
    category: Annotated[Id | None, Given()] = None
    """What kind of place it is, for rules. Absent: none."""
    circle: Annotated[CircleDocument | None, Given()] = None
    """The fence is a circle."""
    geometry: Annotated[GeometryDocument | None, Given()] = None
    """The fence is a polygon, or several."""
    corridor: Annotated[CorridorDocument | None, Given()] = None
    """The fence is what is near a line."""
    parent: Annotated[Id | None, Given()] = None
    """The id of the place that it lies in. Absent: none."""
    metadata: Annotated[dict[MetadataKey, str], Field(max_length=MAXIMUM_METADATA)] = Field(
        default_factory=dict
    )
    """Texts by name, for rules and content. Absent: none."""
    opening_hours: Annotated[OpeningHoursDocument | None, Given()] = None
    """When it is open. Absent: not known."""
    labels: list[Label] = Field(default_factory=list)
    """Data usage labels of being there, beyond S1 and S2. Absent: none."""
    dwell: Annotated[Dwell | None, Given()] = None
    """Lengths of stay that are events, such as `5m`. Absent: as `location` says."""
    approach_m: Annotated[ApproachM | None, Given()] = None
    """How near, from the edge, is an approach; 0 for none. Absent: as `location` says."""
    ttl: OptionalText = None
    """How long a customer is believed to be there without news. Absent: as `location` says."""
