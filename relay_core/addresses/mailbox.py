"""Addr-specs, domains and mailboxes (RFC 5322 section 3.4, RFC 5321, RFC 6531).

An addr-spec is `local-part@domain`. The local-part is a dot-atom (RFC 5322 section 3.4.1), at
most 64 octets; the domain at most 255 octets, its labels at most 63 (RFC 5321 section 4.5.3.1).

Of what RFC 5322 allows, the relay takes what all servers read alike, because who is allowed is
decided here and where mail goes is decided there. A quoted-string may hold an @ that some
server splits at. `user%host` and `host!user` were routes (RFC 5321 section 3.6.1 and appendix
F.2), and some servers still follow them. `=?` begins an encoded-word, which some decode first
(RFC 2047 section 5 forbids it there). All of these are refused.

Domains compare without regard to case; local-parts are kept as written. Internationalised
domains become their ASCII form (IDNA, RFC 5891), because that is what SES accepts; a local-part
beyond ASCII needs SMTPUTF8, which SES does not offer, so it is refused.

Python's codec speaks IDNA 2003. Four characters mean another domain there than in
IDNA 2008 (Unicode TR 46 section 7, "deviation characters"): `straße.example` would turn
into `strasse.example`, which may belong to somebody else. Such a domain is refused unless
it comes in its ASCII form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from relay_core.abnf import ATEXT
from relay_core.errors import RelayError

MAX_LOCAL_PART = 64
MAX_DOMAIN = 255
MAX_ADDR_SPEC = 254

_DOT_ATOM = re.compile(rf"[{ATEXT}]+(?:\.[{ATEXT}]+)*\Z")
_ROUTE = re.compile(r"[%!]|=\?")
_LABEL_PATTERN = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_LABEL = re.compile(rf"{_LABEL_PATTERN}\Z")
# One that is right as it stands. The last label is no number.
_ASCII_DOMAIN = re.compile(rf"(?:{_LABEL_PATTERN}\.)+(?![0-9]+\Z){_LABEL_PATTERN}\Z")
_DEVIATIONS = re.compile("[ßẞς\u200c\u200d]")


class InvalidAddress(RelayError):
    """The text is no mailbox, addr-spec or domain: what was `expected`, and what was `found`."""

    def __init__(self, *, expected: str, found: str) -> None:
        super().__init__(f"expected {expected}, found {found!r}")
        self.expected = expected
        self.found = found


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """An addr-spec with the display-name that stood before it (empty if none)."""

    addr_spec: str
    display_name: str = ""


def parse_domain(text: str) -> str:
    """The domain in lower-case ASCII (IDNA where it was not ASCII).

    Raises:
        InvalidAddress: if it is no domain of at least two labels.
    """
    domain = text.strip().removesuffix(".")
    # Before the codec sees it: a longer one cannot become shorter, only slower.
    if len(domain) > MAX_DOMAIN:
        raise InvalidAddress(
            expected=f"a domain name of at most {MAX_DOMAIN} octets", found=f"{domain[:32]}…"
        )
    if _ASCII_DOMAIN.match(domain):
        return domain.lower()
    if _DEVIATIONS.search(domain):
        raise InvalidAddress(
            expected="the ASCII form (xn--…) of a domain that IDNA 2003 and 2008 read differently",
            found=domain,
        )
    try:
        ascii_domain = domain.encode("ascii" if domain.isascii() else "idna").decode("ascii")
    except UnicodeError:
        raise InvalidAddress(expected="a domain name", found=domain) from None
    labels = ascii_domain.split(".")
    if len(ascii_domain) > MAX_DOMAIN or len(labels) < 2:
        raise InvalidAddress(expected="a domain name of at least two labels", found=domain)
    for label in labels:
        if not _LABEL.match(label):
            raise InvalidAddress(
                expected="a domain name with labels of letters, digits and inner hyphens",
                found=domain,
            )
    if labels[-1].isdigit():
        raise InvalidAddress(expected="a domain name, whose last label is no number", found=domain)
    return ascii_domain.lower()


def parse_addr_spec(text: str) -> str:
    """The addr-spec with its domain in lower-case ASCII.

    Raises:
        InvalidAddress: saying what was expected.
    """
    stripped = text.strip()
    local_part, at, domain = stripped.rpartition("@")
    if not at:
        raise InvalidAddress(expected="an address", found=stripped)
    if not local_part:
        raise InvalidAddress(expected="an address, with a local-part before the @", found=stripped)
    if len(local_part) > MAX_LOCAL_PART:
        raise InvalidAddress(
            expected=f"at most {MAX_LOCAL_PART} octets before the @", found=local_part
        )
    if not _DOT_ATOM.match(local_part):
        raise InvalidAddress(
            expected="a local-part of words with dots between them, in ASCII, without quotes",
            found=local_part,
        )
    if _ROUTE.search(local_part):
        raise InvalidAddress(
            expected='a local-part without "%", "!" and "=?", which some servers route or decode',
            found=local_part,
        )
    addr_spec = f"{local_part}@{parse_domain(domain)}"
    if len(addr_spec) > MAX_ADDR_SPEC:
        raise InvalidAddress(
            expected=f"an address of at most {MAX_ADDR_SPEC} octets", found=stripped
        )
    return addr_spec


def domain_of(addr_spec: str) -> str:
    """The domain of an addr-spec."""
    return addr_spec.rpartition("@")[2]
