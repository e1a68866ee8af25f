"""The account before the deployment, read before anything is registered.

Pulumi creates resources while the program runs, except in a preview. A program that fails half-way
leaves a partial stack. So everything that has to be known is read here first, and
`infra.account.account_plan` decides on it.

Where AWS has no such resource, the provider raises an error. Its texts for this case are known
(terraform-provider-aws: `tfresource.NewEmptyResultError` says "empty result",
`retry.NotFoundError` "couldn't find resource") or contain the name of the service's exception. Any
other error stays an error: "credentials not found" does not mean that there is no rule set.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeVar

import pulumi
import pulumi_aws as aws

from infra.activation import account_of_credentials
from infra.configuration.config import StackConfig
from infra.mail import smtp_user

from .removals import removed_parameters
from .shared_resources import Holdings, parameter_name, parse_holdings

_ABSENT = ("empty result", "couldn't find resource")
_EXCEPTIONS = re.compile(r"\b(NotFoundException|ParameterNotFound|RuleSetDoesNotExist)\b")
_ROLES = ("assumeRoles", "assumeRoleWithWebIdentity")  # of `aws:`

_LAMBDA_CONCURRENCY = "L-B99A9384"  # Service Quotas: Lambda, "Concurrent executions"

Answer = TypeVar("Answer")


class UnreadableHoldings(pulumi.RunError):
    """The list of what the stack has created is malformed or missing: the deployment stops."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """The accounts of the credentials of Pulumi's provider and of those that boto3 finds."""

    of_provider: str
    of_boto3: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone of Route 53: its name, and the values of each record set by name and type.

    Names are in lower case, without a dot at the end; text is without quotes. `is_read`: whether
    it could be read; if not, both are empty.
    """

    name: str
    records: Mapping[tuple[str, str], tuple[str, ...]]
    is_read: bool = True


_UNREAD_ZONE = Zone(name="", records={}, is_read=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The result of the look-up.

    `active_rule_set` is None if no receipt rule set is active. `is_deployed`: whether this stack
    was deployed before. `holdings` is its list of created resources. It is None if the stack is
    new, or of a release that kept no list.

    `identities` are the identities among the stack's two addresses, their domains and the parent
    domains, each with whether SES sends for it. `concurrency` is the account's quota of concurrent
    executions of functions, None if it was not read. `zone` is the zone for the records, None
    without one, or if it does not exist; `former_zone` is the one that `holdings` calls so, which
    may not be readable.
    `accounts` is read only if the provider assumes a role, which boto3 does not.
    `removed_parameters` are the stack's parameters that this deployment deletes. `smtp_users` are
    the names of the stack's SMTP users that have a parameter, current and former ones of
    smtpUsers. `warnings` are sentences about what could not be read.
    """

    active_rule_set: str | None = None
    is_deployed: bool = False
    holdings: Holdings | None = None
    identities: Mapping[str, bool]
    concurrency: int | None = None
    zone: Zone | None = None
    former_zone: Zone | None = None
    accounts: Accounts | None = None
    removed_parameters: frozenset[str] = frozenset()
    smtp_users: frozenset[str] = frozenset()
    warnings: tuple[str, ...] = ()


