"""The header fields that Amazon SES adds to a mail that a device submitted.

SES signs what a device submits with the keys of the sender's domain and with its own, and sends
it from the sender's MAIL FROM domain; then SES receives it, and adds its results. The
spelling is that of the SES Developer Guide, "Email receiving concepts".
"""

from __future__ import annotations

from collections.abc import Sequence

from relay_core.addresses.mailbox import domain_of
from relay_core.errors import RelayError
from relay_core.mime.parsing import parse_message
from relay_core.policy.authentication import has_receipt
from relay_core.policy.author import find_author

STACK_DOMAIN = "mail.example.com"


def receipt(
    *,
    reverse_path: str,
    spf: str,
    dkim: Sequence[tuple[str, str]],
    dmarc: tuple[str, str] | None,
    greeting: str = "a7-12.smtp-out.eu-central-1.amazonses.com",
    recipient: str = "devices@in.example.com",
) -> bytes:
    """SES's fields with these results: `dkim` and `dmarc` are results with their domains."""
    domain = reverse_path.rpartition("@")[2]
    envelope = f"client-ip=192.0.2.7; envelope-from={reverse_path}; helo={greeting};"
    lines = [
        f"Return-Path: <{reverse_path}>",
        f"Received: from {greeting} ({greeting} [192.0.2.7])",
        " by inbound-smtp.eu-central-1.amazonaws.com with SMTP id 0123456789abcdefghij",
        f" for {recipient};",
        " Wed, 27 May 2026 09:48:04 +0000 (UTC)",
        "X-SES-Spam-Verdict: PASS",
        "X-SES-Virus-Verdict: PASS",
        "Authentication-Results: amazonses.com;",
        f" spf={spf} (spfCheck: domain of {domain}) {envelope}",
        *(f" dkim={result} header.i=@{signer};" for result, signer in dkim),
        *([f" dmarc={dmarc[0]} header.from={dmarc[1]};"] if dmarc else []),
    ]
    return "".join(f"{line}\r\n" for line in lines).encode()


def submitted_receipt(domain: str | None, recipient: str = "devices@in.example.com") -> bytes:
    """The fields for a mail that a device submitted to SES, its author at `domain`."""
    return receipt(
        reverse_path=f"0107018f-7c1e-000000@bounce.{domain or STACK_DOMAIN}",
        spf="pass",
        dkim=[*([("pass", domain)] if domain else []), ("pass", "amazonses.com")],
        dmarc=("pass", domain) if domain else None,
        recipient=recipient,
    )


def received(raw: bytes, recipient: str = "devices@in.example.com") -> bytes:
    """The mail as SES stores it after submission by a device; unchanged if it has SES's fields."""
    try:
        header = parse_message(raw).header
    except RelayError:
        return raw
    if has_receipt(header) or header.first("return-path"):
        return raw
    author = find_author(header)
    return submitted_receipt(author and domain_of(author), recipient) + raw
