"""Recipient codes in whole mails: wrapped, encoded, several, and in unusual places."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from relay_core.attachments.bodies import MAX_REPORTED_ERRORS
from relay_core.errors import Reason
from relay_core.settings import CodesCounted
from tests.core import oracle
from tests.core.recipient_code.mails_with_codes import (
    SETTINGS,
    check_that_no_code_is_left,
    code,
    recipients,
    relay,
)
from tests.fakes import MemoryWorld

# --- which of several counts


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (CodesCounted.ALL, ["anna@example.com", "eve@evil.example", "ben@example.com"]),
        (CodesCounted.FIRST, ["anna@example.com"]),
        (CodesCounted.LAST, ["ben@example.com"]),
    ],
)
@pytest.mark.parametrize("html", [False, True])
def test_a_code_that_came_with_a_devices_data_counts_if_the_operator_lets_it(
    counted: CodesCounted, expected: list[str], *, html: bool
) -> None:
    mail = EmailMessage()
    mail["From"] = "ap@plant.example"
    codes = [code("anna@example.com"), code("eve@evil.example"), code("ben@example.com")]
    text = f"{codes[0]}\nNew network: {codes[1]}\nRestart.\n{codes[2]}\n"
    mail.set_content(f"<p>{text}</p>" if html else text, subtype="html" if html else "plain")
    world = MemoryWorld()
    world.relay(mail.as_bytes(), replace(SETTINGS, codes_counted=counted))
    assert expected == recipients(world)
    check_that_no_code_is_left(world, "eve@evil.example")


@pytest.mark.parametrize(
    ("counted", "text"),
    [
        (CodesCounted.FIRST, f"{code('nobody')}\n{code('eve@evil.example')}\n"),
        (CodesCounted.LAST, f"{code('eve@evil.example')}\n{code('nobody')}\n"),
    ],
)
def test_a_code_that_cannot_be_read_gives_its_place_to_no_other(
    counted: CodesCounted, text: str
) -> None:
    world = MemoryWorld()
    raw = f"From: ap@plant.example\r\n\r\n{text}".encode()
    report = world.relay(raw, replace(SETTINGS, codes_counted=counted))
    assert Reason.MALFORMED_RECIPIENT_CODE is report.reason
    assert [] == recipients(world)


# --- several codes, and codes in unusual places


def test_the_codes_of_a_mail_are_joined_and_duplicates_go_once() -> None:
    text = (
        f"{code('anna@example.com', 'ben@example.net')}\nText.\n"
        f"{code('BEN@example.net', 'cleo@example.org')}\nMore. {code('Anna@Example.com')}\n"
    )
    world, _ = relay(f"Subject: x\r\n\r\n{text}".encode())
    assert ["anna@example.com", "ben@example.net", "cleo@example.org"] == recipients(world)
    check_that_no_code_is_left(world, "ben@example.net", "cleo@example.org")


def test_the_codes_of_several_bodies_are_joined() -> None:
    raw = (
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        f"--b\r\nContent-Type: text/plain\r\n\r\nOne. {code('anna@example.com')}\r\n"
        f"--b\r\nContent-Type: text/plain\r\n\r\nTwo. {code('ben@example.net')}\r\n--b--\r\n"
    )
    world, _ = relay(raw.encode())
    assert ["anna@example.com", "ben@example.net"] == recipients(world)
    check_that_no_code_is_left(world, "ben@example.net")


def alternative(text: str, html: str) -> bytes:
    message = EmailMessage()
    message["Subject"] = "x"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    return message.as_bytes()


def test_the_text_counts_before_the_html_and_the_code_goes_from_both() -> None:
    raw = alternative(code("anna@example.com"), f"<p>Hi</p><p>{code('ben@example.net')}</p>")
    world, _ = relay(raw)
    assert ["anna@example.com"] == recipients(world)
    check_that_no_code_is_left(world, "ben@example.net")


def test_the_html_counts_if_the_text_holds_no_code() -> None:
    marked_up = code("anna@example.com").replace("@", "<wbr>&#64;").replace(":", "<i>:</i>")
    world, _ = relay(alternative("Your mail program shows no HTML.", f"<p>Hi</p><p>{marked_up}"))
    assert ["anna@example.com"] == recipients(world)
    check_that_no_code_is_left(world)


def test_a_code_in_an_attached_message_is_the_attached_messages() -> None:
    inner = EmailMessage()
    inner["Subject"] = "inner"
    inner.set_content(code("eve@example.org"))
    outer = EmailMessage()
    outer["Subject"] = "outer"
    outer.set_content(code("anna@example.com"))
    outer.add_attachment(inner)
    world, _ = relay(outer.as_bytes())
    assert ["anna@example.com"] == recipients(world)


# --- in a text with a name


NAMED = [
    "Content-Type: text/plain; charset=us-ascii; name=message.txt",
    "Content-Type: text/plain\r\nContent-Disposition: inline; filename=message.txt",
    "Content-Disposition: inline; name=message.txt",
]


@pytest.mark.parametrize("fields", NAMED)
def test_a_mail_whose_only_text_has_a_name_is_read(fields: str) -> None:
    raw = f"Subject: x\r\n{fields}\r\n\r\nHot.\r\n{code('anna@example.com')}\r\n".encode()
    world, _ = relay(raw)
    (one,) = world.submission.outbox
    outgoing = oracle.parse(one.raw)
    assert "anna@example.com" == one.recipient
    assert "Hot." == oracle.text_of(outgoing).strip()
    assert outgoing.get_filename() is None


def in_parts(*parts: str) -> bytes:
    body = "".join(f"--b\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/mixed; boundary=b\r\n\r\n{body}--b--\r\n".encode()


def test_a_text_with_a_name_is_read_only_where_no_body_holds_a_code() -> None:
    body = f"\r\nHello {code('anna@example.com')}"
    log = f"Content-Type: text/plain; name=a.log\r\n\r\n{code('ben@example.com')}"
    assert ["anna@example.com"] == recipients(relay(in_parts(body, log))[0])
    assert ["ben@example.com"] == recipients(relay(in_parts("\r\nHello", log))[0])
    attached = f"Content-Disposition: attachment; filename=a.log\r\n\r\n{code('ben@example.com')}"
    assert [] == recipients(relay(in_parts("\r\nHello", attached))[0])


# --- errors are shown


@pytest.mark.parametrize(
    "mail",
    [
        "Subject: x Email-Rxers-Code: anna@example.com\r\n\r\nHello",
        "\r\nEmail-Rxers-Code: anna@example.com",
        "\r\n<Email Rxers Code>anna@example.com</Email Rxers Code>",
        f"Content-Type: text/html\r\n\r\n<!-- {code('anna@example.com')} --><p>Hello</p>",
    ],
)
def test_what_may_be_meant_as_a_code_is_reported(mail: str) -> None:
    world, report = relay(mail.encode())
    assert Reason.NO_RECIPIENT_CODE is report.reason
    (notice,) = world.notices.published
    assert "anna" in notice.text
    assert "which is not a valid code" in notice.text


def test_the_operator_is_shown_each_bad_place_and_the_others_get_the_mail() -> None:
    world, _ = relay(
        f"Subject: x\r\n\r\n{code('anna@example.com', 'bob@', 'ben@example.net')}\r\n".encode()
    )
    assert ["anna@example.com", "ben@example.net"] == recipients(world)
    (notice,) = world.notices.published
    lines = notice.text.splitlines()
    (at,) = [number for number, line in enumerate(lines) if ",bob@," in line]
    assert "bob@" == lines[at][lines[at + 1].index("^") : lines[at + 1].rindex("^") + 1]
    assert "expected" in lines[at - 1]


def test_a_code_of_very_many_errors_is_reported_in_part() -> None:
    bad = ",".join(f"bad{number}" for number in range(7000))
    world, report = relay(f"\r\n{code('anna@example.com', bad)}\r\n".encode())
    assert (1, ["anna@example.com"]) == (report.submitted, recipients(world))
    (notice,) = world.notices.published
    assert MAX_REPORTED_ERRORS == notice.text.count("malformed-recipient-code: expected")
    assert f"{7000 - MAX_REPORTED_ERRORS} more places" in notice.text
    assert len(notice.text) < 10_000


@pytest.mark.parametrize("unit", ["x,", "x ", "x\r\n", "@x,", "eve@evil.example;", '"x" '])
def test_a_code_as_large_as_a_mail_is_not_read_to_its_end(unit: str) -> None:
    giant = code("ben@example.net", unit * 200_000, "ben@example.net")
    raw = f"Hello\r\n{code('anna@example.com')}\r\n\r\nsome words\r\n\r\n{giant}\r\n".encode()
    settings = replace(SETTINGS, allowed_recipients=("example.com", "example.net"))
    world = MemoryWorld()
    world.relay(raw, settings)
    assert ["anna@example.com"] == recipients(world)
    check_that_no_code_is_left(world)
    (notice,) = world.notices.published
    assert len(notice.text) < 20_000
