from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.clients import Clients
from adapters.sns import (
    CUT_MARK,
    MAX_PAYLOAD,
    MAX_SUBJECT,
    SnsNotices,
    clean_subject,
    clean_text,
    cut_text,
)
from relay_core.errors import Reason, TransientError
from relay_core.ports import Notice
from sandbox.emulator import Emulator
from tests.adapters.contracts import NoticesContract


@dataclass(frozen=True)
class Subscribed:
    """A topic with a queue that hears it."""

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


class TestSnsNotices(NoticesContract):
    @pytest.fixture
    def notices(self, clients: Clients, topic: Subscribed) -> SnsNotices:
        return SnsNotices(client=clients.sns, topic_arn=topic.topic_arn, stack="dev")

    @pytest.fixture
    def published(self, topic: Subscribed) -> Callable[[], list[Notice]]:
        def read() -> list[Notice]:
            return [
                Notice(
                    reason=Reason(message["MessageAttributes"]["reason"]["Value"]),
                    sender=message["MessageAttributes"].get("sender", {}).get("Value"),
                    subject=message["Subject"],
                    text=message["Message"],
                )
                for message in topic.receive()
            ]

        return read

    def test_a_notice_tells_which_stack_speaks(
        self, notices: SnsNotices, topic: Subscribed
    ) -> None:
        notices.publish(Notice(reason=Reason.SPAM, sender=None, subject="s", text="t"))
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
        notice = Notice(
            reason=Reason.SPAM, sender=sender, subject="\x00\ud800\n" * 200, text="€" * 200_000
        )
        notices.publish(notice)
        (message,) = topic.receive()
        assert message["Message"].endswith(CUT_MARK)
        attributes = message["MessageAttributes"]
        payload = len(message["Message"].encode()) + sum(
            len(name) + len(value["Type"]) + len(value["Value"].encode())
            for name, value in attributes.items()
        )
        assert MAX_PAYLOAD - 4 < payload <= MAX_PAYLOAD
        assert ("sender" in attributes) is bool(sender)

    def test_an_empty_text_is_said_to_be_empty(
        self, notices: SnsNotices, topic: Subscribed
    ) -> None:
        notices.publish(Notice(reason=Reason.SPAM, sender=None, subject="", text=""))
        (message,) = topic.receive()
        assert message["Message"] == "(no text)"
        assert message["Subject"] == "Mail relay notice"

    def test_a_missing_topic_is_transient_and_named(
        self, clients: Clients, topic: Subscribed
    ) -> None:
        missing = topic.topic_arn + "-missing"
        notices = SnsNotices(client=clients.sns, topic_arn=missing, stack="dev")
        with pytest.raises(TransientError, match=f"sns:Publish on {missing}"):
            notices.publish(Notice(reason=Reason.SPAM, sender=None, subject="s", text="t"))


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


@given(any_text, st.integers(len(CUT_MARK.encode()), 400))
@example("€" * 100, 100)
def test_cutting_keeps_whole_characters_of_the_beginning_and_marks_the_cut(
    text: str, size: int
) -> None:
    text = clean_text(text)
    cut = cut_text(text, size)
    assert len(cut.encode()) <= size
    if len(text.encode()) <= size:
        assert text == cut
    else:
        kept = cut.removesuffix(CUT_MARK)
        assert cut == kept + CUT_MARK
        assert text.startswith(kept)
        # no character more would have fitted
        following = text[len(kept)]
        assert len((kept + following + CUT_MARK).encode()) > size


@given(any_text)
def test_a_cleaned_text_has_only_characters_of_xml(text: str) -> None:
    cleaned = clean_text(text)
    assert len(text) == len(cleaned)
    assert all(c in "\t\n\r" or ord(c) >= 0x20 for c in cleaned)
    cleaned.encode()  # no lone surrogates
