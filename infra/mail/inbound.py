"""Receiving mail: SES's receipt rule that stores it in the incoming bucket.

An account has one active receipt rule set in a region. Activating the stack's set replaces the
active one, and destroying it leaves none, so that SES refuses all mail of the account in that
region. If the account receives mail already, only a rule is added to its set.
Whether another set is active is looked up before anything is declared (`infra.account`).

As soon as the rule is in an active rule set, SES accepts mail. So the rule is created last and
deleted first: it depends on all that a mail needs. Without the policy of the bucket SES refuses
the rule (`InvalidS3Configuration`: it writes a test object when a rule is made). Without the
encryption of the bucket that test does not use the key. Without the bucket's notification mail
is stored and never processed. No KMS key on the S3 action: SES would encrypt
the mail on its side, in a way that only its own client library reads (SES guide, "Deliver to S3
bucket action").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra import policy_documents
from infra.activation import ActiveRuleSetArgs, activate


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleNames:
    """The names of the rule set and of our rule in it.

    They are chosen before the resources exist: the bucket's policy names the rule, and the rule
    needs the bucket's policy.
    """

    rule_set: str
    rule: str
    rule_set_exists: bool

    @classmethod
    def choose(cls, *, prefix: str, existing_rule_set: str | None) -> RuleNames:
        """The stack's own names, with an existing rule set if one is given."""
        return cls(
            rule_set=existing_rule_set or prefix,
            rule=f"{prefix}-incoming",
            rule_set_exists=existing_rule_set is not None,
        )

    def rule_arn(self, region: str, account: pulumi.Input[str]) -> pulumi.Output[str]:
        """The ARN under which SES writes to the bucket for the rule, in any rule set.

        With the set's name in it, the bucket's policy would change before the rule when a stack
        moves to another set, and SES could store nothing in between.
        """
        resource = f"receipt-rule-set/*:receipt-rule/{self.rule}"
        return policy_documents.arn("ses", region, account, resource)


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMailArgs:
    """`addresses` are what devices send to; mail goes to the bucket under `key_prefix`.

    SES accepts each address with any label as well (`docs/decisions/0055-addresses.md`).
    `waits_for` are the resources that must exist before a mail may come in. `activate`: whether
    the rule set becomes the active one.
    """

    names: RuleNames
    account: pulumi.Input[str]
    addresses: pulumi.Input[Sequence[str]]
    bucket_name: pulumi.Input[str]
    waits_for: Sequence[pulumi.Resource]
    key_prefix: str
    activate: bool


class InboundMail(pulumi.ComponentResource):
    """The receipt rule, and its rule set unless that exists already."""

    rule_set_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: InboundMailArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:inbound:InboundMail", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        if args.names.rule_set_exists:
            self.rule_set_name = pulumi.Output.from_input(args.names.rule_set)
        else:
            rule_set = aws.ses.ReceiptRuleSet(name, rule_set_name=args.names.rule_set, opts=child)
            self.rule_set_name = rule_set.rule_set_name
        rule = aws.ses.ReceiptRule(
            name,
            name=args.names.rule,
            rule_set_name=self.rule_set_name,
            enabled=True,
            recipients=args.addresses,
            scan_enabled=True,
            tls_policy="Require",
            s3_actions=[
                {
                    "bucket_name": args.bucket_name,
                    "object_key_prefix": args.key_prefix,
                    "position": 1,
                }
            ],
            # When it moves to another set, it is created before the old one is deleted. The
            # provider would do the reverse, because the name stays, and no mail would be received
            # in between.
            opts=pulumi.ResourceOptions(
                parent=self, depends_on=list(args.waits_for), delete_before_replace=False
            ),
        )
        if args.activate:
            activate(
                name,
                ActiveRuleSetArgs(
                    rule_set_name=args.names.rule_set,
                    is_own=not args.names.rule_set_exists,
                    account=args.account,
                    rule=rule,
                ),
                self,
            )
        self.register_outputs({"ruleSetName": self.rule_set_name})
