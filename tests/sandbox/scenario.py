"""Many mails through a sandbox with all kinds of failures.

Mails of different sizes arrive by SMTP and directly in the incoming bucket, and each is announced
to the function twice. SES throttles, pauses, rejects and fails; workers are killed while they
work; some messages on the queue are unreadable. When all is quiet, the faults are removed and the
dead-letter queue is redriven. Then `accounting` searches for promises that were not kept.

Times are shortened: the message of a dead worker returns after 18 seconds, not minutes.
"""

from __future__ import annotations

import json
import random
import smtplib
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.sandbox.accounting import (
    Observed,
    count_notices,
    find_problems,
    find_token,
    is_of_deaths,
)
from tests.sandbox.crash import Killer, ManifestObserver
from tests.sandbox.dead_letters import UNKNOWN, explain, look_at_dead_letters
from tests.sandbox.function_lines import logged_objects
from tests.sandbox.running import RunningSandbox
from tests.sandbox.stored_mails import announcement, store_as_ses
from tests.sandbox.traffic import Mail, plan_faults, plan_mails
from tests.waiting import eventually

_TIMEOUT = 12
"""Seconds that a worker may take: less than the configuration allows, so that leases end soon."""

_HIDDEN = _TIMEOUT + 6
"""Seconds that the message of a dead worker is hidden: a little more than its lease, which
protects it. The deployed queue hides it for six times the timeout."""

_POISON_HIDDEN = 1  # seconds between two tries of an unreadable message
_ABSENT = "incoming/absent"
_SENDERS = 4
_BY_SMTP = 0.2  # of the mails
_LATE = 0.5  # of the second announcements come at the end, the others right after the first


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The amounts of mails and failures. The same seed makes the same mails, faults and times.

    `patience` is the number of seconds after which the run counts as stuck.
    """

    messages: int
    kills: int
    workers: int
    seed: int
    patience: float

    def config(self) -> tuple[str, ...]:
        """The configuration of the sandbox for it."""
        return (
            "functionTimeoutSeconds=30",
            f"maxConcurrency={self.workers}",
            "retryDelaySeconds=1",
            "parkingDelaySeconds=1",
            "dlqMaxReceiveCount=3",
            "recipientBudgetPerHour=0",
            "noticeLimit=0",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The promises that were not kept, and the observations by their names in the table."""

    problems: tuple[str, ...]
    facts: Mapping[str, object]


def run_scenario(
    relay: RunningSandbox, scenario: Scenario, say: Callable[[str], None] = lambda _text: None
) -> Result:
    """Run it in a sandbox that was started with its `config` and that nothing was sent to."""
    return _Run(relay, scenario, say).run()


