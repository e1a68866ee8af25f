"""The permitted senders and recipients."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from relay_core.addresses.patterns import matches
from relay_core.errors import Reason, Refusal
from relay_core.mime.parsing import parse_message
from relay_core.policy.admission import Admitted, Ignored, admit, resolve_recipients
from relay_core.policy.authentication import Origin, find_origin
from relay_core.policy.directory import Directory
from relay_core.recipient_code import Address, Group
from relay_core.settings import Settings, VerdictAction
from tests.garbage import GARBAGE

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


PROVEN = Origin(author="d@plant.example", authenticated=True)
CLAIMED = Origin(author="d@plant.example", authenticated=False)
NOBODY = Origin(author=None, authenticated=True)


def answer(
    header: bytes, settings: Settings = SETTINGS, origin: Origin = PROVEN
) -> Admitted | Refusal | Ignored:
    return admit(parse_message(header + b"\r\n\r\nbody"), origin, settings)


def reason(header: bytes, settings: Settings = SETTINGS, origin: Origin = PROVEN) -> Reason | None:
    given = answer(header, settings, origin)
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
        (b"X-Mail-Relay: test", Reason.MAIL_LOOP),
        (b"X-Mail-Relay: prod,\r\n TEST", Reason.MAIL_LOOP),
        (b"X-Mail-Relay: prod", None),
        (b"X-Mail-Relay: yes; it was", None),
        (b"X-Mail-Relay: a, b, c, d\r\nX-Mail-Relay: e, f, g, h", Reason.MAIL_LOOP),
        (b"From: Relay <RELAY@mail.example.com>", None),
        (b"Return-Path: <>", Reason.DELIVERY_REPORT),
        # A virus is always reported to the operator: a notice answers no sender.
        (SES + b"X-SES-Virus-Verdict: FAIL\r\nX-Mail-Relay: test", Reason.VIRUS),
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


def test_a_null_reverse_path_is_relayed_with_a_code_alone() -> None:
    message = parse_message(b"Return-Path: <>\r\n\r\nbody")
    assert isinstance(admit(message, PROVEN, SETTINGS), Ignored)
    assert Admitted() == admit(message, PROVEN, SETTINGS, names_recipients=True)


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
    settings = replace(SETTINGS, spam_action=action, authentication_action=action)
    given = answer(SES + b"X-SES-Spam-Verdict: FAIL", settings, CLAIMED)
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
    given = admit(parse_message(raw), PROVEN, SETTINGS)
    assert isinstance(given, Ignored)
    assert Reason.DELIVERY_REPORT == given.reason


def test_a_report_of_a_device_is_no_delivery_report() -> None:
    raw = (
        b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n\r\nDaily.\r\n"
        b"--b\r\nContent-Type: text/csv\r\n\r\n1,2\r\n--b--\r\n"
    )
    assert Admitted() == admit(parse_message(raw), PROVEN, SETTINGS)


def test_a_virus_is_refused_whatever_is_configured() -> None:
    lenient = replace(SETTINGS, spam_action=VerdictAction.DELIVER)
    assert Reason.VIRUS == reason(SES + b"X-SES-Virus-Verdict: FAIL", lenient)


@pytest.mark.parametrize("action", VerdictAction)
@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        (PROVEN, None),
        # With any authenticationAction: the permission depends on From, so From must be proven.
        (CLAIMED, Reason.AUTHENTICATION_FAILED),
        (NOBODY, Reason.SENDER_NOT_ALLOWED),
        (replace(PROVEN, author="a@sub.plant.example"), Reason.SENDER_NOT_ALLOWED),
    ],
)
def test_only_allowed_senders_get_in_and_only_if_it_is_they(
    origin: Origin, expected: Reason | None, action: VerdictAction
) -> None:
    settings = replace(SETTINGS, allowed_senders=("plant.example",), authentication_action=action)
    assert expected == reason(SES, settings, origin)


def test_a_mail_that_is_not_authenticated_is_refused_by_default() -> None:
    assert None is reason(SES, origin=NOBODY)
    assert Reason.AUTHENTICATION_FAILED == reason(SES, origin=CLAIMED)
    given = answer(SES, origin=CLAIMED)
    assert isinstance(given, Refusal)
    assert "passed for plant.example" in given.detail


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


def test_a_recipient_that_may_not_get_mail_is_named() -> None:
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


@given(GARBAGE.filter(bytes.strip))
def test_admission_is_total(raw: bytes) -> None:
    message = parse_message(raw)
    admit(message, find_origin(message.header), SETTINGS)
