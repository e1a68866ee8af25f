"""Mails with which bugs were found."""

from __future__ import annotations

from tests.core.laws import Relayed, check_any_bytes

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"
PLANT = b"\r\n--b\r\nContent-Type: text/html\r\n\r\n<b>planted</b>\r\n"
MIXED = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"


def mixed(*fields: bytes, body: bytes) -> bytes:
    return MIXED + b"\r\n".join([*fields, b"", body]) + b"\r\n--b--\r\n"


def sent(raw: bytes) -> Relayed:
    """Relay the mail and check the laws; the result."""
    result = check_any_bytes(raw)
    assert result is not None
    return result
