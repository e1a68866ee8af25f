"""The relay over ports in memory: every outcome of a mail, and repeated deliveries."""

from __future__ import annotations

from dataclasses import replace
from email.message import EmailMessage

import pytest

from relay_core.errors import PermanentError, Reason, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.policy.directory import Directory
from relay_core.record.report import Outcome, RelayReport
from relay_core.settings import LinkMode, Settings
from tests.core import oracle
from tests.fakes import MemoryWorld
from tests.receipt import received, submitted_receipt

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com", "example.net", "ops@example.org"),
)
DIRECTORY = Directory(
    groups={"oncall": ("anna@example.com", "ben@example.net")}, default_recipients={}
)
KEY = RawKey("incoming/0abc")
ID = MessageId("0abc")


def mail(code: str = "anna@example.com,ben@example.net", *files: tuple[str, bytes]) -> bytes:
    message = EmailMessage()
    message["From"] = "Boiler 3 <boiler@plant.example>"
    message["To"] = "secret@in.example.com"
    message["Subject"] = "Pressure"
    message.set_content(f"Too high.\n:Email_Rxers_Code:{code}:Email_Rxers_Code:\nCome.\n")
    for name, content in files:
        message.add_attachment(content, "application", "octet-stream", filename=name)
    return message.as_bytes().replace(b"\n", b"\r\n")


def relay(world: MemoryWorld, raw: bytes, settings: Settings = SETTINGS) -> RelayReport:
    world.directories.directory = DIRECTORY
    return world.relay(raw, settings, key=KEY)


def recipients(world: MemoryWorld) -> list[str]:
    return [sent.recipient for sent in world.submission.outbox]


def body(raw: bytes) -> str:
    (text,) = [p for p in oracle.parse(raw).walk() if p.get_content_type() == "text/plain"]
    return oracle.text_of(text)


def throttled() -> TransientError:
    return TransientError(call="submit", target="x", detail="Maximum sending rate exceeded")


def test_each_recipient_gets_the_words_and_the_links_and_no_attachment() -> None:
    world = MemoryWorld()
    raw = received(mail("anna@example.com,ben@example.net", ("a.log", b"A" * 5000)))
    report = relay(world, raw)
    assert (
        RelayReport(
            message_id=ID,
            outcome=Outcome.RELAYED,
            submitted=2,
            attachments=1,
            attachment_bytes=5000,
            message_bytes=len(raw),
        )
        == report
    )
    assert ["anna@example.com", "ben@example.net"] == recipients(world)
    (stored,) = world.attachments.attachments.values()
    assert b"A" * 5000 == stored.content
    for sent in world.submission.outbox:
        text = body(sent.raw)
        assert text.startswith("Too high.\nCome.\n")
        assert "Email_Rxers_Code" not in sent.raw.decode()
        assert f"\n\n{world.pages.link(ID, sent.recipient)}\n\n* a.log (5.0 kB)\n" in text
    assert {ID} == world.pages.opened
    assert [] == world.notices.published


def test_two_attachments_of_one_name_and_one_without_are_all_kept() -> None:
    world = MemoryWorld()
    message = EmailMessage()
    message.set_content(":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:")
    for content in (b"first", b"second"):
        message.add_attachment(content, "image", "jpeg", filename="same.jpg")
    message.add_attachment(b"third", "image", "png")
    relay(world, message.as_bytes())
    assert [(b"first", "same.jpg"), (b"second", "same.jpg"), (b"third", "attachment-3.png")] == [
        (stored.content, stored.filename) for stored in world.attachments.attachments.values()
    ]
    assert 1 == body(world.submission.outbox[0].raw).count("https://")


def test_presigned_links_lead_to_one_attachment_each() -> None:
    world = MemoryWorld()
    presigned = replace(SETTINGS, link_mode=LinkMode.PRESIGNED)
    relay(world, mail("anna@example.com", ("a.log", b"A"), ("b.log", b"B")), presigned)
    text = body(world.submission.outbox[0].raw)
    assert 2 == len(world.links.issued)
    for link in world.links.issued.values():
        assert f"\n  {link.url}\n" in text
    assert set() == world.pages.opened


def test_a_mail_of_nothing_but_the_code_arrives_empty() -> None:
    world = MemoryWorld()
    relay(world, b"\r\n:Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\n")
    assert "" == body(world.submission.outbox[0].raw).strip()


def test_the_others_can_be_hidden_from_each_recipient() -> None:
    world = MemoryWorld()
    hidden = Settings(
        stack="test",
        sender_address=SETTINGS.sender_address,
        inbound_address=SETTINGS.inbound_address,
        allowed_recipients=("*",),
        show_recipients=False,
    )
    relay(world, mail(), hidden)
    assert [["anna@example.com"], ["ben@example.net"]] == [
        oracle.parse(sent.raw).get_all("To") for sent in world.submission.outbox
    ]


