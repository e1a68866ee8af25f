"""The active receipt rule set: activated by the provider, deactivated only if it is the stack's.

An account has one active receipt rule set in a region. The provider's resource is used only to
activate one. Its deletion would deactivate any active set, also another owner's
(terraform-provider-aws, active_receipt_rule_set.go, delete). So it is retained on deletion: a
change of sets, a set that another stack has replaced, and a rename deactivate nothing.

The deactivation is a resource of our own, an `Activation`. On deletion it reads which set is
active, and deactivates it only if it is the stack's own. At each `up` and preview it is compared
with the active set, and activates the stack's set again if that was changed outside of Pulumi. The
provider's resource is compared with Pulumi's state only, which does not show that.

It is a dynamic provider, which Pulumi runs in the Python of the program, at `destroy` too (Pulumi
docs, "Dynamic resource providers"). It calls AWS by boto3, with the credentials of the environment
or of `aws:profile`. boto3 does not use other provider configuration, such as a role to assume. So
the accounts are compared first, and nothing is changed in another account.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
from botocore.exceptions import BotoCoreError, ClientError
from pulumi import dynamic

Client = Callable[[str], Any]
"""Service name → boto3's client, whose class boto3 creates at run time."""


class AnotherAccount(pulumi.RunError):
    """boto3 found no credentials, or those of another account than the stack's."""


class ActivationProvider(dynamic.ResourceProvider):
    """Creates, compares and deletes an `Activation`; called by Pulumi.

    Its properties: `ruleSetName`; `isOwn`, whether that set is the stack's own; `account`.
    `client` is set by `configure`, or by a test.
    """

    serialize_as_secret_always = False
    client: Client

    def configure(self, req: dynamic.ConfigureRequest) -> None:
        """Use the credentials and the region of the AWS provider."""
        self.client = _client_of({key: req.config.get(f"aws:{key}") for key in _CONFIG})

    def create(self, props: dict[str, Any]) -> dynamic.CreateResult:
        """Activate the set if it is not active: usually the provider's resource has done that."""
        self._activate(props)
        return dynamic.CreateResult(id_="activation", outs=dict(props))

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> dynamic.DiffResult:
        """Compare with the old properties, and with the active set."""
        changed = any(olds.get(key) != news[key] for key in ("ruleSetName", "isOwn", "account"))
        return dynamic.DiffResult(changes=changed or self._active(news) != news["ruleSetName"])

    def update(
        self, _id: str, _olds: dict[str, Any], news: dict[str, Any]
    ) -> dynamic.UpdateResult:
        """Activate the set again, or another one."""
        self._activate(news)
        return dynamic.UpdateResult(outs=dict(news))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Deactivate the set, if it is active and the stack's own."""
        if props["isOwn"] and self._active(props) == props["ruleSetName"]:
            self.client("ses").set_active_receipt_rule_set()

    def _activate(self, props: Mapping[str, Any]) -> None:
        if self._active(props) != props["ruleSetName"]:
            self.client("ses").set_active_receipt_rule_set(RuleSetName=props["ruleSetName"])

    def _active(self, props: Mapping[str, Any]) -> str | None:
        found = self.client("sts").get_caller_identity()["Account"]
        if found != props["account"]:
            raise AnotherAccount(
                f"the receipt rule set {props['ruleSetName']} belongs to account"
                f" {props['account']}, but the AWS credentials of the environment belong to"
                f" {found}: set AWS_PROFILE, or the AWS_ variables, to those that the stack is"
                " deployed with"
            )
        active = self.client("ses").describe_active_receipt_rule_set()
        name: str | None = active.get("Metadata", {}).get("Name")
        return name


_CONFIG = ("profile", "region", "accessKey", "secretKey", "token", "endpoints")
"""Keys of the AWS provider's configuration, in the namespace `aws`."""


def _client_of(config: Mapping[str, str | None]) -> Client:
    # The names of services are known at run time only: boto3's types need literals.
    session: Any = boto3.session.Session(
        profile_name=config["profile"],
        region_name=config["region"],
        aws_access_key_id=config["accessKey"],
        aws_secret_access_key=config["secretKey"],
        aws_session_token=config["token"],
    )
    endpoints: Mapping[str, str] = {}
    for one in json.loads(config["endpoints"] or "[]"):
        endpoints = {**endpoints, **one}
    clients: dict[str, Any] = {}

    def client(service: str) -> Any:  # noqa: ANN401 (boto3 makes its class at run time)
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=endpoints.get(service))
        return clients[service]

    return client


def account_of_credentials() -> str:
    """The account of boto3's credentials, in which an `Activation` would act.

    Raises:
        AnotherAccount: if boto3 finds no valid credentials.
    """
    provider = pulumi.Config("aws")
    try:
        sts = _client_of({key: provider.get(key) for key in _CONFIG})("sts")
        return str(sts.get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise AnotherAccount(
            f"the account of boto3's AWS credentials cannot be read: {error}. Set AWS_PROFILE,"
            " or the AWS_ variables, to the credentials that Pulumi uses"
        ) from error


class Activation(dynamic.Resource, module="ses", name="Activation"):
    """The active state of a receipt rule set, as a resource."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActiveRuleSetArgs:
    """`is_own`: whether the set is the stack's, which is deactivated when the stack is destroyed.

    `rule` is the rule that must exist before its set is active.
    """

    rule_set_name: str
    is_own: bool
    account: pulumi.Input[str]
    rule: pulumi.Resource


def activate(name: str, args: ActiveRuleSetArgs, parent: pulumi.Resource) -> None:
    """Declare the rule set to be active, under this name."""
    activated = aws.ses.ActiveReceiptRuleSet(
        name,
        rule_set_name=args.rule_set_name,
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[args.rule], retain_on_delete=True),
    )
    Activation(
        ActivationProvider(),
        name,
        {"ruleSetName": args.rule_set_name, "isOwn": args.is_own, "account": args.account},
        pulumi.ResourceOptions(parent=parent, depends_on=[activated]),
    )
