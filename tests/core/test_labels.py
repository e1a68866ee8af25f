"""Labels of the relay's address, and previous addresses, from mail to manifest."""

from __future__ import annotations

import re
from dataclasses import replace
from email.message import EmailMessage

import pytest

from relay_core.errors import Reason
from relay_core.keys import MessageId, RawKey
from relay_core.plan import IgnoredMail, Refused, RelayPlan, plan_relay
from relay_core.policy.directory import Directory
from relay_core.record.manifest import ManifestState
from relay_core.record.manifest_json import format_manifest, parse_manifest
from relay_core.record.report import Outcome
from relay_core.settings import Settings
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="prod",
    sender_address="relay@example.com",
    inbound_address="devices@in.example.com",
    previous_inbound_addresses=("old@in.example.com",),
    closed_labels=("Boiler9",),
    allowed_recipients=("example.com",),
)
DIRECTORY = Directory(
    groups={"OnCall": ("anna@example.com",), "outside": ("eve@evil.example",)},
    default_recipients={"plant.example": ("ben@example.com",)},
)
KEY = RawKey("incoming/0abc")


def mail(to: str, body: str = "Too hot.", sender: str = "device@plant.example") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, to, "Alarm"
    message.set_content(body)
    return received(message.as_bytes(), to)


def plan(raw: bytes, settings: Settings = SETTINGS) -> RelayPlan | Refused | IgnoredMail:
    return plan_relay(raw, KEY, settings, DIRECTORY)


def recipients(raw: bytes, settings: Settings = SETTINGS) -> tuple[str, ...]:
    planned = plan(raw, settings)
    assert isinstance(planned, RelayPlan)
    return planned.recipients


def test_a_label_names_a_group_whatever_its_letter_case() -> None:
    assert ("anna@example.com",) == recipients(mail("devices+ONCALL@in.example.com"))
    assert ("anna@example.com",) == recipients(mail("old+boiler7+oncall@in.example.com"))


def test_a_code_in_the_body_counts_before_the_label() -> None:
    code = ":Email_Rxers_Code:carl@example.com:Email_Rxers_Code:"
    assert ("carl@example.com",) == recipients(mail("devices+oncall@in.example.com", code))


def test_a_label_that_is_no_group_leaves_the_default_recipients() -> None:
    assert ("ben@example.com",) == recipients(mail("devices+boiler7@in.example.com"))


def test_without_either_the_refusal_names_the_label() -> None:
    refused = plan(mail("devices+oncal@in.example.com", sender="x@other.example"))
    assert isinstance(refused, Refused)
    (refusal,) = refused.refusals
    assert Reason.NO_RECIPIENT_CODE is refusal.reason
    assert "no group has the name of the label +oncal" in refusal.detail


def test_a_group_that_a_label_names_reaches_no_recipient_outside_of_allowed_recipients() -> None:
    refused = plan(mail("devices+outside@in.example.com"))
    assert isinstance(refused, Refused)
    assert [Reason.RECIPIENT_NOT_ALLOWED] == [one.reason for one in refused.refusals]


def test_a_label_lets_no_sender_in_who_may_not_send() -> None:
    settings = replace(SETTINGS, allowed_senders=("other.example",))
    refused = plan(mail("devices+oncall@in.example.com"), settings)
    assert isinstance(refused, Refused)
    assert [Reason.SENDER_NOT_ALLOWED] == [one.reason for one in refused.refusals]


def test_a_closed_label_is_ignored_and_its_manifest_says_so() -> None:
    ignored = plan(mail("devices+oncall+BOILER9@in.example.com"))
    assert isinstance(ignored, IgnoredMail)
    assert Reason.CLOSED_LABEL is ignored.ignored.reason
    world = MemoryWorld()
    report = world.relay(mail("devices+boiler9@in.example.com"), SETTINGS, key=KEY)
    assert report.sender == "device@plant.example"
    assert ("boiler9",) == report.labels
    manifest = world.manifests.load(MessageId("0abc"))
    assert manifest is not None
    assert ManifestState.IGNORED is manifest.manifest.state
    assert "devices+boiler9@in.example.com" == manifest.manifest.via
    assert [] == world.notices.published


