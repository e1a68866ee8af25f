from __future__ import annotations

import base64
import email
import email.policy
import quopri
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.verdicts import (
    EICAR,
    GTUBE,
    Envelope,
    Result,
    Scan,
    Verdict,
    authenticate,
    format_receipt_header,
    scan,
)

CLEAN = Scan(spam=Verdict.PASS, virus=Verdict.PASS)
ENVELOPE = Envelope(
    mail_from="sensor@example.com",
    recipients=("devices@in.example.com",),
    helo="sensor",
    client_ip="127.0.0.1",
)


@given(before=st.binary(max_size=80), after=st.binary(max_size=80))
def test_a_virus_is_found_wherever_it_stands(before: bytes, after: bytes) -> None:
    content = before + EICAR + after
    infected = Scan(spam=Verdict.PASS, virus=Verdict.FAIL)
    assert infected == scan(b"Subject: x\r\n\r\n" + content)
    assert infected == scan(b"Subject: x\r\n\r\n" + base64.encodebytes(content))
    assert infected == scan(b"Subject: x\r\n\r\n" + quopri.encodestring(content))


def test_spam_is_found() -> None:
    assert scan(GTUBE) == Scan(spam=Verdict.FAIL, virus=Verdict.PASS)
    assert scan(base64.encodebytes(b"Hello. " + GTUBE)).spam is Verdict.FAIL


@given(st.binary(max_size=500))
def test_anything_else_is_clean(content: bytes) -> None:
    assert scan(content) == CLEAN
    assert scan(base64.encodebytes(content)) == CLEAN


@pytest.mark.parametrize(
    ("from_field", "mail_from", "spf", "dkim", "dmarc"),
    [
        (b"From: a@example.com", "a@example.com", Result.PASS, Result.PASS, Result.PASS),
        (b"from :\r\n A <a@example.com>", "", Result.PASS, Result.PASS, Result.PASS),
        (b"X: y", "a@example.com", Result.PASS, Result.PASS, Result.NONE),
        (b"X: y", "AppName", Result.NONE, Result.NONE, Result.NONE),
        (b"From: a@x.invalid", "a@example.com", Result.PASS, Result.FAIL, Result.FAIL),
        (b"From: a@x.INVALID", "a@x.invalid", Result.FAIL, Result.FAIL, Result.FAIL),
    ],
)
def test_authentication(
    from_field: bytes, mail_from: str, spf: Result, dkim: Result, dmarc: Result
) -> None:
    raw = from_field + b"\r\n\r\nFrom: body@x.invalid\r\n"
    found = authenticate(raw, mail_from=mail_from, helo="sensor.example.com")
    assert (found.spf, found.dkim, found.dmarc) == (spf, dkim, dmarc)


def receipt_header(findings: Scan | None) -> bytes:
    raw = b"From: a@example.com\r\n\r\n"
    return format_receipt_header(
        message_id="m" * 40,
        envelope=ENVELOPE,
        authentication=authenticate(raw, mail_from="a@example.com", helo="sensor"),
        scan=findings,
        region="eu-central-1",
        received_at=datetime(2026, 5, 27, 9, 48, 4, tzinfo=UTC),
    )


def test_the_header_has_the_fields_of_ses_in_their_order() -> None:
    header = receipt_header(Scan(spam=Verdict.PASS, virus=Verdict.FAIL))
    message = email.message_from_bytes(header, policy=email.policy.default)
    assert message.keys() == [
        "Return-Path",
        "Received",
        "X-SES-Spam-Verdict",
        "X-SES-Virus-Verdict",
        "Received-SPF",
        "Authentication-Results",
        "X-SES-RECEIPT",
    ]
    assert message["Return-Path"] == "<sensor@example.com>"
    assert message["X-SES-Virus-Verdict"] == "FAIL"
    assert "dmarc=pass header.from=example.com;" in message["Authentication-Results"]
    assert message["Received"].endswith("Wed, 27 May 2026 09:48:04 +0000 (UTC)")
    assert header.endswith(b"\r\n")
    assert header.count(b"\n") == header.count(b"\r\n")


def test_a_rule_that_does_not_scan_adds_no_verdict() -> None:
    assert b"Verdict" not in receipt_header(None)
