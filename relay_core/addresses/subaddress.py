"""Subaddresses: `local-part+label@domain` (RFC 5233), and whose they are.

SES delivers one to the rule of the address without the label, unless that has a plus sign itself.
Labels may follow each other: `devices+boiler7+oncall@in.example.com` has two.
"""

from __future__ import annotations

from collections.abc import Sequence

from .mailbox import MAX_LOCAL_PART


def split_label(address: str, own: Sequence[str]) -> tuple[str, str] | None:
    """Which of some addresses this one is, and its label ("" for none); None if it is none.

    The answer is in lower case; letter case counts in no part. An address whose local-part has
    more than 64 octets (RFC 5321 section 4.5.3.1.1) is none of them.
    """
    local_part, _, domain = address.lower().rpartition("@")
    if len(local_part.encode(errors="replace")) > MAX_LOCAL_PART:
        return None
    bases = {one.lower() for one in own}
    if f"{local_part}@{domain}" in bases:
        return f"{local_part}@{domain}", ""
    name, plus, label = local_part.partition("+")
    base = f"{name}@{domain}"
    return (base, label) if plus and base in bases else None
