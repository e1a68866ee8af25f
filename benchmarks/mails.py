"""Messages to measure with, built the same way every time."""

from __future__ import annotations

import base64
import random
from dataclasses import dataclass

_HEADER = b"""\
Return-Path: <sensor7@plant.example>
Received: from plant.example (plant.example [192.0.2.7])
 by inbound-smtp.eu-west-1.amazonaws.com with SMTP id abcdefghijklmnop
 for devices@in.example.com; Tue, 24 Nov 2026 04:00:00 +0000 (UTC)
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: PASS
Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@plant.example
From: Sensor 7 <sensor7@plant.example>
To: devices@in.example.com
Subject: Gate 3 was opened
Date: Tue, 24 Nov 2026 03:59:59 +0000
Message-ID: <20261124035959.7@plant.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_gate"

--=_gate
Content-Type: text/plain; charset=utf-8

Gate 3 was opened at 03:59:58.

:Email_Rxers_Code:guard@example.org,ops@example.net:Email_Rxers_Code:

"""
_ATTACHMENT = b"""\
--=_gate
Content-Type: image/jpeg; name="camera-%d.jpg"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="camera-%d.jpg"

"""
_END = b"--=_gate--\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message, and the base64 of its attachments as it stands in it."""

    raw: bytes
    encoded: bytes


def sensor_mail(size: int) -> Mail:
    """A mail of about `size` bytes: a short text with a recipient code, and one picture."""
    rest = len(_HEADER) + len(_ATTACHMENT) + len(_END)
    return _mail(attachments=1, content_size=(size - rest) * 57 // 78)


def mail_of_parts(number: int) -> Mail:
    """A mail of a short text and `number` small attachments."""
    return _mail(attachments=number, content_size=200)


def _mail(*, attachments: int, content_size: int) -> Mail:
    content = random.Random(7).randbytes(content_size)  # noqa: S311 - nothing is to be kept secret
    encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    parts = (
        (_ATTACHMENT % (number, number)).replace(b"\n", b"\r\n") + encoded
        for number in range(attachments)
    )
    raw = b"".join([_HEADER.replace(b"\n", b"\r\n"), *parts, _END.replace(b"\n", b"\r\n")])
    return Mail(raw=raw, encoded=encoded)
