"""A stack's whole life by Pulumi's engine, in an account where another owner receives mail.

Each step checks its result; failures are collected, so that one run shows all.
"""

from __future__ import annotations

import contextlib
import itertools
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from infra.configuration.stack_config import load_config
from sandbox.create import Account
from sandbox.deploy.program import DeployError
from sandbox.emulator.running import Emulator
from sandbox.engine.outcome import Outcome
from sandbox.engine.provider import PACKAGES
from sandbox.engine.stack import Engine, Stack, running
from sandbox.engine.state import Pending
from tests.sandbox.destroying import run_destroy
from tests.sandbox.inventory import inventory
from tests.sandbox.orphans import delete_orphan

ROOT = Path(__file__).resolve().parents[2]
FOREIGN_RULE_SET = "somebody-elses"

IRREPLACEABLE = frozenset(
    {
        "aws:s3/bucket:Bucket",
        "aws:sqs/queue:Queue",
        "aws:sns/topic:Topic",
        "aws:kms/key:Key",
        "aws:sesv2/emailIdentity:EmailIdentity",
        "aws:ssm/parameter:Parameter",
        "aws:cloudwatch/logGroup:LogGroup",
    }
)
"""Types that hold mail, or names on which others depend: deletions need a line in the table."""

GOING = frozenset({"delete", "replace", "create-replacement", "delete-replaced"})
"""The engine's operations that delete a resource."""


def config_for(number: int, **changes: object) -> dict[str, object]:
    """The configuration of a stack with its own domains, in another owner's active rule set."""
    domain = f"in{number}.example.com"
    return {
        **load_config(ROOT),
        "mail-relay:senderEmail": f"relay@mail{number}.example.com",
        "mail-relay:recipientEmail": f"devices-{number}x7f3k9@{domain}",
        "mail-relay:existingRuleSetName": FOREIGN_RULE_SET,
        "mail-relay:activateRuleSet": False,
        **{f"mail-relay:{key}": value for key, value in changes.items()},
    }


def prepare(account: Account) -> None:
    """Create and activate another owner's receipt rule set."""
    ses = account.client("ses")
    ses.create_receipt_rule_set(RuleSetName=FOREIGN_RULE_SET)
    ses.set_active_receipt_rule_set(RuleSetName=FOREIGN_RULE_SET)


def taken_away(outcome: Outcome) -> tuple[str, ...]:
    """The irreplaceable resources that an operation deletes."""
    return tuple(
        f"{step.operation} {step.type} {step.name}"
        for step in outcome.steps
        if step.type in IRREPLACEABLE and step.operation in GOING
    )


@dataclass(slots=True)
class Lifecycle:
    """One run; `problems` are the requirements that were not met."""

    account: Emulator
    engine: Engine
    say: Callable[[str], None]
    problems: list[str] = field(default_factory=list)

    def step(self, name: str, operation: Callable[[], Outcome]) -> Outcome | None:
        """Run an operation and print its result."""
        started = time.monotonic()
        try:
            outcome = operation()
        except DeployError as error:
            self.problems.append(f"{name}: {error}")
            self.say(f"{name:48} FAILED: {error}")
            return None
        self.say(f"{name:48} {counted(outcome.counts):42} {time.monotonic() - started:6.1f} s")
        return outcome

    def require(self, name: str, *, holds: bool, found: object = "") -> None:
        """Record a problem unless the condition is true."""
        if not holds:
            self.problems.append(f"{name}: {found}")
            self.say(f"    did not hold: {name}: {found}")

    def changes(self, outcome: Outcome | None, name: str, expected: Mapping[str, int]) -> None:
        """Require exactly these operations."""
        if outcome is not None:
            self.require(name, holds=outcome.changes == expected, found=dict(outcome.changes))

    def same_account(self, name: str, before: frozenset[str]) -> None:
        """Require that the content of the account is as before."""
        difference = inventory(self.account) ^ before
        self.require(name, holds=not difference, found=sorted(difference))


def counted(counts: Mapping[str, int]) -> str:
    """Counts in words."""
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "nothing"


