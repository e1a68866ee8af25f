"""The relay's role has no right too many: whichever is taken away, something visibly fails.

Each statement of the role of a running stack is taken out in turn. What fails is seen in the log;
once the statement is back, what was asked for is done.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest

from sandbox.emulator.workers import find_workers, kill_worker
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)
from tests.sandbox.waiting import eventually

UNSEEN: Mapping[str, str] = {
    # Sid of a statement → why nothing fails here without it
    "TellAbsentFromForbidden": "the emulator answers 404 for what is not there to whoever may read"
    " objects; AWS answers 403 to whoever may not list the bucket",
    "WriteLogs": "the emulator itself writes the logs of functions",
}


@dataclass(frozen=True, slots=True)
class Stack:
    """A sandbox, its folder, and the policy of the role of its function."""

    relay: RunningSandbox
    data: Path
    role: str
    policy_name: str
    document: Mapping[str, Any]

    @contextmanager
    def without(self, sid: str) -> Iterator[None]:
        """The role without one statement."""
        kept = [one for one in self.document["Statement"] if one["Sid"] != sid]
        self._put({**self.document, "Statement": kept})
        try:
            yield
        finally:
            self._put(self.document)

    def _put(self, document: Mapping[str, Any]) -> None:
        self.relay.client("iam").put_role_policy(
            RoleName=self.role, PolicyName=self.policy_name, PolicyDocument=json.dumps(document)
        )

    def forget(self) -> None:
        """End the workers: one that is warm has read already what it would be denied."""
        for worker in find_workers(self.data, self.relay.ready["stack"]["functionName"]):
            kill_worker(worker)

    def await_denial(self, action: str, since_ms: int) -> None:
        """Wait until the function's log says that it was denied an action."""
        logs, group = self.relay.client("logs"), self.relay.ready["stack"]["logGroup"]

        def denied() -> bool:
            events = logs.filter_log_events(logGroupName=group, startTime=since_ms)["events"]
            return any(
                action in one["message"] and "not authorized" in one["message"] for one in events
            )

        eventually(denied, within=60)


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("privilege")
    config = [
        "linkMode=page",
        "retryDelaySeconds=1",
        "parkingDelaySeconds=1",
        "dlqMaxReceiveCount=50",
        "directoryRefreshSeconds=0",
    ]
    with running_sandbox(folder, config) as relay:
        iam = relay.client("iam")
        function = relay.client("lambda").get_function_configuration(
            FunctionName=relay.ready["stack"]["functionName"]
        )
        role = function["Role"].rpartition("/")[2]
        (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        yield Stack(relay, folder / "data", role, name, document)


def mail(relay: RunningSandbox, *recipients: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = relay.device, relay.smtp["rcpt_to"]
    message["Subject"] = "Pressure"
    message.set_content(f"Too high.\n{recipient_code(*recipients)}\n")
    message.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="a")
    return message.as_bytes()


def relayed(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail that is to be relayed; what waits for it to arrive."""
    recipient = unique_address()
    relay.send(mail(relay, recipient))
    return lambda: relay.await_mail(recipient)


def refused(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail to somebody it may not go to; what waits for the notice of it."""
    recipient = unique_address("elsewhere.example")
    relay.send(mail(relay, recipient))
    return lambda: relay.await_notice(recipient)


def to_a_group(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail to a group that the directory does not have; what waits for the notice."""
    group = unique_address().partition("@")[0]
    relay.send(mail(relay, f"@{group}"))
    return lambda: relay.await_notice(group)


def parked(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail that has to wait; what waits for the next one.

    Without its rights on the queue, the function can neither put a message off nor be done with
    it: that one stays hidden for longer than a test takes.
    """
    recipient = unique_address()
    relay.set_faults({"error": "SendingPausedException", "times": 1, "recipient": recipient})
    relay.send(mail(relay, recipient))

    def await_next() -> object:
        return relayed(relay)()

    return await_next


_READ_ONCE = "ssm:GetParameter"  # and kept by a worker

CASES: Mapping[str, tuple[str, Callable[[RunningSandbox], Callable[[], object]]]] = {
    # Sid of a statement → what is denied without it, and a mail that takes it
    "ReadIncomingMail": ("s3:GetObject", relayed),
    "KeepAttachments": ("s3:PutObject", relayed),
    "KeepRecords": ("s3:GetObject", relayed),
    "KeepSuppressedAddresses": ("s3:GetObject", relayed),
    "SendAsTheSender": ("ses:SendRawEmail", relayed),
    "TellTheOperator": ("sns:Publish", refused),
    "ReadTheDirectory": (_READ_ONCE, to_a_group),
    "ReadLinkKeys": (_READ_ONCE, relayed),
    "WorkThroughTheQueue": ("sqs:SendMessage", parked),
}


def test_every_statement_is_taken_away_here_or_it_is_said_why_not(stack: Stack) -> None:
    assert {one["Sid"] for one in stack.document["Statement"]} == {*CASES, *UNSEEN}
    assert not CASES.keys() & UNSEEN.keys()


@pytest.mark.parametrize("sid", CASES)
def test_without_it_something_fails_and_with_it_all_is_well_again(stack: Stack, sid: str) -> None:
    action, send = CASES[sid]
    since_ms = int(time.time() * 1000)
    with stack.without(sid):
        if action == _READ_ONCE:
            stack.forget()
        await_arrival = send(stack.relay)
        stack.await_denial(action, since_ms)
    await_arrival()
