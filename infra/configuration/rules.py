"""The rules of the configuration: ranges, choices, and dependencies between keys.

`Pulumi.yaml` can declare a type and a default for a key, but no rule. The rules of the relay's own
policy are checked by `Settings`, and reported by the name of the key.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from infra.aws_facts import LOG_RETENTION_DAYS, MAX_PARAMETER
from infra.mail.identities import mail_from_domain
from infra.mail.smtp_user import recipient_patterns
from relay_core.addresses.subaddress import split_label
from relay_core.environment import InvalidSettings, Problem
from relay_core.policy.directory import directory_problems, format_directory
from relay_core.settings import LinkMode
from relay_core.wording.time_zone import is_time_zone

from . import environment
from .derived_times import QUEUE_RETENTION
from .problems import key_name
from .smtp_users import smtp_user_problems
from .to_settings import settings_of, source_of
from .webhooks import webhook_problems

if TYPE_CHECKING:
    from .config import StackConfig

DEVICES = "-devices"
"""The suffix of the name of the SES configuration set of a stack's devices."""

_ROOM_OF_POLICY = 1400
"""Characters of the SMTP user's policy that are left for its recipients. IAM allows 2,048 in all
(IAM guide, "IAM and AWS STS quotas"), without blanks."""

_MAX_PRESIGNED = timedelta(days=7)
_STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_REGION = re.compile(r"(?!cn-|us-gov-|us-iso|eu-isoe)[a-z]{2}(-[a-z]+)+-[0-9]\Z")
_SES_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
# scheme, host and port (RFC 9110 section 4.2.2); names in their form in a URL
_HTTPS_ORIGIN = re.compile(
    r"https://(?=.{1,253}(:|\Z))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
    r"(:[0-9]{1,5})?\Z"
)
# the first name of a certificate: at most 64 characters (ACM guide, "Certificate characteristics")
_CERTIFIED_NAME = re.compile(
    r"(?=.{1,64}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+(?=.*[a-z])[a-z0-9-]{1,62}[a-z0-9]\Z"
)
_HTTPS_FOLDER = re.compile(r"https://(?=\S{1,192}\Z)[!-\"$-;=@-Z\[\]_a-z~]+\Z", re.ASCII)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}\Z")
_POLICY_ARN = re.compile(r"arn:aws:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]{1,512}\Z", re.ASCII)
_BUS_NAME = re.compile(r"(?!aws\.)[A-Za-z0-9._/-]{1,256}\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A condition on a configuration, and the field that is reported if it does not hold."""

    field: str
    holds: Callable[[StackConfig], bool]
    text: str


def _range(field_name: str, low: int, high: int, unit: str) -> _Rule:
    return _Rule(
        field_name,
        lambda config: low <= getattr(config, field_name) <= high,
        f"must be from {low} to {high} {unit}",
    )


def _ses_name(field_name: str) -> _Rule:
    return _Rule(
        field_name,
        lambda config: bool(_SES_NAME.match(getattr(config, field_name) or "none")),
        "must be 1 to 64 letters, digits, hyphens or underscores",
    )


def _is_outside_mail_from(config: StackConfig, addresses: Sequence[str]) -> bool:
    if not config.create_identities:
        return True
    domain = mail_from_domain(config.sender_domain)
    return not any(one.lower().endswith(f"@{domain}") for one in addresses)


_IN_MAIL_FROM = (
    "must not be in the MAIL FROM domain of the relay's mail (bounce. and the domain of"
    " senderEmail): SES receives only bounces there"
)

_RULES = (
    _Rule(
        "stack",
        lambda config: bool(_STACK_NAME.match(config.stack)),
        "a stack's name must be a letter and up to 31 letters, digits or hyphens, all in lower"
        " case: bucket names contain it",
    ),
    _Rule(
        "stack",
        lambda config: not config.stack.endswith(DEVICES),
        f"a stack's name must not end in {DEVICES}: the SES configuration set of another stack's"
        " devices may be called so",
    ),
    _Rule(
        "region",
        lambda config: bool(_REGION.match(config.region)),
        "must be the name of a region, such as eu-central-1, and not one in China or of AWS"
        " GovCloud: SES receives no mail there",
    ),
    _range("incoming_retention_days", 1, 3650, "days"),
    _range("dlq_alarm_threshold", 1, 1_000_000, "messages"),
    _range("queue_age_alarm_seconds", 1, QUEUE_RETENTION // timedelta(seconds=1), "seconds"),
    _range("traffic_alarm_threshold", 1, 1_000_000, "messages in 5 minutes"),
    _range("function_memory", 128, 10_240, "MB (AWS Lambda guide, quotas)"),
    _range("link_key_version", 1, 1_000_000, "(raise it by one to rotate the keys)"),
    _range("smtp_credentials_version", 1, 1_000_000, "(raise it by one to rotate them)"),
    _range("key_deletion_window_days", 7, 30, "days (KMS API reference, ScheduleKeyDeletion)"),
    _range("download_max_concurrency", 0, 1000, "requests at once (0: no limit of its own)"),
    _Rule(
        "download_url",
        lambda config: (
            config.download_url is None or bool(_HTTPS_ORIGIN.match(config.download_url))
        ),
        "must be https:// and a host name in lower case, without a path and without a slash at"
        " its end: a link is this URL, a slash and a token",
    ),
    _Rule(
        "download_domain",
        lambda config: (
            config.download_domain is None or bool(_CERTIFIED_NAME.match(config.download_domain))
        ),
        "must be a host name in lower case, such as files.example.com, of at most 64 characters",
    ),
    _Rule(
        "log_retention_days",
        lambda config: config.log_retention_days in LOG_RETENTION_DAYS,
        "must be a number of days that CloudWatch Logs offers: "
        + ", ".join(map(str, LOG_RETENTION_DAYS)),
    ),
    _Rule(
        "event_bus",
        lambda config: config.event_bus is None or bool(_BUS_NAME.match(config.event_bus)),
        "must be the name of an event bus of this account and region, such as default: 1 to 256"
        " letters, digits, dots, hyphens, underscores or slashes",
    ),
    _Rule(
        "watch_subscriptions",
        lambda config: (
            not config.watch_subscriptions or bool(config.alarm_emails or config.fallback_emails)
        ),
        "must be false without alarmEmails and fallbackEmails: there is no subscription to check",
    ),
    _Rule(
        "watch_subscriptions",
        lambda config: (
            not config.watch_subscriptions
            or sum(len(one) + 4 for one in (*config.alarm_emails, *config.fallback_emails)) < 3000
        ),
        "must be false with so many alarmEmails and fallbackEmails: they do not fit into a"
        " function's environment. Name the address of a group instead",
    ),
    _Rule(
        "documents_url",
        lambda config: (
            config.documents_url is None or bool(_HTTPS_FOLDER.match(config.documents_url))
        ),
        "must be an https:// URL of at most 200 characters, of the folder that contains"
        " operating.md",
    ),
    _Rule(
        "time_zone",
        lambda config: is_time_zone(config.time_zone),
        "must be the name of a time zone of the IANA database, such as Europe/Berlin",
    ),
    _ses_name("configuration_set_name"),
    _ses_name("existing_rule_set_name"),
    # Rules about more than one key.
    _Rule(
        "link_expiry_hours",
        lambda config: (
            config.link_mode is not LinkMode.PRESIGNED
            or config.link_expiry_hours <= _MAX_PRESIGNED // timedelta(hours=1)
        ),
        "must be at most 168 hours (7 days) with linkMode presigned",
    ),
    _Rule(
        "download_url",
        lambda config: not (config.download_url and not config.has_page),
        "must be empty with linkMode presigned: it is the URL of the download page, which only"
        " linkMode page deploys",
    ),
    _Rule(
        "download_domain",
        lambda config: not (config.download_domain and not config.has_page),
        "must be empty with linkMode presigned: it is the domain of the download page, which only"
        " linkMode page deploys",
    ),
    _Rule(
        "download_domain",
        lambda config: not (config.download_domain and not config.hosted_zone_id),
        "needs hostedZoneId, the Route 53 zone that contains it: its certificate is issued once"
        " its records are there. If another provider has the zone, put a domain in front of the"
        " page yourself and set downloadUrl",
    ),
    _Rule(
        "download_url",
        lambda config: not (config.download_url and config.download_domain),
        "must be empty with downloadDomain, which sets the URL of the links",
    ),
    _Rule(
        "malware_protection",
        lambda config: not (config.malware_protection and not config.has_page),
        "must be false with linkMode presigned: such a link is signed when the mail is sent and"
        " opens the file itself, so it cannot wait for the scan",
    ),
    _Rule(
        "inline_preview",
        lambda config: not (config.inline_preview and config.function_memory < 512),
        "must be false with a functionMemory of less than 512 MB: decoding an image needs that"
        " much",
    ),
    _Rule(
        "link_renewal",
        lambda config: not (config.link_renewal and not config.has_page),
        "must be false with linkMode presigned: there is no download page, which offers the new"
        " link",
    ),
    _Rule(
        "hosted_zone_id",
        lambda config: (
            config.hosted_zone_id is None or bool(_ZONE_ID.match(config.hosted_zone_id))
        ),
        "must be the id of a Route 53 zone, such as Z0123456789ABCDEFGHIJ, without /hostedzone/",
    ),
    _Rule(
        "recipient_email",
        lambda config: _is_outside_mail_from(config, (config.recipient_email,)),
        _IN_MAIL_FROM,
    ),
    _Rule(
        "previous_recipient_emails",
        lambda config: _is_outside_mail_from(config, config.previous_recipient_emails),
        _IN_MAIL_FROM,
    ),
    _Rule(
        "previous_recipient_emails",
        lambda config: (
            not (config.create_smtp_user or config.smtp_users)
            or len(json.dumps(recipient_patterns(config.inbound_addresses))) <= _ROOM_OF_POLICY
        ),
        "must be fewer: with recipientEmail they do not fit into the policy of a devices' SMTP"
        " user, for which IAM allows 2,048 characters. Remove those that no device uses",
    ),
    _Rule(
        "require_outbound_tls",
        lambda config: not (config.require_outbound_tls and config.configuration_set_name),
        "must be false with configurationSetName: set it on that configuration set itself",
    ),
    _Rule(
        "replace_active_rule_set",
        lambda config: not (config.replace_active_rule_set and not config.activate_rule_set),
        "must be false with activateRuleSet false: no rule set is activated",
    ),
    _Rule(
        "permissions_boundary",
        lambda config: (
            config.permissions_boundary is None
            or bool(_POLICY_ARN.match(config.permissions_boundary))
        ),
        "must be the ARN of a managed policy, such as arn:aws:iam::123456789012:policy/boundary",
    ),
    _Rule(
        "force_destroy",
        lambda config: not (config.force_destroy and config.protect),
        "must be false with protect true: a protected bucket cannot be destroyed",
    ),
)


def broken_rules(config: StackConfig) -> Iterator[Problem]:
    """Every rule that a configuration breaks, by configuration key."""
    yield from _settings_problems(config)
    yield from _directory_problems(config)
    yield from config.timing.problems()
    yield from webhook_problems(config.webhooks)
    yield from smtp_user_problems(
        config.smtp_users, prefix=config.prefix, version=config.smtp_credentials_version
    )
    for rule in _RULES:
        if not rule.holds(config):
            key = "aws:region" if rule.field == "region" else key_name(rule.field)
            yield Problem(field=key, value=getattr(config, rule.field), rule=rule.text)
    for name in ("alarm_emails", "fallback_emails", "dmarc_report_emails"):
        for address in getattr(config, name):
            if not _EMAIL.match(address):
                rule_text = "must be an e-mail address"
                yield Problem(field=key_name(name), value=address, rule=rule_text)
            if split_label(address, config.inbound_addresses):
                rule_text = (
                    "must not be recipientEmail, nor one of previousRecipientEmails: each notice"
                    " would come back as a mail"
                )
                yield Problem(field=key_name(name), value="[recipientEmail]", rule=rule_text)


def _directory_problems(config: StackConfig) -> Iterator[Problem]:
    """Entries of the directory for which some mail would be refused."""
    directory = config.directory()
    keys = {"groups": "recipientGroups", "defaultRecipients": "defaultRecipients"}
    for problem in directory_problems(directory):
        yield Problem(field=keys[problem.part], value=problem.value, rule=problem.rule)
    if (size := len(format_directory(directory).encode())) > MAX_PARAMETER:
        yield Problem(
            field="recipientGroups, defaultRecipients",
            value=f"{size} bytes",
            rule=f"must fit into the {MAX_PARAMETER} bytes of an SSM parameter: name domains"
            " instead of senders, and groups instead of addresses",
        )


def _settings_problems(config: StackConfig) -> Iterator[Problem]:
    try:
        settings = settings_of(config)
    except InvalidSettings as error:
        for problem in error.problems:
            source = source_of(config, problem.field)
            if source == problem.field:
                yield replace(problem, field=key_name(source))
            else:
                value = getattr(config, source)
                yield Problem(field=key_name(source), value=value, rule=problem.rule)
        return
    known = environment.known_variables(settings, config.common_variables())
    size = environment.size({**known, environment.DOWNLOAD_URL: config.own_download_url or ""})
    room = environment.LIMIT - environment.RESERVED_FOR_RESOURCES
    if size > room:
        yield Problem(
            field="allowedRecipients, allowedSenders",
            value=f"{size} bytes",
            rule=f"must fit, with all other settings, into {room} bytes of the function's"
            " environment: name domains instead of addresses, or fewer of them",
        )
