"""The data sources of the program, by Pulumi's function token."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from .declared import Account

Lookup = Callable[[Mapping[str, Any], Account], dict[str, Any]]
"""Arguments and account → the function's result."""


class NothingFound(Exception):
    """The requested object does not exist; the message is the provider's."""


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
        raise NothingFound(
            f"reading Route 53 Hosted Zone ({zone_id}): couldn't find resource"
        ) from error
    return {"id": zone_id, "zoneId": zone_id, "name": zone["Name"].rstrip(".")}


def _zone_records(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    pages = (
        account.client("route53")
        .get_paginator("list_resource_record_sets")
        .paginate(HostedZoneId=arguments["zoneId"])
    )
    sets = [
        {
            "name": one["Name"],
            "type": one["Type"],
            "ttl": one.get("TTL", 0),
            "resourceRecords": [
                {"value": record["Value"]} for record in one.get("ResourceRecords", ())
            ],
        }
        for page in pages
        for one in page["ResourceRecordSets"]
    ]
    return {"zoneId": arguments["zoneId"], "resourceRecordSets": sets}


def _parameter(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    name, ssm = arguments["name"], account.client("ssm")
    try:
        found = ssm.get_parameter(
            Name=name, WithDecryption=bool(arguments.get("withDecryption", True))
        )["Parameter"]
    except ssm.exceptions.ParameterNotFound as error:
        raise NothingFound(f"reading SSM Parameter ({name}): couldn't find resource") from error
    return {
        "id": name,
        "arn": found["ARN"],
        "name": name,
        "type": found["Type"],
        "value": found["Value"],
        "insecureValue": "" if found["Type"] == "SecureString" else found["Value"],
        "version": found["Version"],
        "region": account.region,
    }


def _parameters_by_path(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    path = arguments["path"]
    pages = (
        account.client("ssm")
        .get_paginator("get_parameters_by_path")
        .paginate(
            Path=path,
            Recursive=bool(arguments.get("recursive", False)),
            WithDecryption=bool(arguments.get("withDecryption", True)),
        )
    )
    found = [one for page in pages for one in page["Parameters"]]
    return {
        "id": path,
        "path": path,
        "arns": [one["ARN"] for one in found],
        "names": [one["Name"] for one in found],
        "types": [one["Type"] for one in found],
        "values": [one["Value"] for one in found],
        "region": account.region,
    }


def _email_identity(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    name, sesv2 = arguments["emailIdentity"], account.client("sesv2")
    try:
        found = sesv2.get_email_identity(EmailIdentity=name)
    except sesv2.exceptions.NotFoundException as error:
        raise NothingFound(
            f"reading SESv2 Email Identity ({name}): couldn't find resource"
        ) from error
    return {
        "id": name,
        "arn": f"arn:aws:ses:{account.region}:{account.account_id}:identity/{name}",
        "emailIdentity": name,
        "identityType": found["IdentityType"],
        "configurationSetName": found.get("ConfigurationSetName", ""),
        "verificationStatus": found.get("VerificationStatus", "SUCCESS"),
        "verifiedForSendingStatus": found["VerifiedForSendingStatus"],
        "dkimSigningAttributes": [],
        "tags": {},
        "region": account.region,
    }


def _configuration_set(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    name, sesv2 = arguments["configurationSetName"], account.client("sesv2")
    try:
        sesv2.get_configuration_set(ConfigurationSetName=name)
    except sesv2.exceptions.NotFoundException as error:
        raise NothingFound(
            f"reading SESv2 Configuration Set ({name}): couldn't find resource"
        ) from error
    return {
        "id": name,
        "arn": f"arn:aws:ses:{account.region}:{account.account_id}:configuration-set/{name}",
        "configurationSetName": name,
        **{f"{kind}Options": [] for kind in ("delivery", "reputation", "sending")},
        **{f"{kind}Options": [] for kind in ("suppression", "tracking", "vdm")},
        "tags": {},
        "region": account.region,
    }


def _service_quota(arguments: Mapping[str, Any], account: Account) -> dict[str, Any]:
    """AWS's documented default, which an account gets on request or by use."""
    service, code = arguments["serviceCode"], arguments["quotaCode"]
    if (service, code) not in _QUOTAS:
        raise NothingFound(
            f"reading Service Quotas Service Quota ({service}/{code}): empty result"
        )
    value = _QUOTAS[service, code]
    return {
        "id": code,
        "arn": f"arn:aws:servicequotas:{account.region}:{account.account_id}:{service}/{code}",
        "serviceCode": service,
        "quotaCode": code,
        "value": value,
        "defaultValue": value,
    }


_QUOTAS = {("lambda", "L-B99A9384"): 1000}  # concurrent executions


LOOKUPS: Mapping[str, Lookup] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getRegion:getRegion": _region,
    "aws:index/getPartition:getPartition": _partition,
    "aws:ses/getActiveReceiptRuleSet:getActiveReceiptRuleSet": _active_receipt_rule_set,
    "aws:route53/getZone:getZone": _zone,
    "aws:route53/getRecords:getRecords": _zone_records,
    "aws:ssm/getParameter:getParameter": _parameter,
    "aws:ssm/getParametersByPath:getParametersByPath": _parameters_by_path,
    "aws:sesv2/getEmailIdentity:getEmailIdentity": _email_identity,
    "aws:sesv2/getConfigurationSet:getConfigurationSet": _configuration_set,
    "aws:servicequotas/getServiceQuota:getServiceQuota": _service_quota,
}
