from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.aws.clients import Clients
from adapters.aws.sns import (
    CUT_MARK,
    MAX_PAYLOAD,
    MAX_SUBJECT,
    SnsNotices,
    clean_subject,
    clean_text,
    format_message,
)
from relay_core.errors import Reason, Refusal, TransientError
from relay_core.keys import MessageId, RawKey
from relay_core.ports import Notice
from sandbox.emulator.running import Emulator
from tests.adapters.contracts import NoticesContract


@dataclass(frozen=True)
class Subscribed:
    """A topic, and a queue that is subscribed to it."""

    emulator: Emulator
    topic_arn: str
    queue_url: str

    def receive(self) -> list[dict[str, Any]]:
        answer = self.emulator.client("sqs").receive_message(
            QueueUrl=self.queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", [])]


@pytest.fixture
def topic(emulator: Emulator) -> Subscribed:
    name = f"topic-{uuid.uuid4()}"
    sns, sqs = emulator.client("sns"), emulator.client("sqs")
    topic_arn = sns.create_topic(Name=name)["TopicArn"]
    queue_url = sqs.create_queue(QueueName=name)["QueueUrl"]
    answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    queue_arn = answer["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(
        QueueUrl=queue_url,
        Attributes={
            "Policy": json.dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": {
                        "Effect": "Allow",
                        "Principal": {"Service": "sns.amazonaws.com"},
                        "Action": "sqs:SendMessage",
                        "Resource": queue_arn,
                    },
                }
            )
        },
    )
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn)
    return Subscribed(emulator, topic_arn, queue_url)


def read_notice(message: dict[str, Any]) -> Notice:
    """A notice as a machine reads it from SNS's envelope."""
    document = json.loads(message["Message"])
    attributes = {name: one["Value"] for name, one in message["MessageAttributes"].items()}
    assert attributes.get("sender") == document["sender"]
    assert (attributes["reason"], attributes["stack"]) == (document["reason"], document["stack"])
    return Notice(
        reason=Reason(document["reason"]),
        sender=document["sender"],
        subject=message["Subject"],
        text=document["text"],
        message_id=MessageId(document["message_id"]),
        raw_key=RawKey(document["raw_key"]),
        mail_subject=document["subject"],
        refusals=tuple(
            Refusal(reason=Reason(one["reason"]), detail=one["detail"])
            for one in document["reasons"]
        ),
        more_refusals=document["more"],
        relayed_to=document["recipients_relayed"],
    )


def notice_of(
    *,
    sender: str | None = None,
    subject: str = "s",
    text: str = "t",
    mail_subject: str = "Alarm",
    refusals: tuple[Refusal, ...] = (),
) -> Notice:
    return Notice(
        reason=Reason.SPAM,
        sender=sender,
        subject=subject,
        text=text,
        message_id=MessageId("m1"),
        raw_key=RawKey("incoming/m1"),
        mail_subject=mail_subject,
        refusals=refusals,
    )


class TestSnsNotices(NoticesContract):
    @pytest.fixture
    def notices(self, clients: Clients, topic: Subscribed) -> SnsNotices:
        return SnsNotices(client=clients.sns, topic_arn=topic.topic_arn, stack="dev")

    @pytest.fixture
    def published(self, topic: Subscribed) -> Callable[[], list[Notice]]:
        def read() -> list[Notice]:
            return [read_notice(message) for message in topic.receive()]

        return read

    def test_a_notice_names_its_stack(self, notices: SnsNotices, topic: Subscribed) -> None:
        notices.publish(notice_of())
        (message,) = topic.receive()
        expected = {
            "reason": {"Type": "String", "Value": "spam"},
            "stack": {"Type": "String", "Value": "dev"},
        }
        assert expected == message["MessageAttributes"]

    @pytest.mark.parametrize("sender", ["", "ä" * 5000, "a\x00@b"])
    def test_a_notice_about_anything_is_taken(
        self, notices: SnsNotices, topic: Subscribed, sender: str
    ) -> None:
        weird = "\x00\ud800\n" * 200
        notice = notice_of(
            sender=sender,
            subject=weird,
            text="€" * 200_000,
            mail_subject=weird,
            refusals=(Refusal(reason=Reason.SPAM, detail=weird),) * 1000,
        )
        notices.publish(notice)
        (message,) = topic.receive()
        assert json.loads(message["Message"])["text"].endswith(CUT_MARK)
        assert ("sender" in message["MessageAttributes"]) is bool(sender)

    def test_an_empty_text_is_said_to_be_empty(
        self, notices: SnsNotices, topic: Subscribed
    ) -> None:
        notices.publish(notice_of(subject="", text=""))
        (message,) = topic.receive()
        assert json.loads(message["Message"])["text"] == "(no text)"
        assert message["Subject"] == "Mail relay notice"

    def test_a_missing_topic_is_transient_and_named(
        self, clients: Clients, topic: Subscribed
    ) -> None:
        missing = topic.topic_arn + "-missing"
        notices = SnsNotices(client=clients.sns, topic_arn=missing, stack="dev")
        with pytest.raises(TransientError, match=f"sns:Publish on {missing}"):
            notices.publish(notice_of())


