"""What the relay needs of an emulator of AWS, stated with boto3 alone.

Another emulator that passes this could take ministack's place.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus, urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator, EmulatorError
from sandbox.emulator.workers import WorkerProcess, find_workers, kill_worker
from tests.sandbox.waiting import eventually

REGION = "eu-central-1"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={"WORKER_SEES": "this"}, region=REGION) as it:
        yield it


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: str | list[str], resource: str | list[str], **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}


def error_code(caught: pytest.ExceptionInfo[ClientError]) -> str:
    return caught.value.response["Error"]["Code"]


def make_bucket(emulator: Emulator) -> str:
    name = unique("bucket")
    emulator.client("s3").create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    return name


def make_queue(emulator: Emulator, **attributes: str) -> tuple[str, str]:
    """A queue's URL and ARN."""
    sqs = emulator.client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"), Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, arn["QueueArn"]


def make_role(emulator: Emulator, *statements: dict[str, Any], service: str = "lambda") -> str:
    """A role's ARN; anyone in the account may assume it too."""
    iam, name = emulator.client("iam"), unique("role")
    trust = policy(
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": f"{service}.amazonaws.com", "AWS": emulator.account_id},
        }
    )
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="it", PolicyDocument=policy(*statements))
    return arn


def as_role(emulator: Emulator, role_arn: str, service_name: str) -> Any:
    credentials = emulator.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")[
        "Credentials"
    ]
    session: Any = boto3.session.Session(
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        region_name=REGION,
    )
    return session.client(
        service_name, endpoint_url=emulator.endpoint, config=Config(signature_version="v4")
    )


def archive(**files: str) -> bytes:
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w") as target:
        for name, text in files.items():
            target.writestr(f"{name}.py", text)
    return output.getvalue()


def make_function(emulator: Emulator, role_arn: str, code: bytes, **more: Any) -> str:
    """A function's name, once it can be invoked. Its handler is `app.handler`."""
    client, name = emulator.client("lambda"), unique("function")
    client.create_function(
        FunctionName=name,
        Role=role_arn,
        Handler="app.handler",
        Code={"ZipFile": code},
        **{"Runtime": "python3.13", "Architectures": ["arm64"], "Timeout": 20, **more},
    )
    client.get_waiter("function_active_v2").wait(
        FunctionName=name, WaiterConfig={"Delay": 0.1, "MaxAttempts": 100}
    )
    return name


def invoke(emulator: Emulator, function: str, event: object = None) -> Any:
    response = emulator.client("lambda").invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    return json.loads(response["Payload"].read())


def messages(emulator: Emulator, queue_url: str) -> list[Any]:
    """What a short wait on the queue yields, deleted from it."""
    sqs = emulator.client("sqs")
    found = sqs.receive_message(
        QueueUrl=queue_url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=1,
        MessageSystemAttributeNames=["All"],
        MessageAttributeNames=["All"],
    ).get("Messages", [])
    for message in found:
        sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
    return list(found)


