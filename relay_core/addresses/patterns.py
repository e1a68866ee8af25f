"""Address patterns: which addresses an entry of `allowedRecipients` and the like matches.

A pattern is an address (`ops@example.org`), a domain (`example.org`, without its subdomains),
`*.` and a domain (all its subdomains, without itself), or `*`. Letter case does not matter, not
even before the @: no mail system in use tells two people apart by it, and one who is refused
for a capital letter is an alarm that nobody sees. Domains may be internationalised; they are
compared in their ASCII form, as recipients are.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from .mailbox import InvalidAddress, domain_of, parse_addr_spec, parse_domain

EVERYONE = "*"
_SUBDOMAINS = "*."


@lru_cache(maxsize=4096)
def canonical_pattern(pattern: str) -> str | None:
    """The form in which patterns are compared; None if the text is no pattern."""
    text = pattern.strip()
    if text == EVERYONE:
        return EVERYONE
    try:
        if "@" in text:
            # `*@example.org` would be an address with an asterisk for a local-part: nobody
            # means that.
            return None if text.startswith("*@") else parse_addr_spec(text).lower()
        if text.startswith(_SUBDOMAINS):
            return _SUBDOMAINS + parse_domain(text.removeprefix(_SUBDOMAINS))
        return parse_domain(text)
    except InvalidAddress:
        return None


def matches(addr_spec: str, patterns: Iterable[str]) -> bool:
    """Whether an addr-spec is one of those that the patterns mean."""
    address = addr_spec.lower()
    domain = domain_of(address)
    for pattern in patterns:
        wanted = canonical_pattern(pattern)
        if wanted is None:
            continue
        if wanted == EVERYONE or wanted in {address, domain}:
            return True
        if wanted.startswith(_SUBDOMAINS) and domain.endswith(wanted[1:]):
            return True
    return False


def most_specific(addr_spec: str, patterns: Iterable[str]) -> str | None:
    """The one pattern that speaks of an addr-spec most closely, as it was written, or None.

    An address before its domain, the domain before the nearest `*.` above it, and `*` last.
    """
    address = addr_spec.lower()
    domain = domain_of(address)
    best: tuple[int, str] | None = None
    for pattern in patterns:
        wanted = canonical_pattern(pattern)
        if wanted is None or not matches(addr_spec, (wanted,)):
            continue
        # `*.b.org` is longer than `*.org`, and `*` is shorter than any.
        rank = len(address) + 2 if wanted == address else len(wanted) + 2 * (wanted == domain)
        if best is None or rank > best[0]:
            best = (rank, pattern)
    return None if best is None else best[1]
