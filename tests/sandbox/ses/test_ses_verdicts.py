from __future__ import annotations

import base64
import email
import email.policy
import json
import quopri
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.mime.parsing import parse_message
from relay_core.policy.authentication import find_origin
from sandbox.ses.external_mail import ExternalMail
from sandbox.ses_verdicts import (
    EICAR,
    GTUBE,
    Authentication,
    Envelope,
    Result,
    Scan,
    Verdict,
    authenticate_submission,
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
    ("from_field", "mail_from", "spf", "signers", "dmarc"),
    [
        (b"From: a@example.com", "a@example.com", Result.PASS, {"example.com"}, Result.PASS),
        (b"from :\r\n A <a@example.com>", "", Result.PASS, {"example.com"}, Result.PASS),
        (b"X: y", "a@example.com", Result.PASS, set(), Result.NONE),
        (b"X: y", "AppName", Result.NONE, set(), Result.NONE),
        (b"From: a@x.invalid", "a@example.com", Result.PASS, set(), Result.FAIL),
        (b"From: a@x.INVALID", "a@x.invalid", Result.FAIL, set(), Result.FAIL),
        # Several authors, or an unreadable one: SES has no key to sign for them.
        (b"From: a@example.com, b@example.net", "a@example.com", Result.PASS, set(), Result.NONE),
        (b"From: a@x.com\r\nFrom: b@x.com", "a@example.com", Result.PASS, set(), Result.NONE),
        (
            b'From: "Boiler <boiler@example.net>" <a@example.com>',
            "a@example.com",
            Result.PASS,
            {"example.com"},
            Result.PASS,
        ),
    ],
)
def test_what_a_device_submits_is_signed_for_its_author_and_by_ses(
    from_field: bytes, mail_from: str, spf: Result, signers: set[str], dmarc: Result
) -> None:
    raw = from_field + b"\r\n\r\nFrom: body@x.invalid\r\n"
    found = authenticate_submission(raw, replace(ENVELOPE, mail_from=mail_from))
    assert (found.spf, found.dmarc) == (spf, dmarc)
    passed = {domain for result, domain in found.dkim if result is Result.PASS}
    assert passed == {"amazonses.com", *signers}


@pytest.mark.parametrize(
    "raw",
    [b"From: a@example.com\r\n\r\n", b"Subject: no author\r\n\r\n", b"From: AppName\r\n\r\n"],
)
def test_the_relay_takes_what_a_device_submits_for_authenticated(raw: bytes) -> None:
    header = receipt_header(CLEAN, authenticate_submission(raw, ENVELOPE))
    assert find_origin(parse_message(header + raw).header).authenticated


def test_the_relay_takes_what_a_stranger_submits_for_what_it_is(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    results = {"good": {"spf": "pass"}, "*": {"spf": "softfail", "dkim": [["pass", "x.example"]]}}
    file.write_text(json.dumps(results))
    raw = b"From: a@example.com\r\n\r\n"

    def is_authenticated(greeting: str) -> bool:
        envelope = replace(ENVELOPE, helo=greeting)
        header = receipt_header(CLEAN, ExternalMail(file).authenticate(raw, envelope), envelope)
        return find_origin(parse_message(header + raw).header).authenticated

    assert is_authenticated("good")
    assert not is_authenticated("anybody")
    assert not is_authenticated("a;dkim=pass header.i=@example.com")
    assert not is_authenticated("a; dkim=pass header.i=@example.com; dmarc=pass header.from=")


SUBMITTED = authenticate_submission(b"From: a@example.com\r\n\r\n", ENVELOPE)


def receipt_header(
    findings: Scan | None,
    authentication: Authentication = SUBMITTED,
    envelope: Envelope = ENVELOPE,
) -> bytes:
    return format_receipt_header(
        message_id="m" * 40,
        envelope=envelope,
        authentication=authentication,
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
