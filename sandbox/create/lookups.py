"""What a program asks its provider about the account, by Pulumi's function token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .declared import Account

Lookup = Callable[[Mapping[str, Any], Account], dict[str, Any]]
"""Arguments and account → what the function answers."""


class NothingFound(Exception):
    """What was asked for is not there; the message is the provider's."""


def _caller_identity(_arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    number = account.account_id
    return {
        "id": number,
        "accountId": number,
        "userId": number,
        "arn": f"arn:aws:iam::{number}:root",
    }


def _region(_arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    region = account.region
    return {
        "id": region,
        "region": region,
        "name": region,
        "description": region,
        "endpoint": f"ec2.{region}.amazonaws.com",
    }


def _partition(_arguments: Mapping[str, Any], _account: Account) -> dict[str, Any]:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _active_receipt_rule_set(_arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    answer = account.client("ses").describe_active_receipt_rule_set()
    name = answer.get("Metadata", {}).get("Name")
    if not name:
        raise NothingFound("reading SES Active Receipt Rule Set: empty result")
    arn = f"arn:aws:ses:{account.region}:{account.account_id}:receipt-rule-set/{name}"
    return {"id": name, "arn": arn, "region": account.region, "ruleSetName": name}


def _zone(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    zone_id, route53 = arguments["zoneId"], account.client("route53")
    try:
        zone = route53.get_hosted_zone(Id=zone_id)["HostedZone"]
    except route53.exceptions.NoSuchHostedZone as error:
        raise NothingFound(f"reading Route 53 Hosted Zone ({zone_id}): {error}") from error
    return {"id": zone_id, "zoneId": zone_id, "name": zone["Name"].rstrip(".")}


LOOKUPS: Mapping[str, Lookup] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ses/getActiveReceiptRuleSet:getActiveReceiptRuleSet": _active_receipt_rule_set,
    "aws:route53/getZone:getZone": _zone,
}
