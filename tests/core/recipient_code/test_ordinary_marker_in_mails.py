"""With an ordinary word as a marker, no mail is lost for the text beside the word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.policy.directory import Directory
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.core import oracle
from tests.core.recipient_code.test_ordinary_marker import LINES, LOGS, logs
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
    short_marker="RX",
)
SHORT = replace(SETTINGS, recipient_marker="ALM")
ANNA, BEN = "anna@example.com", "ben@example.com"
DIRECTORY = Directory(groups={"oncall": (BEN,)}, default_recipients={"plant.example": (BEN,)})


def relay(
    subject: str, body: str, *, form: str = "plain", to: str = "secret@in.example.com"
) -> tuple[MemoryWorld, list[str]]:
    """Relay a mail under both settings; the last world, and the recipients."""
    raw = (
        f"From: gate@plant.example\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
        f"Content-Type: text/{form}; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        + "\r\n".join(body.splitlines())
        + "\r\n"
    )
    sent_to = []
    for settings in (SHORT, SETTINGS):
        world = MemoryWorld()
        world.directories.directory = DIRECTORY
        report = world.relay(received(raw.encode(), to), settings)
        assert Outcome.RELAYED is report.outcome
        assert [] == world.notices.published
        sent_to.append([one.recipient for one in world.submission.outbox])
    assert sent_to[0] == sent_to[1]
    return world, sent_to[0]


def parts(world: MemoryWorld) -> tuple[str, str]:
    """Subject and text of the outgoing mail."""
    outgoing = oracle.parse(world.submission.outbox[0].raw)
    return outgoing["Subject"], oracle.text_of(outgoing)


@given(logs() | st.sampled_from(LOGS))
def test_prose_in_the_body_leaves_it_to_the_subject(text: str) -> None:
    world, recipients = relay(f":RX:{ANNA}:RX: Door", text)
    assert [ANNA] == recipients
    subject, body = parts(world)
    assert "Door" == subject
    assert text.split() == body.split()


@pytest.mark.parametrize("text", LOGS)
def test_prose_leaves_it_to_default_recipients_and_labels(text: str) -> None:
    for to in ("secret@in.example.com", "secret+oncall@in.example.com"):
        line = text if "\n" not in text else "Log"
        world, recipients = relay(line, text, to=to)
        assert [BEN] == recipients
        subject, body = parts(world)
        assert line.split() == subject.split()
        assert text.split() == body.split()


@pytest.mark.parametrize("text", LOGS)
def test_prose_before_a_code_takes_nothing_from_it(text: str) -> None:
    world, recipients = relay("Door", f"{text} end\r\n:RX:{ANNA}:RX:\r\nOpen.")
    assert [ANNA] == recipients
    assert [*text.split(), "end", "Open."] == parts(world)[1].split()


def test_a_prose_subject_stays_where_the_body_has_a_code() -> None:
    world, recipients = relay("eth0:RX:-3dBm@1310nm :RX:", f":RX:{ANNA}:RX:\r\nLow.")
    assert [ANNA] == recipients
    assert ("eth0:RX:-3dBm@1310nm :RX:", "Low.") == tuple(map(str.strip, parts(world)))


@pytest.mark.parametrize("line", LINES[:2])
@pytest.mark.parametrize("form", ["plain", "html"])
def test_the_file_of_a_long_log_is_whole(line: str, form: str) -> None:
    text = (line if form == "plain" else f"<p>{line}</p>") * (1_100_000 // len(line))
    world, recipients = relay(f":RX:{ANNA}:RX: Log", text, form=form)
    assert [ANNA] == recipients
    (stored,) = world.attachments.attachments.values()
    assert text.split() == stored.content.decode().split()


def test_without_anything_else_the_notice_shows_what_may_have_been_meant() -> None:
    world = MemoryWorld()
    raw = b"From: gate@other.example\r\nSubject: RX: 5\r\n\r\n:RX:anna@example.com Door open"
    report = world.relay(received(raw, "secret@in.example.com"), SETTINGS)
    assert (Outcome.REFUSED, Reason.NO_RECIPIENT_CODE) == (report.outcome, report.reason)
    assert ":RX:anna@example[.]com Door" in world.notices.published[0].text
