"""SES's receiving: which receipt rule set is active, and the stack's rule in it.

SES API v1, DescribeActiveReceiptRuleSet, DescribeReceiptRuleSet. An account has one active rule
set in a region, and SES refuses mail that no rule in it matches.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from adapters.aws.errors import aws_call, error_code
from relay_core.keys import INCOMING_PREFIX

from .checks import CheckContext
from .verdicts import RESTORE, Verdict, problem, problems_or_ok, warning


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSets:
    """The rule set that the stack's rule is in, and the active one; None if none is."""

    ours: str
    active: str | None


def read_rule_sets(context: CheckContext) -> RuleSets:
    """The active rule set, and the one of the stack's rule."""
    with aws_call(call="ses:DescribeActiveReceiptRuleSet", target="the account"):
        answer = context.client("ses").describe_active_receipt_rule_set()
    return RuleSets(
        ours=context.outputs.text("receiptRuleSet"),
        active=answer.get("Metadata", {}).get("Name"),
    )


def judge_rule_sets(sets: RuleSets) -> Iterable[Verdict]:
    """Whether the stack's rule set is the active one."""

    def problems() -> Iterator[Verdict]:
        if sets.active != sets.ours:
            yield problem(
                f"the active receipt rule set is {sets.active or 'none'}, and this stack's rule is"
                f" in {sets.ours}: SES refuses its mail",
                "'pulumi up' makes it active; with activateRuleSet false, run: aws ses"
                f" set-active-receipt-rule-set --rule-set-name {sets.ours}. See"
                " docs/operating.md, 'One active rule set'",
            )

    return problems_or_ok(problems(), f"{sets.ours} is the active receipt rule set")


@dataclass(frozen=True, slots=True, kw_only=True)
class OurRule:
    """The rule that stores mail in the stack's bucket; None where the set has none.

    `addresses` are the inbound addresses that the function knows, the current one first.
    """

    rule_set: str
    bucket: str
    addresses: tuple[str, ...]
    rule: Mapping[str, Any] | None


def read_rule(context: CheckContext) -> OurRule:
    """The rule from its set, whether that is active or not."""
    rule_set = context.outputs.text("receiptRuleSet")
    bucket = context.outputs.text("incomingBucket")
    with aws_call(call="ses:DescribeReceiptRuleSet", target=rule_set):
        try:
            rules = (
                context.client("ses")
                .describe_receipt_rule_set(RuleSetName=rule_set)
                .get("Rules", ())
            )
        except ClientError as error:
            if error_code(error) not in {"RuleSetDoesNotExist", "RuleSetDoesNotExistException"}:
                raise
            rules = ()
    return OurRule(
        rule_set=rule_set,
        bucket=bucket,
        addresses=context.settings().secret_addresses,
        rule=next((rule for rule in rules if _stores_in(rule, bucket)), None),
    )


def _stores_in(rule: Mapping[str, Any], bucket: str) -> bool:
    return any(
        action.get("S3Action", {}).get("BucketName") == bucket
        for action in rule.get("Actions", ())
    )


def judge_rule(ours: OurRule) -> Iterable[Verdict]:
    """Whether the rule exists, matches the inbound address, and is as declared."""
    return problems_or_ok(
        _rule_problems(ours), f"a rule of {ours.rule_set} stores the relay's mail"
    )


def _rule_problems(ours: OurRule) -> Iterator[Verdict]:
    rule = ours.rule
    if rule is None:
        yield problem(
            f"no rule of {ours.rule_set} stores mail in {ours.bucket}: SES refuses it",
            RESTORE,
        )
        return
    name = rule["Name"]
    if not rule.get("Enabled"):
        yield problem(
            f"the receipt rule {name} is disabled: SES refuses the relay's mail", RESTORE
        )
    recipients = set(map(str.lower, rule.get("Recipients", ())))
    current, *previous = [address.lower() in recipients for address in ours.addresses]
    # The addresses are secrets: no verdict names them.
    if not current:
        yield problem(
            f"the receipt rule {name} does not accept mail to the inbound address of the"
            " function's settings",
            f"{RESTORE}: recipientEmail was changed in one place only",
        )
    if not all(previous):
        yield problem(
            f"the receipt rule {name} does not accept mail to {previous.count(False)} of the"
            " previous addresses of the function's settings: SES refuses it",
            f"{RESTORE}: previousRecipientEmails was changed in one place only",
        )
    if not rule.get("ScanEnabled"):
        yield warning(
            f"the receipt rule {name} has its spam and virus scan turned off: mail arrives"
            " without these verdicts",
            RESTORE,
        )
    if rule.get("TlsPolicy") != "Require":
        yield warning(f"the receipt rule {name} accepts mail without TLS", RESTORE)
    prefixes = [action["S3Action"].get("ObjectKeyPrefix", "") for action in _storing(rule, ours)]
    if INCOMING_PREFIX not in prefixes:
        yield problem(
            f"the receipt rule {name} stores mail under {prefixes[0]!r} and not under"
            f" {INCOMING_PREFIX!r}, where the relay expects it",
            RESTORE,
        )


def _storing(rule: Mapping[str, Any], ours: OurRule) -> list[Mapping[str, Any]]:
    return [
        action
        for action in rule["Actions"]
        if action.get("S3Action", {}).get("BucketName") == ours.bucket
    ]
