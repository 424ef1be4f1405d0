"""How long a reservation may be asked to last."""

from __future__ import annotations

import pytest
from google.protobuf.duration_pb2 import Duration

from offerd.errors import InvalidArgument
from offerd.service.translate.reservations import ttl_ns
from offerd.v1 import cap_service_pb2 as pb

WEEK_S = 7 * 86_400


@pytest.mark.parametrize(
    ("ttl", "told"),
    [
        (Duration(nanos=999_999_999), "0.999999999 seconds"),
        (Duration(seconds=WEEK_S, nanos=1), "604800.000000001 seconds"),
        (Duration(seconds=-5), "-5 seconds"),
    ],
)
def test_a_time_that_is_refused_is_told_as_it_was_asked(ttl: Duration, told: str) -> None:
    """To the nanosecond, so that it is never called what would have been right."""
    with pytest.raises(InvalidArgument) as refused:
        ttl_ns(pb.ReserveRequest(ttl=ttl))
    assert str(refused.value).startswith(told + ", ")


def test_the_limits_themselves_are_taken() -> None:
    """From a second to a week; ten minutes if nothing is asked."""
    asked = [Duration(seconds=1), Duration(seconds=WEEK_S)]
    assert [ttl_ns(pb.ReserveRequest(ttl=ttl)) for ttl in asked] == [10**9, WEEK_S * 10**9]
    assert ttl_ns(pb.ReserveRequest()) == 600 * 10**9
