"""What reading a damaged bundle can raise, told as one error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import lmdb
import msgspec

from offerd import expression as ex
from offerd.errors import BundleError

UNREADABLE: Final = (
    lmdb.Error,
    msgspec.MsgspecError,
    UnicodeError,
    TypeError,  # a map whose keys can't be keys, which msgspec leaves to the interpreter
    ex.DecodeError,
    ex.PlanError,
)
"""What reading a record raises if it isn't what it should be, but for RecursionError."""


@contextmanager
def damage_at(where: str) -> Iterator[None]:
    """Turns whatever reading a record or a page can raise into a BundleError about `where`."""
    try:
        yield
    except BundleError as error:
        raise BundleError(f"{where}: {error}") from error
    except RecursionError as error:
        raise BundleError(f"{where}: nested too deep to be read") from error
    except UNREADABLE as error:
        raise BundleError(f"{where}: {error}") from error
