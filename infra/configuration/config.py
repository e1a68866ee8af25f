"""The stack's configuration, typed and checked as a whole.

`Pulumi.yaml` can declare a type and a default for a key, but neither a range nor a choice
nor how keys hang together; so the rules stand here. They are told all at once, a line
each: an operator mends a configuration once.

The names of the keys are those of `StackConfig`'s fields in camel case.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import Enum

import pulumi
from pulumi.runtime import is_config_secret

from infra.aws_facts import LOG_RETENTION_DAYS, MAX_PARAMETER
from infra.mail.identities import DmarcPolicy, covering_identities, mail_from_domain
from relay_core.policy.directory import Directory, directory_problems, format_directory
from relay_core.settings import (
    CodesCounted,
    InvalidSettings,
    LinkMode,
    Problem,
    Settings,
    VerdictAction,
)

from . import environment
from .environment import LogLevel
from .providers import PUBLIC_PROVIDERS
from .timing import DEAD_LETTER_RETENTION, QUEUE_RETENTION, Timing
from .webhooks import Sends, Webhook, webhook_problems

ROLE_SESSION = timedelta(hours=12)
"""What presigned links outlive at most: the session whose credentials signed them."""

_LONGEST_PRESIGNED = timedelta(days=7)


class InvalidConfig(pulumi.RunError):
    """The configuration breaks rules; `problems` holds every one, by configuration key.

    As a `RunError`, Pulumi shows its text without a traceback.
    """

    def __init__(self, project: str, problems: tuple[Problem, ...]) -> None:
        lines = (f"  {p.field} = {_shown(project, p)}: {p.rule}" for p in problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(
            "\n".join((f"the configuration of the stack cannot be used ({count}):", *lines))
        )
        self.problems = problems


def _shown(project: str, problem: Problem) -> str:
    if is_config_secret(f"{project}:{problem.field}"):
        return "[secret]"
    value = problem.value.value if isinstance(problem.value, Enum) else problem.value
    return "(not set)" if value is None else repr(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """One stack's configuration. Making one checks it.

    `project`, `stack` and `region` are Pulumi's; the other fields are configuration keys,
    described in `Pulumi.yaml`.

    Raises:
        InvalidConfig: naming every key that breaks a rule.
    """

    project: str
    stack: str
    region: str

    sender_email: str
    recipient_email: str
    allowed_recipients: tuple[str, ...]
    configuration_set_name: str | None = None
    recipient_marker: str = "Email_Rxers_Code"
    codes_counted: CodesCounted = CodesCounted.ALL
    allowed_senders: tuple[str, ...] = ()
    recipient_groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    default_recipients: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    directory_refresh_seconds: int = 60
    max_recipients: int = 100
    show_recipients: bool = True
    link_mode: LinkMode = LinkMode.PAGE
    link_expiry_hours: int = 36
    link_key_version: int = 1
    download_url: str | None = None
    download_max_concurrency: int = 20
    attachment_retention_days: int = 14
    inline_image_limit: int = 1_000_000
    max_message_bytes: int = 41_943_040
    max_header_bytes: int = 1_048_576
    max_header_fields: int = 100_000
    max_entities: int = 10_000
    max_nesting: int = 1000
    max_body_bytes: int = 1_000_000
    max_attachments: int = 300
    incoming_retention_days: int = 14
    log_retention_days: int = 30
    log_level: LogLevel = LogLevel.INFO
    spam_action: VerdictAction = VerdictAction.REFUSE
    authentication_action: VerdictAction = VerdictAction.REFUSE
    sender_message_limit: int = 0
    sender_window_seconds: int = 300
    pass_header_fields: tuple[str, ...] = ()
    recipient_budget_per_hour: int = 3600
    notice_limit: int = 5
    notice_window_seconds: int = 300
    alarm_emails: tuple[str, ...] = ()
    fallback_emails: tuple[str, ...] = ()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    event_bus: str | None = None
    watch_subscriptions: bool = False
    dlq_alarm_threshold: int = 50
    queue_age_alarm_seconds: int = 180
    traffic_alarm_threshold: int = 180
    max_concurrency: int = 10
    submission_concurrency: int = 8
    function_memory: int = 512
    function_timeout_seconds: int = 120
    retry_delay_seconds: int = 30
    dlq_max_receive_count: int = 5
    parking_delay_seconds: int = 300
    require_outbound_tls: bool = False
    hosted_zone_id: str | None = None
    dmarc_policy: DmarcPolicy = DmarcPolicy.NONE
    dmarc_report_emails: tuple[str, ...] = ()
    create_identities: bool = True
    activate_rule_set: bool = True
    replace_active_rule_set: bool = False
    existing_rule_set_name: str | None = None
    malware_protection: bool = False
    create_smtp_user: bool = True
    smtp_credentials_version: int = 1
    customer_managed_key: bool = False
    key_deletion_window_days: int = 30
    permissions_boundary: str | None = None
    protect: bool = False
    force_destroy: bool = False

    def __post_init__(self) -> None:
        if problems := tuple(_broken_rules(self)):
            raise InvalidConfig(self.project, problems)

    @property
    def prefix(self) -> str:
        """What every name of this stack starts with, so that stacks live side by side."""
        return f"{self.project}-{self.stack}"

    @property
    def sending_set(self) -> str:
        """The SES configuration set that mail is sent with: one that exists, or the stack's."""
        return self.configuration_set_name or self.prefix

    @property
    def device_set(self) -> str:
        """The SES configuration set of the mail that devices submit; the stack's own."""
        return f"{self.prefix}{_DEVICES}"

    @property
    def sender_domain(self) -> str:
        """The domain that mail is sent from, in lower case."""
        return self.sender_email.rpartition("@")[2].lower()

    @property
    def inbound_domain(self) -> str:
        """The domain that mail is received for, in lower case."""
        return self.recipient_email.rpartition("@")[2].lower()

    @property
    def domains(self) -> tuple[str, ...]:
        """The domain that mail is sent from and the one that it is received for, or the one."""
        return tuple(dict.fromkeys((self.sender_domain, self.inbound_domain)))

    @property
    def covering_identities(self) -> Mapping[str, tuple[str, ...]]:
        """By domain of the stack: the SES identities by which SES may know its address."""
        addresses = (self.sender_email, self.recipient_email)
        return {
            address.rpartition("@")[2].lower(): covering_identities(address)
            for address in addresses
        }

    @property
    def has_page(self) -> bool:
        """Whether links lead to a download page, which then has to be there."""
        return self.link_mode is LinkMode.PAGE

    @property
    def timing(self) -> Timing:
        """The settings of queue and function that have to fit each other."""
        return Timing(
            function_timeout_seconds=self.function_timeout_seconds,
            dlq_max_receive_count=self.dlq_max_receive_count,
            max_concurrency=self.max_concurrency,
            submission_concurrency=self.submission_concurrency,
        )

    @property
    def has_receivers(self) -> bool:
        """Whether notices or alarms are posted to anybody beside the e-mail addresses."""
        return bool(self.webhooks) or self.event_bus is not None

    def _is_posted(self, what: Sends) -> bool:
        return self.event_bus is not None or any(
            one.sends in {what, Sends.BOTH} for one in self.webhooks.values()
        )

    def settings(self) -> Settings:
        """The relay's policy, as the function reads it.

        Raises:
            InvalidSettings: never on a `StackConfig` that was made: it has checked them.
        """
        return Settings(
            stack=self.stack,
            sender_address=self.sender_email,
            inbound_address=self.recipient_email,
            allowed_recipients=self.allowed_recipients,
            configuration_set_name=self.sending_set,
            recipient_marker=self.recipient_marker,
            codes_counted=self.codes_counted,
            allowed_senders=self.allowed_senders,
            directory_refresh=timedelta(seconds=_bounded(self.directory_refresh_seconds)),
            max_recipients=self.max_recipients,
            show_recipients=self.show_recipients,
            link_mode=self.link_mode,
            link_expiry=timedelta(hours=_bounded(self.link_expiry_hours)),
            attachment_retention=timedelta(days=_bounded(self.attachment_retention_days)),
            inline_image_limit=self.inline_image_limit,
            max_message_bytes=self.max_message_bytes,
            max_header_bytes=self.max_header_bytes,
            max_header_fields=self.max_header_fields,
            max_entities=self.max_entities,
            max_nesting=self.max_nesting,
            max_body_bytes=self.max_body_bytes,
            max_attachments=self.max_attachments,
            submission_concurrency=self.submission_concurrency,
            max_receive_count=self.dlq_max_receive_count,
            retry_delay=timedelta(seconds=_bounded(self.retry_delay_seconds)),
            parking_delay=timedelta(seconds=_bounded(self.parking_delay_seconds)),
            spam_action=self.spam_action,
            authentication_action=self.authentication_action,
            sender_message_limit=self.sender_message_limit,
            sender_window=timedelta(seconds=_bounded(self.sender_window_seconds)),
            pass_header_fields=self.pass_header_fields,
            recipient_budget=self.recipient_budget_per_hour,
            notice_limit=self.notice_limit,
            notice_window=timedelta(seconds=_bounded(self.notice_window_seconds)),
        )

    def directory(self) -> Directory:
        """The recipient directory, as a new stack begins with it."""
        return Directory(groups=self.recipient_groups, default_recipients=self.default_recipients)

    def warnings(self) -> tuple[str, ...]:
        """What is allowed and yet worth a second look, a sentence each."""
        found = []
        if "*" in self.allowed_recipients:
            found.append(
                'allowedRecipients holds "*": whoever learns the address that devices send to'
                " can have mail sent to anyone in your name"
            )
        if not self.fallback_emails:
            found.append(
                "fallbackEmails is empty: only webhooks and the event bus get the notices of mail"
                " that was not relayed. Where none of them takes it, nobody hears of it"
                if self._is_posted(Sends.NOTICES)
                else "fallbackEmails is empty: nobody reads the notices of mail that was not"
                " relayed, unless something of yours subscribes to the topic of the output"
                " fallbackTopicArn"
            )
        if not self.alarm_emails:
            found.append(
                "alarmEmails is empty: only webhooks and the event bus get the alarms. Where none"
                " of them takes what is posted, the alarm that says so reaches nobody"
                if self._is_posted(Sends.ALARMS)
                else "alarmEmails is empty: nobody hears the alarms, unless something of yours"
                " subscribes to the topic of the output alarmsTopicArn"
            )
        if self.sender_domain in PUBLIC_PROVIDERS:
            found.append(
                f"senderEmail is at {self.sender_domain}, a public mail provider: you cannot"
                " verify that domain in SES, and receivers refuse its mail from elsewhere (DMARC)."
                " Send from a domain whose DNS records you set"
            )
        expiry = timedelta(hours=self.link_expiry_hours)
        if self.link_mode is LinkMode.PRESIGNED and expiry > ROLE_SESSION:
            found.append(
                f"linkExpiryHours is {self.link_expiry_hours}, but presigned links die with the"
                " credentials of the function's role: after about 12 hours at most"
            )
        if timedelta(days=self.incoming_retention_days) < DEAD_LETTER_RETENTION:
            found.append(
                f"incomingRetentionDays is {self.incoming_retention_days}, but the dead-letter"
                f" queue keeps messages for {DEAD_LETTER_RETENTION.days} days: what is redriven"
                " later finds its mail gone"
            )
        return (*found, *self.timing.warnings())