def test_a_closed_label_in_cc_drops_no_mail_that_came_by_another_address() -> None:
    raw = mail("devices+oncall@in.example.com")
    raw = raw.replace(b"\r\n\r\n", b"\r\nCc: devices+boiler9@in.example.com\r\n\r\n", 1)
    assert ("anna@example.com",) == recipients(raw)


@pytest.mark.parametrize("address", ["old@in.example.com", "DEVICES+boiler7@in.example.com"])
def test_the_manifest_has_the_address(address: str) -> None:
    world = MemoryWorld()
    world.directories.directory = DIRECTORY
    report = world.relay(mail(address), SETTINGS, key=KEY)
    assert report.by_previous_address is address.startswith("old")
    stored = world.manifests.load(MessageId("0abc"))
    assert stored is not None
    assert address.lower() == stored.manifest.via
    assert stored.manifest == parse_manifest(format_manifest(stored.manifest))


def test_by_which_address_it_came_is_kept_when_the_address_is_retired() -> None:
    world = MemoryWorld()
    raw = mail("old@in.example.com")
    world.relay(raw, SETTINGS, key=KEY)  # refused: the directory is empty
    stored = world.manifests.load(MessageId("0abc"))
    assert stored is not None
    released = replace(stored.manifest, state=ManifestState.RELEASED)
    world.manifests.replace(released, stored.version)
    world.relay(raw, replace(SETTINGS, previous_inbound_addresses=()), key=KEY)
    stored = world.manifests.load(MessageId("0abc"))
    assert stored is not None
    assert "old@in.example.com" == stored.manifest.via


def test_a_mail_never_goes_to_a_previous_address_or_a_subaddress() -> None:
    for address in ("old@in.example.com", "devices+x@in.example.com", "OLD+y@in.example.com"):
        code = f":Email_Rxers_Code:{address}:Email_Rxers_Code:"
        refused = plan(
            mail("devices@in.example.com", code), replace(SETTINGS, allowed_recipients=("*",))
        )
        assert isinstance(refused, Refused)
        assert [Reason.MAIL_LOOP] == [one.reason for one in refused.refusals]


def test_no_recipient_and_no_notice_learns_a_previous_address() -> None:
    codes = (
        "anna@example.com",
        "eve@evil.example",
        "old+x@in.example.com",
        "old@in.example.com x",
    )
    words = "".join(f":Email_Rxers_Code:{one}:Email_Rxers_Code:" for one in codes)
    world = MemoryWorld()
    raw = mail("old+boiler7@in.example.com", f"Sent to OLD@in.example.com {words}")
    raw = raw.replace(b"Subject: Alarm", b"Subject: Alarm for old@in.example.com")
    report = world.relay(raw, SETTINGS, key=KEY)
    (sent,), (notice,) = world.submission.outbox, world.notices.published
    assert "anna@example.com" == sent.recipient
    assert b"Sent to [address removed]" in sent.raw
    assert b"old@in.example.com" not in sent.raw.lower()
    assert "Sent to: a previous address +boiler7" in notice.text
    details = [one.detail for one in (*notice.refusals, *report.left_out)]
    for text in (notice.text, notice.subject, notice.mail_subject, *details):
        shown = re.sub(r"[\[\]]", "", text.lower())  # signs of a link are in brackets
        assert "old@in.example.com" not in shown
        assert "old+x@in.example.com" not in shown


def test_a_device_that_says_it_is_the_relay_puts_the_address_into_no_notice() -> None:
    world = MemoryWorld()
    raw = mail("old@in.example.com", sender="Old@in.example.com")
    report = world.relay(raw, SETTINGS, key=KEY)
    (notice,) = world.notices.published
    assert "[address removed]" == notice.sender
    for text in (notice.text, notice.subject, str(notice.sender), str(report.sender)):
        assert "old@in" not in text.lower()


def test_the_record_of_a_refused_mail_conceals_it_as_that_of_a_relayed_one_does() -> None:
    world = MemoryWorld()
    settings = replace(SETTINGS, allowed_senders=("plant.example",))
    report = world.relay(
        mail("old@in.example.com", sender="Old@in.example.com"), settings, key=KEY
    )
    manifest = world.manifests.load(report.message_id)
    assert manifest is not None
    assert (Outcome.REFUSED, "[address removed]") == (report.outcome, manifest.manifest.sender)
    for text in (report.detail, manifest.manifest.detail):
        assert "[address removed] is not in allowedSenders" == text
