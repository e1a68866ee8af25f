"""The mails of devices for the figures of the function.

All mails differ, but every run has the same ones.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from relay_core.keys import RawKey

_MB = 1_000_000

_HEADER = """\
Return-Path: <sensor{number}@plant.example>
Received: from plant.example (plant.example [192.0.2.7])
 by inbound-smtp.us-east-1.amazonaws.com with SMTP id {token}
 for devices@in.example.com; Tue, 24 Nov 2026 04:00:00 +0000 (UTC)
X-SES-Spam-Verdict: PASS
X-SES-Virus-Verdict: PASS
Authentication-Results: amazonses.com; spf=pass; dkim=pass header.i=@plant.example
From: Sensor {number} <sensor{number}@plant.example>
To: devices@in.example.com
Subject: Pressure in boiler {number} is too high
Date: Tue, 24 Nov 2026 03:59:59 +0000
Message-ID: <{token}@plant.example>
MIME-Version: 1.0
"""
_TEXT = """\
Content-Type: text/plain; charset=utf-8

Pressure in boiler {number} is too high since 03:59:58 ({token}).

:Email_Rxers_Code:{recipients}:Email_Rxers_Code:
"""
_ATTACHMENT = """\
Content-Type: image/jpeg; name="boiler-{number}.jpg"
Content-Transfer-Encoding: base64
Content-Disposition: attachment; filename="boiler-{number}.jpg"

"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A raw message, and its key in the incoming bucket."""

    raw_key: RawKey
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Mails of one shape: recipients, and the attachment's size in bytes, 0 for none."""

    name: str
    recipients: tuple[str, ...]
    attachment_bytes: int = 0

    def mails(self) -> Iterator[Arrived]:
        """An endless sequence of mails of this shape."""
        random = Random(self.name)  # noqa: S311 - nothing is to be kept secret
        while True:
            token = random.randbytes(12).hex()
            raw = self._compose(random.randrange(1_000_000), token, random)
            yield Arrived(raw_key=RawKey(f"incoming/{token}"), raw=raw)

    def _compose(self, number: int, token: str, random: Random) -> bytes:
        header = _HEADER.format(number=number, token=token)
        text = _TEXT.format(number=number, token=token, recipients=",".join(self.recipients))
        if not self.attachment_bytes:
            return _crlf(header + text)
        content = base64.encodebytes(random.randbytes(self.attachment_bytes)).decode("ascii")
        attachment = _ATTACHMENT.format(number=number) + content
        delimiter = f"--=_{token}"
        return _crlf(
            f'{header}Content-Type: multipart/mixed; boundary="=_{token}"\n\n'
            f"{delimiter}\n{text}{delimiter}\n{attachment}{delimiter}--\n"
        )


def _crlf(text: str) -> bytes:
    return text.encode().replace(b"\n", b"\r\n")


def _people(number: int) -> tuple[str, ...]:
    return tuple(f"person{one}@example.org" for one in range(1, number + 1))


SMALL = Shape(name="text to 1", recipients=_people(1))
LARGE = Shape(name="1 MB to 1", recipients=_people(1), attachment_bytes=_MB)
MANY = Shape(name="text to 40", recipients=_people(40))
REFUSED = Shape(name="refused", recipients=("eve@elsewhere.example",))
GROUP = Shape(name="text to a group", recipients=("@oncall",))
