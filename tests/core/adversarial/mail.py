"""Mails from their fields and parts."""

from __future__ import annotations

CODE = b":Email_Rxers_Code:guard@example.org:Email_Rxers_Code:"


def mail(*fields: bytes, body: bytes) -> bytes:
    return b"".join(line + b"\r\n" for line in (b"From: s@plant.example", *fields)) + (
        b"\r\n" + body
    )


def mixed(parts: bytes, *, boundary: bytes = b"b") -> bytes:
    return mail(b"Content-Type: multipart/mixed; boundary=" + boundary, body=parts)


TEXT = b"--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n" + CODE + b"\r\n"
HTML = b"Content-Type: text/html; charset=utf-8"


def a_file(number: int) -> bytes:
    return (
        b"--b\r\nContent-Type: image/png; name=%d.png\r\nContent-Transfer-Encoding: base64"
        b"\r\n\r\nAAAA\r\n" % number
    )


def one_file(parameters: bytes) -> bytes:
    part = b"--b\r\nContent-Type: image/png" + parameters + b"\r\n\r\nx\r\n"
    return mixed(TEXT + part + b"--b--\r\n")
