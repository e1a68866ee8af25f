"""A stack with its own KMS key: without a permission on it, mail stops where it does on AWS."""

from __future__ import annotations

import json
import smtplib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any

import pytest

from tests.sandbox.running import (
    RunningSandbox,
    files_behind,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.waiting import eventually

ATTACHED = b"data"


@dataclass(frozen=True, slots=True)
class Stack:
    """A sandbox, its key and the key's policy, the role of its function and the role's policy."""

    relay: RunningSandbox
    key: str
    key_policy: Mapping[str, Any]
    role: str
    role_policy_name: str
    role_policy: Mapping[str, Any]

    @contextmanager
    def without(self, *, of_key: str = "", of_role: str = "") -> Iterator[None]:
        """The key's policy without one statement, and the role's without one."""
        self._put(_without(self.key_policy, of_key), _without(self.role_policy, of_role))
        try:
            yield
        finally:
            self._put(self.key_policy, self.role_policy)

    def _put(self, of_key: Mapping[str, Any], of_role: Mapping[str, Any]) -> None:
        self.relay.client("kms").put_key_policy(
            KeyId=self.key, PolicyName="default", Policy=json.dumps(of_key)
        )
        self.relay.client("iam").put_role_policy(
            RoleName=self.role,
            PolicyName=self.role_policy_name,
            PolicyDocument=json.dumps(of_role),
        )

    def waiting(self) -> int:
        """The number of messages in the queue."""
        url = self.relay.ready["stack"]["queueUrl"]
        found = self.relay.client("sqs").get_queue_attributes(
            QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"])

    def send(self) -> str:
        """Send a mail; return its recipient."""
        recipient = unique_address()
        message = EmailMessage(policy=SMTP)
        message["From"], message["To"] = self.relay.device, self.relay.smtp["rcpt_to"]
        message["Subject"] = "Pressure"
        message.set_content(f"Too high.\n{recipient_code(recipient)}\n")
        message.add_attachment(
            ATTACHED, maintype="application", subtype="octet-stream", filename="a"
        )
        self.relay.send(message.as_bytes())
        return recipient


def _without(document: Mapping[str, Any], sid: str) -> Mapping[str, Any]:
    kept = [one for one in document["Statement"] if one["Sid"] != sid]
    assert len(kept) == len(document["Statement"]) - bool(sid)
    return {**document, "Statement": kept}


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    config = ["customerManagedKey=true", "retryDelaySeconds=1", "linkMode=page"]
    with running_sandbox(tmp_path_factory.mktemp("keys"), config) as relay:
        names = relay.ready["stack"]
        kms, iam = relay.client("kms"), relay.client("iam")
        encryption = relay.client("s3").get_bucket_encryption(Bucket=names["incomingBucket"])
        (rule,) = encryption["ServerSideEncryptionConfiguration"]["Rules"]
        key = rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"]
        function = relay.client("lambda").get_function_configuration(
            FunctionName=names["functionName"]
        )
        role = function["Role"].rpartition("/")[2]
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        yield Stack(
            relay=relay,
            key=key,
            key_policy=json.loads(kms.get_key_policy(KeyId=key)["Policy"]),
            role=role,
            role_policy_name=name,
            role_policy=iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"],
        )


def test_a_mail_comes_with_what_was_attached(stack: Stack) -> None:
    raw = stack.relay.await_mail(stack.send())
    body = raw.decode("utf-8", "replace").replace("=\r\n", "").replace("=3D", "=")
    assert files_behind(body) == [ATTACHED]


def test_ses_stores_nothing_without_its_statement(stack: Stack) -> None:
    before = stack.relay.raw_keys()
    with (
        stack.without(of_key="MailAndEventsOfSes"),
        pytest.raises(smtplib.SMTPDataError, match="nothing was stored"),
    ):
        stack.send()
    assert stack.relay.raw_keys() == before


def test_s3_announces_nothing_without_its_statement(stack: Stack) -> None:
    """The mail is stored but not in the queue: `relayctl` finds it (docs/operating.md)."""
    before = stack.relay.raw_keys()
    with stack.without(of_key="NotificationsOfS3"):
        unannounced = stack.send()
        assert len(stack.relay.raw_keys() - before) == 1
        assert stack.waiting() == 0
    stack.relay.await_mail(stack.send())
    assert stack.relay.mails(unannounced) == []


@pytest.mark.parametrize("taken", [{"of_key": "OwnRolesByServices"}, {"of_role": "UseTheKey"}])
def test_the_role_is_let_in_by_either_policy(stack: Stack, taken: Mapping[str, str]) -> None:
    with stack.without(**taken):
        stack.relay.await_mail(stack.send())


def test_a_mail_waits_in_the_queue_while_neither_policy_lets_the_role_in(stack: Stack) -> None:
    with stack.without(of_key="OwnRolesByServices", of_role="UseTheKey"):
        recipient = stack.send()
        eventually(lambda: stack.waiting() == 1)
        assert stack.relay.mails(recipient) == []
    stack.relay.await_mail(recipient)
