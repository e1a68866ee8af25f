"""The relay's address by which a mail came, and its label.

SES notes the envelope's recipient, with its label, in the Received field that it adds on top:

    Received: from GREETING (host [192.0.2.7]) by inbound-smtp.REGION.amazonaws.com with SMTP id …
     for devices+boiler7@in.example.com; Wed, 27 May 2026 09:48:04 +0000 (UTC)

That clause has one address even where the envelope has more (RFC 5321 section 4.4), so To and Cc
count as well. The sender controls them, which is acceptable: only the relay's own addresses are
read from them, and a label gives no more rights than a recipient code in the body.

A closed label causes a mail to be ignored, so it counts only in the address of that clause. Where
the clause names none of the relay's addresses, a closed label counts if each of the relay's
addresses in To and Cc has one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from relay_core.addresses.subaddress import split_label
from relay_core.mime.header import Header
from relay_core.settings import Settings

from .author import find_mailboxes

_FOR = re.compile(rb"\sfor\s+<?([^\s<>;]+)>?;[^;]*\Z")
_FROM_SES = b" by inbound-smtp"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """The relay's address that a mail came by, with its label, in lower case; "" if unknown.

    `is_previous`: it is one of `previousRecipientEmails`. `labels` are those of all the relay's
    addresses that the mail names. `closed_label` is the label in `closedLabels` by which it came,
    or "".
    """

    address: str = ""
    is_previous: bool = False
    labels: tuple[str, ...] = ()
    closed_label: str = ""


UNKNOWN_ARRIVAL = Arrival()


def find_arrival(header: Header, settings: Settings) -> Arrival:
    """The address by which a mail came: as SES recorded it, else as To or Cc names it."""
    own = settings.secret_addresses
    noted = [(one, parts) for one in _noted(header) if (parts := split_label(one, own))]
    named = [(one, parts) for one in _named(header) if (parts := split_label(one, own))]
    found = [*noted, *named]
    if not found:
        return UNKNOWN_ARRIVAL
    first, (base, _) = found[0]
    return Arrival(
        address=first,
        is_previous=base != settings.inbound_address.lower(),
        labels=tuple(dict.fromkeys(one for _, (_, text) in found for one in _labels(text))),
        closed_label=_closed_label([text for _, (_, text) in noted or named], settings),
    )


def _labels(text: str) -> list[str]:
    return [one for one in text.split("+") if one]


def _closed_label(ways: list[str], settings: Settings) -> str:
    """The closed label of the first of these addresses if each has one, else ""."""
    closed = {one.lower() for one in settings.closed_labels}
    found = [next((one for one in _labels(text) if one in closed), "") for text in ways]
    return found[0] if all(found) else ""


def _noted(header: Header) -> Iterator[str]:
    received = header.get("received") or b""
    if _FROM_SES in received and (match := _FOR.search(received)):
        yield match[1].decode("ascii", "replace").lower()


def _named(header: Header) -> Iterator[str]:
    for name in ("to", "cc"):
        yield from (one.lower() for one in find_mailboxes(header, name))
