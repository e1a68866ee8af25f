"""By which of the relay's addresses a mail came, and with which label.

SES notes the envelope's recipient, with its label, in the Received field that it adds on top:

    Received: from GREETING (host [192.0.2.7]) by inbound-smtp.REGION.amazonaws.com with SMTP id …
     for devices+boiler7@in.example.com; Wed, 27 May 2026 09:48:04 +0000 (UTC)

That clause has one address even where the envelope has more (RFC 5321 section 4.4), so To and Cc
count as well. They are the sender's words, and may be: all that is read here is which addresses of
the relay's own are in them. A label decides no more than a recipient code in the body does.
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
    """The relay's address that a mail came by, with its label, in lower case; "" if none is known.

    `is_previous`: it is one of `previousRecipientEmails`. `labels` are those of all addresses of
    the relay's that the mail names.
    """

    address: str = ""
    is_previous: bool = False
    labels: tuple[str, ...] = ()


UNKNOWN_ARRIVAL = Arrival()


def find_arrival(header: Header, settings: Settings) -> Arrival:
    """By which address a mail came: as SES noted it, or else as To or Cc names it."""
    found = [
        (address, parts)
        for address in dict.fromkeys(_named(header))
        if (parts := split_label(address, settings.secret_addresses))
    ]
    if not found:
        return UNKNOWN_ARRIVAL
    first, (base, _) = found[0]
    return Arrival(
        address=first,
        is_previous=base != settings.inbound_address.lower(),
        labels=tuple(
            dict.fromkeys(one for _, (_, label) in found for one in label.split("+") if one)
        ),
    )


def _named(header: Header) -> Iterator[str]:
    received = header.get("received") or b""
    if _FROM_SES in received and (match := _FOR.search(received)):
        yield match[1].decode("ascii", "replace").lower()
    for name in ("to", "cc"):
        yield from (one.lower() for one in find_mailboxes(header, name))
