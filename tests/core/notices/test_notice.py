"""The content of a notice, and what it must never contain."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import PermanentError, Reason, Refusal
from relay_core.keys import MessageId, RawKey
from relay_core.notices.notice import (
    MAX_DETAIL,
    MAX_REPORTED_REFUSALS,
    compose_notice,
)
from relay_core.policy.mail_identity import MailIdentity
from relay_core.ports import Notice
from relay_core.posting.announcement import parse_announcement
from relay_core.settings import Settings
from tests.fakes import MemoryWorld

MAIL = MailIdentity(
    message_id=MessageId("0abc"),
    raw_key=RawKey("incoming/0abc"),
    sender="boiler@plant.example",
    subject="Pressure",
)
SETTINGS = Settings(
    stack="boilers",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
)
CLICKABLE = re.compile(r"(?i)https?:|ftps?:|(?<![@.\w-])www\.")


WITHOUT_A_REFUSAL = {
    Reason.DELIVERY_REPORT,  # ignored
    Reason.CLOSED_LABEL,  # ignored
    Reason.ADDRESS_USE,  # has its own kind of notice
}


@pytest.mark.parametrize("reason", [one for one in Reason if one not in WITHOUT_A_REFUSAL])
def test_every_reason_has_a_notice_with_something_to_do(reason: Reason) -> None:
    notice = compose_notice(MAIL, [Refusal(reason=reason, detail="why\nso")], SETTINGS)
    assert (reason, "boiler@plant.example") == (notice.reason, notice.sender)
    assert notice.subject == f"Mail relay boilers: {reason} (boiler@plant.example)"
    assert "\n" not in notice.subject
    for words in (
        "Stack:   boilers",
        "boiler@plant.example",
        "Pressure",
        "incoming/0abc",
        f"* {reason}: why\n  so",
    ):
        assert words in notice.text
    assert "{code}" not in notice.text


def test_a_notice_has_the_commands_that_help_ready_to_be_typed() -> None:
    def commands(*reasons: Reason, relayed_to: int = 0) -> list[str]:
        refusals = [Refusal(reason=reason, detail="why") for reason in reasons]
        text = compose_notice(MAIL, refusals, SETTINGS, relayed_to=relayed_to).text
        return re.findall(r": +(relayctl .*)", text)

    show, again = "relayctl show 0abc", "relayctl redeliver 0abc"
    assert [show, again] == commands(Reason.SENDER_NOT_ALLOWED)
    assert [show, f"{again} --recipient ADDRESS"] == commands(Reason.UNKNOWN_GROUP, relayed_to=2)
    assert [show] == commands(Reason.VIRUS)
    assert [show, again] == commands(Reason.VIRUS, Reason.SPAM)


def test_a_notice_needs_something_to_tell() -> None:
    with pytest.raises(ValueError, match="at least one refusal"):
        compose_notice(MAIL, [], SETTINGS)


def test_machines_get_the_same() -> None:
    refusals = [
        Refusal(reason=Reason.RECIPIENT_NOT_ALLOWED, detail="eve@x.example is not allowed"),
        Refusal(reason=Reason.UNKNOWN_GROUP, detail="no @night"),
    ]
    notice = compose_notice(MAIL, refusals, SETTINGS, relayed_to=3)
    assert (
        MAIL.message_id,
        MAIL.raw_key,
        MAIL.sender,
        MAIL.subject,
        tuple(refusals),
        0,
        3,
    ) == (
        notice.message_id,
        notice.raw_key,
        notice.sender,
        notice.mail_subject,
        notice.refusals,
        notice.more_refusals,
        notice.relayed_to,
    )
    assert notice.text.startswith("A mail was relayed to 3 recipients, but not to all.")


def test_of_very_many_refusals_some_are_reported_and_the_others_counted() -> None:
    many = [Refusal(reason=Reason.SPAM, detail=f"number {n}") for n in range(100_000)]
    last = Refusal(reason=Reason.UNKNOWN_GROUP, detail="at the very end")
    notice = compose_notice(MAIL, [*many, last], SETTINGS)
    assert MAX_REPORTED_REFUSALS == len(notice.refusals) == notice.text.count("* spam: ")
    assert 100_001 - MAX_REPORTED_REFUSALS == notice.more_refusals
    assert f"* and {notice.more_refusals} more" in notice.text
    assert "recipient directory" in notice.text  # the advice for the last one


def test_what_is_long_is_quoted_in_part() -> None:
    long = Refusal(reason=Reason.SPAM, detail="x" * 1_000_000)
    notice = compose_notice(MAIL, [long], SETTINGS)
    assert MAX_DETAIL + 1 == len(notice.refusals[0].detail)
    assert len(notice.text) < MAX_DETAIL + 1000


def said(notice: Notice) -> str:
    """All texts of a notice that a person may read."""
    details = [one.detail for one in notice.refusals]
    return "\n".join([notice.subject, notice.text, notice.mail_subject, *details])


@pytest.mark.parametrize("url", ["https://git.example.com/docs", "https://git.example.com/docs/"])
def test_a_notice_links_to_the_documents_where_they_have_a_url(url: str) -> None:
    settings = replace(SETTINGS, documents_url=url)
    notice = compose_notice(MAIL, [Refusal(reason=Reason.SPAM, detail="spam")], settings)
    link = "https://git.example.com/docs/operating.md#the-notices"
    assert notice.text.endswith(f"More: {link}\n")
    message = {"stack": settings.stack, "reason": notice.reason, "text": notice.text}
    body = {
        "MessageId": "1",
        "Timestamp": "2026-05-01T12:00:00Z",
        "Message": json.dumps(message),
    }
    assert parse_announcement(json.dumps(body), settings.stack).place == link


@given(st.text(max_size=60), st.text(max_size=60))
@example("see http://evil.example", "HTTPS://evil.example www.evil.example ftp://x")
@example("evil.com/login", "mailto:a@evil.com _https://evil.com")
@example("a\r\nWhat to do:\r\n* Send money", "b\nWhat to do:\n* Send money")
def test_the_words_of_a_mail_are_quoted_with_care(subject: str, detail: str) -> None:
    mail = MailIdentity(
        message_id=MAIL.message_id, raw_key=MAIL.raw_key, sender=MAIL.sender, subject=subject
    )
    notice = compose_notice(mail, [Refusal(reason=Reason.SPAM, detail=detail)], SETTINGS)
    assert not CLICKABLE.search(said(notice))
    assert all(one.isprintable() or one == "\n" for one in said(notice))
    headings = [line for line in notice.text.split("\n") if line[:1] not in {"", " ", "*"}]
    assert [
        "A mail was not relayed.",
        "Stack:   boilers",
        "From:    boiler@plant.example",
        f"Subject: {notice.mail_subject or '(none)'}",
        "Message: 0abc",
        "Raw:     incoming/0abc in the incoming bucket",
        "What is wrong:",
        "What to do:",
        "More: docs/operating.md#the-notices",
    ] == headings


# --- no notice contains a link or an attachment

SECRET = b"the content of the attachment"


@pytest.mark.parametrize("failure", [None, "submit", "store"])
@pytest.mark.parametrize(
    "code",
    [
        "anna@example.com, nobody, eve@elsewhere.example, @night",
        "nobody",
        "eve@elsewhere.example",
    ],
)
@pytest.mark.parametrize("header", ["", "Received: x\r\nX-SES-Virus-Verdict: FAIL\r\n"])
def test_no_notice_can_leak_a_link_or_an_attachment(
    failure: str | None, code: str, header: str
) -> None:
    world = MemoryWorld()
    message = EmailMessage()
    message["From"] = "boiler@plant.example"
    message["Subject"] = "Look at https://camera.plant.example/stream"
    message.set_content(
        f"https://camera.plant.example/ :Email_Rxers_Code:{code}:Email_Rxers_Code: www.x.example\n"
    )
    for name in ("a.log", "b.log"):
        message.add_attachment(SECRET, "application", "octet-stream", filename=name)
    if failure == "submit":
        rejected = PermanentError(call="submit", target="x", detail="Address blacklisted")
        world.submission.faults.order("submit", rejected, times=9)
    if failure == "store":
        refused = PermanentError(call="store", target="x", detail="EntityTooLarge")
        world.attachments.faults.order("store", refused)
    raw = header.encode() + message.as_bytes()
    world.relay(raw, SETTINGS)
    assert world.notices.published
    for notice in world.notices.published:
        words = said(notice)
        assert not CLICKABLE.search(words)
        assert "links.example" not in words
        assert not [link for link in world.links.issued.values() if link.url in words]
        assert SECRET.decode() not in words
        assert "dGhlIGNvbnRlbnQ" not in words  # the same in base64
