"""The relay's role has no unneeded permission: without any one of them, something fails.

Each statement of the role of a running stack is removed in turn. The failure is visible in the
log; when the statement is back, the requested work is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP

import pytest

from tests.sandbox.privileges import Privileges, privileges_of
from tests.sandbox.running import (
    RunningSandbox,
    recipient_code,
    running_sandbox,
    unique_address,
)


@pytest.fixture(scope="module")
def privileges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Privileges]:
    folder = tmp_path_factory.mktemp("privilege")
    config = [
        "linkMode=page",
        "retryDelaySeconds=1",
        "parkingDelaySeconds=1",
        "dlqMaxReceiveCount=50",
        "directoryRefreshSeconds=0",
    ]
    with running_sandbox(folder, config) as relay:
        yield privileges_of(relay, folder / "data", relay.ready["stack"]["functionName"])


def mail(relay: RunningSandbox, *recipients: str) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"], message["To"] = relay.device, relay.smtp["rcpt_to"]
    message["Subject"] = "Pressure"
    message.set_content(f"Too high.\n{recipient_code(*recipients)}\n")
    message.add_attachment(b"data", maintype="application", subtype="octet-stream", filename="a")
    return message.as_bytes()


def relayed(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail that is to be relayed; returns a function that waits for it to arrive."""
    recipient = unique_address()
    relay.send(mail(relay, recipient))
    return lambda: relay.await_mail(recipient)


def refused(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail to a forbidden recipient; returns a function that awaits the notice."""
    recipient = unique_address("elsewhere.example")
    relay.send(mail(relay, recipient))
    return lambda: relay.await_notice(recipient)


def to_a_group(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail to a group that does not exist; returns a function that awaits the notice."""
    group = unique_address().partition("@")[0]
    relay.send(mail(relay, f"@{group}"))
    return lambda: relay.await_notice(group)


def parked(relay: RunningSandbox) -> Callable[[], object]:
    """Send a mail that must wait; returns a function that awaits the next one.

    Without its rights on the queue, the function can neither delay a message nor finish it: that
    message stays hidden longer than a test takes.
    """
    recipient = unique_address()
    relay.set_faults({"error": "SendingPausedException", "times": 1, "recipient": recipient})
    relay.send(mail(relay, recipient))

    def await_next() -> object:
        return relayed(relay)()

    return await_next


_READ_ONCE = "ssm:GetParameter"  # a worker reads it once and keeps it

CASES: Mapping[str, tuple[str, Callable[[RunningSandbox], Callable[[], object]]]] = {
    # Sid of a statement → the action denied without it, and a mail that needs it
    "ReadIncomingMail": ("s3:GetObject", relayed),
    "KeepAttachments": ("s3:PutObject", relayed),
    "KeepRecords": ("s3:GetObject", relayed),
    "KeepRecordsWithoutEnd": ("s3:GetObject", relayed),
    "SendAsTheSender": ("ses:SendRawEmail", relayed),
    "TellTheOperator": ("sns:Publish", refused),
    "ReadTheDirectory": (_READ_ONCE, to_a_group),
    "ReadLinkKeys": (_READ_ONCE, relayed),
    "WorkThroughTheQueue": ("sqs:SendMessage", parked),
}


def test_every_statement_is_taken_away_here_or_it_is_said_why_not(privileges: Privileges) -> None:
    assert privileges.sids == CASES.keys()


@pytest.mark.parametrize("sid", CASES)
def test_without_it_something_fails_and_with_it_all_is_well_again(
    privileges: Privileges, sid: str
) -> None:
    action, send = CASES[sid]
    with privileges.without(sid):
        if action == _READ_ONCE:
            privileges.forget()
        with privileges.denied(action):
            await_arrival = send(privileges.relay)
    await_arrival()
