"""The content of an account: everything that a stack could have created or damaged.

A key scheduled for deletion counts as deleted: KMS deletes none at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.create import Account


def inventory(account: Account) -> frozenset[str]:
    """Every resource of the account as a line, with the properties on which others depend."""
    return frozenset(_everything(account))


def _everything(account: Account) -> Iterator[str]:
    clients = _Clients(account)
    yield from _storage(clients)
    yield from _principals(clients)
    yield from _computing(clients)
    yield from _domains(clients)
    yield from _watching(clients)
    yield from _mail(clients)
    yield from _names(clients)
    for plan in account.malware_plans:
        yield f"malware plan of {plan.bucket}"
    for key in account.smtp_passwords:
        yield f"SMTP login {key}"


class _Clients:
    """Pages of a service's lists, and its clients."""

    def __init__(self, account: Account) -> None:
        self._account = account

    def __call__(self, service: str) -> Any:
        return self._account.client(service)

    def pages(self, service: str, operation: str, key: str, **more: Any) -> Iterator[Any]:
        client = self._account.client(service)
        if client.can_paginate(operation):
            for page in client.get_paginator(operation).paginate(**more):
                yield from page.get(key, ())
        else:
            yield from getattr(client, operation)(**more).get(key, ())


def _storage(clients: _Clients) -> Iterator[str]:
    for bucket in clients("s3").list_buckets()["Buckets"]:
        yield f"bucket {bucket['Name']}"
    for url in clients.pages("sqs", "list_queues", "QueueUrls"):
        yield f"queue {url.rpartition('/')[2]}"
    for topic in clients.pages("sns", "list_topics", "Topics"):
        yield f"topic {topic['TopicArn']}"
    for one in clients.pages("sns", "list_subscriptions", "Subscriptions"):
        yield f"subscription {one['Endpoint']} of {one['TopicArn']}"
    for parameter in clients.pages("ssm", "describe_parameters", "Parameters"):
        yield f"parameter {parameter['Name']}"
    for key in clients.pages("kms", "list_keys", "Keys"):
        found = clients("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
        if found["KeyState"] != "PendingDeletion":
            yield f"key {key['KeyId']}"
    for alias in clients.pages("kms", "list_aliases", "Aliases"):
        if not alias["AliasName"].startswith("alias/aws/"):
            yield f"alias {alias['AliasName']}"


def _principals(clients: _Clients) -> Iterator[str]:
    for role in clients.pages("iam", "list_roles", "Roles"):
        name = role["RoleName"]
        yield f"role {name}"
        for policy in clients("iam").list_role_policies(RoleName=name)["PolicyNames"]:
            yield f"policy {policy} of role {name}"
    for user in clients.pages("iam", "list_users", "Users"):
        name = user["UserName"]
        yield f"user {name}"
        for policy in clients("iam").list_user_policies(UserName=name)["PolicyNames"]:
            yield f"policy {policy} of user {name}"
        for key in clients("iam").list_access_keys(UserName=name)["AccessKeyMetadata"]:
            yield f"access key {key['AccessKeyId']}"


def _computing(clients: _Clients) -> Iterator[str]:
    for function in clients.pages("lambda", "list_functions", "Functions"):
        name = function["FunctionName"]
        yield f"function {name}"
        urls = clients("lambda").list_function_url_configs(FunctionName=name)
        for url in urls["FunctionUrlConfigs"]:
            yield f"URL {url['FunctionUrl']}"
    for mapping in clients.pages("lambda", "list_event_source_mappings", "EventSourceMappings"):
        yield f"mapping {mapping['UUID']}"


def _domains(clients: _Clients) -> Iterator[str]:
    for api in clients("apigatewayv2").get_apis()["Items"]:
        yield f"API {api['Name']}"
    for domain in clients("apigatewayv2").get_domain_names()["Items"]:
        yield f"domain name {domain['DomainName']}"
    for certificate in clients.pages("acm", "list_certificates", "CertificateSummaryList"):
        yield f"certificate {certificate['CertificateArn']}"


def _watching(clients: _Clients) -> Iterator[str]:
    for group in clients.pages("logs", "describe_log_groups", "logGroups"):
        yield f"log group {group['logGroupName']}"
    for alarm in clients.pages("cloudwatch", "describe_alarms", "MetricAlarms"):
        yield f"alarm {alarm['AlarmName']}"
    for dashboard in clients.pages("cloudwatch", "list_dashboards", "DashboardEntries"):
        yield f"dashboard {dashboard['DashboardName']}"


def _mail(clients: _Clients) -> Iterator[str]:
    ses = clients("ses")
    for rule_set in ses.list_receipt_rule_sets()["RuleSets"]:
        name = rule_set["Name"]
        yield f"receipt rule set {name}"
        for rule in ses.describe_receipt_rule_set(RuleSetName=name)["Rules"]:
            yield f"receipt rule {rule['Name']} of {name}"
    yield f"active receipt rule set: {active_rule_set(clients('ses'))}"
    for identity in clients("sesv2").list_email_identities()["EmailIdentities"]:
        yield f"identity {identity['IdentityName']}"
    for name in clients("sesv2").list_configuration_sets().get("ConfigurationSets", ()):
        yield f"configuration set {name}"
        found = clients("sesv2").get_configuration_set_event_destinations(
            ConfigurationSetName=name
        )
        for destination in found.get("EventDestinations", ()):
            yield f"event destination {destination['Name']} of {name}"


def active_rule_set(ses: Any) -> str | None:
    """The name of the receipt rule set that is active, None if none is."""
    name: str | None = ses.describe_active_receipt_rule_set().get("Metadata", {}).get("Name")
    return name


def _names(clients: _Clients) -> Iterator[str]:
    for zone in clients.pages("route53", "list_hosted_zones", "HostedZones"):
        yield f"zone {zone['Name']}"
        records = clients.pages(
            "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        )
        for record in records:
            yield f"record {record['Name']} {record['Type']}"
