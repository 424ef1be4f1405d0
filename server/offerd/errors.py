"""The whole exception tree.

    OfferdError
    ├── RequestError            one request can't be answered; carries code, reason, field
    │   ├── InvalidArgument     the request is wrong and stays wrong
    │   ├── NotFound            what it names doesn't exist
    │   ├── FailedPrecondition  what it names is past what is asked of it
    │   ├── Exhausted           too much at once, or the store is full
    │   ├── Unavailable         starting, stopping, or the store can't be reached
    │   └── DeadlineExceeded    the caller's deadline passed
    ├── DefinitionsError        a folder of definitions has mistakes (all of them, placed)
    ├── BundleError             a bundle can't be opened: truncated, altered, of a newer format
    ├── StateError              the state can't be opened or is not a state
    ├── ReleaseError            a release can't be made, found or gone back to
    ├── DataError               data to import, or its mapping, is wrong (file, row, what was found)
    └── ConfigurationError      settings of the process are wrong

Messages are for people: lower case, no final period, the user's input in backticks.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, StrEnum

DOMAIN = "offerd"
"""The `domain` of every google.rpc.ErrorInfo that the service sends."""


class Code(Enum):
    """A canonical status code, with its gRPC number and the HTTP status it appears as."""

    INVALID_ARGUMENT = (3, 400)
    NOT_FOUND = (5, 404)
    FAILED_PRECONDITION = (9, 409)
    RESOURCE_EXHAUSTED = (8, 429)
    UNAVAILABLE = (14, 503)
    DEADLINE_EXCEEDED = (4, 504)
    INTERNAL = (13, 500)

    @property
    def number(self) -> int:
        """The google.rpc.Code number."""
        return self.value[0]

    @property
    def http_status(self) -> int:
        """The HTTP status code that google.rpc.Code documents for it.

        But for FAILED_PRECONDITION, which HTTP tells from a wrong request: 409 rather than 400.
        """
        return self.value[1]


class Reason(StrEnum):
    """Why something was refused; the names of offerd.v1.ErrorReason without their prefix."""

    MALFORMED = "MALFORMED"
    UNKNOWN_FIELD = "UNKNOWN_FIELD"
    MISSING_FIELD = "MISSING_FIELD"
    CONFLICTING_FIELDS = "CONFLICTING_FIELDS"
    INVALID_TEXT = "INVALID_TEXT"
    TOO_LARGE = "TOO_LARGE"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    INVALID_TIME = "INVALID_TIME"
    INVALID_LOCALE = "INVALID_LOCALE"
    UNKNOWN_SCOPE = "UNKNOWN_SCOPE"
    UNKNOWN_NAMESPACE = "UNKNOWN_NAMESPACE"
    UNKNOWN_ATTRIBUTE = "UNKNOWN_ATTRIBUTE"
    UNKNOWN_EVENT_TYPE = "UNKNOWN_EVENT_TYPE"
    WRONG_TYPE = "WRONG_TYPE"
    VALUE_NOT_ALLOWED = "VALUE_NOT_ALLOWED"
    PERSON_DATA_ON_DEVICE = "PERSON_DATA_ON_DEVICE"
    NOT_AUTHENTICATED = "NOT_AUTHENTICATED"
    INVALID_TOKEN = "INVALID_TOKEN"  # noqa: S105 - a reason, not a secret
    EVENT_ID_REUSED = "EVENT_ID_REUSED"
    UNKNOWN_CHANNEL = "UNKNOWN_CHANNEL"
    UNKNOWN_PLACE = "UNKNOWN_PLACE"
    UNKNOWN_LIBRARY = "UNKNOWN_LIBRARY"
    UNKNOWN_MARKETING_ACTION = "UNKNOWN_MARKETING_ACTION"
    INVALID_CONSENT_STRING = "INVALID_CONSENT_STRING"
    PROFILE_NOT_FOUND = "PROFILE_NOT_FOUND"
    PLACE_NOT_FOUND = "PLACE_NOT_FOUND"
    NO_SUCH_METHOD = "NO_SUCH_METHOD"
    RESERVATION_NOT_FOUND = "RESERVATION_NOT_FOUND"
    RESERVATION_COMMITTED = "RESERVATION_COMMITTED"
    CONSENT_NOT_GRANTED = "CONSENT_NOT_GRANTED"
    SUBJECT_DELETED = "SUBJECT_DELETED"
    PROFILE_FULL = "PROFILE_FULL"
    LOAD_OUTDATED = "LOAD_OUTDATED"
    LOAD_IN_PROGRESS = "LOAD_IN_PROGRESS"
    NOT_SERVING = "NOT_SERVING"
    OVERLOADED = "OVERLOADED"
    STORE_FULL = "STORE_FULL"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    INTERNAL = "INTERNAL"


class OfferdError(Exception):
    """Anything that offerd itself refuses or fails at."""


class RequestError(OfferdError):
    """One request can't be answered.

    `field` is the path of the request's field at fault (`scopes[2].name`), empty if
    the request as a whole is; `metadata` are further facts, all strings.
    """

    code: Code = Code.INTERNAL

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.metadata = dict(metadata or {})


class InvalidArgument(RequestError):
    """The request is wrong and stays wrong however often it is sent."""

    code = Code.INVALID_ARGUMENT


class NotFound(RequestError):
    """What the request names doesn't exist."""

    code = Code.NOT_FOUND


class FailedPrecondition(RequestError):
    """What the request names is in a state in which the request can't be carried out."""

    code = Code.FAILED_PRECONDITION


class Exhausted(RequestError):
    """Too much at once, or no room left in the store."""

    code = Code.RESOURCE_EXHAUSTED


class Unavailable(RequestError):
    """The service is starting or stopping, or its store can't be reached."""

    code = Code.UNAVAILABLE


class DeadlineExceeded(RequestError):
    """The caller's deadline has passed."""

    code = Code.DEADLINE_EXCEEDED


class DefinitionsError(OfferdError):
    """A folder of definitions has mistakes; `issues` holds every one of them."""

    def __init__(self, issues: tuple[object, ...]) -> None:
        super().__init__("\n".join(str(issue) for issue in issues))
        self.issues = issues


class BundleError(OfferdError):
    """A bundle can't be opened: truncated, altered, of a newer format, or no bundle at all."""


class StateError(OfferdError):
    """The state can't be opened, or what lies there is no state of offerd."""


class ReleaseError(OfferdError):
    """A release can't be published, activated or gone back to, or its directory is wrong."""


class DataError(OfferdError):
    """Data to be imported, or the mapping that describes it, is wrong."""


class ConfigurationError(OfferdError):
    """The settings of a process are wrong or contradict each other."""
