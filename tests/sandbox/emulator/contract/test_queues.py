from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator
from tests.sandbox.emulator.contract.resources import (
    allow,
    as_role,
    error_code,
    make_queue,
    make_role,
    messages,
    policy,
    unique,
)


class TestQueues:
    def test_a_message_received_too_often_moves_to_the_dead_letter_queue(
        self, emulator: Emulator
    ) -> None:
        sqs = emulator.client("sqs")
        dead_url, dead_arn = make_queue(emulator)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
        url, _ = make_queue(emulator, RedrivePolicy=redrive, VisibilityTimeout="0")
        sqs.send_message(QueueUrl=url, MessageBody="poison")
        for count in ("1", "2"):
            (message,) = sqs.receive_message(
                QueueUrl=url, WaitTimeSeconds=1, MessageSystemAttributeNames=["All"]
            )["Messages"]
            assert message["Attributes"]["ApproximateReceiveCount"] == count
        assert "Messages" not in sqs.receive_message(QueueUrl=url)
        assert [m["Body"] for m in messages(emulator, dead_url)] == ["poison"]

    def test_a_topic_publishes_to_a_queue_with_attributes(self, emulator: Emulator) -> None:
        sns = emulator.client("sns")
        url, queue_arn = make_queue(emulator)
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        from_topic = allow(
            "sqs:SendMessage",
            queue_arn,
            Principal={"Service": "sns.amazonaws.com"},
            Condition={"ArnEquals": {"aws:SourceArn": topic}},
        )
        emulator.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": policy(from_topic)}
        )
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        sns.publish(
            TopicArn=topic,
            Subject="s",
            Message="m",
            MessageAttributes={"reason": {"DataType": "String", "StringValue": "spam"}},
        )
        (message,) = messages(emulator, url)
        notice = json.loads(message["Body"])
        assert (notice["TopicArn"], notice["Subject"], notice["Message"]) == (topic, "s", "m")
        assert notice["MessageAttributes"] == {"reason": {"Type": "String", "Value": "spam"}}
        by_protocol = {"default": "for machines", "email": "for people"}
        sns.publish(TopicArn=topic, Message=json.dumps(by_protocol), MessageStructure="json")
        (message,) = messages(emulator, url)
        assert json.loads(message["Body"])["Message"] == "for machines"

    def test_looking_into_a_queue_changes_nothing(self, emulator: Emulator) -> None:
        """An interface of the emulator, not of AWS, which only the console uses."""
        sqs = emulator.client("sqs")
        url, other = make_queue(emulator)[0], make_queue(emulator)[0]
        sqs.send_message(QueueUrl=url, MessageBody="one")
        sqs.send_message(QueueUrl=other, MessageBody="another queue's")
        for _ in range(2):
            [found] = emulator.messages(url)
            assert (found["Body"], found["ReceiveCount"]) == ("one", 0)
            assert found["IsVisible"]
        [received] = sqs.receive_message(
            QueueUrl=url, MessageSystemAttributeNames=["ApproximateReceiveCount"]
        )["Messages"]
        assert received["Attributes"]["ApproximateReceiveCount"] == "1"
        [found] = emulator.messages(url)
        assert (found["MessageId"], found["ReceiveCount"]) == (received["MessageId"], 1)
        assert not found["IsVisible"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=received["ReceiptHandle"])
        assert emulator.messages(url) == []


class TestParameters:
    def test_a_role_reads_the_one_that_it_may_and_no_other(self, emulator: Emulator) -> None:
        ssm, names = emulator.client("ssm"), [f"/relay/{unique('p')}" for _ in range(2)]
        for name in names:
            ssm.put_parameter(Name=name, Type="String", Value="v", Tier="Intelligent-Tiering")
        arn = f"arn:aws:ssm:{emulator.region}:{emulator.account_id}:parameter{names[0]}"
        role = make_role(emulator, allow("ssm:GetParameter", arn))
        reader = as_role(emulator, role, "ssm")
        assert reader.get_parameter(Name=names[0])["Parameter"]["Value"] == "v"
        with pytest.raises(ClientError) as caught:
            reader.get_parameter(Name=names[1])
        assert error_code(caught) == "AccessDeniedException"
        ssm.put_parameter(Name=names[0], Value="w", Overwrite=True)
        assert reader.get_parameter(Name=names[0])["Parameter"]["Value"] == "w"

    def test_an_absent_one_is_reported(self, emulator: Emulator) -> None:
        with pytest.raises(ClientError) as caught:
            emulator.client("ssm").get_parameter(Name=f"/relay/{unique('p')}")
        assert error_code(caught) == "ParameterNotFound"
