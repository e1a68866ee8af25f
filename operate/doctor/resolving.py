"""DNS queries, by dnspython (docs/decisions: "A deployed stack is looked at from outside").

RFC 1035 section 3.3: what the answers of each type hold.
"""

from __future__ import annotations

import ipaddress

import dns.exception
import dns.rdatatype
import dns.resolver

from .dns_records import Answer, Resolver

_SECONDS = 10.0  # for a question and all its tries
_PORT = 53


class InvalidServer(Exception):
    """The given text is not an address of a DNS server."""


def resolver(server: str | None) -> Resolver:
    """A resolver that queries `server` (ADDRESS or ADDRESS:PORT), or the system's servers.

    Raises:
        InvalidServer: if `server` is no IP address, or the system names no server.
    """
    if server is None:
        try:
            asked = dns.resolver.Resolver()
        except dns.resolver.NoResolverConfiguration as error:
            raise InvalidServer(
                f"this system has no DNS server configured: {error}; give one by --dns"
            ) from error
    else:
        address, port = parse_server(server)
        asked = dns.resolver.Resolver(configure=False)
        asked.nameservers = [address]
        asked.port = port
    asked.lifetime = _SECONDS

    def resolve(name: str, type_: str) -> Answer:
        try:
            # The name as it is: the system's search domains are not appended.
            answer = asked.resolve(f"{name}.", type_, search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException:
            return None
        return tuple(map(_text, answer))

    return resolve


def parse_server(text: str) -> tuple[str, int]:
    """Address and port of a server: 192.0.2.1, 192.0.2.1:5353, 2001:db8::1, [2001:db8::1]:5353.

    Raises:
        InvalidServer: if it is none of these.
    """
    host, port = text, str(_PORT)
    if text.startswith("["):
        host, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":") or port
    elif text.count(":") == 1:
        host, _, port = text.partition(":")
    try:
        address = str(ipaddress.ip_address(host))
        number = int(port)
    except ValueError:
        raise InvalidServer(
            f"{text!r} is not an ADDRESS or ADDRESS:PORT of a DNS server"
        ) from None
    if not 0 < number < 65536:
        raise InvalidServer(f"{text!r}: a port is from 1 to 65535")
    return address, number


def _text(rdata: object) -> str:
    strings = getattr(rdata, "strings", None)
    if strings is not None:  # TXT: its strings are one text
        return b"".join(strings).decode("utf-8", "replace")
    return str(rdata).rstrip(".")
