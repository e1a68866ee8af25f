"""The options that name messages, addresses and points in time."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import Annotated

import typer

from operate.messages.selection import parse_moment, parse_time
from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.addresses.patterns import canonical_pattern
from relay_core.links.reference import parse_reference

_LABELS = re.compile(r"\+[^@\s]+\Z")

Message = Annotated[
    str,
    typer.Argument(
        metavar="MESSAGE",
        help="A message id, its beginning, the key of a raw message, or the reference number"
        " that recipients read.",
    ),
]


Unannounced = Annotated[
    bool,
    typer.Option(
        "--unannounced",
        help="Raw messages in the incoming bucket without a manifest, stored 10 minutes ago or"
        " earlier (or before --until): their notification was lost.",
    ),
]


def address_option(text: str, option: str = "--recipient") -> str:
    """The address that the option names."""
    try:
        return parse_addr_spec(text)
    except InvalidAddress as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def reference_option(text: str | None) -> str | None:
    """The reference number that `--reference` gives."""
    if text is None:
        return None
    found = parse_reference(text)
    if found is None:
        raise typer.BadParameter(
            f"{text!r} is not a reference number; one looks like K7Q2-MX4P",
            param_hint="--reference",
        )
    return found


def via_option(text: str | None) -> str | None:
    """The address of the relay, or the `+label` of any, that `--via` names."""
    if text is None or _LABELS.match(text):
        return text
    with suppress(InvalidAddress):
        if not text.startswith("+"):
            return parse_addr_spec(text)
    raise typer.BadParameter(
        f"{text!r} is neither an address of the relay nor a label such as +boiler7",
        param_hint="--via",
    )


def pattern_option(text: str | None, option: str) -> str | None:
    """The pattern of addresses that the option names."""
    if text is not None and canonical_pattern(text) is None:
        raise typer.BadParameter(
            f"{text!r} is not an address, a domain, or '*.' and a domain", param_hint=option
        )
    return text


def past_option(text: str | None, now: datetime, option: str) -> datetime | None:
    """The moment that the option names: a time, or a duration before now."""
    try:
        return None if text is None else parse_moment(text, now)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None


def time_option(text: str, option: str) -> datetime:
    """The moment that the option names, as a time."""
    try:
        return parse_time(text)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=option) from None
