"""The table in `docs/operating.md` of the effects of changing each configuration key."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sandbox.engine.outcome import Step
from tests.sandbox.changed_values import ROOT

DOCUMENT = ROOT / "docs" / "operating.md"
BEGIN, END = "<!-- what-changes -->", "<!-- /what-changes -->"

WORDS: Mapping[str, str] = {
    "aws:acm/certificate:Certificate": "certificate",
    "aws:acm/certificateValidation:CertificateValidation": "wait for the certificate",
    "aws:apigatewayv2/api:Api": "API",
    "aws:apigatewayv2/apiMapping:ApiMapping": "API mapping",
    "aws:apigatewayv2/domainName:DomainName": "domain name",
    "aws:apigatewayv2/integration:Integration": "integration",
    "aws:apigatewayv2/route:Route": "route",
    "aws:apigatewayv2/stage:Stage": "stage",
    "aws:cloudwatch/dashboard:Dashboard": "dashboard",
    "aws:cloudwatch/eventRule:EventRule": "schedule",
    "aws:cloudwatch/eventTarget:EventTarget": "schedule's target",
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
"""Names of resource types for operators; in bold those that hold mail or names."""


REASONS: Mapping[str, str] = {
    "senderEmail": "the new domain sends; the old identity stays, without a MAIL FROM domain",
    "configurationSetName": "mail is sent with the set that is named, which its owner watches",
    "linkMode": "presigned links need no page: links to it end (a warning says so)",
    "alarmEmails": "a subscription is of one address; the new one has to be confirmed",
    "fallbackEmails": "a subscription is of one address; the new one has to be confirmed",
    "activateRuleSet": "SES refuses all mail of the region from then on (a warning says so)",
    "existingRuleSetName": (
        "a rule is of one set: it moves to the set that is named, and the stack's own set goes"
    ),
    "malwareProtection": "nothing is scanned any more, and the role of the scans has no use",
    "createSmtpUser": "devices have other credentials: these end at once (a warning says so)",
}
"""Why a key's change deletes or replaces something, for operators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What is updated in place, created, and deleted or replaced: names with their numbers."""

    changed: str
    made: str
    deleted: str


def effect_of(steps: Iterable[Step]) -> Effect:
    found: Mapping[str, Counter[str]] = {
        name: Counter() for name in ("update", "create", "delete")
    }
    for step in steps:
        # Count one of the three steps of a replacement, and no components.
        if step.type.startswith("mail-relay:") or step.operation in {
            "create-replacement",
            "delete-replaced",
        }:
            continue
        if step.operation == "replace":
            found["delete"][f"{WORDS[step.type]} (replaced)"] += 1
        else:
            found[step.operation][WORDS[step.type]] += 1
    changed, made, deleted = map(_listed, found.values())
    return Effect(changed=changed, made=made, deleted=deleted)


def _listed(found: Counter[str]) -> str:
    return ", ".join(word if n == 1 else f"{n} x {word}" for word, n in sorted(found.items()))


def rows(dev: Mapping[str, Effect], prod: Mapping[str, Effect]) -> Iterator[str]:
    """The table: a line for each key, and another where the production example differs."""
    yield "| key | changed in place | made | deleted | why it is deleted |"
    yield "|---|---|---|---|---|"
    for key, effect in dev.items():
        yield _row(key, f"`{key}`", effect)
        if prod[key] != effect:
            yield _row(key, f"`{key}` (prod)", prod[key])


def _row(key: str, name: str, effect: Effect) -> str:
    why = REASONS[key] if effect.deleted else ""
    cells = (name, effect.changed, effect.made, effect.deleted, why)
    return f"| {' | '.join(cell or '–' for cell in cells)} |"  # noqa: RUF001 (a dash)


def documented(text: str) -> dict[str, dict[str, Effect]]:
    """The document's table, by example and key."""
    found: dict[str, dict[str, Effect]] = {"dev": {}, "prod": {}}
    table = text.partition(BEGIN)[2].partition(END)[0]
    for line in table.strip().splitlines()[2:]:
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        match = re.fullmatch(r"`(\w+)`( \(prod\))?", name)
        assert match, line
        changed, made, deleted, why = (
            "" if cell == "–" else cell  # noqa: RUF001 (a dash)
            for cell in cells
        )
        assert why == (REASONS.get(match[1], "") if deleted else ""), line
        effect = Effect(changed=changed, made=made, deleted=deleted)
        if not match[2]:
            found["dev"][match[1]] = effect
        found["prod"][match[1]] = effect
    return found
