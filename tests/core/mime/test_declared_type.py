"""Laws of the type that an entity declares, where the field is misspelt."""

from __future__ import annotations

import pytest

from relay_core.attachments.leaves import find_bodies
from relay_core.mime.parsing import parse_message

_CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
_PART = b"--b\r\n\r\nlevel 5\r\n--b--\r\n"
_TWO = b"--b\r\nContent-Type: tekst/plain; boundary=b\r\n\r\nAlarm\r\n" + _CODE + b"\r\n" + _PART


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: mulitpart/mixed; boundary=b\r\n\r\nAlarm\r\n" + _CODE + b"\r\n" + _PART,
        b"Content-Type: mulitpart/related; boundary=b\r\n\r\nAlarm " + _CODE + b"\r\n" + _PART,
        b"Content-Type: mulitpart/mixed; boundary=b\r\n\r\n" + _PART + b"Alarm\r\n" + _CODE,
        b"Content-Type: mulitpart/mixed; boundary=b\r\n\r\n" + _PART + b"--\r\nAlarm\r\n" + _CODE,
        b"Content-Type: txt/plain; boundary=-\r\n\r\nAlarm\r\n"
        + _CODE
        + b"\r\n---\r\nlevel 5\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + _TWO,
    ],
    ids=[
        "before-parts",
        "before-related-parts",
        "behind-parts",
        "behind-a-rule",
        "rules",
        "boundary-of-another",
    ],
)
def test_a_boundary_beside_an_unknown_type_takes_nothing_from_the_text(
    raw: bytes,
) -> None:
    message = parse_message(b"From: s@plant.example\r\nSubject: t\r\n" + raw)
    text = "".join(message.text(one).text for one in find_bodies(message))
    assert "Alarm" in text
    assert _CODE.decode() in text
