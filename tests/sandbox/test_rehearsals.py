"""Every alarm is caused, the document's steps are followed as written, and the alarm ends.

Metrics that only AWS measures are put as AWS does: throttled starts, deliveries that SNS gives up,
and the account's rates of bounces and complaints. An alarm
that ends after minutes on AWS ends after seconds here: see `RehearsalRun.await_end`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

import pytest

from infra.watching.alarms import Thresholds, alarms
from relay_core.settings import MANUAL
from tests.sandbox.mail_rehearsals import GROUP, MAIL_REHEARSALS, SENDER_LIMIT, TRAFFIC
from tests.sandbox.notice_rehearsals import DESK, NOTICE_REHEARSALS, WEBHOOK
from tests.sandbox.receivers import receivers
from tests.sandbox.rehearsal import Rehearsal, RehearsalRun, section, steps_of
from tests.sandbox.running import RunningSandbox, running_sandbox
from tests.waiting import eventually

CONFIG = (
    "allowedRecipients=example.com,simulator.amazonses.com",
    "malwareProtection=true",
    "downloadDomain=files.example.com",
    "hostedZoneId=Z123",
    "directoryRefreshSeconds=0",
    f'recipientGroups={{"{GROUP}": ["member-of-plant@example.com"]}}',
    "dlqMaxReceiveCount=3",
    "retryDelaySeconds=1",
    "parkingDelaySeconds=1",
    "functionTimeoutSeconds=30",
    "maxConcurrency=2",
    "noticeLimit=0",
    "dlqAlarmThreshold=1",
    "watchSubscriptions=true",
    f"trafficAlarmThreshold={TRAFFIC}",
    f"senderMessageLimit={SENDER_LIMIT}",
    "queueAgeAlarmSeconds=5",
)
_RETURNS = 36  # seconds: a dead worker's message returns shortly after the end of its lease


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RehearsalRun]:
    folder = tmp_path_factory.mktemp("rehearsals")
    ca_file = folder / "ca.pem"
    with receivers(ca_file) as desk:
        webhook = {"kind": "slack", "url": desk.url(DESK), "sends": "notices"}
        config = (*CONFIG, f"webhooks={json.dumps({WEBHOOK: webhook})}")
        trust = {"SSL_CERT_FILE": str(ca_file)}
        with running_sandbox(folder, config, environment=trust) as relay:
            hide_less(relay)
            yield RehearsalRun(relay, folder / "data", desk)


def hide_less(relay: RunningSandbox) -> None:
    """Shorten the time after which the message of a dead worker returns."""
    relay.client("sqs").set_queue_attributes(
        QueueUrl=relay.ready["stack"]["queueUrl"],
        Attributes={"VisibilityTimeout": str(_RETURNS)},
    )


REHEARSALS: Mapping[str, Rehearsal] = {**MAIL_REHEARSALS, **NOTICE_REHEARSALS}


def declared() -> set[str]:
    """The alarms of a stack with all options."""
    found = alarms(
        Thresholds(failed_messages=1, oldest_message_seconds=1, messages_in_five_minutes=1),
        dashboard="",
        log_group="",
        page_log_group="",
        is_scanned=True,
        posting_log_group="",
        watch_log_group="",
        has_domain=True,
    )
    return {one.key for one in found}


def test_every_alarm_is_rehearsed_and_has_its_steps(run: RehearsalRun) -> None:
    assert run.alarms().keys() == declared()
    assert REHEARSALS.keys() == declared()
    for key in REHEARSALS:
        steps = steps_of(key)
        assert steps, key
        for step in steps:
            assert step.is_by_hand != bool(step.commands), (key, step.text)


@pytest.mark.parametrize("key", REHEARSALS)
@pytest.mark.timeout(300)
def test_an_alarm_fires_and_the_documented_steps_end_it(run: RehearsalRun, key: str) -> None:
    rehearsal, steps = REHEARSALS[key], steps_of(key)
    run.begin(key)
    rehearsal.cause(run)
    _check_text(key, run.await_alarm(), {one for step in steps for one in step.commands})
    manual_steps = iter(rehearsal.manual_steps)
    for step in steps:
        if step.is_by_hand:
            next(manual_steps)(run)
        for command in () if step.is_by_hand else step.commands:
            run.type(command)
    assert not list(manual_steps)
    run.await_end()


def _check_text(key: str, text: str, commands: set[str]) -> None:
    """The text names the stack, the problem, the commands that help, and its section."""
    assert re.match(r"Stack sandbox: [A-Z].*\. First: .*", text), text
    assert text.endswith(f" More: {MANUAL}#{key}")
    named = set(re.findall(r"'(relayctl [^']+)'", text))
    assert bool(named) == bool(commands), text
    assert named <= commands, named - commands
    # The section has the same configuration keys and outputs; names of the stack are not in it.
    keys = set(re.findall(r"\b[a-z]+[A-Z]\w+\b", text))
    assert {one for one in keys if one not in section(key)} == set()


@pytest.mark.timeout(300)
def test_every_recipient_got_the_mail_after_all_rehearsals(run: RehearsalRun) -> None:
    """All recipients have their mail, also that of the worker that died, after its lease."""
    eventually(lambda: all(map(run.relay.mails, run.promised)), within=200)
    assert run.dead_letters() == 0
