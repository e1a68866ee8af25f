"""From and Reply-To of the outgoing mail: the relay's address, with the device's own name."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relay_core.addresses.mailbox import Mailbox, domain_of
from relay_core.addresses.secrecy import conceal
from relay_core.mime.header import Header
from relay_core.outgoing.header import Sender
from relay_core.settings import Settings

from .author import find_name, find_replies, shows_another_address

# Domains that mail cannot reach, or only within the device's own network (RFC 6761,
# RFC 6762, RFC 8375, ICANN's reservation of "internal", and Linux's default host name).
_NOWHERE = re.compile(
    r"(?:^|\.)(?:invalid|test|localhost|local|internal|home\.arpa|localdomain)\Z"
)


def find_sender(
    header: Header, author: str | None, settings: Settings, *, is_proven: bool
) -> Sender:
    """The sender of the outgoing mail: the device's own name, with the relay's address.

    `author` is the addr-spec in From, `is_proven` whether SES proved it. Many devices have the
    same address in From and To. No recipient may see the inbound address.
    """
    name = find_name(header)

    def is_secret(text: str) -> bool:
        return conceal(text, settings.secret_addresses) != text

    if is_secret(name) or name.lower() == settings.sender_address.lower():
        name = ""  # the relay's own address is in the field anyway
    elif author and shows_another_address(name, author):
        # The only address that a recipient sees must be the author's.
        name = "" if is_secret(author) else author
    return Sender(
        address=settings.sender_address,
        display_name=name,
        reply_to=tuple(_replies(header, author, settings)) if is_proven else (),
    )


def _replies(header: Header, author: str | None, settings: Settings) -> Iterator[Mailbox]:
    """The Reply-To addresses: those that the device names, else the device's (RFC 5322, 3.6.2).

    Addresses of the relay itself and those that mail cannot reach are left out.
    """

    def is_reachable(mailbox: Mailbox) -> bool:
        addr_spec = mailbox.addr_spec
        return (
            addr_spec.lower() != settings.sender_address.lower()
            and conceal(addr_spec, settings.secret_addresses) == addr_spec
            and not _NOWHERE.search(domain_of(addr_spec))
        )

    named = [one for one in find_replies(header) if is_reachable(one)]
    if named:
        yield from named
    elif author and is_reachable(device := Mailbox(addr_spec=author)):
        yield device
