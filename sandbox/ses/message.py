"""The checks of SES on a raw message before it sends it.

The limits are those of SendEmail with raw content: 40 MB, 50 recipients, 7-bit clean, no line over
1,000 characters with its line end, a From field, and each single-instance field only once.
Sources: SES API Reference v2, "RawMessage"; Developer Guide, "Service quotas" and "Amazon SES
header fields".
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from email.utils import getaddresses, parseaddr

from .errors import SesError

MAX_MESSAGE = 40 * 1024 * 1024
MAX_RECIPIENTS = 50
MAX_LINE = 1000

_ONCE = frozenset(
    """
    accept-language acceptlanguage archived-at auto-submitted bounces-to comments
    content-alternative content-base content-class content-description content-disposition
    content-duration content-id content-language content-length content-location content-md5
    content-transfer-encoding content-type date delivered-to disposition-notification-options
    disposition-notification-to dkim-signature domainkey-signature errors-to from importance
    in-reply-to keywords list-archive list-help list-id list-owner list-post list-subscribe
    list-unsubscribe list-unsubscribe-post message-context message-id mime-version organization
    original-from original-message-id original-recipient original-subject precedence priority
    references reply-to return-path return-receipt-to sender solicitation sensitivity subject
    thread-index thread-topic user-agent vbr-info
    """.split()  # noqa: SIM905 (as many quoted names would be hard to read)
)
_HEADER_END = re.compile(rb"\A(?:\r?\n)|\r?\n\r?\n")
_FIELD = re.compile(rb"^([!-9;-~]*)[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.MULTILINE)
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
# Anchored at the start of a line; otherwise each position of each line would be tried.
_LONG_LINE = re.compile(rb"^[^\n]{%d,}" % MAX_LINE, re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedMessage:
    """The header of a raw message, as SES reads it. Addresses are bare addr-specs."""

    from_address: str
    from_display_name: str
    recipients: tuple[str, ...]
    subject: str


def read_message(raw: bytes) -> SubmittedMessage:
    """Check a raw message and read its header.

    Raises:
        SesError: BadRequestException with the reason.
    """
    if len(raw) > MAX_MESSAGE:
        raise _bad(f"Message length is more than {MAX_MESSAGE} bytes long: '{len(raw)}'.")
    if not raw.isascii() and (found := _NOT_ASCII.search(raw)):
        byte, offset = found[0].hex(), found.start()
        raise _bad(f"The raw message is not 7-bit clean: byte 0x{byte} at offset {offset}.")
    if long := _LONG_LINE.search(raw):
        raise _bad(f"Line longer than {MAX_LINE} characters at offset {long.start()}.")

    end = _HEADER_END.search(raw)
    header = raw[: end.start()] if end else raw
    fields = [
        (match[1].decode(), b" ".join(match[2].split()).decode())
        for match in _FIELD.finditer(header)
    ]
    names = Counter(name.lower() for name, _ in fields)
    for name, _ in fields:
        if not name:
            raise _bad("Empty header names are illegal.")
        if name.lower() in _ONCE and names[name.lower()] > 1:
            raise _bad(f"Duplicate header '{name}'.")
    values = {name.lower(): value for name, value in fields}
    if "from" not in values:
        raise _bad("Missing required header 'From'.")
    display_name, from_address = parseaddr(values["from"])
    if "@" not in from_address:
        raise _bad("Missing final '@domain'")
    to_fields = [value for name, value in fields if name.lower() in {"to", "cc", "bcc"}]
    return SubmittedMessage(
        from_address=from_address,
        from_display_name=display_name,
        recipients=tuple(address for _, address in getaddresses(to_fields) if address),
        subject=values.get("subject", ""),
    )


def check_recipients(recipients: tuple[str, ...]) -> None:
    """Check the envelope's recipients.

    Raises:
        SesError: if there is none, more than 50, or one that is not an address.
    """
    if not recipients:
        raise _bad("Missing required header 'To'.")
    if len(recipients) > MAX_RECIPIENTS:
        raise SesError("MessageRejected", f"Recipient count exceeds {MAX_RECIPIENTS}.")
    for recipient in recipients:
        local_part, _, domain = recipient.rpartition("@")
        if not local_part or not domain:
            raise _bad("Missing final '@domain'")
        if not recipient.isascii():
            raise _bad("Local address contains control or whitespace")


def _bad(message: str) -> SesError:
    return SesError("BadRequestException", message)