def _bounded(number: int) -> int:
    """A number that a timedelta can hold, outside all ranges still if it was so before."""
    return max(-1_000_000, min(number, 1_000_000))


def key_name(field_name: str) -> str:
    """The configuration key that a field of `StackConfig` holds."""
    first, *rest = field_name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_DEVICES = "-devices"
_STACK_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}\Z")
_REGION = re.compile(r"(?!cn-|us-gov-|us-iso|eu-isoe)[a-z]{2}(-[a-z]+)+-[0-9]\Z")
_SES_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
# scheme, host and port (RFC 9110 section 4.2.2); names as they stand in a URL
_HTTPS_ORIGIN = re.compile(
    r"https://(?=.{1,253}(:|\Z))[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+"
    r"(:[0-9]{1,5})?\Z"
)
_ZONE_ID = re.compile(r"Z[A-Z0-9]{1,31}\Z")
_POLICY_ARN = re.compile(r"arn:aws:iam::([0-9]{12}|aws):policy/[\w+=,.@/-]{1,512}\Z", re.ASCII)
_BUS_NAME = re.compile(r"(?!aws\.)[A-Za-z0-9._/-]{1,256}\Z")
_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+\Z")


@dataclass(frozen=True, slots=True)
class _Rule:
    """What must hold of a configuration, and the field to blame where it does not."""

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


