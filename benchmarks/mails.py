"""Messages for the measurements: all different, and the same in every run."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_HEADER = b"""\
Return-Path: <sensor%(number)d@plant%(number)d.example>
Received: from plant%(number)d.example (plant%(number)d.example [192.0.2.7])
 by inbound-smtp.eu-west-1.amazonaws.com with SMTP id %(token)s
 for devices@in.example.com; Tue, 24 Nov 2026 04:00:00 +0000 (UTC)
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: PASS
Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@plant%(number)d.example
From: Sensor %(number)d <sensor%(number)d@plant%(number)d.example>
To: devices@in.example.com
Subject: Gate %(number)d was opened
Date: Tue, 24 Nov 2026 03:59:59 +0000
Message-ID: <%(token)s@plant%(number)d.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_%(token)s"

--=_%(token)s
Content-Type: text/plain; charset=utf-8

Gate %(number)d was opened at 03:59:58 (%(token)s).

:Email_Rxers_Code:guard%(number)d@example.org,ops%(number)d@example.net:Email_Rxers_Code:

"""
_ATTACHMENT = b"""\
--=_%(token)s
Content-Type: image/jpeg; name="camera-%(name)d.jpg"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="camera-%(name)d.jpg"

"""
_END = b"--=_%(token)s--\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A message, and the base64 of its attachments as in the message."""

    raw: bytes
    encoded: bytes


def sensor_mails(size: int) -> Iterator[Mail]:
    """Mails of about `size` bytes: a short text with a recipient code, and one picture."""
    head = len(_HEADER) + len(_ATTACHMENT) + len(_END)
    return _mails(attachments=1, content_size=(size - head) * 57 // 78)


def mails_of_parts(number: int) -> Iterator[Mail]:
    """Mails of a short text and `number` small attachments."""
    return _mails(attachments=number, content_size=100)


def _mails(*, attachments: int, content_size: int) -> Iterator[Mail]:
    random = Random(7)  # noqa: S311 - nothing is to be kept secret
    while True:
        values: dict[bytes, object] = {
            b"number": random.randrange(1_000_000),
            b"token": random.randbytes(12).hex().encode(),
        }
        content = random.randbytes(content_size)
        encoded = base64.encodebytes(content).replace(b"\n", b"\r\n")
        parts = []
        for _ in range(attachments):
            values[b"name"] = random.randrange(1_000_000)
            parts.append((_ATTACHMENT % values).replace(b"\n", b"\r\n") + encoded)
        header, end = ((text % values).replace(b"\n", b"\r\n") for text in (_HEADER, _END))
        yield Mail(raw=b"".join([header, *parts, end]), encoded=encoded)
