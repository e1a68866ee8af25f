"""The SES endpoint, called with boto3 as a function calls it, under roles on a real emulator."""

from __future__ import annotations

import contextlib
import http.client
import json
import urllib.request
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator
from sandbox.events import Event, MailSubmitted, SubmissionRefused
from sandbox.services.notices import NoticeRecorder, subscribe
from sandbox.ses.endpoint import SesEndpoint, SesService
from sandbox.ses.events import SendingEvents
from sandbox.ses.faults import Faults
from sandbox.ses.outbox import Outbox
from sandbox.ses.sending import Sending
from tests.sandbox.ses.endpoint_client import IDENTITY_ARN, REGION, SENDER, Ses, send_statement
from tests.waiting import eventually

RAW = b"From: Device <relay@mail.example.com>\r\nSubject: Hello\r\n\r\nHello\r\n"


@pytest.fixture(scope="module")
def ses(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ses]:
    data, events = tmp_path_factory.mktemp("ses"), list[Event]()
    endpoint = SesEndpoint()
    outbox, faults = Outbox(data / "outbox"), data / "faults.json"
    outbox.directory.mkdir()
    with Emulator.start(data, worker_environment={}, region=REGION) as emulator:
        emulator.client("sesv2").create_email_identity(EmailIdentity="mail.example.com")
        emulator.client("sesv2").create_configuration_set(ConfigurationSetName="watched")
        ses_faults_file = Faults(faults)
        endpoint.serve(
            SesService(
                emulator_endpoint=emulator.endpoint,
                root_access_key_id=emulator.access_key_id,
                sending=Sending(
                    sesv2=emulator.client("sesv2"),
                    iam=emulator.client("iam"),
                    region=REGION,
                    account_id=emulator.account_id,
                    faults=ses_faults_file,
                    events=SendingEvents(
                        sesv2=emulator.client("sesv2"),
                        sns=emulator.client("sns"),
                        cloudwatch=emulator.client("cloudwatch"),
                        faults=ses_faults_file,
                    ),
                    outbox=outbox,
                    listener=events.append,
                ),
                listener=events.append,
            )
        )
        yield Ses(emulator, endpoint.url, outbox, faults, events)
    endpoint.close()


def send(client: Any, recipient: str = "a@example.org", raw: bytes = RAW, **more: Any) -> str:
    message_id: str = client.send_email(
        **{
            "FromEmailAddress": SENDER,
            "Destination": {"ToAddresses": [recipient]},
            "Content": {"Raw": {"Data": raw}},
            **more,
        }
    )["MessageId"]
    return message_id


def refusal(client: Any, **arguments: Any) -> tuple[str, int, str]:
    """Code, HTTP status and message of a submission that is refused."""
    with pytest.raises(ClientError) as caught:
        send(client, **arguments)
    response: Any = caught.value.response
    error = response["Error"]
    return error["Code"], response["ResponseMetadata"]["HTTPStatusCode"], error["Message"]


def mailbox(ses: Ses, recipient: str) -> list[bytes]:
    return [mail.path.read_bytes() for mail in ses.outbox.delivered() if mail.mailbox == recipient]


def test_a_role_that_may_send_delivers_the_exact_bytes(ses: Ses) -> None:
    recipient = f"{uuid.uuid4().hex}@example.org"
    message_id = send(ses.as_role(send_statement()), recipient)
    assert [RAW] == mailbox(ses, recipient)
    assert (
        MailSubmitted(
            submission_id=message_id,
            sender=SENDER,
            recipients=(recipient,),
            subject="Hello",
            size=len(RAW),
        )
        in ses.events
    )


def test_root_may_send(ses: Ses) -> None:
    recipient = f"{uuid.uuid4().hex}@example.org"
    send(ses.as_root(), recipient)
    assert [RAW] == mailbox(ses, recipient)


@pytest.mark.parametrize(
    "statements",
    [
        [],
        [send_statement(Action="ses:SendEmail")],
        [send_statement(Resource=IDENTITY_ARN.replace("mail.", ""))],
        [send_statement(Condition={"StringEquals": {"ses:FromAddress": "other@example.com"}})],
        [send_statement(), send_statement(Effect="Deny")],
    ],
)
def test_a_role_that_may_not_send_gets_an_error_with_the_missing_permission(
    ses: Ses, statements: list[dict[str, Any]]
) -> None:
    code, status, message = refusal(ses.as_role(*statements))
    assert (code, status) == ("AccessDeniedException", 403)
    assert "assumed-role/role-" in message
    assert (
        f"is not authorized to perform `ses:SendRawEmail' on resource `{IDENTITY_ARN}'" in message
    )