any_text = st.text(st.characters(exclude_categories=()), max_size=300)


@given(any_text)
@example("\u00b4 0\r\u00af0")
@example("\ud800")
@example(" " * 200)
@example("x" * 100)
def test_a_subject_is_what_sns_takes(text: str) -> None:
    subject = clean_subject(text)
    assert 1 <= len(subject) <= MAX_SUBJECT
    assert all(" " <= c <= "~" for c in subject)
    assert subject.strip() == subject


@given(any_text)
@example("0\r\u00af0")
def test_cleaning_a_subject_twice_changes_nothing(text: str) -> None:
    assert clean_subject(text) == clean_subject(clean_subject(text))


@pytest.mark.parametrize(
    ("text", "subject"),
    [
        ("Mail not relayed: spam", "Mail not relayed: spam"),
        ("Störung\r\n an Tür 3", "Storung an Tur 3"),
        ("温度", "??"),
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 96 + "..."),
        ("\r\n", "Mail relay notice"),
    ],
)
def test_subjects(text: str, subject: str) -> None:
    assert subject == clean_subject(text)


REFUSALS = st.builds(Refusal, reason=st.sampled_from(Reason), detail=any_text)
LONG_TEXTS = st.builds(str.__mul__, any_text, st.sampled_from([1, 100, 2000]))
NOTICES = st.builds(
    Notice,
    reason=st.sampled_from(Reason),
    sender=st.none() | LONG_TEXTS,
    subject=any_text,
    text=LONG_TEXTS,
    message_id=LONG_TEXTS.map(MessageId),
    raw_key=LONG_TEXTS.map(RawKey),
    mail_subject=LONG_TEXTS,
    refusals=st.builds(
        tuple.__mul__, st.lists(REFUSALS, max_size=3).map(tuple), st.sampled_from([1, 50, 2000])
    ),
    more_refusals=st.integers(0, 10**6),
    relayed_to=st.integers(0, 1000),
)
SIZES = st.integers(65_536, MAX_PAYLOAD)


@given(NOTICES, any_text, SIZES)
@settings(deadline=None)
@example(notice_of(text='"\\\n' * 200_000), "dev", MAX_PAYLOAD)
@example(notice_of(text="\U0001f525" * 200_000), "dev", 65_536)
def test_a_message_fits_and_stays_json_in_each_protocol(
    notice: Notice, stack: str, size: int
) -> None:
    message = format_message(notice, stack, size)
    assert len(message.encode()) <= size
    by_protocol = json.loads(message)
    assert {"default", "email", "sms"} == by_protocol.keys()
    assert 1 <= len(by_protocol["sms"]) <= MAX_SUBJECT
    document = json.loads(by_protocol["default"])
    text = document["text"]
    assert text == by_protocol["email"]
    whole = clean_text(notice.text) or "(no text)"
    assert text == whole or (text.endswith(CUT_MARK) and whole.startswith(text[: -len(CUT_MARK)]))
    reasons = document["reasons"]
    assert len(notice.refusals) + notice.more_refusals == len(reasons) + document["more"]
    assert [one.reason for one in notice.refusals[: len(reasons)]] == [
        one["reason"] for one in reasons
    ]


@given(NOTICES, st.integers(1, 5))
@settings(deadline=None)
def test_what_fits_is_not_cut(notice: Notice, copies: int) -> None:
    small = replace(
        notice,
        sender=notice.sender and notice.sender[:50],
        text=notice.text[:300],
        message_id=MessageId(notice.message_id[:50]),
        raw_key=RawKey(notice.raw_key[:50]),
        mail_subject=notice.mail_subject[:100],
        refusals=notice.refusals[:copies],
    )
    document = json.loads(json.loads(format_message(small, "dev", 65_536))["default"])
    assert (clean_text(small.text) or "(no text)") == document["text"]
    assert small.more_refusals == document["more"]
    assert clean_text(small.mail_subject) == document["subject"]
    assert [clean_text(one.detail) for one in small.refusals] == [
        one["detail"] for one in document["reasons"]
    ]


def test_a_cut_text_is_as_long_as_it_can_be() -> None:
    message = format_message(notice_of(text="€" * 200_000), "dev", MAX_PAYLOAD)
    assert MAX_PAYLOAD - 6 <= len(message.encode()) <= MAX_PAYLOAD


@given(any_text)
def test_a_cleaned_text_has_only_characters_of_xml(text: str) -> None:
    cleaned = clean_text(text)
    assert len(text) == len(cleaned)
    assert all(c in "\t\n\r" or ord(c) >= 0x20 for c in cleaned)
    cleaned.encode()  # no lone surrogates