@contextmanager
def beginning(account: Emulator, folder: Path, say: Callable[[str], None]) -> Iterator[Lifecycle]:
    """An engine for one run."""
    with running(account, folder) as engine:
        yield Lifecycle(account=account, engine=engine, say=say)


Change = tuple[Mapping[str, object], Mapping[str, int]]

CHANGES: tuple[Change, ...] = (
    ({"linkExpiryHours": 24}, {"update": 1}),
    ({"maxConcurrency": 5}, {"update": 2}),
    ({"logRetentionDays": 60}, {"update": 2}),
    ({"recipientEmail": "devices-other@in1.example.com"}, {"update": 3}),
    ({"dlqMaxReceiveCount": 7}, {}),
    ({"smtpCredentialsVersion": 2}, {"create": 3, "update": 1}),
    ({"smtpCredentialsVersion": 3}, {"create": 3, "update": 1, "delete": 3}),
    ({"linkKeyVersion": 2}, {}),
    ({"alarmEmails": ["other@example.com"]}, {"create": 1, "delete": 1}),
    ({"malwareProtection": True}, {}),
    ({"customerManagedKey": True}, {}),
    ({"linkMode": "presigned", "malwareProtection": False}, {}),
)
"""Changes, each on top of those before, with the expected operations; {} is not checked."""


def run_changes(
    lifecycle: Lifecycle, stack: Stack, config: dict[str, object], changes: Sequence[Change]
) -> None:
    """Make one change after the other."""
    for change, expected in changes:
        config |= {f"mail-relay:{key}": value for key, value in change.items()}
        stack.configure(config)
        name = "up: " + ", ".join(f"{key}={value}" for key, value in change.items())
        outcome = lifecycle.step(name[:48], stack.up)
        if expected:
            lifecycle.changes(outcome, name, expected)
        if outcome is not None and "linkMode" not in change:
            gone = taken_away(outcome)
            lifecycle.require(f"{name} takes nothing away", holds=not gone, found=gone)
    lifecycle.changes(
        lifecycle.step("preview: nothing is left to do", stack.preview), "preview", {}
    )


def run_drift(lifecycle: Lifecycle, stack: Stack) -> None:
    """A manual change, and no other, is detected by refresh, and corrected by up."""
    name = str(stack.exports()["functionName"])
    client = lifecycle.account.client("lambda")
    wanted = client.get_function_configuration(FunctionName=name)["Timeout"]
    client.update_function_configuration(FunctionName=name, Timeout=wanted + 1)
    lifecycle.changes(
        lifecycle.step("refresh after a change by hand", stack.refresh), "drift", {"update": 1}
    )
    lifecycle.changes(lifecycle.step("up mends it", stack.up), "mended", {"update": 1})
    found = client.get_function_configuration(FunctionName=name)["Timeout"]
    lifecycle.require("the change by hand is gone", holds=found == wanted, found=found)


def run_second(lifecycle: Lifecycle, first: Stack) -> None:
    """Create and destroy a second stack; the first is not affected."""
    before = inventory(lifecycle.account)
    second = lifecycle.engine.stack("second", config_for(2))
    lifecycle.step("a second stack beside it: up", second.up)
    lifecycle.changes(
        lifecycle.step("the first: preview", first.preview), "the first is untouched", {}
    )
    lifecycle.step("the second: destroy", second.destroy)
    lifecycle.same_account("the second leaves nothing", before)


