"""What a change of each configuration key does to a stack.

`python -m tests.sandbox.what_changes` prints the table of `docs/operating.md`: each key of
Pulumi.yaml, changed alone, on the stacks of both examples. It compares what the program declares
before and after, by the lives of the types (`sandbox.lives`); so it takes no engine and moments.
`test_what_changes` holds the document against it, and it against plans of Pulumi's engine.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml  # type: ignore[import-untyped]  # PyYAML carries no types

from sandbox.account import prepare_account
from sandbox.create import Account
from sandbox.emulator import Emulator
from sandbox.engine.stack import Stack, running
from sandbox.lives import LIVES, changed_inputs, must_be_replaced
from sandbox.stack_config import load_config
from tests.infra.program import ROOT, Registered, run_program

DOCUMENT = ROOT / "docs" / "operating.md"
STACKS = ("dev", "prod")
_BEGIN, _END = "<!-- what-changes -->", "<!-- /what-changes -->"

OTHERS: Mapping[str, object] = {
    "senderEmail": "relay@other.example.com",
    "recipientEmail": "devices-2b8wq@in.example.com",
    "allowedRecipients": ["example.org", "ops@example.com"],
    "configurationSetName": "shared-set",
    "recipientMarker": "Recipients",
    "allowedSenders": ["mail.example.com"],
    "recipientGroups": {"ops": ["ops@example.com"]},
    "defaultRecipients": {"*": ["ops@example.org"]},
    "directoryRefreshSeconds": 30,
    "maxRecipients": 50,
    "linkMode": "presigned",
    "linkExpiryHours": 12,
    "linkKeyVersion": 2,
    "downloadUrl": "https://files.example.com",
    "downloadMaxConcurrency": 10,
    "attachmentRetentionDays": 60,
    "inlineImageLimit": 500_000,
    "maxMessageBytes": 20_000_000,
    "maxHeaderBytes": 500_000,
    "maxEntities": 500,
    "maxNesting": 50,
    "incomingRetentionDays": 60,
    "logRetentionDays": 7,
    "spamAction": "mark",
    "authenticationAction": "mark",
    "senderMessageLimit": 30,
    "senderWindowSeconds": 600,
    "passHeaderFields": ["X-Device"],
    "recipientBudgetPerHour": 7200,
    "noticeLimit": 10,
    "noticeWindowSeconds": 600,
    "alarmEmails": ["other@example.com"],
    "fallbackEmails": ["other@example.com"],
    "dlqAlarmThreshold": 5,
    "queueAgeAlarmSeconds": 600,
    "trafficAlarmThreshold": 600,
    "maxConcurrency": 5,
    "submissionConcurrency": 4,
    "functionMemory": 1024,
    "functionTimeoutSeconds": 180,
    "retryDelaySeconds": 60,
    "dlqMaxReceiveCount": 7,
    "parkingDelaySeconds": 600,
    "smtpCredentialsVersion": 2,
    "dmarcPolicy": "quarantine",
    "dmarcReportEmails": ["dmarc@example.com"],
    "logLevel": "DEBUG",
    "maxAttachments": 100,
    "maxHeaderFields": 1000,
    "maxBodyBytes": 500_000,
    "codesCounted": "first",
    "keyDeletionWindowDays": 7,
    "permissionsBoundary": "arn:aws:iam::000000000000:policy/boundary",
}
"""Another value for each key that is no boolean; a boolean is turned over."""

TOGETHER: Mapping[str, Mapping[str, object]] = {
    "existingRuleSetName": {"activateRuleSet": False},
    # What hangs on the page goes with it.
    "linkMode": {"malwareProtection": False, "linkExpiryHours": 12},
    # What is protected is not to be destroyed with what is in it.
    "protect": {"forceDestroy": False},
    "forceDestroy": {"protect": False},
}
"""What has to change with a key."""

WORDS: Mapping[str, str] = {
    "aws:cloudwatch/dashboard:Dashboard": "dashboard",
    "aws:cloudwatch/logGroup:LogGroup": "log group",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "alarm",
    "aws:guardduty/malwareProtectionPlan:MalwareProtectionPlan": "malware protection plan",
    "aws:iam/accessKey:AccessKey": "access key",
    "aws:iam/role:Role": "role",
    "aws:iam/rolePolicy:RolePolicy": "role policy",
    "aws:iam/user:User": "user",
    "aws:iam/userPolicy:UserPolicy": "user policy",
    "aws:kms/alias:Alias": "key alias",
    "aws:kms/key:Key": "**KMS key**",
    "aws:lambda/eventSourceMapping:EventSourceMapping": "event source mapping",
    "aws:lambda/function:Function": "function",
    "aws:lambda/functionRecursionConfig:FunctionRecursionConfig": "recursion setting",
    "aws:lambda/functionUrl:FunctionUrl": "function URL",
    "aws:lambda/permission:Permission": "permission",
    "aws:route53/record:Record": "DNS record",
    "aws:s3/bucket:Bucket": "**bucket**",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": "bucket's lifecycle",
    "aws:s3/bucketNotification:BucketNotification": "bucket's notification",
    "aws:s3/bucketPolicy:BucketPolicy": "bucket policy",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "bucket's encryption"
    ),
    "aws:ses/receiptRule:ReceiptRule": "receipt rule",
    "aws:ses/receiptRuleSet:ReceiptRuleSet": "receipt rule set",
    "aws:sesv2/configurationSet:ConfigurationSet": "configuration set",
    "aws:sesv2/configurationSetEventDestination:ConfigurationSetEventDestination": (
        "event destination"
    ),
    "aws:sesv2/emailIdentity:EmailIdentity": "**identity**",
    "aws:sesv2/emailIdentityMailFromAttributes:EmailIdentityMailFromAttributes": (
        "MAIL FROM domain"
    ),
    "aws:sesv2/emailIdentityFeedbackAttributes:EmailIdentityFeedbackAttributes": (
        "feedback forwarding"
    ),
    "pulumi-python:dynamic/ses:Activation": "activation of the rule set",
    "aws:ses/activeReceiptRuleSet:ActiveReceiptRuleSet": "activation by the provider",
    "aws:sns/topic:Topic": "**topic**",
    "aws:sns/topicPolicy:TopicPolicy": "topic policy",
    "aws:sns/topicSubscription:TopicSubscription": "subscription",
    "aws:sqs/queue:Queue": "**queue**",
    "aws:sqs/queuePolicy:QueuePolicy": "queue policy",
    "aws:ssm/parameter:Parameter": "**parameter**",
    "random:index/randomBytes:RandomBytes": "random secret",
}
"""An operator's words for what a stack is made of; in bold what holds mail or names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is changed in place, made, and deleted (or replaced), in words with their numbers."""

    changed: str
    made: str
    deleted: str


