"""Clients of the SES endpoint under roles of their own."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from sandbox.emulator.running import Emulator
from sandbox.events import Event
from sandbox.ses.outbox import Outbox

REGION = "eu-central-1"
SENDER = "relay@mail.example.com"
IDENTITY_ARN = f"arn:aws:ses:{REGION}:000000000000:identity/mail.example.com"


@dataclass
class Ses:
    emulator: Emulator
    url: str
    outbox: Outbox
    faults: Path
    events: list[Event]

    def client(self, service: str = "sesv2", *, key: str, secret: str, token: str | None) -> Any:
        make: Any = boto3.client  # the stubs know services by literal names
        return make(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
            config=Config(retries={"total_max_attempts": 1}),
        )

    def as_root(self) -> Any:
        return self.root_client("sesv2")

    def root_client(self, service: str) -> Any:
        emulator = self.emulator
        return self.client(
            service,
            key=emulator.access_key_id,
            secret=emulator.secret_access_key,
            token=None,
        )

    def session(self, *statements: dict[str, Any]) -> dict[str, str]:
        """Credentials of a new role with these statements."""
        name, iam = f"role-{uuid.uuid4().hex[:8]}", self.emulator.client("iam")
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy(trust))["Role"]["Arn"]
        if statements:
            iam.put_role_policy(
                RoleName=name, PolicyName="send", PolicyDocument=policy(*statements)
            )
        sts = self.emulator.client("sts")
        credentials = sts.assume_role(RoleArn=arn, RoleSessionName="function")["Credentials"]
        return {
            "key": credentials["AccessKeyId"],
            "secret": credentials["SecretAccessKey"],
            "token": credentials["SessionToken"],
        }

    def as_role(self, *statements: dict[str, Any]) -> Any:
        return self.client(**self.session(*statements))


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def send_statement(**elements: Any) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "ses:SendRawEmail",
        "Resource": IDENTITY_ARN,
        "Condition": {"StringEquals": {"ses:FromAddress": SENDER}},
        **elements,
    }
