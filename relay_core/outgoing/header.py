"""The header of an outgoing mail.

It is a new one; of the incoming fields those pass that are on a list (`passed_fields`):

* From is the relay's verified address under the device's name, so that DMARC holds; Reply-To
  is the device's own, or its address (RFC 5322 section 3.6.2).
* To names the recipients, or only the one who gets this mail; Cc and Bcc go.
* Subject goes out as it came, unless words in it change.
* In-Reply-To and References name the mails that belong together (`message_ids`). SES sets
  Message-ID, and Date to the time of submission; `X-Mail-Relay-Date` has the device's own.
* `Auto-Submitted: auto-generated` (RFC 3834) and X-Auto-Response-Suppress ([MS-OXCMAIL] section
  2.2.3.2.14) keep automatic answers away, but not delivery reports of failure: the operator
  counts on those.
* `X-Mail-Relay` names the stack, so that it never relays the mail again (`relay_marks`).
* Of several fields of one name the first stays: SES refuses a mail in which one of about
  sixty fields occurs twice (Amazon SES guide, "Header fields").
* None of them spells the inbound address (`secrecy`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from relay_core.abnf import ATEXT
from relay_core.addresses.mailbox import Mailbox
from relay_core.addresses.secrecy import conceal
from relay_core.mime.encoded_words import encode_unstructured
from relay_core.mime.header import Header, HeaderField

from .message_ids import thread_fields
from .part_header import canonical_name, written_field
from .passed_fields import is_passed
from .relay_marks import LOOP_FIELD, format_relays
from .sent_time import format_date

SENT_FIELD = "x-mail-relay-date"
"""The field (lower case) that says when the device sent the mail, in UTC."""

SUPPRESSED_RESPONSES = "OOF, AutoReply, DR, RN, NRN"
"""Every automatic answer that Exchange knows but the non-delivery report (`NDR`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who a mail is from: the relay's address, the device's name, and whom an answer reaches."""

    address: str
    display_name: str
    reply_to: tuple[Mailbox, ...]


def compose_header(
    header: Header,
    *,
    sender: Sender,
    to: Sequence[str],
    subject: str | None,
    stack: str,
    fields: Mapping[str, str | None],
    sent_at: datetime | None = None,
    added: frozenset[str] = frozenset(),
    secrets: tuple[str, ...] = (),
) -> bytes:
    """The outgoing header, CRLF lines, the empty line included.

    `subject` is the new subject, or None to leave the field as it came. `fields` are the
    values that the rewritten body needs (see `splices.RewrittenBody`). `sent_at` is when the
    device sent the mail, None where nobody knows. `added` are names, in lower case, of fields
    that pass as well; `secrets` are the addresses that must not go out.
    """
    composed: dict[str, str | None] = {
        "from": format_mailbox(conceal(sender.display_name, secrets), sender.address),
        "to": ",\r\n ".join(to),
        "reply-to": ",\r\n ".join(
            format_mailbox(conceal(one.display_name, secrets), one.addr_spec)
            for one in sender.reply_to
        )
        or None,
        **thread_fields(header, may_go_out=lambda one: conceal(one, secrets) == one),
        "auto-submitted": "auto-generated",
        "x-auto-response-suppress": SUPPRESSED_RESPONSES,
        LOOP_FIELD: format_relays(header, stack),
        SENT_FIELD: format_date(sent_at) if sent_at else None,
    }
    if subject is not None:
        composed["subject"] = encode_unstructured(conceal(subject, secrets))
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
        if one.name in seen or not is_passed(one.name, added):
            continue
        seen.add(one.name)
        lines.append(_passed_field(header, one, secrets))
    return b"".join(lines) + b"\r\n"


def _passed_field(header: Header, one: HeaderField, secrets: tuple[str, ...]) -> bytes:
    text = header.text_of(one)
    if (concealed := conceal(text, secrets)) == text:
        return written_field(header, one)
    return f"{canonical_name(one.name)}: {encode_unstructured(concealed)}\r\n".encode("ascii")


_ATOMS = re.compile(rf"[ {ATEXT}]+\Z")
_MAX_DISPLAY_NAME = 120


def format_mailbox(display_name: str, addr_spec: str) -> str:
    """`display-name <addr-spec>` as a field has it (RFC 5322 section 3.4)."""
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
