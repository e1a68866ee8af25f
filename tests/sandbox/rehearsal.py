"""Rehearsals of alarms: the steps in `docs/operating.md`, run with `relayctl`.

The section of an alarm has numbered steps. In a step, every command of `relayctl` in backquotes is
run as written. MESSAGE is the id of each listed message of the problem, ADDRESS a printed address.
A step with **By hand** is not parsed: a test does the same with the emulator.
"""

from __future__ import annotations

import json
import re
import shlex
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from typer.testing import CliRunner

from operate.cli import app
from relay_core.settings import MANUAL
from tests.sandbox.receivers import Receivers
from tests.sandbox.running import RunningSandbox, recipient_code
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
PREFIX = "mail-relay-sandbox-"
BY_HAND = "**By hand"

_STEP = re.compile(r"^\d\. (.*(?:\n   .*)*)", re.MULTILINE)
_COMMAND = re.compile(r"`(relayctl [^`]+)`")
_ASKS = {"redrive", "drop", "redeliver"}
"""Commands that ask for confirmation; the answer is yes."""


@dataclass(frozen=True, slots=True)
class Step:
    """One numbered step: its text, and the commands in it."""

    text: str

    @property
    def is_by_hand(self) -> bool:
        return self.text.startswith(BY_HAND)

    @property
    def commands(self) -> tuple[str, ...]:
        """Each on one line."""
        return tuple(" ".join(one.split()) for one in _COMMAND.findall(self.text))