def test_a_role_that_may_send_as_anybody_cannot_be_distinguished(ses: Ses) -> None:
    anything = {"Effect": "Allow", "Action": "ses:*", "Resource": "*"}
    code, _, message = refusal(ses.as_role(anything))
    assert code == "AccessDeniedException"
    assert "Name the identities" in message


def test_a_permission_for_the_configuration_set_is_needed_too(ses: Ses) -> None:
    arn = f"arn:aws:ses:{REGION}:000000000000:configuration-set/watched"
    without = ses.as_role(send_statement())
    assert arn in refusal(without, ConfigurationSetName="watched")[2]
    send(ses.as_role(send_statement(Resource=[IDENTITY_ARN, arn])), ConfigurationSetName="watched")
    assert refusal(without, ConfigurationSetName="nowhere") == (
        "NotFoundException",
        404,
        "Configuration set <nowhere> does not exist.",
    )


def test_credentials_that_are_wrong(ses: Ses) -> None:
    session = ses.session(send_statement())
    wrong_secret = ses.client(**{**session, "secret": "wrong"})
    wrong_token = ses.client(**{**session, "token": "wrong"})
    unknown = ses.client(key="ASIA0000000000000000", secret="x", token="y")
    assert [403, 403, 403] == [
        refusal(client)[1] for client in (wrong_secret, wrong_token, unknown)
    ]


@pytest.mark.parametrize("header", [SENDER, "other@unverified.test"])
def test_an_identity_that_is_not_verified(ses: Ses, header: str) -> None:
    sender = "other@unverified.test" if header == SENDER else SENDER
    code, status, message = refusal(
        ses.as_root(), raw=f"From: {header}\r\n\r\n".encode(), FromEmailAddress=sender
    )
    assert (code, status) == ("MessageRejected", 400)
    assert message.startswith("Email address is not verified.")
    assert message.endswith("in region EU-CENTRAL-1: other@unverified.test")


def test_a_subdomain_of_a_verified_domain_is_verified(ses: Ses) -> None:
    sender = "relay@sub.mail.example.com"
    send(ses.as_root(), raw=f"From: {sender}\r\n\r\n".encode(), FromEmailAddress=sender)


def test_fifty_recipients_and_one_more(ses: Ses) -> None:
    recipients = [f"{uuid.uuid4().hex}@example.org" for _ in range(51)]
    assert refusal(ses.as_root(), Destination={"BccAddresses": recipients})[0] == "MessageRejected"
    send(
        ses.as_root(),
        Destination={"ToAddresses": recipients[:25], "BccAddresses": recipients[25:50]},
    )
    assert [[RAW]] * 50 + [[]] == [mailbox(ses, recipient) for recipient in recipients]


def test_a_mail_of_39_megabytes(ses: Ses) -> None:
    raw = RAW + (b"x" * 998 + b"\r\n") * 39_000
    recipient = f"{uuid.uuid4().hex}@example.org"
    send(ses.as_role(send_statement()), recipient, raw)
    assert [len(raw)] == [len(mail) for mail in mailbox(ses, recipient)]


def test_simple_content_is_an_honest_error(ses: Ses) -> None:
    simple = {"Simple": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}}}
    assert refusal(ses.as_root(), Content=simple)[0] == "BadRequestException"


def test_a_fault_is_what_the_caller_meets(ses: Ses) -> None:
    ses.faults.write_text(json.dumps([{"error": "TooManyRequestsException", "times": 1}]))
    client, recipient = ses.as_root(), f"{uuid.uuid4().hex}@example.org"
    assert refusal(client, recipient=recipient) == (
        "TooManyRequestsException",
        429,
        "Maximum sending rate exceeded.",
    )
    assert ses.events[-1] == SubmissionRefused(
        recipients=(recipient,),
        error="TooManyRequestsException",
        message="Maximum sending rate exceeded.",
    )
    send(client, recipient)
    assert [RAW] == mailbox(ses, recipient)


