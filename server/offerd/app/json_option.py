"""Options that are a JSON object, or the name of a file that holds one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from offerd.errors import DataError


def read_object(
    given: str | None, where: str, file_prefix: str = "", example: str = ""
) -> dict[str, Any]:
    """Returns the JSON object that an option gives, or the file that it names; {} for None.

    DataError calls the text `where`, and a file by its name after `file_prefix`; it shows an
    `example` of what is expected, if there is one.
    """
    if given is None:
        return {}
    text = given
    if not given.lstrip().startswith("{"):
        where = f"{file_prefix}`{given}`"
        try:
            text = Path(given).read_text(encoding="utf-8")
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise DataError(f"{where} can't be read: {reason}") from error
        except UnicodeDecodeError as error:
            raise DataError(f"{where} is not UTF-8") from error
    try:
        found = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise DataError(f"{where} is not valid JSON: {str(error).lower()}") from error
    if not isinstance(found, dict):
        such_as = f", such as `{example}`" if example else ""
        raise DataError(f"{where} must be a JSON object{such_as}")
    return found
