"""A code in the Subject, of a device whose body cannot be changed."""

from __future__ import annotations

from dataclasses import replace
from email.header import Header, decode_header, make_header

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.policy.directory import Directory
from relay_core.record.report import Outcome, RelayReport
from relay_core.settings import CodesCounted, Settings
from tests.core import oracle
from tests.core.recipient_code_strategies import MARKER
from tests.fakes import MemoryWorld
from tests.receipt import receipt

SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="secret@relay.invalid",
    allowed_recipients=("example.com", "example.org"),
)
PEOPLE = ["anna@example.com", "ben@example.org"]


def code(*recipients: str) -> str:
    return f":{MARKER}:{','.join(recipients)}:{MARKER}:"


def relay(
    subject: str | bytes, body: str = "Hello", *, fields: str = "", settings: Settings = SETTINGS
) -> tuple[MemoryWorld, RelayReport]:
    raw = subject if isinstance(subject, bytes) else subject.encode()
    world = MemoryWorld()
    world.directories.directory = Directory(
        groups={"oncall": ("anna@example.com",)},
        default_recipients={"cam@plant.example": ("cleo@example.com",)},
    )
    mail = f"{fields}From: cam@plant.example\r\n".encode() + b"Subject: " + raw
    return world, world.relay(mail + b"\r\n\r\n" + body.encode() + b"\r\n", settings)


def recipients(world: MemoryWorld) -> list[str]:
    return [one.recipient for one in world.submission.outbox]


def subjects(world: MemoryWorld) -> set[str]:
    """The Subjects that recipients see; checks that no field shows a code."""
    shown = set()
    for one in world.submission.outbox:
        message = oracle.parse(one.raw)
        header = "\n".join(str(value) for name, value in message.items() if name != "To")
        assert "rxers" not in str(make_header(decode_header(header))).lower()
        shown.add(str(make_header(decode_header(message["Subject"]))))
    return shown


# --- where it counts


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        (f"Alarm {code(*PEOPLE)}", "Alarm"),
        (f"{code(*PEOPLE)} Alarm", "Alarm"),
        (f"Alarm {code(*PEOPLE)} at pump 7", "Alarm at pump 7"),
        (f"{code(*PEOPLE)}", ""),
        (f"  {code('@oncall', PEOPLE[1])}  ", ""),
        (f":{MARKER.lower()}:[Anna <{PEOPLE[0]}>; {PEOPLE[1]}]:{MARKER.upper()}: x", "x"),
    ],
)
def test_a_code_in_the_subject_names_the_recipients_and_no_recipient_sees_it(
    subject: str, shown: str
) -> None:
    world, report = relay(subject)
    assert (Outcome.RELAYED, PEOPLE) == (report.outcome, recipients(world))
    assert {shown} == subjects(world)
    assert [] == world.notices.published


def test_it_is_read_in_encoded_words() -> None:
    in_q = code(*PEOPLE).replace("_", "=5F").replace(":", "=3A")
    for subject in (
        f"=?utf-8?q?T=C3=BCr_{in_q}?=",
        f"=?utf-8?q?T=C3=BCr_{in_q[:20]}?=\r\n =?utf-8?q?{in_q[20:]}?=",
        Header(f"Tür {code(*PEOPLE)}", "utf-8", 76).encode(linesep="\r\n"),
    ):
        world, _ = relay(subject)
        assert PEOPLE == recipients(world)
        assert {"Tür"} == subjects(world)


def folded(text: str, places: list[int]) -> str:
    """The text folded by a mailer that only counts characters, also within words."""
    return "\r\n ".join(text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True))


@given(st.integers(60, 78), st.integers(0, 78))
def test_wherever_a_mailer_folds_it_names_no_other_recipient(width: int, before: int) -> None:
    text = f"{'A' * before} {code(*PEOPLE)} pump"
    world, report = relay(folded(text, list(range(width, len(text), width))))
    assert set(recipients(world)) <= set(PEOPLE)
    if report.outcome is Outcome.RELAYED:
        subjects(world)


def test_a_fold_in_the_marker_or_in_an_address_tears_nothing() -> None:
    text = code(*PEOPLE)
    marker = text.index("Rxers")
    address = text.index("ple.com")
    for places in ([marker], [address], [marker, address]):
        world, _ = relay(folded(text, places))
        assert PEOPLE == recipients(world)
        assert {""} == subjects(world)