class _Run:
    def __init__(
        self, relay: RunningSandbox, scenario: Scenario, say: Callable[[str], None]
    ) -> None:
        self.relay = relay
        self.scenario = scenario
        self.say = say
        self.stack: Mapping[str, str] = relay.ready["stack"]
        self.outbox = Path(relay.ready["outbox"])
        self.sqs, self.s3 = relay.client("sqs"), relay.client("s3")
        self.mails = plan_mails(scenario.messages, scenario.seed)
        self.sent: dict[str, Mail] = {}  # by message id
        self.started = time.monotonic()

    def run(self) -> Result:
        promised = sum(len(mail.accepted) for mail in self.mails)
        source = random.Random(self.scenario.seed)  # noqa: S311 (no secret)
        killer = Killer(
            self.outbox.parent,
            self.stack["functionName"],
            progress=self.submissions,
            moments=[
                round(source.uniform(0.02, 0.8) * promised) for _ in range(self.scenario.kills)
            ],
            seed=self.scenario.seed,
        )
        self.say("Messages that nobody can read, for the dead-letter queue")
        self.shorten_times()
        poison = self.send_poison()
        self.relay.set_faults(*plan_faults(self.mails, self.scenario.seed))
        with ManifestObserver(
            self.relay.client("s3"), self.stack["attachmentsBucket"]
        ) as observer:
            with killer:
                self.say(f"{len(self.mails)} mails for {promised} recipients, all announced twice")
                self.send_mails()
                sent_after = self.seconds()
                self.say("All are sent; waiting for the queue to be empty")
                self.await_quiet()
            quiet_after = self.seconds()
            found = look_at_dead_letters(self.sqs, self.stack["deadLetterQueueUrl"])
            letters = explain(found, poison, logged_objects(self.relay))
            self.say(f"{len(letters)} dead letters; faults mended, redriving")
            self.relay.set_faults()
            self.redrive(found, poison)
            given_up = self.redeliver_what_was_given_up()
            self.await_quiet()
            left = look_at_dead_letters(self.sqs, self.stack["deadLetterQueueUrl"])
        observer.look()
        self.await_notices()
        log = logged_objects(self.relay)
        observed = self.observe(observer)
        observed.delivered_again.update(self.sent[one].token for one in given_up)
        problems = (
            *find_problems(self.mails, observed),
            *self.unsettled(observer),
            *(
                f"a dead letter that should be none: {one.body}"
                for one in letters
                if one.cause == UNKNOWN
            ),
            *(f"a dead letter after redriving: {message['Body']}" for message in left),
        )
        facts = {
            "mails": len(self.mails),
            "recipients who are to get them": promised,
            "copies in the mailboxes": sum(observed.copies.values()),
            "workers killed": killer.kills,
            "deliveries in doubt": sum(observed.doubts.values()),
            "second copies": sum(observed.repeats().values()),
            "possible repeats, as the manifests count them": sum(observed.counted.values()),
            "rejected deliveries, and notices of them": (
                f"{len(observed.notices)}, {sum(observed.notices.values())}"
            ),
            "refused mails, and notices of them": (
                f"{len(observed.refusals)}, {sum(observed.refusals.values())}"
            ),
            **_counted("dead letters", (one.cause for one in letters)),
            "dead letters after redriving": len(left),
            "mails given up after two deaths, and delivered again": len(given_up),
            **_counted("tries", (line["outcome"] for line in log if "outcome" in line)),
            "seconds: to send, until quiet, in all": (
                f"{sent_after:.0f}, {quiet_after:.0f}, {self.seconds():.0f}"
            ),
        }
        return Result(problems=problems, facts=facts)

    # --- sending --------------------------------------------------------------------------------

    def shorten_times(self) -> None:
        """Shorten the leases. No worker may be busy: it would be killed."""
        self.await_quiet()
        self.relay.client("lambda").update_function_configuration(
            FunctionName=self.stack["functionName"], Timeout=_TIMEOUT
        )
        self.hide_for(_HIDDEN)
        # Start a worker first, which takes longer than the poison is hidden.
        self.announce(
            json.dumps({"Event": "s3:TestEvent", "Bucket": self.stack["incomingBucket"]})
        )
        self.await_quiet()

    def hide_for(self, seconds: int) -> None:
        self.sqs.set_queue_attributes(
            QueueUrl=self.stack["queueUrl"], Attributes={"VisibilityTimeout": str(seconds)}
        )

    def send_poison(self) -> tuple[str, ...]:
        """Let unreadable messages reach the dead-letter queue; return their bodies."""
        bodies = ("no notification at all", announcement(self.stack["incomingBucket"], _ABSENT))
        self.hide_for(_POISON_HIDDEN)
        for body in bodies:
            self.announce(body)
        self.wait_for(lambda: self.depth(self.stack["deadLetterQueueUrl"]) == len(bodies))
        self.hide_for(_HIDDEN)
        return bodies

    def send_mails(self) -> None:
        """Send every mail, and announce each a second time."""
        source = random.Random(self.scenario.seed)  # noqa: S311 (no secret)
        by_smtp = set(source.sample(self.mails, round(len(self.mails) * _BY_SMTP)))
        announced_late = set(source.sample(self.mails, round(len(self.mails) * _LATE)))
        late: list[str] = []

        def send(mail: Mail) -> None:
            message_id = self.send_by_smtp(mail) if mail in by_smtp else self.store(mail)
            self.sent[message_id] = mail
            body = announcement(self.stack["incomingBucket"], f"incoming/{message_id}")
            if mail in announced_late:
                late.append(body)
            else:
                self.announce(body)

        with ThreadPoolExecutor(_SENDERS) as pool:
            list(pool.map(send, self.mails))
        for body in late:
            self.announce(body)

    def send_by_smtp(self, mail: Mail) -> str:
        """Send the mail as a device does; return its message id."""
        to = self.relay.smtp["rcpt_to"]
        with self.relay.logged_in() as client:
            client.mail(self.relay.device)
            client.rcpt(to)
            code, answer = client.data(mail.raw(sender=self.relay.device, to=to))
        if code != 250:
            raise smtplib.SMTPDataError(code, answer)
        return answer.decode().rpartition(" ")[2]

    def store(self, mail: Mail) -> str:
        """Store the mail as SES does; return its message id."""
        raw = mail.raw(sender=self.relay.device, to=self.relay.smtp["rcpt_to"])
        return store_as_ses(self.relay, raw)

    def announce(self, body: str) -> None:
        self.sqs.send_message(QueueUrl=self.stack["queueUrl"], MessageBody=body)

    # --- waiting --------------------------------------------------------------------------------

    def seconds(self) -> float:
        return time.monotonic() - self.started

    def wait_for(self, condition: Callable[[], bool]) -> None:
        left = self.scenario.patience - self.seconds()
        eventually(condition, within=max(1.0, left))

    def await_quiet(self) -> None:
        """Wait until the queue is empty: each message is processed, or a dead letter."""
        self.wait_for(lambda: self.depth(self.stack["queueUrl"]) == 0)

    def await_notices(self) -> None:
        """Wait until all published notices are in the notices file."""
        url = self.sqs.get_queue_url(QueueName="sandbox-notices")["QueueUrl"]
        self.wait_for(lambda: self.depth(url) == 0)

    def depth(self, queue_url: str) -> int:
        """How many messages the queue has, in any state."""
        attributes = self.sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["All"])[
            "Attributes"
        ]
        kinds = ("", "NotVisible", "Delayed")
        return sum(int(attributes[f"ApproximateNumberOfMessages{kind}"]) for kind in kinds)

    def submissions(self) -> int:
        """The number of mails that SES has accepted so far."""
        return sum(1 for mailbox in self.outbox.glob("*/new") for _ in mailbox.iterdir())

    # --- the dead-letter queue ------------------------------------------------------------------

    def redrive(self, letters: Iterable[Mapping[str, Any]], poison: Sequence[str]) -> None:
        """Drop unreadable messages as an operator does, and redrive all others."""
        unreadable = [one["MessageId"] for one in letters if one["Body"] in poison]
        self.relayctl("dlq", "drop", *unreadable)
        self.relayctl("dlq", "redrive", "--all")

    def redeliver_what_was_given_up(self) -> frozenset[str]:
        """Redeliver mails that lost two workers, as an operator does; return their ids."""
        self.await_notices()
        given_up = frozenset(
            str(notice["document"]["message_id"])
            for notice in self.relay.notices()
            if is_of_deaths(notice)
        )
        for message_id in sorted(given_up):
            self.relayctl("redeliver", message_id)
        return given_up

    def relayctl(self, *arguments: str) -> None:
        """Run a command with `--yes`."""
        ready = self.outbox.parent / "ready-for-relayctl.json"
        ready.write_text(json.dumps(self.relay.ready))
        subprocess.run(
            [sys.executable, "-m", "operate", *arguments, "--yes", "--ready-file", str(ready)],
            check=True,
            timeout=self.scenario.patience,
            stdout=subprocess.DEVNULL,
        )

    # --- results --------------------------------------------------------------------------------

    def observe(self, observer: ManifestObserver) -> Observed:
        observed = Observed()
        for path in self.outbox.glob("*/new/*"):
            header = path.read_bytes().partition(b"\r\n\r\n")[0].decode("ascii", "replace")
            observed.copies[find_token(header) or "none", path.parent.parent.name] += 1
        for message_id, recipient, _ in observer.doubts:
            observed.doubts[self.sent[message_id].token, recipient] += 1
        for message_id, manifest in observer.manifests.items():
            for one in manifest.deliveries:
                if one.repeats:
                    observed.counted[self.sent[message_id].token, one.recipient] += one.repeats
        count_notices(self.relay.notices(), observed)
        return observed

    def unsettled(self, observer: ManifestObserver) -> Iterator[str]:
        """Every mail without a final state in its manifest."""
        for message_id, mail in self.sent.items():
            manifest = observer.manifests.get(message_id)
            if manifest is None:
                yield f"mail {mail.token} has no manifest"
            elif not manifest.is_settled or manifest.lease is not None:
                yield f"mail {mail.token} is {manifest.state} still: {manifest.detail}"
            elif mail.recipients and mail.digests() != {
                one.filename: one.sha256 for one in manifest.attachments
            }:
                yield f"mail {mail.token} has other attachments than it was sent with"


def _counted(what: str, kinds: Iterable[str]) -> dict[str, object]:
    return {f"{what}: {kind}": count for kind, count in Counter(kinds).most_common()}