class TestProcess:
    def test_listens_on_loopback_as_the_accounts_root(self, emulator: Emulator) -> None:
        assert urlsplit(emulator.endpoint).hostname == "127.0.0.1"
        identity = emulator.client("sts").get_caller_identity()
        assert identity["Account"] == emulator.account_id
        assert identity["Arn"] == f"arn:aws:iam::{emulator.account_id}:root"

    def test_the_callers_environment_does_not_matter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        nowhere = "http://127.0.0.1:9"
        for name, value in {
            "AWS_PROFILE": "absent",
            "AWS_ACCESS_KEY_ID": "AKIANOBODY",
            "AWS_SESSION_TOKEN": "stale",
            "AWS_REGION": "us-west-2",
            "AWS_ENDPOINT_URL": nowhere,
            "AWS_USE_FIPS_ENDPOINT": "true",
            "HTTP_PROXY": nowhere,
            "http_proxy": nowhere,
            "GATEWAY_PORT": "9",
            "PYTHONPATH": "/nowhere",
        }.items():
            monkeypatch.setenv(name, value)
        with Emulator.start(tmp_path, worker_environment={}, region=REGION) as own:
            bucket = make_bucket(own)
            assert own.client("s3").get_bucket_location(Bucket=bucket)["LocationConstraint"] == (
                REGION
            )
            code = archive(app="import os\ndef handler(e, c): return dict(os.environ)")
            seen = invoke(own, make_function(own, make_role(own), code))
            assert seen["AWS_REGION"] == REGION
            assert seen["AWS_ENDPOINT_URL"] == own.endpoint
            assert {"AWS_PROFILE", "HTTP_PROXY", "PYTHONPATH"}.isdisjoint(seen)

    def test_stopping_ends_the_workers_and_leaves_only_the_log(self, tmp_path: Path) -> None:
        with Emulator.start(tmp_path, worker_environment={}, region=REGION) as own:
            code = archive(app="import os\ndef handler(e, c): return os.getpid()")
            worker = invoke(own, make_function(own, make_role(own), code))
            os.kill(worker, 0)  # it lives
        assert refuses(int(own.endpoint.rpartition(":")[2]))
        eventually(lambda: not is_running(worker))
        assert [path.name for path in tmp_path.iterdir()] == ["emulator.log"]
        own.stop()  # again: nothing happens

    def test_it_ends_when_the_sandbox_is_killed(self, tmp_path: Path) -> None:
        program = f"""
import pathlib, sys
from sandbox.emulator.running import Emulator
own = Emulator.start(pathlib.Path(sys.argv[1]), worker_environment={{}}, region="{REGION}")
print(own.endpoint, flush=True)
sys.stdin.read()
"""
        sandbox = subprocess.Popen(
            [sys.executable, "-c", program, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        with sandbox:
            assert sandbox.stdout is not None
            port = int(sandbox.stdout.readline().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port)):
                sandbox.kill()
        eventually(lambda: refuses(port))

    def test_a_failed_start_says_why_in_one_line(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        python = tmp_path / "python"
        python.write_text("#!/bin/sh\necho 'no such module'\nexit 3\n")
        python.chmod(0o755)
        monkeypatch.setattr("sys.executable", str(python))
        with pytest.raises(EmulatorError) as caught:
            Emulator.start(tmp_path / "data", worker_environment={}, region=REGION)
        assert str(caught.value) == (
            "the emulator ended with status 3 as it started: no such module"
        )


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except ConnectionRefusedError:
        return True
    return False


def is_running(pid: int) -> bool:
    """False for a process that is gone or only waits to be reaped."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


class TestStorage:
    def test_if_none_match_has_exactly_one_winner(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)

        def create(number: int) -> str:
            try:
                s3.put_object(Bucket=bucket, Key="k", Body=b"%d" % number, IfNoneMatch="*")
            except ClientError as error:
                return str(error.response["Error"]["Code"])
            return "won"

        with ThreadPoolExecutor(8) as pool:
            outcomes = sorted(pool.map(create, range(8)))
        assert outcomes.count("won") == 1
        assert set(outcomes) <= {"won", "PreconditionFailed", "ConditionalRequestConflict"}

    def test_if_match_is_compare_and_swap(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)
        first = s3.put_object(Bucket=bucket, Key="k", Body=b"1")["ETag"]
        second = s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfMatch=first)["ETag"]
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="k", Body=b"3", IfMatch=first)
        assert error_code(caught) == "PreconditionFailed"
        found = s3.get_object(Bucket=bucket, Key="k")
        assert (found["Body"].read(), found["ETag"]) == (b"2", second)

    def test_a_multipart_upload_can_be_conditional(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)

        def upload(body: bytes) -> None:
            upload_id = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
            where = {"Bucket": bucket, "Key": "k", "UploadId": upload_id}
            tag = s3.upload_part(**where, PartNumber=1, Body=body)["ETag"]
            parts = {"Parts": [{"PartNumber": 1, "ETag": tag}]}
            s3.complete_multipart_upload(**where, MultipartUpload=parts, IfNoneMatch="*")

        upload(b"first")
        with pytest.raises(ClientError) as caught:
            upload(b"second")
        assert error_code(caught) == "PreconditionFailed"
        assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"first"

    def test_an_absent_key_is_told_to_who_may_list(self, emulator: Emulator) -> None:
        # Without s3:ListBucket, S3 answers AccessDenied; ministack says NoSuchKey there too.
        bucket = make_bucket(emulator)
        arn = f"arn:aws:s3:::{bucket}"
        role = make_role(emulator, allow("s3:GetObject", f"{arn}/*"), allow("s3:ListBucket", arn))
        with pytest.raises(ClientError) as caught:
            as_role(emulator, role, "s3").get_object(Bucket=bucket, Key="absent")
        assert error_code(caught) == "NoSuchKey"

    def test_a_role_may_do_only_what_its_policy_says(self, emulator: Emulator) -> None:
        bucket = make_bucket(emulator)
        role = make_role(emulator, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/mine/*"))
        s3 = as_role(emulator, role, "s3")
        s3.put_object(Bucket=bucket, Key="mine/1", Body=b"")
        with pytest.raises(ClientError) as caught:
            s3.put_object(Bucket=bucket, Key="other/1", Body=b"")
        assert error_code(caught) == "AccessDenied"
        with pytest.raises(ClientError) as caught:
            s3.get_object(Bucket=bucket, Key="mine/1")
        assert error_code(caught) == "AccessDenied"

    def test_a_bucket_policy_denies_plain_http(self, emulator: Emulator) -> None:
        # The reason why `sandbox.create.policies` leaves such statements out.
        bucket = make_bucket(emulator)
        arn = f"arn:aws:s3:::{bucket}"
        role = make_role(emulator, allow("s3:PutObject", f"{arn}/*"))
        tls_only = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
        emulator.client("s3").put_bucket_policy(Bucket=bucket, Policy=policy(tls_only))
        with pytest.raises(ClientError) as caught:
            as_role(emulator, role, "s3").put_object(Bucket=bucket, Key="k", Body=b"")
        assert error_code(caught) == "AccessDenied"


def presign(emulator: Emulator, *, lifetime: int) -> str:
    """A link to two bytes, good for `lifetime` seconds, signed with a role's credentials."""
    bucket, key = make_bucket(emulator), "attachments/1/rapport d'état.bin"
    emulator.client("s3").put_object(
        Bucket=bucket, Key=key, Body=b"\0\xff", ContentType="application/x-stored"
    )
    role = make_role(emulator, allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*"))
    url: str = as_role(emulator, role, "s3").generate_presigned_url(
        "get_object",
        Params={
            "Bucket": bucket,
            "Key": key,
            "ResponseContentDisposition": "attachment; filename*=UTF-8''%C3%A9tat.bin",
            "ResponseContentType": "image/png",
        },
        ExpiresIn=lifetime,
    )
    return url


class TestPresignedLinks:
    def test_download_under_the_name_and_type_that_were_signed(self, emulator: Emulator) -> None:
        with open_url(presign(emulator, lifetime=60)) as response:
            assert response.read() == b"\0\xff"
            assert response.headers["Content-Type"] == "image/png"
            assert response.headers["Content-Disposition"] == (
                "attachment; filename*=UTF-8''%C3%A9tat.bin"
            )

    @pytest.mark.parametrize(
        "change",
        [("image%2Fpng", "text%2Fhtml"), ("Expires=60", "Expires=61"), ("/1/", "/2/")],
        ids=["type", "expiry", "key"],
    )
    def test_nothing_that_was_signed_can_be_changed(
        self, emulator: Emulator, change: tuple[str, str]
    ) -> None:
        link = presign(emulator, lifetime=60)
        changed = link.replace(*change)
        assert changed != link
        assert status_of(changed) == 403

    def test_end_when_they_expire(self, emulator: Emulator) -> None:
        link = presign(emulator, lifetime=1)
        eventually(lambda: status_of(link) == 403)


def open_url(url: str) -> Any:
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url)


def status_of(url: str) -> int:
    try:
        with open_url(url) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class TestNotifications:
    def test_are_refused_until_the_queue_lets_the_bucket_send(self, emulator: Emulator) -> None:
        s3, bucket = emulator.client("s3"), make_bucket(emulator)
        queue_url, queue_arn = make_queue(emulator)
        configuration = {
            "QueueConfigurations": [
                {
                    "QueueArn": queue_arn,
                    "Events": ["s3:ObjectCreated:*"],
                    "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "incoming/"}]}},
                }
            ]
        }

        def notify() -> None:
            s3.put_bucket_notification_configuration(
                Bucket=bucket, NotificationConfiguration=configuration
            )

        with pytest.raises(ClientError) as caught:
            notify()
        assert error_code(caught) == "InvalidArgument"

        from_bucket = allow(
            "sqs:SendMessage",
            queue_arn,
            Principal={"Service": "s3.amazonaws.com"},
            Condition={
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{bucket}"},
                "StringEquals": {"aws:SourceAccount": emulator.account_id},
            },
        )
        emulator.client("sqs").set_queue_attributes(
            QueueUrl=queue_url, Attributes={"Policy": policy(from_bucket)}
        )
        notify()
        key = "incoming/a b+é&=.eml"
        s3.put_object(Bucket=bucket, Key="other/1", Body=b"x")
        s3.put_object(Bucket=bucket, Key=key, Body=b"12345")

        bodies: list[Any] = []

        def records() -> list[Any]:
            bodies.extend(json.loads(m["Body"]) for m in messages(emulator, queue_url))
            return [record for body in bodies for record in body.get("Records", [])]

        (record,) = eventually(records)
        assert record["eventSource"] == "aws:s3"
        assert record["eventName"].startswith("ObjectCreated:")
        assert record["s3"]["bucket"]["name"] == bucket
        assert record["s3"]["object"]["size"] == 5
        assert record["s3"]["object"]["key"] != key
        assert unquote_plus(record["s3"]["object"]["key"]) == key
        # S3 announces itself when a notification is set.
        assert [body.get("Event") for body in bodies if "Records" not in body] in (
            ["s3:TestEvent"],
            [],
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
        """Not of AWS: the one thing that the console asks the emulator itself."""
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

    def test_an_absent_one_is_told(self, emulator: Emulator) -> None:
        with pytest.raises(ClientError) as caught:
            emulator.client("ssm").get_parameter(Name=f"/relay/{unique('p')}")
        assert error_code(caught) == "ParameterNotFound"


class TestFunctions:
    def test_runs_under_its_role(self, emulator: Emulator) -> None:
        bucket = make_bucket(emulator)
        code = archive(
            app="""
import boto3, botocore.exceptions
def handler(event, context):
    s3 = boto3.client("s3")
    s3.put_object(Bucket=event, Key="mine/1", Body=b"")
    try:
        s3.get_object(Bucket=event, Key="mine/1")
    except botocore.exceptions.ClientError as error:
        refusal = error.response["Error"]["Code"]
    return [boto3.client("sts").get_caller_identity()["Arn"], refusal]
"""
        )
        role = make_role(emulator, allow("s3:PutObject", f"arn:aws:s3:::{bucket}/mine/*"))
        arn, refusal = invoke(emulator, make_function(emulator, role, code), bucket)
        assert arn.split(":assumed-role/")[1].split("/")[0] == role.rpartition("/")[2]
        assert refusal == "AccessDenied"

    def test_sees_its_variables_the_workers_and_its_context(self, emulator: Emulator) -> None:
        code = archive(
            app="""
import os
def handler(event, context):
    left = context.get_remaining_time_in_millis()
    return [os.environ["MINE"], os.environ["WORKER_SEES"], context.function_name,
            context.memory_limit_in_mb, 0 < left <= 20000, bool(context.aws_request_id),
            context.invoked_function_arn]
"""
        )
        name = make_function(
            emulator,
            make_role(emulator),
            code,
            Environment={"Variables": {"MINE": "yes"}},
            MemorySize=512,
        )
        arn = f"arn:aws:lambda:{REGION}:{emulator.account_id}:function:{name}"
        assert invoke(emulator, name) == ["yes", "this", name, 512, True, True, arn]

    def test_its_archive_stands_before_site_packages(self, emulator: Emulator) -> None:
        code = archive(
            app="import botocore, yaml\ndef handler(e, c): return [yaml.whose, botocore.__name__]",
            yaml="whose = 'the archive'",
        )
        name = make_function(emulator, make_role(emulator), code)
        assert invoke(emulator, name) == ["the archive", "botocore"]

    def test_a_warm_worker_is_used_again(self, emulator: Emulator) -> None:
        code = archive(app="n = []\ndef handler(e, c):\n  n.append(1)\n  return len(n)")
        name = make_function(emulator, make_role(emulator), code)
        assert [invoke(emulator, name) for _ in range(3)] == [1, 2, 3]

    def test_what_it_prints_goes_to_its_log_group(self, emulator: Emulator) -> None:
        logs, group = emulator.client("logs"), unique("/relay/group")
        logs.create_log_group(logGroupName=group)
        code = archive(app='def handler(e, c): print(\'{"level": "INFO", "said": 1}\')')
        name = make_function(
            emulator,
            make_role(emulator),
            code,
            LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
        )
        invoke(emulator, name)

        def said() -> list[str]:
            events = logs.filter_log_events(logGroupName=group)["events"]
            return [e["message"] for e in events if '"said": 1' in e["message"]]

        assert eventually(said) == ['{"level": "INFO", "said": 1}']

    def test_one_that_takes_more_memory_than_it_declares_dies_and_no_other(
        self, emulator: Emulator
    ) -> None:
        hungry = Hungry(emulator, declared=128)
        other = Hungry(emulator, declared=512)
        waiting, neighbour = hungry.take(0), other.take(300)
        assert "signal: killed" in hungry.take(200, answers=False)["errorMessage"]
        assert waiting["pid"] != hungry.take(0)["pid"], "its worker is a new one"
        assert neighbour["pid"] == other.take(0)["pid"]

    def test_it_dies_of_what_it_held_for_a_moment_too(self, emulator: Emulator) -> None:
        hungry = Hungry(emulator, declared=128)
        before = hungry.take(0)["pid"]
        assert "signal: killed" in hungry.take(200)["errorMessage"]
        assert before != hungry.take(0)["pid"]

    def test_memory_that_is_reserved_and_not_used_kills_nobody(self, emulator: Emulator) -> None:
        hungry = Hungry(emulator, declared=128)
        assert 2_000 == hungry.take(0, reserve=2_000)["reserved"]

    def test_its_report_tells_the_peak_of_its_memory(self, emulator: Emulator) -> None:
        hungry = Hungry(emulator, declared=256)
        hungry.take(0)
        hungry.take(100)
        assert [256, 256] == hungry.reported("Memory Size")
        [small, large] = hungry.reported("Max Memory Used")
        assert 0 < small < 100 < large < 256


class Hungry:
    """A function that takes memory as it is told, in MB."""

    def __init__(self, emulator: Emulator, *, declared: int) -> None:
        self.emulator = emulator
        self.group = unique("/relay/hungry")
        emulator.client("logs").create_log_group(logGroupName=self.group)
        code = archive(
            app="""
import mmap, os, time
def handler(event, context):
    reserved = mmap.mmap(-1, 2**20 * (event["reserve"] or 1))
    block = b"x" * (2**20 * event["mb"])
    del block
    while not event["answers"]:
        block = b"x" * (2**20 * event["mb"])
        time.sleep(0.01)
    return {"pid": os.getpid(), "reserved": len(reserved) // 2**20}
"""
        )
        self.name = make_function(
            emulator,
            make_role(emulator),
            code,
            MemorySize=declared,
            LoggingConfig={"LogFormat": "JSON", "LogGroup": self.group},
        )

    def take(self, mb: int, *, reserve: int = 0, answers: bool = True) -> Any:
        event = {"mb": mb, "reserve": reserve, "answers": answers}
        return invoke(self.emulator, self.name, event)

    def reported(self, what: str) -> list[int]:
        """One figure of every report, oldest first."""
        events = self.emulator.client("logs").filter_log_events(logGroupName=self.group)["events"]
        reports = [one["message"] for one in events if one["message"].startswith("REPORT ")]
        return [int(re.findall(rf"{what}: (\d+) MB", report)[0]) for report in reports]


HANDLER = """
import json, os, time, boto3
sqs = boto3.client("sqs")
def handler(event, context):
    failed = []
    for record in event["Records"]:
        order = json.loads(record["body"])
        count = int(record["attributes"]["ApproximateReceiveCount"])
        seen = {"id": order["id"], "count": count, "keys": sorted(record),
                "batch": len(event["Records"])}
        sqs.send_message(QueueUrl=os.environ["SEEN"], MessageBody=json.dumps(seen))
        if count <= order.get("failures", 0):
            if order.get("again_in") is not None:
                sqs.change_message_visibility(
                    QueueUrl=os.environ["QUEUE"], ReceiptHandle=record["receiptHandle"],
                    VisibilityTimeout=order["again_in"])
            failed.append({"itemIdentifier": record["messageId"]})
        if anew := order.get("anew"):
            sqs.send_message(
                QueueUrl=os.environ["QUEUE"], MessageBody=json.dumps(anew), DelaySeconds=1)
        if count <= order.get("raises", 0):
            raise RuntimeError("as told")
        if count <= order.get("hangs", 0):
            time.sleep(60)
        time.sleep(order.get("naps", 0))
    return {"batchItemFailures": failed}
"""


class Feed:
    """A queue with a dead-letter queue that feeds a function obeying its messages."""

    def __init__(
        self,
        emulator: Emulator,
        *,
        visibility: int,
        timeout: int,
        tries: int,
        batch_size: int = 10,
    ) -> None:
        self.emulator = emulator
        self.dead_url, dead_arn = make_queue(emulator)
        self.seen_url, seen_arn = make_queue(emulator)
        redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": tries})
        self.url, self.arn = make_queue(
            emulator, RedrivePolicy=redrive, VisibilityTimeout=str(visibility)
        )
        role = make_role(
            emulator,
            allow("sqs:SendMessage", seen_arn),
            allow(
                [
                    "sqs:ReceiveMessage",
                    "sqs:DeleteMessage",
                    "sqs:GetQueueAttributes",
                    "sqs:ChangeMessageVisibility",
                    "sqs:SendMessage",
                ],
                self.arn,
            ),
        )
        self.function = make_function(
            emulator,
            role,
            archive(app=HANDLER),
            Timeout=timeout,
            Environment={"Variables": {"QUEUE": self.url, "SEEN": self.seen_url}},
        )
        # What starts at the first message would take longer than a message is hidden.
        invoke(emulator, self.function, {"Records": []})
        emulator.client("lambda").create_event_source_mapping(
            EventSourceArn=self.arn,
            FunctionName=self.function,
            BatchSize=batch_size,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            ScalingConfig={"MaximumConcurrency": 2},
        )
        self._seen: list[Any] = []

    def send(self, *orders: dict[str, Any]) -> None:
        self.emulator.client("sqs").send_message_batch(
            QueueUrl=self.url,
            Entries=[{"Id": o["id"], "MessageBody": json.dumps(o)} for o in orders],
        )

    def seen(self, identifier: str) -> list[int]:
        """The receive counts that the function was called with for one message."""
        found = messages(self.emulator, self.seen_url)
        self._seen += [json.loads(message["Body"]) for message in found]
        return sorted(s["count"] for s in self._seen if s["id"] == identifier)

    def largest_batch(self) -> int:
        """The most messages that the function was called with at once."""
        return max(int(seen["batch"]) for seen in self._seen)

    def workers(self) -> tuple[WorkerProcess, ...]:
        return find_workers(self.emulator.log.parent, self.function)

    def depth(self) -> int:
        attributes = self.emulator.client("sqs").get_queue_attributes(
            QueueUrl=self.url, AttributeNames=["All"]
        )["Attributes"]
        return sum(
            int(attributes[f"ApproximateNumberOfMessages{kind}"])
            for kind in ("", "NotVisible", "Delayed")
        )


class TestEventSources:
    def test_only_the_failed_messages_of_a_batch_come_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=3, timeout=20, tries=5)
        feed.send({"id": "good"}, {"id": "bad", "failures": 1})
        eventually(lambda: feed.seen("bad") == [1, 2])
        eventually(lambda: feed.depth() == 0)
        assert feed.seen("good") == [1]
        keys = {"messageId", "receiptHandle", "body", "attributes", "eventSourceARN"}
        assert keys <= set(feed._seen[0]["keys"])

    def test_a_handler_may_set_when_its_message_comes_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2)
        feed.send({"id": "soon", "failures": 9, "again_in": 0})
        eventually(lambda: messages(emulator, feed.dead_url))
        assert feed.seen("soon") == [1, 2]
        assert feed.depth() == 0

    def test_a_batch_whose_handler_raises_comes_again(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=5, timeout=20, tries=5)
        feed.send({"id": "raise", "raises": 1})
        eventually(lambda: feed.seen("raise") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    def test_a_handler_that_hangs_is_killed_at_its_timeout(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=5, timeout=1, tries=5)
        feed.send({"id": "hang", "hangs": 1})
        eventually(lambda: feed.seen("hang") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    def test_a_worker_that_is_killed_leaves_its_messages_to_the_next(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=5, timeout=20, tries=5)
        feed.send({"id": "killed", "hangs": 1})
        eventually(lambda: feed.seen("killed") == [1])
        [worker] = feed.workers()
        assert kill_worker(worker)
        eventually(lambda: worker not in feed.workers())
        assert not kill_worker(worker)
        feed.send({"id": "meanwhile"})
        eventually(lambda: feed.seen("meanwhile") == [1])
        eventually(lambda: feed.seen("killed") == [1, 2])
        eventually(lambda: feed.depth() == 0)

    @pytest.mark.parametrize("update", ["code", "configuration"])
    def test_an_update_lets_what_has_begun_end(self, emulator: Emulator, update: str) -> None:
        client = emulator.client("lambda")
        feed = Feed(emulator, visibility=120, timeout=60, tries=5)
        feed.send({"id": "begun", "naps": 3})
        eventually(lambda: feed.seen("begun") == [1])
        [worker] = feed.workers()
        if update == "code":
            client.update_function_code(FunctionName=feed.function, ZipFile=archive(app=HANDLER))
        else:
            client.update_function_configuration(FunctionName=feed.function, MemorySize=256)
        # It ended at its first try, though the message would be hidden for two minutes.
        eventually(lambda: feed.depth() == 0)
        assert feed.seen("begun") == [1]
        eventually(lambda: worker not in feed.workers())
        feed.send({"id": "next"})
        eventually(lambda: feed.seen("next") == [1])

    def test_an_idle_worker_that_is_killed_costs_nothing(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=5)
        feed.send({"id": "first"})
        eventually(lambda: feed.seen("first") == [1])
        eventually(lambda: feed.depth() == 0)
        [worker] = feed.workers()
        assert kill_worker(worker)
        eventually(lambda: worker not in feed.workers())
        feed.send({"id": "second"})
        eventually(lambda: feed.seen("second") == [1])

    def test_a_function_may_send_its_message_anew_to_be_had_later(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2)
        feed.send({"id": "first", "anew": {"id": "again"}})
        eventually(lambda: feed.seen("first") == [1])
        assert feed.seen("again") == []
        eventually(lambda: feed.seen("again") == [1])
        eventually(lambda: feed.depth() == 0)

    def test_no_more_workers_run_than_the_mapping_allows(self, emulator: Emulator) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2, batch_size=1)
        names = ("a", "b", "c")
        feed.send(*({"id": name, "hangs": 1} for name in names))

        def begun() -> int:
            return sum(len(feed.seen(name)) for name in names)

        eventually(lambda: begun() == 2)
        first, _ = feed.workers()
        assert begun() == 2
        kill_worker(first)
        eventually(lambda: begun() == 3)
        assert len(feed.workers()) == 2

    def test_a_batch_has_no_more_messages_than_the_mapping_allows(
        self, emulator: Emulator
    ) -> None:
        feed = Feed(emulator, visibility=600, timeout=20, tries=2, batch_size=2)
        names = ("a", "b", "c", "d", "e")
        feed.send(*({"id": name} for name in names))
        eventually(lambda: all(feed.seen(name) for name in names))
        assert feed.largest_batch() <= 2


class TestMail:
    def test_the_active_rule_set_can_be_read(self, emulator: Emulator) -> None:
        ses, name = emulator.client("ses"), unique("rules")
        rule = {
            "Name": "relay",
            "Enabled": True,
            "TlsPolicy": "Require",
            "ScanEnabled": True,
            "Recipients": ["devices@in.example"],
            "Actions": [{"S3Action": {"BucketName": "incoming", "ObjectKeyPrefix": "incoming/"}}],
        }
        ses.create_receipt_rule_set(RuleSetName=name)
        ses.create_receipt_rule(RuleSetName=name, Rule=rule)
        ses.set_active_receipt_rule_set(RuleSetName=name)
        active = ses.describe_active_receipt_rule_set()
        assert (active["Metadata"]["Name"], active["Rules"]) == (name, [rule])

    def test_a_receipt_rule_is_updated_in_its_place(self, emulator: Emulator) -> None:
        ses, rule_set = emulator.client("ses"), unique("rules")
        ses.create_receipt_rule_set(RuleSetName=rule_set)
        made = [
            {
                "Name": name,
                "Enabled": True,
                "TlsPolicy": "Require",
                "ScanEnabled": True,
                "Recipients": [f"{name}@in.example"],
                "Actions": [{"S3Action": {"BucketName": "incoming"}}],
            }
            for name in ("third", "second", "first")
        ]
        for rule in made:
            ses.create_receipt_rule(RuleSetName=rule_set, Rule=rule)
        changed = {**made[1], "Recipients": ["other@in.example"], "ScanEnabled": False}
        ses.update_receipt_rule(RuleSetName=rule_set, Rule=changed)
        rules = ses.describe_receipt_rule_set(RuleSetName=rule_set)["Rules"]
        assert rules == [made[2], changed, made[0]]
        with pytest.raises(ClientError) as caught:
            ses.update_receipt_rule(RuleSetName=rule_set, Rule={**changed, "Name": "absent"})
        assert error_code(caught) == "RuleDoesNotExist"
        with pytest.raises(ClientError) as caught:
            ses.update_receipt_rule(RuleSetName=unique("none"), Rule=changed)
        assert error_code(caught) == "RuleSetDoesNotExist"

    def test_an_identity_is_verified_and_has_dkim_tokens(self, emulator: Emulator) -> None:
        domain = f"{unique('d')}.example"
        made = emulator.client("sesv2").create_email_identity(EmailIdentity=domain)
        assert made["VerifiedForSendingStatus"] is True
        assert len(set(made["DkimAttributes"]["Tokens"])) == 3

    def test_an_address_is_on_the_suppression_list_until_it_is_taken_off(
        self, emulator: Emulator
    ) -> None:
        sesv2, address = emulator.client("sesv2"), f"{unique('a')}@example.net"

        def listed() -> list[str]:
            answer = sesv2.list_suppressed_destinations()
            return [one["EmailAddress"] for one in answer["SuppressedDestinationSummaries"]]

        with pytest.raises(ClientError) as caught:
            sesv2.get_suppressed_destination(EmailAddress=address)
        assert error_code(caught) == "NotFoundException"
        sesv2.put_suppressed_destination(EmailAddress=address, Reason="BOUNCE")
        found = sesv2.get_suppressed_destination(EmailAddress=address)["SuppressedDestination"]
        assert (address, "BOUNCE") == (found["EmailAddress"], found["Reason"])
        assert address in listed()
        sesv2.delete_suppressed_destination(EmailAddress=address)
        assert address not in listed()


class TestSubscriptions:
    def test_one_that_waits_to_be_confirmed_is_listed_as_such(self, emulator: Emulator) -> None:
        sns = emulator.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="a@example.net")
        # Nobody listens there.
        sns.subscribe(TopicArn=topic, Protocol="http", Endpoint="http://127.0.0.1:9/")
        listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
        arns = {one["Protocol"]: one["SubscriptionArn"] for one in listed}
        assert arns["http"] == "PendingConfirmation"
        assert arns["email"].startswith(topic)


class TestAlarms:
    def test_data_over_the_threshold_publishes_to_the_topic(self, emulator: Emulator) -> None:
        cloudwatch, sns = emulator.client("cloudwatch"), emulator.client("sns")
        topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
        url, queue_arn = make_queue(emulator)
        from_topic = allow(
            "sqs:SendMessage", queue_arn, Principal={"Service": "sns.amazonaws.com"}
        )
        emulator.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": policy(from_topic)}
        )
        sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn)
        alarm, metric = unique("alarm"), unique("metric")
        cloudwatch.put_metric_alarm(
            AlarmName=alarm,
            Namespace="Test",
            MetricName=metric,
            Statistic="Maximum",
            Period=60,
            EvaluationPeriods=1,
            Threshold=2,
            ComparisonOperator="GreaterThanThreshold",
            AlarmActions=[topic],
        )
        for value in (2, 3):
            cloudwatch.put_metric_data(
                Namespace="Test", MetricData=[{"MetricName": metric, "Value": value}]
            )
        (message,) = eventually(lambda: messages(emulator, url))
        notice = json.loads(json.loads(message["Body"])["Message"])
        assert (notice["AlarmName"], notice["NewStateValue"]) == (alarm, "ALARM")
