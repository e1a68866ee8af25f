"""The header of an outgoing mail.

It is the incoming header with some fields replaced, some dropped, the rest as it came:

* From is the relay's verified address under the device's name, so that DMARC holds; Reply-To
  is the device's own address where it has one (RFC 5322 section 3.6.2).
* To names the recipients, or only the one who gets this mail; Cc and Bcc go.
* Subject goes out as it came, unless words in it change.
* `Auto-Submitted: auto-generated` (RFC 3834) and `X-Auto-Response-Suppress: All` keep
  vacation notices away; `X-Mail-Relay` marks what a relay sent, so that it is never relayed
  again.
* What SES and servers on the way added (Received, verdicts, signatures) told them and us; it
  says nothing to a recipient, or is no longer true of the rewritten mail. SES sets Message-ID.
* Of several fields of one name the first stays: SES refuses a mail in which one of about
  sixty fields occurs twice (Amazon SES guide, "Header fields").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .encoding import encode_unstructured
from .header import Header
from .rewrite import canonical_name, written_field

LOOP_FIELD = "x-mail-relay"
"""The field (lower case) that marks what a relay has sent."""

_DROPPED = frozenset(
    {
        "apparently-to",
        "authentication-results",
        "auto-submitted",
        "bcc",
        "cc",
        "content-length",
        "delivered-to",
        "disposition-notification-to",
        "dkim-signature",
        "domainkey-signature",
        "envelope-to",
        "errors-to",
        "from",
        "lines",
        "message-id",
        "received",
        "received-spf",
        "reply-to",
        "return-path",
        "return-receipt-to",
        "sender",
        "status",
        "to",
        "x-auto-response-suppress",
        LOOP_FIELD,
    }
)
_DROPPED_PREFIXES = ("arc-", "resent-", "x-ses-", "x-original-", "x-forwarded-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a mail is from: the relay's address, the device's name and address if known."""

    address: str
    display_name: str
    reply_to: str | None


def compose_header(
    header: Header,
    *,
    sender: Sender,
    to: Sequence[str],
    subject: str | None,
    stack: str,
    fields: Mapping[str, str | None],
) -> bytes:
    """The outgoing header, CRLF lines, the empty line included.

    `subject` is the new subject, or None to leave the field as it came. `fields` are the
    values that the rewritten body needs (see `rewrite.RewrittenBody`).
    """
    composed = {
        "from": format_mailbox(sender.display_name, sender.address),
        "to": ",\r\n ".join(to),
        "reply-to": sender.reply_to,
        "auto-submitted": "auto-generated",
        "x-auto-response-suppress": "All",
        LOOP_FIELD: stack,
    }
    if subject is not None:
        composed["subject"] = encode_unstructured(subject)
    if header.first("mime-version") is None:
        composed["mime-version"] = "1.0"
    composed |= fields
    lines = [
        f"{canonical_name(name)}: {value}\r\n".encode("ascii")
        for name, value in composed.items()
        if value is not None
    ]
    seen = set(composed)
    for one in header.fields:
        if one.name in seen or one.name in _DROPPED or one.name.startswith(_DROPPED_PREFIXES):
            continue
        seen.add(one.name)
        lines.append(written_field(header, one))
    return b"".join(lines) + b"\r\n"


_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_MAX_DISPLAY_NAME = 120


def format_mailbox(display_name: str, addr_spec: str) -> str:
    """`display-name <addr-spec>` as it stands in a field (RFC 5322 section 3.4)."""
    if not display_name.isprintable():
        display_name = "".join(one if one.isprintable() else " " for one in display_name)
    name = " ".join(display_name.split())[:_MAX_DISPLAY_NAME].strip()
    if not name:
        return addr_spec
    if not name.isascii() or "=?" in name:
        return f"{encode_unstructured(name)}\r\n <{addr_spec}>"
    if not _ATOMS.match(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{addr_spec}>"
