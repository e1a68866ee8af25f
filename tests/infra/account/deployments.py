"""Deployments in an account, and the account after them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.infra.mocked_aws import InAccount
from tests.infra.program import Deployment, changed_config, deployed

RULE_SET = "aws:ses/receiptRuleSet:ReceiptRuleSet"
IDENTITY = "aws:sesv2/emailIdentity:EmailIdentity"
RECORD, KEY = "aws:route53/record:Record", "aws:kms/key:Key"
PARAMETER = "aws:ssm/parameter:Parameter"
CONFIGURATION_SET = "aws:sesv2/configurationSet:ConfigurationSet"
HOLDINGS, DIRECTORY = "/mail-relay/dev/holdings", "/mail-relay/dev/recipients"
DOMAINS = ("mail.example.com", "in.example.com")


def deploy_in(account: InAccount, **changes: object) -> Deployment:
    """The program on the dev stack's configuration with these changes, run once for each."""
    return deployed(changed_config(changes), account=account)


def held_by(stack: Deployment) -> str:
    value: str = stack.named(PARAMETER, "mail-relay-dev-holdings").inputs["insecureValue"]
    return value


def after(stack: Deployment, *, rule_set: str | None = "mail-relay-dev") -> InAccount:
    """The account once this stack has been deployed in it."""
    return InAccount(
        active_rule_set=rule_set,
        parameters={HOLDINGS: held_by(stack), DIRECTORY: "{}"},
        configuration_sets=frozenset(
            one.inputs["configurationSetName"] for one in stack.all(CONFIGURATION_SET)
        ),
        identities={one.inputs["emailIdentity"]: True for one in stack.all(IDENTITY)},
        records={
            (one.inputs["name"], one.inputs["type"]): tuple(one.inputs.get("records", ()))
            for one in stack.all(RECORD)
        },
    )


def made(stack: Deployment) -> dict[str, Mapping[str, object]]:
    types = {IDENTITY, RECORD, KEY, PARAMETER}
    return {one.urn: one.inputs for one in stack.resources if one.type in types}