def keys() -> tuple[str, ...]:
    """Every key of Pulumi.yaml, in its order."""
    return tuple(yaml.safe_load((ROOT / "Pulumi.yaml").read_text("utf-8"))["config"])


def base_config(stack: str) -> dict[str, object]:
    """The configuration of an example, by full names."""
    if stack == "dev":
        return load_config(ROOT)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file, source in (
            ("Pulumi.yaml", "Pulumi.yaml"),
            ("Pulumi.prod.yaml", "Pulumi.prod.yaml.example"),
        ):
            (folder / file).write_text((ROOT / source).read_text("utf-8"), "utf-8")
        return load_config(folder, stack="prod")


def changed_config(config: Mapping[str, object], key: str, zone: str) -> dict[str, object]:
    """The configuration with another value for one key, and what goes with it."""
    others = {**OTHERS, "hostedZoneId": zone, "existingRuleSetName": "shared-rules"}
    now = config[f"mail-relay:{key}"]
    value = (not now) if isinstance(now, bool) else others[key]
    changes = {**TOGETHER.get(key, {}), key: value}
    return {**config, **{f"mail-relay:{name}": value for name, value in changes.items()}}


@contextmanager
def deployed(example: str) -> Iterator[tuple[Stack, dict[str, object], str]]:
    """An example's stack, deployed; with its configuration and a zone for its records."""
    config = base_config(example)
    with (
        tempfile.TemporaryDirectory(prefix="mail-relay-changes-") as name,
        Emulator.start(
            Path(name), worker_environment={}, region=str(config["aws:region"])
        ) as account,
        running(account, Path(name) / "pulumi") as engine,
    ):
        prepare_account(ses=account.client("ses"), sesv2=account.client("sesv2"), config=config)
        zone = _prepare(account)
        stack = engine.stack(example, config)
        stack.up()
        yield stack, config, zone


