"""The host name of the links, as resolvers see it.

`relayctl send-test` tests whether a page answers there with a valid certificate: it opens the page
of its mail.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from .dns_records import Answer
from .verdicts import Verdict, ok, problem, unknown

if TYPE_CHECKING:  # one knows the other
    from .checks import CheckContext


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkHost:
    """The host of the output `downloadUrl`, and its IPv4 addresses.

    `is_address`: the host is an IP address, not a name.
    """

    name: str
    is_address: bool
    is_asked: bool
    addresses: Answer


def read_link_host(context: CheckContext) -> LinkHost | None:
    """The host of the links, None without a download page."""
    url = context.outputs.optional("downloadUrl")
    name = urlsplit(url).hostname if url else None
    if not name:
        return None
    with suppress(ValueError):
        ipaddress.ip_address(name)
        return LinkHost(name=name, is_address=True, is_asked=False, addresses=(name,))
    resolve = context.resolve
    return LinkHost(
        name=name,
        is_address=False,
        is_asked=resolve is not None,
        addresses=resolve(name, "A") if resolve else None,
    )


def judge_link_host(found: LinkHost | None) -> Iterable[Verdict]:
    """Whether resolvers have an address for the host."""
    if found is None:
        return ()
    if found.is_address:
        return (ok(f"the links have an IP address as host, {found.name}"),)
    if not found.is_asked:
        return (
            unknown(
                f"{found.name}: not checked: the domains of a sandbox are not in the DNS",
                "give a DNS server that has them: --dns 127.0.0.1:PORT",
            ),
        )
    if found.addresses is None:
        return (
            unknown(
                f"{found.name} A: no DNS server answered",
                "run it again, or name another resolver: --dns 1.1.1.1",
            ),
        )
    if not found.addresses:
        return (
            problem(
                f"{found.name} has no A record: recipients cannot open the links of new mail",
                "with downloadDomain: 'pulumi refresh', then 'pulumi up'; if the record is in the"
                " zone of hostedZoneId, delegate the domain to that zone's name servers. With"
                " downloadUrl: publish the record",
            ),
        )
    return (ok(f"the host of the links, {found.name}, is in the DNS"),)
