"""The permitted senders and recipients, in the deployed program with real SMTP."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sandbox.ses_verdicts import EICAR, GTUBE
from tests.sandbox.device_mails import await_subject, device, mail, send, subjects
from tests.sandbox.running import (
    MARKER,
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually

GROUPS = {"oncall": ["oncall@example.com", "@backup"], "backup": ["backup@example.net"]}
DEFAULTS = {"mute@mail.example.com": ["@backup", "mute-default@example.com"]}
CONFIG = [
    f"recipientGroups={json.dumps(GROUPS)}",
    f"defaultRecipients={json.dumps(DEFAULTS)}",
    "directoryRefreshSeconds=0",
    "senderMessageLimit=2",
    "senderWindowSeconds=86400",
    "allowedSenders=mail.example.com,forged.invalid",
    "maxEntities=50",
    "maxRecipients=5",
]


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    """A sandbox with groups, default recipients and limits; a device of its own for each mail."""
    with running_sandbox(tmp_path_factory.mktemp("strict"), CONFIG) as sandbox:
        yield sandbox


# --- groups and default recipients --------------------------------------------------------------


@pytest.fixture
def directory(strict: RunningSandbox) -> Iterator[Any]:
    """Puts a document into the parameter, and restores it afterwards."""
    name, ssm = strict.ready["stack"]["directoryParameter"], strict.client("ssm")
    before = ssm.get_parameter(Name=name)["Parameter"]["Value"]

    def put(document: str) -> None:
        ssm.put_parameter(Name=name, Value=document, Overwrite=True)

    yield put
    put(before)


def test_a_group_stands_for_its_members_and_those_of_its_groups(strict: RunningSandbox) -> None:
    subject = send(strict, recipient_code("@ONCALL"))
    for recipient in ("oncall@example.com", "backup@example.net"):
        await_subject(strict, recipient, subject)


def test_an_edit_of_the_directory_counts_without_a_deployment(
    strict: RunningSandbox, directory: Any
) -> None:
    added, fresh = unique_address(), unique_address("example.org")
    directory(json.dumps({"groups": {"oncall": [added], "fresh": [fresh]}}))
    subject = send(strict, recipient_code("@oncall", "@fresh"))
    await_subject(strict, added, subject)
    await_subject(strict, fresh, subject)
    assert subject not in subjects(strict, "oncall@example.com")


def test_a_directory_that_cannot_be_read_refuses_no_mail(
    strict: RunningSandbox, directory: Any
) -> None:
    recipient = unique_address()
    directory('{"groups": {"oncall": "a comma too many",}}')
    subject = send(strict, recipient_code("@fresh"))
    # Relayed or refused by the last readable directory, or kept on the queue until this change:
    directory(json.dumps({"groups": {"fresh": [recipient], "oncall": [recipient]}}))
    other = send(strict, recipient_code("@oncall"))
    await_subject(strict, recipient, other)
    # After two failed tries it has waited 30 and 60 s: see `retryDelaySeconds`.
    eventually(
        lambda: subject in subjects(strict, recipient) or notices_of(strict, subject), within=180
    )


def notices_of(relay: RunningSandbox, subject: str) -> list[dict[str, Any]]:
    return [one for one in relay.notices() if subject in one["message"]]


@pytest.mark.parametrize(
    ("groups", "detail"),
    [
        ({}, "there is no group @oncall"),
        ({"oncall": ["@ghost"]}, "there is no group @ghost that the group @oncall names"),
        (
            {"oncall": ["@backup"], "backup": ["@oncall"]},
            "the groups @oncall → @backup → @oncall contain each other",
        ),
    ],
)
def test_what_is_wrong_in_the_directory_is_reported_by_name(
    strict: RunningSandbox, directory: Any, groups: dict[str, list[str]], detail: str
) -> None:
    directory(json.dumps({"groups": groups}))
    subject = send(strict, recipient_code("@oncall"))
    notice = strict.await_notice(subject)
    assert notice["attributes"]["reason"] == "unknown-group"
    assert detail in notice["message"]


def test_a_device_that_cannot_name_recipients_has_default_recipients(
    strict: RunningSandbox,
) -> None:
    subject = send(strict, "Too hot.", sender="mute@mail.example.com")
    for recipient in ("backup@example.net", "mute-default@example.com"):
        await_subject(strict, recipient, subject)
    assert not notices_of(strict, subject)


# --- authentication -----------------------------------------------------------------------------

UNRELATED = {"spf": "pass", "dkim": [["pass", "evil.example"]], "dmarc": "none"}


def forge(relay: RunningSandbox, sender: str, body: str) -> str:
    """Send a stranger's mail that claims to be from `sender`; return its subject."""
    subject, greeting = f"subject {secrets.token_hex(6)}", f"{secrets.token_hex(4)}.evil.example"
    relay.send_from_outside(
        mail(sender, subject, body),
        mail_from="x@evil.example",
        greeting=greeting,
        results=UNRELATED,
    )
    return subject