def test_the_header_speaks_for_the_device_and_marks_the_relay() -> None:
    world = MemoryWorld()
    relay(world, submitted_receipt("plant.example") + b"Bcc: spy@x.example\r\n" + mail())
    header = oracle.parse(world.submission.outbox[0].raw)
    assert "Boiler 3 <relay@mail.example.com>" == header["From"]
    assert "boiler@plant.example" == header["Reply-To"]
    assert "anna@example.com, ben@example.net" == " ".join(header["To"].split())
    assert "Pressure" == header["Subject"]
    assert "auto-generated" == header["Auto-Submitted"]
    assert "OOF, AutoReply, DR, RN, NRN" == header["X-Auto-Response-Suppress"]
    assert {"received", "bcc", "x-ses-spam-verdict"}.isdisjoint(n.lower() for n in list(header))


@pytest.mark.parametrize(
    ("written", "name", "reply_to"),
    [
        ("Boiler 3 <boiler@plant.example>", "Boiler 3", "boiler@plant.example"),
        ("boiler@plant.example", '"boiler@plant.example"', "boiler@plant.example"),
        # Replies to these addresses would not reach anybody.
        ("Boiler 3 <boiler@gw.local>", "Boiler 3", None),
        ("Boiler 3 <root@localhost.localdomain>", "Boiler 3", None),
        ("Boiler 3 <boiler>", "Boiler 3", None),
        # Many devices fill in one address for From and To.
        ("Boiler 3 <SECRET@in.example.com>", "Boiler 3", None),
        ("secret@in.example.com", "", None),
        ('"Secret@in.example.com" <boiler@plant.example>', "", "boiler@plant.example"),
        ("Boiler 3 <relay@mail.example.com>", "Boiler 3", None),
        ("relay@mail.example.com", "", None),
    ],
)
def test_the_sender_is_the_device_and_never_reveals_the_inbound_address(
    written: str, name: str, reply_to: str | None
) -> None:
    world = MemoryWorld()
    code = b":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:"
    relay(world, b"From: " + written.encode() + b"\r\n\r\n" + code)
    header = oracle.parse(world.submission.outbox[0].raw)
    expected = f"{name} <relay@mail.example.com>" if name else "relay@mail.example.com"
    assert (expected, reply_to) == (header["From"], header["Reply-To"])
    assert b"secret@in" not in world.submission.outbox[0].raw.lower()


def test_what_a_relay_has_sent_is_not_relayed_again() -> None:
    world = MemoryWorld()
    relay(world, mail())
    again = world.relay(world.submission.outbox[0].raw, SETTINGS, key=RawKey("incoming/back"))
    assert (Outcome.IGNORED, Reason.MAIL_LOOP) == (again.outcome, again.reason)
    assert 2 == len(world.submission.outbox)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", Reason.MALFORMED_MESSAGE),
        (b"Subject: x\r\n\r\nno code", Reason.NO_RECIPIENT_CODE),
        (b"\xff\xfe\x00", Reason.NO_RECIPIENT_CODE),
        (mail("nobody"), Reason.MALFORMED_RECIPIENT_CODE),
        (mail("@nightshift"), Reason.UNKNOWN_GROUP),
        (mail("eve@elsewhere.example"), Reason.RECIPIENT_NOT_ALLOWED),
        (mail("secret@in.example.com"), Reason.MAIL_LOOP),
        (mail(",".join(f"u{i}@example.com" for i in range(101))), Reason.TOO_MANY_RECIPIENTS),
        (b"Received: a\r\nX-SES-Virus-Verdict: FAIL\r\n" + mail(), Reason.VIRUS),
        (b"Received: a\r\nX-SES-Spam-Verdict: FAIL\r\n" + mail(), Reason.SPAM),
        (
            b"Received: a\r\nAuthentication-Results: amazonses.com; dmarc=fail\r\n" + mail(),
            Reason.AUTHENTICATION_FAILED,
        ),
    ],
)
def test_a_refusal_is_reported_to_the_operator(raw: bytes, reason: Reason) -> None:
    world = MemoryWorld()
    report = relay(world, raw)
    assert (Outcome.REFUSED, reason) == (report.outcome, report.reason)
    (notice,) = world.notices.published
    assert reason == notice.reason
    assert str(KEY) in notice.text
    assert ([], {}) == (world.submission.outbox, world.attachments.attachments)


NO_CODE = b"From: boiler@plant.example\r\nSubject: x\r\n\r\nToo hot.\r\n"


def relay_with_defaults(world: MemoryWorld, raw: bytes, *members: str) -> RelayReport:
    world.directories.directory = Directory(
        groups=DIRECTORY.groups, default_recipients={"plant.example": members}
    )
    return world.relay(raw, SETTINGS, key=KEY)