def look_up(config: StackConfig) -> Found:
    """Read from AWS, with the stack's provider, in previews too.

    Raises:
        Exception: Pulumi's, if one of these cannot be read: the active rule set, the stack's
            parameters, the zone, whether the stack has a configuration set.
        UnreadableHoldings: if the list of what the stack has created is malformed or missing.
    """
    warnings: list[str] = []

    def call_if_allowed(
        what: str, ask: Callable[[], Answer], if_not: Answer | None = None
    ) -> Answer | None:
        try:
            return _or_none(ask)
        except Exception as error:  # noqa: BLE001 (Pulumi raises a bare Exception)
            warnings.append(f"{what} could not be read: {_last_line(error)}")
            return if_not

    list_name = parameter_name(config.project, config.stack)
    listed = _or_none(lambda: _parameter(list_name))
    if listed is None:
        _refuse_lost_holdings(list_name, config.device_set)
    holdings = None if listed is None else _holdings(list_name, listed)
    directory = f"/{config.project}/{config.stack}/recipients"
    zone_id = config.hosted_zone_id or (holdings.zone if holdings else None)
    former_id, former_zone = holdings.former_zone if holdings else None, None
    if former_id:
        # A deployer may have lost its rights there with the change of hostedZoneId.
        former_zone = call_if_allowed(
            f"the zone {former_id}, where hostedZoneId was before,",
            lambda: _zone(former_id),
            _UNREAD_ZONE,
        )
    identities = {}
    for name in dict.fromkeys(chain(*config.covering_identities.values())):
        answer = call_if_allowed(
            f"the SES identity {name}",
            lambda name=name: aws.sesv2.get_email_identity(email_identity=name),  # type: ignore[misc]
        )
        if answer is not None:
            identities[name] = bool(answer.verified_for_sending_status)
    quota = None
    if config.has_page and config.download_max_concurrency:
        quota = call_if_allowed(
            "the account's quota of concurrent Lambda executions",
            lambda: aws.servicequotas.get_service_quota(
                service_code="lambda", quota_code=_LAMBDA_CONCURRENCY
            ),
        )
    users = None
    if listed is not None:
        users = call_if_allowed("the parameters of smtpUsers", lambda: _smtp_users(config))
    return Found(
        active_rule_set=active_rule_set(),
        is_deployed=listed is not None or _or_none(lambda: _parameter(directory)) is not None,
        holdings=holdings,
        identities=identities,
        concurrency=int(quota.value) if quota else None,
        zone=_or_none(lambda: _zone(zone_id)) if zone_id else None,
        former_zone=former_zone,
        accounts=_accounts() if config.activate_rule_set else None,
        removed_parameters=frozenset(
            name
            for name in removed_parameters(config)
            if call_if_allowed(f"the parameter {name}", lambda name=name: _parameter(name))  # type: ignore[misc]
        ),
        smtp_users=users or frozenset(),
        warnings=tuple(warnings),
    )


def active_rule_set() -> str | None:
    """The name of the active rule set in the stack's region, None if none is active.

    Raises:
        Exception: Pulumi's, if AWS does not answer.
    """
    found = _or_none(aws.ses.get_active_receipt_rule_set)
    return (found.rule_set_name or None) if found else None


def _holdings(name: str, value: str) -> Holdings:
    try:
        return parse_holdings(value)
    except ValueError as error:
        raise UnreadableHoldings(
            f"the parameter {name}, which lists what this stack has made, is malformed ({error}):"
            " write its last good value back (aws ssm get-parameter-history --name"
            f" {name})"
        ) from error


def _refuse_lost_holdings(name: str, device_set: str) -> None:
    """Refuse if the devices' configuration set shows that a list existed and was deleted."""
    if _or_none(lambda: aws.sesv2.get_configuration_set(configuration_set_name=device_set)):
        raise UnreadableHoldings(
            f"the parameter {name}, which lists what this stack has made, is missing, but the"
            f" stack's SES configuration set {device_set} exists. Without the list, this"
            " deployment could delete identities, DNS records or the key: write it back, see"
            ' docs/operating.md, "The list of what the stack has made is gone". If this is a'
            " new stack, the set belongs to another stack: choose another name"
        )


def _accounts() -> Accounts | None:
    provider = pulumi.Config("aws")
    if not any(provider.get(key) for key in _ROLES):
        return None
    return Accounts(str(aws.get_caller_identity().account_id), account_of_credentials())


def _parameter(name: str) -> str:
    return str(aws.ssm.get_parameter(name=name, with_decryption=False).value)


def _smtp_users(config: StackConfig) -> frozenset[str]:
    path = smtp_user.parameter_name(config.project, config.stack)
    found = aws.ssm.get_parameters_by_path(path=path, with_decryption=False)
    return frozenset(name.removeprefix(f"{path}/") for name in found.names)


def _zone(zone_id: str) -> Zone:
    name = aws.route53.get_zone(zone_id=zone_id).name.rstrip(".")
    sets = aws.route53.get_records(zone_id=zone_id).resource_record_sets
    return Zone(
        name=name.lower(),
        records={
            (one.name.rstrip(".").lower(), one.type): tuple(
                record.value.replace('" "', "").strip('"') for record in one.resource_records or ()
            )
            for one in sets
        },
    )


def _or_none(ask: Callable[[], Answer]) -> Answer | None:
    try:
        return ask()
    except Exception as error:
        text = str(error)
        if any(words in text.lower() for words in _ABSENT) or _EXCEPTIONS.search(text):
            return None
        raise


def _last_line(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