def test_every_other_call_is_the_emulators(ses: Ses) -> None:
    answer = ses.as_root().get_email_identity(EmailIdentity="mail.example.com")
    assert answer["VerifiedForSendingStatus"] is True
    with pytest.raises(ClientError, match="AccessDenied"):
        ses.as_role(send_statement()).list_email_identities()
    with pytest.raises(ClientError, match="NotFoundException"):
        ses.as_root().get_email_identity(EmailIdentity="nowhere.test")


def test_other_services_are_reached_through_it_too(ses: Ses) -> None:
    s3, sqs = ses.root_client("s3"), ses.root_client("sqs")
    bucket, key, content = f"bucket-{uuid.uuid4().hex}", "a b/ä+%2F~", b"\0\xff" * 500_000
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key=key, Body=content)
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(content)
    assert s3.get_object(Bucket=bucket, Key=key, Range="bytes=1-2")["Body"].read() == b"\xff\0"
    link = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
    with urllib.request.urlopen(link, timeout=10) as answer:  # noqa: S310 (our own)
        assert answer.read() == content
    s3.delete_object(Bucket=bucket, Key=key)
    with pytest.raises(ClientError, match="Not Found"):
        s3.head_object(Bucket=bucket, Key=key)
    queue_url = sqs.create_queue(QueueName=bucket)["QueueUrl"]
    sqs.send_message(QueueUrl=queue_url, MessageBody="Grüße")
    [message] = sqs.receive_message(QueueUrl=queue_url)["Messages"]
    assert message["Body"] == "Grüße"


def test_a_body_of_no_stated_length_is_refused(ses: Ses) -> None:
    connection = http.client.HTTPConnection(urlsplit(ses.url).netloc, timeout=10)
    with contextlib.closing(connection):
        # It answers without reading the body, perhaps before all of that is written.
        with contextlib.suppress(BrokenPipeError):
            connection.request("PUT", "/bucket/key", iter([b"x"]), encode_chunked=True)
        assert connection.getresponse().status == 411


@pytest.mark.parametrize(
    ("service", "operation", "arguments"),
    [
        ("ses", "send_raw_email", {"RawMessage": {"Data": RAW}}),
        (
            "ses",
            "send_email",
            {
                "Source": SENDER,
                "Destination": {"ToAddresses": ["a@example.org"]},
                "Message": {"Subject": {"Data": "x"}, "Body": {"Text": {"Data": "x"}}},
            },
        ),
        (
            "sesv2",
            "send_bulk_email",
            {
                "DefaultContent": {"Template": {"TemplateName": "x"}},
                "BulkEmailEntries": [{"Destination": {"ToAddresses": ["a@example.org"]}}],
            },
        ),
    ],
)
def test_no_other_way_of_sending_loses_mail(
    ses: Ses, service: str, operation: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ClientError, match="use SendEmail of API version 2"):
        getattr(ses.root_client(service), operation)(**arguments)


def test_what_else_the_first_version_of_the_api_does_is_the_emulators(ses: Ses) -> None:
    assert "SentLast24Hours" in ses.root_client("ses").get_send_quota()


def test_notices_keep_subject_and_attributes(ses: Ses, tmp_path: Path) -> None:
    sns, sqs = ses.emulator.client("sns"), ses.emulator.client("sqs")
    topics = {name: sns.create_topic(Name=name)["TopicArn"] for name in ("fallback", "alarms")}
    file, heard = tmp_path / "notices.jsonl", list[Event]()
    recorder = NoticeRecorder(
        sqs=sqs, subscription=subscribe(sqs, sns, topics), file=file, listener=heard.append
    )
    try:
        sns.publish(
            TopicArn=topics["fallback"],
            Subject="Not relayed",
            Message="Grüße\nof two lines",
            MessageAttributes={"reason": {"DataType": "String", "StringValue": "spam"}},
        )
        eventually(lambda: len(heard) == 1)
        sns.publish(TopicArn=topics["alarms"], Message="ALARM")
        eventually(lambda: len(heard) == 2)
    finally:
        recorder.close()
    notices = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [datetime.fromisoformat(notice.pop("at")).utcoffset() for notice in notices] == [
        timedelta(0),
        timedelta(0),
    ]
    assert notices == [
        {
            "topic": "fallback",
            "subject": "Not relayed",
            "message": "Grüße\nof two lines",
            "attributes": {"reason": "spam"},
        },
        {"topic": "alarms", "subject": "", "message": "ALARM", "attributes": {}},
    ]