def test_a_mail_without_a_code_goes_to_its_senders_default_recipients() -> None:
    world = MemoryWorld()
    report = relay_with_defaults(world, NO_CODE, "@oncall", "ops@example.org", "anna@example.com")
    assert (Outcome.RELAYED, 3) == (report.outcome, report.submitted)
    assert ["anna@example.com", "ben@example.net", "ops@example.org"] == recipients(world)
    assert "Too hot." == body(world.submission.outbox[0].raw).strip()
    assert [] == world.notices.published


def test_default_recipients_have_to_be_allowed_too() -> None:
    world = MemoryWorld()
    relay_with_defaults(world, NO_CODE, "eve@elsewhere.example", "anna@example.com", "nobody")
    assert ["anna@example.com"] == recipients(world)
    (notice,) = world.notices.published
    assert "eve@elsewhere.example is not in allowedRecipients" in notice.text
    assert "in defaultRecipients of plant[.]example: expected an address" in notice.text


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("nobody", Reason.MALFORMED_RECIPIENT_CODE),
        ("@nightshift", Reason.UNKNOWN_GROUP),
        ("eve@elsewhere.example", Reason.RECIPIENT_NOT_ALLOWED),
    ],
)
def test_a_code_without_a_target_is_not_answered_with_the_default(
    code: str, reason: Reason
) -> None:
    world = MemoryWorld()
    report = relay_with_defaults(world, mail(code), "anna@example.com")
    assert (Outcome.REFUSED, reason) == (report.outcome, report.reason)
    assert [] == recipients(world)


@pytest.mark.parametrize(
    "members", [(), ("@nightshift",), ("nobody",), ("secret@in.example.com",)]
)
def test_empty_default_recipients_are_reported(members: tuple[str, ...]) -> None:
    world = MemoryWorld()
    report = relay_with_defaults(world, NO_CODE, *members)
    assert Outcome.REFUSED == report.outcome
    assert 1 == len(world.notices.published)


def test_other_senders_have_no_default_recipients() -> None:
    world = MemoryWorld()
    report = relay_with_defaults(
        world, NO_CODE.replace(b"plant", b"sub.plant"), "anna@example.com"
    )
    assert Reason.NO_RECIPIENT_CODE == report.reason
    (notice,) = world.notices.published
    assert "no default recipients for boiler@sub.plant.example" in notice.text


def test_only_a_mail_that_needs_the_directory_waits_for_it() -> None:
    world = MemoryWorld()
    world.directories.faults.order("current", throttled(), times=3)
    relay(world, mail("anna@example.com"))
    world.relay(b"", SETTINGS, key=RawKey("incoming/1"))
    virus = b"Received: a\r\nX-SES-Virus-Verdict: FAIL\r\n" + NO_CODE
    world.relay(virus, SETTINGS, key=RawKey("incoming/2"))
    assert 0 == world.directories.asked
    for raw in (mail("@oncall"), mail("anna@example.com, @oncall"), NO_CODE):
        with pytest.raises(TransientError):
            world.relay(raw, SETTINGS, key=RawKey("incoming/3"))
    assert 3 == world.directories.asked
    assert ["anna@example.com"] == recipients(world)


def test_one_bad_address_does_not_stop_the_others() -> None:
    world = MemoryWorld()
    report = relay(world, mail("anna@example.com, nobody, eve@elsewhere.example, @oncall"))
    assert Outcome.RELAYED == report.outcome
    assert ["anna@example.com", "ben@example.net"] == recipients(world)
    (notice,) = world.notices.published
    assert "eve@elsewhere.example is not in allowedRecipients" in notice.text
    assert "'nobody'" in notice.text
    assert "https://" not in notice.text


def test_a_file_that_cannot_be_kept_does_not_stop_the_words() -> None:
    world = MemoryWorld()
    refused = PermanentError(call="store", target="x", detail="EntityTooLarge")
    world.attachments.faults.order("store", refused)
    relay(world, mail("anna@example.com", ("a.log", b"A"), ("b.log", b"B")))
    text = body(world.submission.outbox[0].raw)
    assert "Too high." in text
    assert "The file a.log could not be stored. The operator has been informed." in text
    assert "* b.log (1 byte)" in text
    (notice,) = world.notices.published
    assert Reason.LIMIT_EXCEEDED == notice.reason
    assert "attachment a[.]log: EntityTooLarge" in notice.text


def test_a_file_in_the_text_becomes_a_link() -> None:
    world = MemoryWorld()
    relay(
        world,
        b"Subject: log\r\n\r\nThe log:\r\nbegin 644 a.log\r\n#0V%T\r\n`\r\nend\r\n"
        b":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:\r\nEnd of mail.\r\n",
    )
    assert [b"Cat"] == [one.content for one in world.attachments.attachments.values()]
    text = body(world.submission.outbox[0].raw)
    assert text.startswith("The log:\nEnd of mail.\n\n1 file, ")
    assert "* a.log (3 bytes)" in text
