"""A recipient requests a new link: it goes only to the recipient, once an hour."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default

import pytest

from adapters.aws.download_links import S3LinkIndex
from relay_core.errors import LostAnswer, PermanentError
from relay_core.links.renewal import RENEWAL_INTERVAL
from relay_core.record.manifest import DeliveryRecord
from relay_core.record.manifest_json import parse_manifest
from tests.adapters.download_function.page_visitor import Answered, Visitor
from tests.adapters.stored_message import ANNA, BEN, StoredMessage
from tests.fakes import MemorySubmission

EXPIRY = timedelta(hours=36)
BASE = "https://files.example"


@pytest.fixture
def mails() -> MemorySubmission:
    return MemorySubmission()


@pytest.fixture
def late(visitor: Visitor, message: StoredMessage, mails: MemorySubmission) -> Visitor:
    """A visitor after the links have expired, of a stack that renews them."""
    S3LinkIndex(client=message.s3, bucket=message.bucket).point(message.manifest.message_id, BASE)
    visitor.function = visitor.compose(
        replace(
            visitor.resources,
            link_renewal=True,
            stack="mail-relay-dev",
            sender_address="relay@example.com",
            link_expiry=EXPIRY,
            attachment_retention=timedelta(days=14),
        )
    )
    assert visitor.function.renewals is not None
    renewals = replace(visitor.function.renewals, submission=mails)
    visitor.function = replace(visitor.function, renewals=renewals)
    visitor.now = message.manifest.expires_at
    return visitor


def ask(visitor: Visitor, path: str) -> Answered:
    return visitor.post(path, renew="1")


def record(message: StoredMessage, recipient: str = ANNA) -> DeliveryRecord:
    key = f"manifests/{message.manifest.message_id}.json"
    stored = message.s3.get_object(Bucket=message.bucket, Key=key)["Body"].read()
    return next(one for one in parse_manifest(stored).deliveries if one.recipient == recipient)


def link_in(mails: MemorySubmission, base: str = BASE) -> str:
    """The path of the link in the last mail, the same in its text and its HTML."""
    parsed = message_from_bytes(mails.outbox[-1].raw, policy=default)
    links = {
        re.search(rf"{re.escape(base)}(/[\w-]+)", part.get_content()).group(1)  # type: ignore[union-attr]
        for part in parsed.walk()
        if part.get_content_maintype() == "text"
    }
    (link,) = links
    return link


def test_the_new_link_goes_to_the_recipient_and_opens_and_the_old_one_stays_shut(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    offer = late.get(message.path())
    assert 410 == offer.status
    assert 'name="renew"' in offer.text
    assert "form-action 'self';" in offer.headers["Content-Security-Policy"]
    assert 202 == ask(late, message.path()).status
    (mail,) = mails.outbox
    assert ("relay@example.com", ANNA) == (mail.sender, mail.recipient)
    link = link_in(mails)
    assert 200 == late.get(link).status
    assert 303 == late.post(link, 1).status
    for answer in (late.get(message.path()), late.post(message.path(), 1)):
        assert 410 == answer.status
    assert 410 == late.get(message.path(BEN)).status
    assert (1, late.now, late.now + EXPIRY) == (
        record(message).renewals,
        record(message).renewed_at,
        record(message).renewed_until,
    )
    assert DeliveryRecord(recipient=BEN, state=record(message).state) == record(message, BEN)


def test_the_new_link_has_the_host_that_it_was_requested_at_and_not_one_that_has_ended(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    late.host = "share.example.com"
    ask(late, message.path())
    assert 200 == late.get(link_in(mails, "https://share.example.com")).status


def test_the_new_link_has_the_url_that_the_operator_has_put_in_front(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    late.host = "abc.lambda-url.eu-central-1.on.aws"
    assert late.function.renewals is not None
    renewals = replace(late.function.renewals, download_url="https://front.example")
    late.function = replace(late.function, renewals=renewals)
    ask(late, message.path())
    assert 200 == late.get(link_in(mails, "https://front.example")).status


def test_the_mail_is_the_relays_and_names_the_files(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    ask(late, message.path())
    parsed: Message = message_from_bytes(mails.outbox[0].raw, policy=default)
    assert "New link: Alarm: Tür offen" == parsed["Subject"]
    assert "auto-generated" == parsed["Auto-Submitted"]
    assert "mail-relay-dev" == parsed["X-Mail-Relay"]
    assert ANNA == parsed["To"]
    assert mails.outbox[0].raw.isascii()
    for part in (one for one in parsed.walk() if one.get_content_maintype() == "text"):
        assert "pressure.csv" in part.get_content()  # type: ignore[attr-defined]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_looking_asks_for_nothing(
    late: Visitor, message: StoredMessage, mails: MemorySubmission, method: str
) -> None:
    for query in ("", "renew=1"):
        late.ask(method, message.path(), query=query, body=b"renew=1")
        late.ask(method, f"{message.path()}/look/1", query=query)
    late.post(message.path(), 1)
    late.post(message.path(), renew="")
    assert [] == mails.outbox
    assert 0 == record(message).renewals


def test_a_view_of_an_expired_page_takes_two_calls_of_s3(
    late: Visitor, message: StoredMessage
) -> None:
    late.get(message.path())
    late.calls.take()
    late.get(message.path())
    assert {"s3.GetObject": 2} == Counter(late.calls.take())


def test_it_is_sent_once_an_hour_however_often_it_is_asked_for(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    assert [202, 429, 429] == [ask(late, message.path()).status for _ in range(3)]
    first = link_in(mails)
    late.now += RENEWAL_INTERVAL - timedelta(seconds=1)
    assert 429 == ask(late, message.path()).status
    late.now += timedelta(seconds=1)
    assert 202 == ask(late, message.path()).status
    assert 2 == len(mails.outbox)
    # The link that is still valid is sent again: a request with the old link cannot revoke it.
    assert first == link_in(mails)
    late.now += EXPIRY
    assert 202 == ask(late, first).status
    assert first != link_in(mails)
    assert 410 == late.get(first).status
    assert 200 == late.get(link_in(mails)).status


def test_what_the_mail_service_refuses_may_be_asked_for_again_at_once(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    refused = PermanentError(call="ses:SendEmail", target=ANNA, detail="by test")
    mails.faults.order("submit", refused)
    answer = ask(late, message.path())
    assert (503, "The new link could not be sent") == (answer.status, answer.title)
    assert int(answer.headers["Retry-After"]) > 0
    # The page offers the same button again.
    assert 'name="renew"' in answer.text
    assert "form-action 'self';" in answer.headers["Content-Security-Policy"]
    assert 202 == ask(late, message.path()).status
    assert 200 == late.get(link_in(mails)).status


def test_a_link_that_cannot_be_made_may_be_asked_for_again_at_once(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    function = late.function
    assert function.renewals is not None
    keys = replace(function.renewals.keys, parameter_name="/no/such/parameter")
    late.function = replace(function, renewals=replace(function.renewals, keys=keys))
    assert 503 == ask(late, message.path()).status
    late.function = function
    assert 202 == ask(late, message.path()).status
    assert 1 == len(mails.outbox)


def test_what_the_mail_service_may_have_taken_is_not_sent_twice(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    lost = LostAnswer(call="ses:SendEmail", target=ANNA, detail="by test")
    mails.faults.order("submit", lost, after_effect=True)
    assert 503 == ask(late, message.path()).status
    assert 429 == ask(late, message.path()).status
    assert 1 == len(mails.outbox)


def test_who_changes_the_manifest_meanwhile_loses_nothing(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    renewals = late.function.renewals
    assert renewals is not None
    manifests = renewals.manifests

    class Interrupted(type(manifests)):  # type: ignore[misc]
        def load(self, message_id):  # type: ignore[no-untyped-def] # noqa: ANN001, ANN202
            found = super().load(message_id)
            if not mails.outbox and found.manifest.deliveries[1].revoked_at is None:
                message.revoke(BEN, late.now)
            return found

    interrupted = Interrupted(client=message.s3, bucket=message.bucket)
    late.function = replace(late.function, renewals=replace(renewals, manifests=interrupted))
    assert 202 == ask(late, message.path()).status
    assert 1 == record(message).renewals
    assert late.now == record(message, BEN).revoked_at


def test_what_an_operator_took_back_is_never_renewed(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    ask(late, message.path())
    link = link_in(mails)
    message.write(parse_manifest(_document(message)))
    message.revoke(ANNA)
    for path in (message.path(), link):
        for answer in (late.get(path), ask(late, path)):
            assert (410, "This link has been withdrawn") == (answer.status, answer.title)
    assert 1 == len(mails.outbox)


def _document(message: StoredMessage) -> bytes:
    key = f"manifests/{message.manifest.message_id}.json"
    content: bytes = message.s3.get_object(Bucket=message.bucket, Key=key)["Body"].read()
    return content


def test_nothing_is_offered_once_the_files_are_gone_or_where_it_is_off(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    late.now = message.manifest.created_at + timedelta(days=14)
    off = replace(late.function, renewals=None)
    for function in (late.function, off):
        late.function = function
        for answer in (late.get(message.path()), ask(late, message.path())):
            assert 410 == answer.status
            assert "renew" not in answer.text
        late.now = message.manifest.expires_at
    assert [] == mails.outbox


def test_a_link_that_was_made_before_says_what_it_said(
    late: Visitor, message: StoredMessage
) -> None:
    """Pointers of earlier releases do not hold the URL of the page."""
    S3LinkIndex(client=message.s3, bucket=message.bucket).point(message.manifest.message_id)
    answer = late.get(message.path())
    assert 410 == answer.status
    assert "renew" not in answer.text


def test_no_answer_says_whom_the_link_goes_to(
    late: Visitor, message: StoredMessage, mails: MemorySubmission
) -> None:
    refused = PermanentError(call="ses:SendEmail", target=ANNA, detail="by test")
    mails.faults.order("submit", refused)
    answers = [late.get(message.path()), *(ask(late, message.path()) for _ in range(3))]
    assert [410, 503, 202, 429] == [answer.status for answer in answers]
    for answer in answers:
        assert ANNA not in answer.text
        assert "example" not in answer.text
