"""Made by `python -m translations`; do not edit."""

from relay_core.wording.plurals import one_or_other
from relay_core.wording.table import Table

TABLE = Table(
    is_right_to_left=False,
    plural=one_or_other,
    decimal=".",
    date="{day} {month}",
    date_of_year="{day} {month} {year}",
    clock="{hour:02}:{minute:02}",
    moment="{date}, {clock}",
    months=(
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ),
    units={
        "byte": ("{0} byte", "{0} bytes"),
        "kB": ("{0} kB", "{0} kB"),
        "MB": ("{0} MB", "{0} MB"),
        "GB": ("{0} GB", "{0} GB"),
        "day": ("{0} day", "{0} days"),
        "hour": ("{0} hour", "{0} hours"),
        "minute": ("{0} minute", "{0} minutes"),
    },
    texts={},
)