def test_a_subject_longer_than_a_line_may_be_is_read() -> None:
    many = [f"somebody{number}@example.com" for number in range(90)]
    assert len(code(*many)) > 998
    world, _ = relay(f"Alarm {code(*many)} pump")
    assert many == recipients(world)
    assert {"Alarm pump"} == subjects(world)


@pytest.mark.parametrize(
    ("counted", "expected"),
    [
        (CodesCounted.ALL, PEOPLE),
        (CodesCounted.FIRST, PEOPLE[:1]),
        (CodesCounted.LAST, PEOPLE[1:]),
    ],
)
def test_of_several_those_count_that_the_operator_lets_count(
    counted: CodesCounted, expected: list[str]
) -> None:
    subject = f"{code(PEOPLE[0])} Alarm {code(PEOPLE[1])}"
    world, _ = relay(subject, settings=replace(SETTINGS, codes_counted=counted))
    assert expected == recipients(world)
    assert {"Alarm"} == subjects(world)


# --- where it does not count


@pytest.mark.parametrize("counted", list(CodesCounted))
@pytest.mark.parametrize("in_body", [code(PEOPLE[0]), f":{MARKER}:{PEOPLE[0]}:{MARKER}"])
def test_a_code_in_the_body_overrides_that_of_the_subject(
    in_body: str, counted: CodesCounted
) -> None:
    subject = f"Alarm {code('eve@example.org')}"
    world, _ = relay(subject, in_body, settings=replace(SETTINGS, codes_counted=counted))
    assert PEOPLE[:1] == recipients(world)
    assert {"Alarm"} == subjects(world)


def test_a_code_of_a_body_that_cannot_be_read_is_not_replaced_by_the_subjects() -> None:
    world, report = relay(code(PEOPLE[0]), code("nobody"))
    assert Reason.MALFORMED_RECIPIENT_CODE is report.reason
    assert [] == recipients(world)


def test_one_that_cannot_be_read_is_reported_with_its_place_and_no_recipient_is_guessed() -> None:
    world, report = relay(f"Alarm :{MARKER}:anna@example.com")
    assert Reason.MALFORMED_RECIPIENT_CODE is report.reason
    assert [] == recipients(world)  # not even to the default recipients of the device
    (notice,) = world.notices.published
    assert "in the Subject: expected" in notice.text


def test_the_policy_is_that_of_any_code() -> None:
    world, report = relay(code("eve@evil.example", PEOPLE[0]))
    assert PEOPLE[:1] == recipients(world)
    assert [Reason.RECIPIENT_NOT_ALLOWED] == [one.reason for one in report.left_out]
    world, report = relay(code("secret@relay.invalid"))
    assert ([], Reason.MAIL_LOOP) == (recipients(world), report.reason)
    world, report = relay(code(*PEOPLE), settings=replace(SETTINGS, max_recipients=1))
    assert ([], Reason.TOO_MANY_RECIPIENTS) == (recipients(world), report.reason)


def test_default_recipients_get_mail_that_names_no_recipient_in_body_and_subject() -> None:
    world, _ = relay("Alarm")
    assert ["cleo@example.com"] == recipients(world)


PLANT = "plant.example"
NULL_PATH = receipt(
    reverse_path="", spf="none", dkim=[("pass", PLANT)], dmarc=("pass", PLANT)
).decode()


@pytest.mark.parametrize("before", ["Re: ", "Automatic reply: ", "Undeliverable: ", "[x] "])
def test_an_automatic_reply_to_a_device_names_no_recipient_by_the_subject_it_quotes(
    before: str,
) -> None:
    subject = f"{before}{code(*PEOPLE)} Alarm"
    for fields in (NULL_PATH, "Auto-Submitted: auto-replied\r\n"):
        world, report = relay(subject, fields=fields)
        assert (Outcome.IGNORED, []) == (report.outcome, recipients(world))
    world, _ = relay(f"{code(*PEOPLE)} Alarm", fields=NULL_PATH)
    assert PEOPLE == recipients(world)  # some devices have no reverse-path


def test_an_answer_to_a_relayed_mail_quotes_no_code() -> None:
    world, _ = relay(f"Alarm {code(*PEOPLE)}")
    for sent in world.submission.outbox:
        quoted = str(oracle.parse(sent.raw)["Subject"])
        _, report = relay(f"Re: {quoted}", settings=replace(SETTINGS, stack="other"))
        assert "rxers" not in quoted.lower()
        assert report.submitted == 1  # to the sender's default recipients