_RULES = (
    _Rule(
        "stack",
        lambda config: bool(_STACK_NAME.match(config.stack)),
        "a stack's name must be a letter and up to 31 letters, digits or hyphens, all in lower"
        " case: names of buckets are made of it",
    ),
    _Rule(
        "stack",
        lambda config: not config.stack.endswith(_DEVICES),
        f"a stack's name must not end in {_DEVICES}: the SES configuration set of another stack's"
        " devices may be called so",
    ),
    _Rule(
        "region",
        lambda config: bool(_REGION.match(config.region)),
        "must be the name of a region, as eu-central-1, and not one of China or a government's:"
        " SES receives no mail there",
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
        "must be https:// and a host name in lower case, with neither a path nor a slash at its"
        " end: links are this, a slash and a token",
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
        "must be the name of an event bus of this account and region, as default: 1 to 256"
        " letters, digits, dots, hyphens, underscores or slashes",
    ),
    _Rule(
        "watch_subscriptions",
        lambda config: (
            not config.watch_subscriptions or bool(config.alarm_emails or config.fallback_emails)
        ),
        "must be false without alarmEmails and fallbackEmails: no subscription is there to see",
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
    _ses_name("configuration_set_name"),
    _ses_name("existing_rule_set_name"),
    # What combines.
    _Rule(
        "link_expiry_hours",
        lambda config: (
            config.link_mode is not LinkMode.PRESIGNED
            or config.link_expiry_hours <= _LONGEST_PRESIGNED // timedelta(hours=1)
        ),
        "presigned links last 168 hours (7 days) at most",
    ),
    _Rule(
        "download_url",
        lambda config: not (config.download_url and not config.has_page),
        "is where the download page is reached, and there is none: use linkMode page with it",
    ),
    _Rule(
        "malware_protection",
        lambda config: not (config.malware_protection and not config.has_page),
        "must be false with linkMode presigned: such a link is signed when the mail is sent and"
        " leads straight to the file, so it could not wait for the scan",
    ),
    _Rule(
        "hosted_zone_id",
        lambda config: (
            config.hosted_zone_id is None or bool(_ZONE_ID.match(config.hosted_zone_id))
        ),
        "must be the id of a Route 53 zone, as Z0123456789ABCDEFGHIJ, without /hostedzone/",
    ),
    _Rule(
        "recipient_email",
        lambda config: (
            not config.create_identities
            or config.inbound_domain != mail_from_domain(config.sender_domain)
        ),
        "must not be in the domain that bounces of the relay's mail come back to, which is bounce."
        " and the domain of senderEmail: SES receives no other mail there",
    ),
    _Rule(
        "require_outbound_tls",
        lambda config: not (config.require_outbound_tls and config.configuration_set_name),
        "must be false with configurationSetName: how a set that exists delivers is its owner's"
        " to say",
    ),
    _Rule(
        "replace_active_rule_set",
        lambda config: not (config.replace_active_rule_set and not config.activate_rule_set),
        "must be false with activateRuleSet false: nothing is activated that could take the place",
    ),
    _Rule(
        "permissions_boundary",
        lambda config: (
            config.permissions_boundary is None
            or bool(_POLICY_ARN.match(config.permissions_boundary))
        ),
        "must be the ARN of a managed policy, as arn:aws:iam::123456789012:policy/boundary",
    ),
    _Rule(
        "force_destroy",
        lambda config: not (config.force_destroy and config.protect),
        "must be false with protect true: what is protected is not to be destroyed with what is"
        " in it",
    ),
)


def _broken_rules(config: StackConfig) -> Iterator[Problem]:
    yield from _settings_problems(config)
    yield from _directory_problems(config)
    yield from config.timing.problems()
    yield from webhook_problems(config.webhooks)
    for rule in _RULES:
        if not rule.holds(config):
            key = "aws:region" if rule.field == "region" else key_name(rule.field)
            yield Problem(field=key, value=getattr(config, rule.field), rule=rule.text)
    for name in ("alarm_emails", "fallback_emails", "dmarc_report_emails"):
        for address in getattr(config, name):
            if not _EMAIL.match(address):
                rule_text = "must be an e-mail address"
                yield Problem(field=key_name(name), value=address, rule=rule_text)
            if address.lower() == config.recipient_email.lower():
                rule_text = "must not be recipientEmail: each notice would come back as a mail"
                yield Problem(field=key_name(name), value="[recipientEmail]", rule=rule_text)


def _directory_problems(config: StackConfig) -> Iterator[Problem]:
    """What stands in the directory that some mail would be refused for."""
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


_FIELDS_OF_SETTINGS: Mapping[str, str] = {
    "sender_address": "sender_email",
    "inbound_address": "recipient_email",
    "link_expiry": "link_expiry_hours",
    "attachment_retention": "attachment_retention_days",
    "retry_delay": "retry_delay_seconds",
    "max_receive_count": "dlq_max_receive_count",
    "parking_delay": "parking_delay_seconds",
    "directory_refresh": "directory_refresh_seconds",
    "sender_window": "sender_window_seconds",
    "recipient_budget": "recipient_budget_per_hour",
    "notice_window": "notice_window_seconds",
}
"""Field of `Settings` → field of `StackConfig`, where the names differ."""


def _settings_problems(config: StackConfig) -> Iterator[Problem]:
    try:
        settings = config.settings()
    except InvalidSettings as error:
        for problem in error.problems:
            if name := _FIELDS_OF_SETTINGS.get(problem.field):
                yield Problem(field=key_name(name), value=getattr(config, name), rule=problem.rule)
            else:
                yield replace(problem, field=key_name(problem.field))
        return
    known = environment.known_variables(
        settings, service=config.prefix, log_level=config.log_level
    )
    size = environment.size({**known, environment.DOWNLOAD_URL: config.download_url or ""})
    room = environment.LIMIT - environment.RESERVED_FOR_RESOURCES
    if size > room:
        yield Problem(
            field="allowedRecipients, allowedSenders",
            value=f"{size} bytes",
            rule=f"must fit, with all other settings, into {room} bytes of the function's"
            " environment: name domains instead of addresses, or fewer of them",
        )
