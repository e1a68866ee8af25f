"""SES's verdicts on an incoming mail, and the header fields that record them.

SES scans a mail if the receipt rule asks for it and always checks SPF, DKIM and DMARC; it takes no
action itself (SES Developer Guide, "Email receiving concepts"). A stored mail begins with fields
of SES, in this order: Return-Path, Received, X-SES-Spam-Verdict and X-SES-Virus-Verdict (only if
the rule scans), Received-SPF, Authentication-Results, X-SES-RECEIPT. SES also adds an
X-SES-DKIM-SIGNATURE, which the sandbox leaves out because it has no key.

The sandbox has no scanner and no DNS. It finds the two test signatures that every scanner knows,
EICAR's (a "virus") and GTUBE ("spam"), in plain text, base64 or quoted-printable.

Mail comes in two ways. A device's mail, submitted to SES with a password, was signed and sent by
SES itself (`authenticate_submission`). It has signatures of the author's domain and of SES, and
passes SPF. The sandbox treats every domain as verified by the account, except those under
`.invalid`, which cannot exist (RFC 2606 section 2): they fail, so that this case can be tested.
For mail from other servers, the test writes the results (`external_mail`).
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime, getaddresses
from enum import StrEnum

# Each signature is written in two halves, so that no scanner reports this file.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"

_BLANKS = b" \t\r\n"


class Verdict(StrEnum):
    """SES's verdicts that the sandbox can produce."""

    PASS = "PASS"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The results of the content scan."""

    spam: Verdict
    virus: Verdict


def scan(raw: bytes) -> Scan:
    """Look for the test signatures, also inside base64 and quoted-printable."""
    dense = raw.translate(None, _BLANKS)
    unquoted = binascii.a2b_qp(raw) if b"=" in raw else b""

    def verdict(signature: bytes) -> Verdict:
        found = (
            signature in raw
            or signature in unquoted
            or any(form in dense for form in _base64_forms(signature))
        )
        return Verdict.FAIL if found else Verdict.PASS

    return Scan(spam=verdict(GTUBE), virus=verdict(EICAR))


def _base64_forms(signature: bytes) -> tuple[bytes, ...]:
    """The base64 forms of the signature for the three offsets at which it may begin.

    Only the characters that do not depend on the text before or after the signature are kept. So
    each form is found anywhere in encoded content (without line ends).
    """
    forms = []
    for offset in range(3):
        encoded = base64.b64encode(bytes(offset) + signature)
        first = (8 * offset + 5) // 6
        last = 8 * (offset + len(signature)) // 6
        forms.append(encoded[first:last])
    return tuple(forms)


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The SMTP envelope of one mail. `mail_from` is empty for a null reverse-path."""

    mail_from: str
    recipients: tuple[str, ...]
    helo: str
    client_ip: str


class Result(StrEnum):
    """Results of authentication (RFC 8601 section 2.7)."""

    PASS = "pass"
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    NONE = "none"
    TEMPERROR = "temperror"
    PERMERROR = "permerror"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """The results, and their domains (empty where there is none).

    `dkim` has a result for each signature, with the signing domain.
    """

    spf: Result
    spf_domain: str
    dkim: tuple[tuple[Result, str], ...]
    dmarc: Result
    dmarc_domain: str


def authenticate_submission(raw: bytes, envelope: Envelope) -> Authentication:
    """SES's results for a mail that it has signed and sent itself.

    SES sends with its own reverse-path. The sandbox keeps the device's, which then passes SPF. A
    mail without an author's domain has no DMARC result, and only SES's own signature.
    """
    author = author_domain(raw)
    signed = ((_result(author), author),) if author else ()
    return Authentication(
        spf=_result(spf_domain(envelope)),
        spf_domain=spf_domain(envelope),
        dkim=(*signed, (Result.PASS, "amazonses.com")),
        dmarc=_result(author),
        dmarc_domain=author,
    )


def spf_domain(envelope: Envelope) -> str:
    """The domain that SPF checks; for a null reverse-path the HELO name (RFC 7208 2.4)."""
    return _domain(envelope.mail_from) if envelope.mail_from else envelope.helo


def _result(domain: str) -> Result:
    if not domain:
        return Result.NONE
    return Result.FAIL if f".{domain.lower()}".endswith(".invalid") else Result.PASS


def _domain(address: str) -> str:
    return address.rpartition("@")[2] if "@" in address else ""


_HEADER_END = re.compile(rb"\r?\n\r?\n")
_FROM = re.compile(rb"^from[ \t]*:(.*(?:\r?\n[ \t].*)*)", re.IGNORECASE | re.MULTILINE)


def author_domain(raw: bytes) -> str:
    """The domain of the only author in From; empty if there is none or several."""
    end = _HEADER_END.search(raw)
    fields = list(_FROM.finditer(raw, 0, end.start() if end else len(raw)))
    if len(fields) != 1:
        return ""
    value = b" ".join(fields[0][1].split()).decode("ascii", "replace")
    mailboxes = getaddresses([value])
    return _domain(mailboxes[0][1]) if len(mailboxes) == 1 else ""


def format_receipt_header(
    *,
    message_id: str,
    envelope: Envelope,
    authentication: Authentication,
    scan: Scan | None,
    region: str,
    received_at: datetime,
) -> bytes:
    """The fields that SES puts before a stored mail, with CRLF line ends.

    `received_at` is an aware datetime in UTC. `scan` is None where the rule does not scan.
    """
    spf = _spf_sentence(envelope, authentication)
    lines = [
        f"Return-Path: <{envelope.mail_from}>",
        f"Received: from {envelope.helo} ({envelope.helo} [{envelope.client_ip}])",
        f" by inbound-smtp.{region}.amazonaws.com with SMTP id {message_id}",
        f" for {envelope.recipients[0]};",
        f" {format_datetime(received_at)} (UTC)",
    ]
    if scan is not None:
        lines += [f"X-SES-Spam-Verdict: {scan.spam}", f"X-SES-Virus-Verdict: {scan.virus}"]
    lines += [
        f"Received-SPF: {spf}",
        "Authentication-Results: amazonses.com;",
        f" spf={spf}",
        *(
            _with_property(f" dkim={result}", "header.i=@", domain)
            for result, domain in authentication.dkim or ((Result.NONE, ""),)
        ),
        _with_property(
            f" dmarc={authentication.dmarc}", "header.from=", authentication.dmarc_domain
        ),
        f"X-SES-RECEIPT: {base64.b64encode(message_id.encode()).decode()}",
    ]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace")


def _spf_sentence(envelope: Envelope, authentication: Authentication) -> str:
    domain, client = authentication.spf_domain, envelope.client_ip
    neither = f"{client} is neither permitted nor denied by domain of {domain or 'nobody'}"
    denied = f"domain of {domain} does not designate {client} as permitted sender"
    reasons = {
        Result.PASS: f"domain of {domain} designates {client} as permitted sender",
        Result.FAIL: denied,
        Result.SOFTFAIL: f"transitioning {denied}",
    }
    return (
        f"{authentication.spf} (spfCheck: {reasons.get(authentication.spf, neither)})"
        f" client-ip={client}; envelope-from={envelope.mail_from}; helo={envelope.helo};"
    )


def _with_property(result: str, name: str, value: str) -> str:
    return f"{result} {name}{value};" if value else f"{result};"
