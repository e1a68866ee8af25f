"""A time zone by its name in the IANA database, as `Europe/Berlin`.

`zoneinfo` is imported only for a zone other than UTC: it takes milliseconds of a cold start. The
database is the machine's, or the distribution `tzdata` where that is installed: at the operator's
desk, not in the function.
"""

from __future__ import annotations

from datetime import UTC, tzinfo


def time_zone(name: str) -> tzinfo:
    """The zone of that name.

    Raises:
        ValueError: if there is none.
    """
    if name == "UTC":
        return UTC
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - see above

    try:
        return ZoneInfo(name)
    # No such file is a KeyError; a folder and a name too long for a disk are errors of its own.
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"not a time zone of the IANA database: {name!r}") from error


def is_time_zone(name: str) -> bool:
    """Whether there is a zone of that name."""
    try:
        time_zone(name)
    except ValueError:
        return False
    return True
