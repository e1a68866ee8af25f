"""Who may send what to whom."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from relay_core.admission import (
    Admitted,
    Ignored,
    admit,
    find_author,
    find_sender,
    resolve_recipients,
)
from relay_core.directory import Directory
from relay_core.errors import Reason, Refusal
from relay_core.mailbox import Mailbox
from relay_core.message import parse_message
from relay_core.patterns import matches
from relay_core.recipient_code import Address, Group
from relay_core.settings import Settings, VerdictAction
from tests.strategies import GARBAGE

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com", "*.plant.example", "ops@example.org"),
    max_recipients=3,
)
DIRECTORY = Directory(
    groups={"OnCall": ("anna@example.com", "ben@a.plant.example")}, default_recipients={}
)


def answer(header: bytes, settings: Settings = SETTINGS) -> Admitted | Refusal | Ignored:
    return admit(parse_message(header + b"\r\n\r\nbody"), settings)


def reason(header: bytes, settings: Settings = SETTINGS) -> Reason | None:
    given = answer(header, settings)
    return None if isinstance(given, Admitted) else given.reason


SES = b"Return-Path: <d@plant.example>\r\nReceived: from d by inbound-smtp\r\n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (SES + b"X-SES-Virus-Verdict: FAIL", Reason.VIRUS),
        (SES + b"X-SES-Virus-Verdict: fail ", Reason.VIRUS),
        (SES + b"X-SES-Virus-Verdict: PASS\r\nX-SES-Virus-Verdict: FAIL", None),
        (SES + b"X-SES-Virus-Verdict: PROCESSING_FAILED", None),
        (SES + b"X-SES-Virus-Verdict: GRAY", None),
        (SES + b"X-SES-Spam-Verdict: FAIL", Reason.SPAM),
        (SES + b"X-SES-Spam-Verdict: PASS\r\nReceived: x\r\nX-SES-Spam-Verdict: FAIL", None),
        (SES + b"Received: x\r\nX-SES-Virus-Verdict: FAIL", None),
        (SES, None),
        (SES + b"Authentication-Results: amazonses.com; spf=pass; dkim=fail; dmarc=pass", None),
        (
            SES + b"Authentication-Results: amazonses.com; spf=fail; dkim=none; dmarc=none",
            Reason.AUTHENTICATION_FAILED,
        ),
        (
            SES + b"Authentication-Results: amazonses.com; spf=pass; dkim=pass; dmarc=fail",
            Reason.AUTHENTICATION_FAILED,
        ),
        (SES + b"Authentication-Results: amazonses.com; spf=softfail; dmarc=none", None),
        (SES + b"Authentication-Results: amazonses.com; spf=fail; dkim=pass", None),
        # A comment, a quoted local-part or a greeting is the sender's to choose.
        (
            SES + b"Authentication-Results: amazonses.com; spf=fail (x; dkim=pass); dmarc=none",
            Reason.AUTHENTICATION_FAILED,
        ),
        (
            SES + b'Authentication-Results: amazonses.com; spf=fail envelope-from="; dkim=pass"@x',
            Reason.AUTHENTICATION_FAILED,
        ),
        (
            SES
            + b"Authentication-Results: amazonses.com; spf=fail helo==?utf-8?q?=3B_dkim=3Dpass?=",
            Reason.AUTHENTICATION_FAILED,
        ),
        (
            SES
            + b"Authentication-Results: amazonses.com; helo=x; dmarc=pass; dkim=none; dmarc=fail",
            Reason.AUTHENTICATION_FAILED,
        ),
        (
            SES
            + b'Authentication-Results: amazonses.com; helo="; spf=pass; dkim=pass; dmarc=fail',
            Reason.AUTHENTICATION_FAILED,
        ),
        (b"X-Mail-Relay: prod", Reason.MAIL_LOOP),
        (b"From: Relay <RELAY@mail.example.com>", None),
        (b"Return-Path: <>", Reason.DELIVERY_REPORT),
        # The operator is told of a virus, whatever else the mail is: that answers nobody.
        (SES + b"X-SES-Virus-Verdict: FAIL\r\nX-Mail-Relay: prod", Reason.VIRUS),
        (b"Return-Path: <>\r\nReceived: x\r\nX-SES-Virus-Verdict: FAIL", Reason.VIRUS),
        (b"Auto-Submitted: auto-replied (vacation)", Reason.DELIVERY_REPORT),
        (b"Auto-Submitted: auto-generated", None),
        (
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=b",
            Reason.DELIVERY_REPORT,
        ),
    ],
)
def test_each_kind_of_mail_gets_its_answer(header: bytes, expected: Reason | None) -> None:
    assert expected == reason(header)


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (VerdictAction.REFUSE, Reason.SPAM),
        (VerdictAction.MARK, ("[spam?]", "[sender not verified]")),
        (VerdictAction.DELIVER, ()),
    ],
)
def test_the_action_is_configured(
    action: VerdictAction, expected: Reason | tuple[str, ...]
) -> None:
    header = SES + b"X-SES-Spam-Verdict: FAIL\r\nAuthentication-Results: x; dmarc=fail"
    settings = replace(SETTINGS, spam_action=action, authentication_action=action)
    given = answer(header, settings)
    assert expected == (given.marks if isinstance(given, Admitted) else given.reason)


@pytest.mark.parametrize(
    ("verdict", "marks"),
    [
        (b"PROCESSING_FAILED", ("[not scanned]",)),
        (b"GRAY", ()),
        (b"DISABLED", ()),
        (b"PASS", ()),
        (b"", ()),
    ],
)
def test_what_could_not_be_scanned_says_so(verdict: bytes, marks: tuple[str, ...]) -> None:
    assert Admitted(marks=marks) == answer(SES + b"X-SES-Virus-Verdict: " + verdict)


@pytest.mark.parametrize("named", [b"", b"; report-type=delivery-status", b"; report-type=x"])
@pytest.mark.parametrize("part", [b"delivery-status", b"disposition-notification"])
def test_a_report_is_known_by_its_parts_too(named: bytes, part: bytes) -> None:
    raw = (
        b"Content-Type: multipart/report; boundary=b" + named + b"\r\n\r\n"
        b"--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/" + part + b"\r\n\r\n"
        b"Action: failed\r\n--b--\r\n"
    )
    given = admit(parse_message(raw), SETTINGS)
    assert isinstance(given, Ignored)
    assert Reason.DELIVERY_REPORT == given.reason


def test_a_report_of_a_device_is_no_delivery_report() -> None:
    raw = (
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nDaily.\r\n"
        b"--b\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--b--\r\n"
    )
    assert Admitted() == admit(parse_message(raw), SETTINGS)


def test_a_virus_is_refused_whatever_is_configured() -> None:
    lenient = replace(SETTINGS, spam_action=VerdictAction.DELIVER)
    assert Reason.VIRUS == reason(SES + b"X-SES-Virus-Verdict: FAIL", lenient)


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        (b"From: a@plant.example", None),
        (b"From: A <a@sub.plant.example>", Reason.SENDER_NOT_ALLOWED),
        (b"From: nonsense\r\nReturn-Path: <b@plant.example>", None),
        (b"From: nonsense", Reason.SENDER_NOT_ALLOWED),
        (b"X: y", Reason.SENDER_NOT_ALLOWED),
    ],
)
def test_only_allowed_senders_get_in(sender: bytes, expected: Reason | None) -> None:
    assert expected == reason(sender, replace(SETTINGS, allowed_senders=("plant.example",)))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("anyone@example.com", True),
        ("Anyone@EXAMPLE.com", True),
        ("anyone@sub.example.com", False),
        ("anyone@notexample.com", False),
        ("a@b.plant.example", True),
        ("a@c.b.plant.example", True),
        ("a@plant.example", False),
        ("a@evilplant.example", False),
        ("ops@example.org", True),
        ("OPS@example.org", True),
        ("other@example.org", False),
        ("ops@example.org.evil.example", False),
    ],
)
def test_addresses_match_by_address_domain_and_subdomain(address: str, *, expected: bool) -> None:
    assert expected == matches(address, SETTINGS.allowed_recipients)
    assert matches(address, ("*",))


def resolved(*entries: Address | Group) -> tuple[tuple[str, ...], list[Reason]]:
    found = resolve_recipients(entries, SETTINGS, DIRECTORY)
    return found.recipients, [refusal.reason for refusal in found.refusals]


def test_recipients_come_once_and_in_order() -> None:
    assert (("anna@example.com", "ben@a.plant.example"), []) == resolved(
        Group(name="oncall"), Address(addr_spec="Anna@example.com"), Group(name="ONCALL")
    )


def test_whoever_may_not_get_mail_is_named() -> None:
    assert (
        ("anna@example.com",),
        [Reason.RECIPIENT_NOT_ALLOWED, Reason.MAIL_LOOP, Reason.UNKNOWN_GROUP],
    ) == resolved(
        Address(addr_spec="eve@elsewhere.example"),
        Group(name="nightshift"),
        Address(addr_spec="SECRET@in.example.com"),
        Address(addr_spec="anna@example.com"),
    )


def test_too_many_recipients_get_nothing() -> None:
    many = [Address(addr_spec=f"u{number}@example.com") for number in range(4)]
    assert ((), [Reason.TOO_MANY_RECIPIENTS]) == resolved(*many)


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        (b"a@b.example", Mailbox(addr_spec="a@b.example")),
        (b"<a@b.example>", Mailbox(addr_spec="a@b.example")),
        (
            b'"Camera, 3" <a@b.example>, c@d.example',
            Mailbox(addr_spec="a@b.example", display_name="Camera, 3"),
        ),
        (
            b"=?utf-8?q?K=C3=A4m?= <a@b.example>",
            Mailbox(addr_spec="a@b.example", display_name="Käm"),
        ),
        (b"=?utf-8?q?x=40evil.example?= <AppName>", None),
        (b"AppName", None),
        (b"", None),
        (b"\xff <a@b.example>", Mailbox(addr_spec="a@b.example", display_name="\ufffd")),
    ],
)
def test_the_author_is_found_in_what_devices_write(field: bytes, expected: Mailbox | None) -> None:
    assert expected == find_author(parse_message(b"From: " + field + b"\r\n\r\nx").header)


@given(GARBAGE.filter(bytes.strip))
def test_admission_is_total(raw: bytes) -> None:
    message = parse_message(raw)
    admit(message, SETTINGS)
    find_sender(message.header)