def section(key: str) -> str:
    """The section of the document about an alarm."""
    text = (ROOT / MANUAL).read_text("utf-8")
    return re.split(r"^##", text.partition(f"\n### {key}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def steps_of(key: str) -> tuple[Step, ...]:
    """The steps under an alarm's heading, in their order."""
    return tuple(Step(found) for found in _STEP.findall(section(key)))


@dataclass(slots=True)
class RehearsalRun:
    """A sandbox with a webhook, for one problem after the other.

    `subject` and `recipients` are those of the mails of the current problem. `promised` are the
    recipients of all problems, who must finally have their mail.
    """

    relay: RunningSandbox
    data: Path
    desk: Receivers
    key: str = ""
    subject: str = ""
    recipients: list[str] = field(default_factory=list)
    promised: list[str] = field(default_factory=list)
    _printed: str = ""
    _seen: int = 0

    def begin(self, key: str) -> None:
        """Begin a new problem: wait until its alarm is over, and remove all faults of SES."""
        self.fix_cause()
        self.desk.refuses.clear()
        self.key, self.recipients, self._printed = key, [], ""
        self.subject = f"{key} {uuid.uuid4().hex[:8]}"
        eventually(lambda: self.alarm["StateValue"] != "ALARM", within=90)
        self._seen = len(self.relay.notices())

    # --- causes

    def alarms(self) -> dict[str, Mapping[str, Any]]:
        """The deployed alarms by key; Pulumi appends random characters to their names."""
        pages = self.relay.client("cloudwatch").get_paginator("describe_alarms").paginate()
        return {
            one["AlarmName"].removeprefix(PREFIX).rpartition("-")[0]: one
            for page in pages
            for one in page["MetricAlarms"]
        }

    @property
    def alarm(self) -> Mapping[str, Any]:
        return self.alarms()[self.key]

    def new_address(self, name: str = "", domain: str = "example.com") -> str:
        return f"{name or self.key}+{uuid.uuid4().hex[:8]}@{domain}"

    def send(
        self, *recipients: str, text: str = "", sender: str = "", is_lost: bool = False
    ) -> None:
        """Send a mail of this problem, from a device of its own."""
        code, domain = recipient_code(*recipients), self.relay.device.partition("@")[2]
        device = f"{sender or self.key}@{domain}"
        self.recipients += recipients
        # Groups are left out: their members are not known here.
        self.promised += () if is_lost else (one for one in recipients if "@" in one[1:])
        self.relay.send(
            f"From: {device}\r\nSubject: {self.subject}\r\n\r\n{code}\r\n{text}\r\n".encode(),
            mail_from=device,
        )

    def fail(self, error: str, recipients: Sequence[str], times: int = 1000) -> None:
        """Have SES answer submissions to them with an error, until `fix_cause`."""
        self.relay.set_faults(
            *({"error": error, "times": times, "recipient": one} for one in recipients)
        )

    def fix_cause(self) -> None:
        self.relay.set_faults()

    def look(self) -> None:
        """Check the subscriptions, as the schedule does once an hour."""
        self.relay.client("lambda").invoke(
            FunctionName=self.relay.ready["stack"]["watchFunctionName"], Payload=b"{}"
        )

    def measure(self, value: float) -> None:
        """Put a value of the alarm's metric that AWS measures and the emulator does not."""
        alarm = self.alarm
        self.relay.client("cloudwatch").put_metric_data(
            Namespace=alarm["Namespace"],
            MetricData=[
                {
                    "MetricName": alarm["MetricName"],
                    "Dimensions": alarm["Dimensions"],
                    "Value": value,
                }
            ],
        )

    def waiting(self, queue_url: str) -> int:
        """The number of messages in a queue, in any state."""
        attributes = self.relay.client("sqs").get_queue_attributes(
            QueueUrl=queue_url, AttributeNames=["All"]
        )["Attributes"]
        return sum(
            int(attributes[f"ApproximateNumberOfMessages{state}"])
            for state in ("", "NotVisible", "Delayed")
        )

    def dead_letters(self) -> int:
        return self.waiting(self.relay.ready["stack"]["deadLetterQueueUrl"])

    def await_alarm(self) -> str:
        """The alarm fires: its text on the alarms topic."""
        return str(self._await_state("ALARM")["AlarmDescription"])

    def await_end(self) -> None:
        """Wait until the alarm is over, and for its text if it sends one.

        Its period is shortened to a few seconds for this, from minutes or an hour.
        """
        alarm = self.alarm
        assert alarm["StateValue"] == "ALARM"
        holds = alarm["TreatMissingData"] == "ignore"
        is_looked_at = holds and not alarm["Namespace"].startswith("AWS/")
        self.relay.client("cloudwatch").put_metric_alarm(
            **{name: alarm[name] for name in _DEFINITION if alarm.get(name) is not None},
            Period=_LOOK if is_looked_at else 1,
            EvaluationPeriods=1,
            DatapointsToAlarm=1,
        )

        def is_over() -> bool:
            # An alarm that ignores missing data needs a value: one by AWS, or by the hourly check.
            if is_looked_at:
                self.look()
            elif holds:
                self.measure(0)
            return bool(self.alarm["StateValue"] == "OK")

        eventually(is_over, within=90)
        if alarm["OKActions"]:
            self._await_state("OK")

    def _await_state(self, state: str) -> Mapping[str, Any]:
        def find() -> Mapping[str, Any] | None:
            messages = (one["message"] for one in self.relay.notices()[self._seen :])
            events = (json.loads(text) for text in messages if f"{PREFIX}{self.key}-" in text)
            return next((one for one in events if one.get("NewStateValue") == state), None)

        found = eventually(find, within=90)
        assert found is not None
        return found

    # --- the operator's steps

    def type(self, command: str) -> None:
        """Run one command as written in the document, for each message of the problem."""
        words = shlex.split(command)[1:]
        messages = list(self._listed()) if "MESSAGE" in words else [""]
        assert messages, f"{command}: nothing listed is of {self.subject}: {self._printed}"
        if "ADDRESS" in words:
            address = next((one for one in self.recipients if one in self._printed), None)
            assert address, f"{command}: nobody concerned is in {self._printed}"
            words = [address if one == "ADDRESS" else one for one in words]
        printed = [
            self._run([one if word == "MESSAGE" else word for word in words]) for one in messages
        ]
        if not {"MESSAGE", "ADDRESS"} & set(shlex.split(command)) or words[0] == "show":
            self._printed += "".join(printed)
        if words[0] == "link":
            for link in printed:
                assert open_page(link.strip(), self.relay.ready["http"]) == 200

    def _run(self, words: Sequence[str]) -> str:
        ready_file = self.data.parent / "ready.json"
        answers = ["--yes"] if _ASKS & set(words) else []
        done = CliRunner().invoke(app, [*words, *answers, "--ready-file", str(ready_file)])
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.stdout

    def _listed(self) -> Iterator[str]:
        """The ids that `list` printed beside the subject of this problem."""
        rows = (line.split("\t") for line in self._printed.splitlines())
        return iter(dict.fromkeys(row[2] for row in rows if self.subject in row))


Act = Callable[[RehearsalRun], None]


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How an alarm is caused, and the actions of each manual step, in order."""

    cause: Act
    manual_steps: tuple[Act, ...]


def nothing_more(_run_: RehearsalRun) -> None:
    """A manual step about the device or its owner, without effect in the sandbox."""


def measured_by_aws(value: float) -> Act:
    return lambda run: run.measure(value)


_DEFINITION = (
    *("AlarmName", "AlarmDescription", "AlarmActions", "OKActions", "MetricName", "Namespace"),
    *("Statistic", "Dimensions", "Threshold", "ComparisonOperator", "TreatMissingData"),
)
_LOOK = 5  # seconds from a check until its alarm has the count, also on a busy machine


def open_page(link: str, front: str) -> int:
    """The HTTP status that the sandbox answers for a page's host; an error of HTTP is raised."""
    page = urlsplit(link)
    headers = {"Host": page.netloc}
    asked = urllib.request.Request(f"{front}{page.path}", headers=headers)  # noqa: S310 (see above)
    with urllib.request.urlopen(asked, timeout=60) as answer:  # noqa: S310 (see above)
        return int(answer.status)