def run_rename(lifecycle: Lifecycle, stack: Stack) -> None:
    """`pulumi stack rename`, and back.

    Names hold the stack's name, so that a rename would replace everything. A renamed stack
    counts as a new one whose domains exist already: it stops before anything is registered, and
    must get its old name back (`docs/operating.md`).
    """
    name = stack.name
    stack.rename(f"{name}-renamed")
    message = ""
    try:
        stack.preview()
    except DeployError as error:
        message = str(error)
    lifecycle.say(f"{'preview after `stack rename`':48} refused: {message[:60]}…")
    lifecycle.require(
        "a renamed stack is refused, with what to do",
        holds="give it its old name" in message,
        found=message,
    )
    stack.rename(name)
    lifecycle.changes(
        lifecycle.step("preview after renaming it back", stack.preview), "named back", {}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """A killed `up`: the number of recorded resources, and the pending operations."""

    resources: int
    pending: tuple[Pending, ...]


def kill_up(engine: Engine, stack: Stack, at: int) -> Interrupted:
    """Start an `up`, kill the engine when it has created the `at`th resource, and recover."""
    reached, numbers = threading.Event(), itertools.count(1)

    def note(_type: str) -> None:
        if next(numbers) == at:
            reached.set()

    def run() -> None:
        with contextlib.suppress(Exception):  # any error, as the engine was killed
            stack.up(checkpoints=True)
        reached.set()

    engine.provider.before_create = note
    thread = threading.Thread(target=run, name="up")
    thread.start()
    reached.wait()
    killed = stack.signal(signal.SIGKILL)
    thread.join()
    engine.provider.before_create = lambda _type: None
    pending = stack.recover() if killed else ()
    return Interrupted(resources=len(stack.resources()), pending=pending)


def run_kills(lifecycle: Lifecycle, *, kills: int, seed: int) -> None:
    """A first `up`, killed at random moments and each time finished, ends as any other."""
    source = random.Random(seed)  # noqa: S311 (no secret)
    before = inventory(lifecycle.account)
    plain = lifecycle.engine.stack("plain", config_for(3))
    plan = lifecycle.step("preview of an up that nobody kills", plain.preview)
    steps = plan.steps if plan else ()
    wanted = _shape(((step.type, step.name) for step in steps), plain)
    made = sum(step.type.partition(":")[0] in PACKAGES for step in steps)
    for number in range(kills):
        stack = lifecycle.engine.stack(f"killed{number}", config_for(3))
        moment = source.randrange(1, made)
        found = kill_up(lifecycle.engine, stack, moment)
        for one in found.pending:
            delete_orphan(lifecycle.account, one)
        summary = f"{found.resources} resources, {len(found.pending)} on the way"
        lifecycle.step(f"killed at thing {moment}, {summary}; up", stack.up)
        shape = _shape(_recorded(stack), stack)
        lifecycle.require("it ends as any other", holds=shape == wanted, found=shape ^ wanted)
        lifecycle.step("its destroy", stack.destroy)
        lifecycle.same_account("it leaves nothing", before)


def _shape(resources: Iterable[tuple[str, str]], stack: Stack) -> frozenset[tuple[str, str]]:
    """Types and names of a stack's resources, without the stack's own name."""
    return frozenset(
        (type_, name.replace(f"relay-{stack.name}", "STACK")) for type_, name in resources
    )


def _recorded(stack: Stack) -> Iterator[tuple[str, str]]:
    """The types and names of what a state holds, without the stack itself and providers."""
    for one in stack.resources():
        if not one["type"].startswith(("pulumi:pulumi:Stack", "pulumi:providers:")):
            yield one["type"], str(one["urn"]).rpartition("::")[2]


def run_lifecycle(
    lifecycle: Lifecycle, *, changes: Sequence[Change] = CHANGES, others: bool = True
) -> None:
    """A stack from its preview to its destroy; `others`: with a second one and a rename."""
    before = inventory(lifecycle.account)
    stack = lifecycle.engine.stack("first", config_for(1))
    plan = lifecycle.step("preview", stack.preview)
    lifecycle.same_account("a preview changes nothing", before)
    made = lifecycle.step("up", stack.up)
    if plan and made:
        lifecycle.require("up does what preview said", holds=plan.counts == made.counts)
    lifecycle.changes(lifecycle.step("up again", stack.up), "up again does nothing", {})
    run_drift(lifecycle, stack)
    config = config_for(1)
    run_changes(lifecycle, stack, config, changes)
    if others:
        run_second(lifecycle, stack)
        run_rename(lifecycle, stack)
    run_destroy(lifecycle, stack, config)
    lifecycle.same_account("destroy leaves what was there before", before)
