"""The events of SES after which an address gets no more mail."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.aws.sending_events import suppressed_by
from adapters.aws.sqs import Bounced, NoMail, Notification, UnreadableRecord, parse_record
from adapters.aws.sqs_record import SQSRecord
from relay_core.limits.suppression import Cause, Suppressed

AT = datetime(2017, 8, 5, 0, 41, 2, 669_000, tzinfo=UTC)


def bounce(kind: str = "Permanent", address: str = "recipient@example.com") -> dict[str, Any]:
    """As the SES Developer Guide shows it ("Examples of event data", Bounce record)."""
    return {
        "eventType": "Bounce",
        "bounce": {
            "bounceType": kind,
            "bounceSubType": "General",
            "bouncedRecipients": [
                {
                    "emailAddress": address,
                    "action": "failed",
                    "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1\r\n user unknown\x1b[31m",
                }
            ],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "feedbackId": "01000157c44f053b-000000",
            "reportingMTA": "dsn; mta.example.com",
        },
        "mail": {"messageId": "EXAMPLE7c191be45"},
    }


def complaint(kind: str | None) -> dict[str, Any]:
    """As there, Complaint record."""
    return {
        "eventType": "Complaint",
        "complaint": {
            "complainedRecipients": [{"emailAddress": "recipient@example.com"}],
            "timestamp": "2017-08-05T00:41:02.669Z",
            "feedbackId": "01000157c44f053b-000000",
            **({} if kind is None else {"complaintFeedbackType": kind}),
        },
        "mail": {"messageId": "EXAMPLE7c191be45"},
    }


def parsed(body: object) -> tuple[Notification, ...]:
    record = SQSRecord({"messageId": "m", "body": json.dumps(body)})
    return parse_record(record, incoming_bucket="incoming")


def test_a_bounce_for_good_suppresses_its_recipient() -> None:
    (found,) = suppressed_by(bounce())
    assert (
        Suppressed(
            address="recipient@example.com",
            cause=Cause.BOUNCE,
            at=AT,
            detail="smtp; 550 5.1.1 user unknown[31m",
        )
        == found
    )


@pytest.mark.parametrize("address", ["Anna <anna@example.com>", '"a, b" <anna@example.com>'])
def test_an_address_may_come_with_a_name(address: str) -> None:
    (found,) = suppressed_by(bounce(address=address))
    assert "anna@example.com" == found.address


@pytest.mark.parametrize("kind", ["Transient", "Undetermined"])
def test_a_transient_bounce_suppresses_no_recipient(kind: str) -> None:
    assert () == suppressed_by(bounce(kind))
    assert isinstance(parsed(bounce(kind))[0], NoMail)


@pytest.mark.parametrize("kind", ["abuse", "fraud", None])
def test_a_complaint_suppresses_its_recipient(kind: str | None) -> None:
    (found,) = suppressed_by(complaint(kind))
    assert ("recipient@example.com", Cause.COMPLAINT) == (found.address, found.cause)


def test_who_takes_a_complaint_back_is_not_suppressed() -> None:
    assert () == suppressed_by(complaint("not-spam"))


@pytest.mark.parametrize("kind", ["Delivery", "DeliveryDelay", "Reject", "Send"])
def test_other_events_are_ignored_by_name(kind: str) -> None:
    (found,) = parsed({"eventType": kind, "mail": {}})
    assert isinstance(found, NoMail)
    assert kind in found.reason


def test_an_event_comes_through_the_queue() -> None:
    (found,) = parsed(bounce())
    assert isinstance(found, Bounced)
    assert ("recipient@example.com",) == tuple(one.address for one in found.addresses)


@pytest.mark.parametrize(
    ("tags", "name"),
    [({"ses:configuration-set": ["sending"]}, "sending"), ({}, None)],
)
def test_the_set_that_the_mail_went_with_is_reported(
    tags: dict[str, Any], name: str | None
) -> None:
    (found,) = parsed({**bounce(), "mail": {"tags": tags}})
    assert isinstance(found, Bounced)
    assert name == found.configuration_set


@pytest.mark.parametrize(
    "body",
    [
        {"eventType": "Bounce"},
        {"eventType": "Bounce", "bounce": {"bounceType": "Permanent"}},
        bounce(address="nobody"),
    ],
)
def test_what_is_not_as_ses_writes_it_ends_in_the_dead_letter_queue(body: object) -> None:
    with pytest.raises(UnreadableRecord):
        parsed(body)
