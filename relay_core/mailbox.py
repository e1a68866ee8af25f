"""Mailboxes: addr-specs, display-names and domains (RFC 5322 section 3.4, RFC 5321, RFC 6531).

An addr-spec is `local-part@domain`. The local-part is a dot-atom or a quoted-string
(RFC 5322 section 3.4.1), at most 64 octets; the domain at most 255 octets, its labels at
most 63 (RFC 5321 section 4.5.3.1). Domains compare without regard to case; local-parts
are kept as written. Internationalised domains become their ASCII form (IDNA, RFC 5891),
because that is what SES accepts; a local-part beyond ASCII needs SMTPUTF8, which SES does
not offer, so it is refused.

Python's codec speaks IDNA 2003. Four characters mean another domain there than in
IDNA 2008 (Unicode TR 46 section 7, "deviation characters"): `straße.example` would turn
into `strasse.example`, which may belong to somebody else. Such a domain is refused unless
it comes in its ASCII form.
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
    if not (_DOT_ATOM.match(local_part) or _QUOTED_STRING.match(local_part)):
        raise InvalidAddress(
            expected="a local-part (a dot-atom or a quoted-string, in ASCII)", found=local_part
        )
    addr_spec = f"{local_part}@{parse_domain(domain)}"
    if len(addr_spec) > MAX_ADDR_SPEC:
        raise InvalidAddress(
            expected=f"an address of at most {MAX_ADDR_SPEC} octets", found=stripped
        )
    return addr_spec


_QUOTED = r'"(?:[^"\\]|\\.)*"'
# Anchored, and no two alternatives begin alike: giving back finds nothing new to try.
_NAME_ADDR = re.compile(
    rf'(?P<phrase>(?:{_QUOTED}|[^"<>])*)<(?P<addr_spec>(?:{_QUOTED}|[^"<>])*)>\s*+\Z', re.DOTALL
)
_ADDR_SPEC_COMMENT = re.compile(
    rf'(?P<addr_spec>(?:{_QUOTED}|[^"()])*)\((?P<comment>[^()]*+)\)\s*+\Z', re.DOTALL
)
_PHRASE_WORD = re.compile(rf'{_QUOTED}|[^\s"]++|"', re.DOTALL)
_PLAIN_PHRASE = re.compile(rf"{_ATEXT}(?: {_ATEXT})*\Z")


def parse_mailbox(text: str) -> Mailbox:
    """One mailbox: `Name <addr-spec>`, `<addr-spec>`, `addr-spec` or `addr-spec (Name)`.

    The last is how names were written before RFC 822 was replaced (RFC 5322 section 3.4);
    devices still do. White space within a display-name becomes one space, quoted-strings
    lose their quotes. Encoded-words are the header's business: decode them first.

    Raises:
        InvalidAddress: saying what was expected.
    """
    if match := _NAME_ADDR.match(text):
        name = _parse_phrase(match["phrase"])
    elif match := _ADDR_SPEC_COMMENT.match(text):
        name = " ".join(match["comment"].split())
    else:
        return Mailbox(addr_spec=parse_addr_spec(text))
    return Mailbox(addr_spec=parse_addr_spec(match["addr_spec"]), display_name=name)


def _parse_phrase(text: str) -> str:
    words = (
        re.sub(r"\\(.)", r"\1", word[1:-1]) if word.startswith('"') and len(word) > 1 else word
        for word in _PHRASE_WORD.findall(text)
    )
    return " ".join(" ".join(words).split())


def format_mailbox(mailbox: Mailbox) -> str:
    """The inverse of `parse_mailbox`: the display-name is quoted where it has to be."""
    name = mailbox.display_name
    if not name:
        return mailbox.addr_spec
    if not _PLAIN_PHRASE.match(name):
        name = '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'
    return f"{name} <{mailbox.addr_spec}>"


def domain_of(addr_spec: str) -> str:
    """The domain of an addr-spec."""
    return addr_spec.rpartition("@")[2]