def test_a_stranger_gets_nothing_of_what_a_device_gets(strict: RunningSandbox) -> None:
    sender, recipient = device(), unique_address()
    # The stranger is neither an allowed sender nor one with default recipients …
    forged = [forge(strict, sender, recipient_code(recipient)) for _ in range(3)]
    forged.append(forge(strict, "mute@mail.example.com", "Too hot."))
    for subject in forged:
        notice = strict.await_notice(subject)
        assert notice["attributes"]["reason"] == "authentication-failed"
        assert subject not in subjects(strict, "backup@example.net")
    # … and does not use up the device's limit, which is two.
    for _ in range(2):
        await_subject(strict, recipient, send(strict, recipient_code(recipient), sender=sender))
    assert set(forged).isdisjoint(subjects(strict, recipient))


# --- no open relay ------------------------------------------------------------------------------


def test_only_the_code_names_recipients_and_only_allowed_ones(strict: RunningSandbox) -> None:
    stranger, recipient = unique_address("elsewhere.test"), unique_address()
    header = "".join(
        f"{name}: {stranger}\r\n"
        for name in ("To", "Cc", "Bcc", "Resent-To", "X-Original-To", "Errors-To", "Reply-To")
    )
    sender = device()
    subject = f"subject {secrets.token_hex(6)}"
    raw = f"{header}From: {sender}\r\nSubject: {subject}\r\n\r\n"
    strict.send(f"{raw}{recipient_code(stranger, recipient)}\r\n".encode(), mail_from=sender)
    await_subject(strict, recipient, subject)
    [delivered] = strict.mails(recipient)
    assert stranger.encode() not in delivered
    assert strict.await_notice(stranger)["attributes"]["reason"] == "recipient-not-allowed"
    assert not (Path(strict.ready["outbox"]) / stranger).exists()


# --- refusals -----------------------------------------------------------------------------------

REFUSED = {
    "no-recipient-code": "no code",
    "malformed-recipient-code": recipient_code("nobody"),
    "unknown-group": recipient_code("@ghosts"),
    "recipient-not-allowed": recipient_code("eve@elsewhere.test"),
    "too-many-recipients": recipient_code(*(f"r{n}@example.com" for n in range(6))),
    "spam": f"{recipient_code('a@example.com')}\r\n{GTUBE.decode()}",
    "virus": f"{recipient_code('a@example.com')}\r\n{EICAR.decode()}",
    "mail-loop": f":{MARKER}:{{inbound}}:{MARKER}:",
}


@pytest.mark.parametrize("reason", [*REFUSED, "sender-not-allowed", "authentication-failed"])
def test_a_refusal_is_reported_and_the_raw_message_kept(
    strict: RunningSandbox, reason: str
) -> None:
    sender = {
        "sender-not-allowed": "camera@other.test",
        "authentication-failed": "boss@forged.invalid",
    }.get(reason, device())
    body = REFUSED.get(reason, recipient_code("a@example.com"))
    subject = send(strict, body.replace("{inbound}", strict.smtp["rcpt_to"]), sender=sender)
    check_refusal(strict, subject, sender, reason)


def check_refusal(relay: RunningSandbox, subject: str, sender: str, reason: str) -> None:
    notice = relay.await_notice(subject)
    assert notice["topic"] == "fallback"
    assert {"reason": reason, "stack": "sandbox", "sender": sender} == notice["attributes"]
    document = notice["document"]
    expected = {
        "reason": reason,
        "stack": "sandbox",
        "sender": sender,
        "subject": subject,
        "recipients_relayed": 0,
        "more": 0,
    }
    assert expected == {name: document[name] for name in expected}
    assert reason in {one["reason"] for one in document["reasons"]}
    for words in (reason, sender, subject, document["raw_key"], document["message_id"]):
        assert words in notice["message"]
    stored = relay.client("s3").get_object(
        Bucket=relay.ready["stack"]["incomingBucket"], Key=document["raw_key"]
    )
    assert subject.encode() in stored["Body"].read()


