"""Mailboxes: addr-specs, display-names and domains (RFC 5322 section 3.4, RFC 5321, RFC 6531).

An addr-spec is `local-part@domain`. The local-part is a dot-atom or a quoted-string
(RFC 5322 section 3.4.1), at most 64 octets; the domain at most 255 octets, its labels at
most 63 (RFC 5321 section 4.5.3.1). Domains compare without regard to case; local-parts
are kept as written. Internationalised domains become their ASCII form (IDNA, RFC 5891),
because that is what SES accepts; a local-part beyond ASCII needs SMTPUTF8, which SES does
not offer, so it is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from .errors import RelayError

MAX_LOCAL_PART = 64
MAX_DOMAIN = 255
MAX_ADDR_SPEC = 254

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_DOT_ATOM = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*\Z")
_QUOTED_STRING = re.compile(r'"(?:[ \t!#-\[\]-~]|\\[ -~\t])*"\Z')
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")


class InvalidAddress(RelayError):
    """The text is no addr-spec or domain; the message says what was expected."""


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
    domain = text.strip().rstrip(".")
    try:
        ascii_domain = domain.encode("ascii" if domain.isascii() else "idna").decode("ascii")
    except UnicodeError:
        raise InvalidAddress(f"{text!r} is not a domain name") from None
    labels = ascii_domain.split(".")
    if len(ascii_domain) > MAX_DOMAIN or len(labels) < 2:
        raise InvalidAddress(f"{text!r} is not a domain name of at least two labels")
    for label in labels:
        if not _LABEL.match(label):
            raise InvalidAddress(f"{label!r} is not a label of a domain name, in {text!r}")
    if labels[-1].isdigit():
        raise InvalidAddress(f"{text!r} ends in a number, so it is not a domain name")
    return ascii_domain.lower()


def parse_addr_spec(text: str) -> str:
    """The addr-spec with its domain in lower-case ASCII.

    Raises:
        InvalidAddress: saying what was expected.
    """
    stripped = text.strip()
    local_part, at, domain = stripped.rpartition("@")
    if not at:
        raise InvalidAddress(f"{stripped!r} has no @")
    if not local_part:
        raise InvalidAddress(f"{stripped!r} has nothing before the @")
    if len(local_part.encode()) > MAX_LOCAL_PART:
        raise InvalidAddress(f"{stripped!r} has more than {MAX_LOCAL_PART} octets before the @")
    if not (_DOT_ATOM.match(local_part) or _QUOTED_STRING.match(local_part)):
        raise InvalidAddress(f"{local_part!r} is not a local-part (RFC 5322 section 3.4.1)")
    addr_spec = f"{local_part}@{parse_domain(domain)}"
    if len(addr_spec) > MAX_ADDR_SPEC:
        raise InvalidAddress(f"{stripped!r} is longer than {MAX_ADDR_SPEC} octets")
    return addr_spec


def domain_of(addr_spec: str) -> str:
    """The domain of an addr-spec."""
    return addr_spec.rpartition("@")[2]