def _prepare(account: Account) -> str:
    """What other values name: a rule set, a configuration set and a zone, whose id is returned."""
    account.client("ses").create_receipt_rule_set(RuleSetName="shared-rules")
    account.client("sesv2").create_configuration_set(ConfigurationSetName="shared-set")
    made = account.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def effects(example: str, wanted: Iterable[str]) -> Iterator[tuple[str, Effect]]:
    """What the change of each key alone does to a stack of the example."""
    config = base_config(example)
    before = _declared(config, example)
    for key in wanted:
        after = _declared(changed_config(config, key, "Z0123456789"), example)
        of = _Found()
        for one in after.keys() - before.keys():
            of.count("create", one[0])
        for one in before.keys() - after.keys():
            of.count("delete", one[0])
        for one in before.keys() & after.keys():
            of.compare(before[one], after[one])
        yield key, of.effect()


def planned(example: str, wanted: Iterable[str]) -> Iterator[tuple[str, Effect]]:
    """The same as Pulumi's engine plans it, for a stack that it has deployed."""
    with deployed(example) as (stack, config, zone):
        for key in wanted:
            stack.configure(changed_config(config, key, zone))
            of = _Found()
            for step in stack.preview().steps:
                if not step.type.startswith("mail-relay:"):
                    of.count(step.operation, step.type)
            yield key, of.effect()


def _declared(config: Mapping[str, object], stack: str) -> dict[tuple[str, str], Registered]:
    """What the program declares, by type and name."""
    made = run_program({k: v for k, v in config.items() if v != ""}, stack=stack)
    return {(one.type, one.name): one for one in made.resources if one.custom}


@dataclass(frozen=True, slots=True)
class _Found:
    """Words for what happens, counted by operation."""

    of: Mapping[str, Counter[str]] = field(
        default_factory=lambda: {"update": Counter(), "create": Counter(), "delete": Counter()}
    )

    def count(self, operation: str, type_: str) -> None:
        """One operation of the engine's on a resource."""
        if operation == "replace":
            self.of["delete"][f"{WORDS[type_]} (replaced)"] += 1
        elif operation not in {"create-replacement", "delete-replaced"}:
            self.of[operation][WORDS[type_]] += 1

    def compare(self, before: Registered, after: Registered) -> None:
        """One resource that is declared before and after."""
        ignored = set(after.ignored_changes)
        # The function's archive is of one checkout, and does not depend on the configuration.
        ignored |= {"code"}
        old = {key: value for key, value in before.inputs.items() if key not in ignored}
        new = {key: value for key, value in after.inputs.items() if key not in ignored}
        if changed_inputs(old, new):
            replaced = must_be_replaced(LIVES[after.type], old, new)
            self.count("replace" if replaced else "update", after.type)

    def effect(self) -> Effect:
        """All of it, as the table has it."""
        changed, made, deleted = (_listed(self.of[key]) for key in ("update", "create", "delete"))
        return Effect(changed=changed, made=made, deleted=deleted)


def _listed(found: Counter[str]) -> str:
    return ", ".join(word if n == 1 else f"{n} x {word}" for word, n in sorted(found.items()))


def rows(dev: Mapping[str, Effect], prod: Mapping[str, Effect]) -> Iterator[str]:
    """The table: a line for each key, and another where the production example differs."""
    yield "| key | changed in place | made | deleted |"
    yield "|---|---|---|---|"
    for key, effect in dev.items():
        yield _row(f"`{key}`", effect)
        if prod[key] != effect:
            yield _row(f"`{key}` (prod)", prod[key])


def _row(name: str, effect: Effect) -> str:
    cells = (name, effect.changed, effect.made, effect.deleted)
    return f"| {' | '.join(cell or '–' for cell in cells)} |"  # noqa: RUF001 (a dash)


def documented(text: str) -> dict[str, dict[str, Effect]]:
    """The document's table, by example and key."""
    found: dict[str, dict[str, Effect]] = {"dev": {}, "prod": {}}
    table = text.partition(_BEGIN)[2].partition(_END)[0]
    for line in table.strip().splitlines()[2:]:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        match = re.fullmatch(r"`(\w+)`( \(prod\))?", name)
        assert match, line
        changed, made, deleted = ("" if cell == "–" else cell for cell in cells)  # noqa: RUF001
        effect = Effect(changed=changed, made=made, deleted=deleted)
        if not match[2]:
            found["dev"][match[1]] = effect
        found["prod"][match[1]] = effect
    return found


def main() -> int:
    """Print the table."""
    dev, prod = (dict(effects(example, keys())) for example in STACKS)
    sys.stdout.write("\n".join((_BEGIN, *rows(dev, prod), _END)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
