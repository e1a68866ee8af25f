"""Resources on the emulator, created with boto3 only."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sandbox.emulator.running import Emulator

REGION = "eu-central-1"


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
    """Receive messages with a short wait, and delete them."""
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