def test_a_mail_beyond_the_limits_is_reported_and_kept(strict: RunningSandbox) -> None:
    sender, subject = device(), f"subject {secrets.token_hex(6)}"
    header = f"From: {sender}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\n"
    parts = "--b\r\n\r\nx\r\n" * 60
    raw = f'{header}Content-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}--b--\r\n'
    strict.send(raw.encode(), mail_from=sender)
    key = eventually(lambda: key_of(strict, subject), within=60)
    notice = strict.await_notice(str(key))
    assert notice["attributes"]["reason"] == "limit-exceeded"


def key_of(relay: RunningSandbox, subject: str) -> str | None:
    """The key of the raw message with this subject."""
    bucket, s3 = relay.ready["stack"]["incomingBucket"], relay.client("s3")
    for key in relay.raw_keys():
        if subject.encode() in s3.get_object(Bucket=bucket, Key=key)["Body"].read():
            return key
    return None


# --- flood --------------------------------------------------------------------------------------


def test_a_flood_is_held_and_reported_once_and_nothing_of_it_is_lost(
    strict: RunningSandbox,
) -> None:
    sender = device()
    recipients = [unique_address() for _ in range(6)]
    subjects_sent = {
        send(strict, recipient_code(recipient), sender=sender) for recipient in recipients
    }
    states = eventually(lambda: manifests_of(strict, sender, 6), within=60)
    assert Counter(relaying=2, held=4) == Counter(one["state"] for one in states)
    assert subjects_sent == {one["subject"] for one in states}
    # The raw message of each held mail exists, so that the operator can have it delivered.
    assert {one["raw_key"] for one in states} <= strict.raw_keys()
    eventually(lambda: sum(len(strict.mails(one)) for one in recipients) == 2, within=60)
    notices = [one for one in strict.notices() if one["attributes"].get("sender") == sender]
    assert ["limit-exceeded"] == [one["attributes"]["reason"] for one in notices]
    assert "over 2 mails in 86400 seconds" in notices[0]["message"]
    assert notices[0]["document"]["raw_key"] in {
        one["raw_key"] for one in states if one["state"] == "held"
    }


def manifests_of(relay: RunningSandbox, sender: str, number: int) -> list[dict[str, Any]]:
    """The manifests of a sender's mails if there are `number` of them; else none."""
    bucket, s3 = relay.ready["stack"]["attachmentsBucket"], relay.client("s3")
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="manifests/").get("Contents", [])
    documents = [
        json.loads(s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()) for item in listed
    ]
    found = [one for one in documents if one["sender"] == sender]
    return found if len(found) == number else []


# --- no answer ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "mail_from"),
    [
        ("Auto-Submitted: auto-replied", None),
        ("X-Mail-Relay: sandbox", None),
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=b", None),
    ],
    ids=["automatic reply", "loop", "delivery report"],
)
def test_what_could_start_a_loop_is_neither_relayed_nor_reported(
    strict: RunningSandbox, field: str, mail_from: str | None
) -> None:
    sender, recipient = device(), unique_address()
    subject = f"subject {secrets.token_hex(6)}"
    head = f"{field}\r\nFrom: {sender}\r\nSubject: {subject}\r\n"
    raw = f"{head}\r\n{recipient_code(recipient)}\r\n".encode()
    strict.send(raw, mail_from=sender if mail_from is None else mail_from)
    key = eventually(lambda: key_of(strict, subject), within=60)
    logs, group = strict.client("logs"), strict.ready["stack"]["logGroup"]

    def ending() -> str | None:
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
        events = (one["message"] for page in pages for one in page["events"])
        lines = [message for message in events if str(key) in message]
        return next((line for line in lines if '"outcome":"ignored"' in line), None)

    assert eventually(ending, within=60)
    assert strict.mails(recipient) == []
    assert not notices_of(strict, subject)
