"""The stack's configuration, typed: what an operator sets, and values derived from it.

The names of the keys are those of `StackConfig`'s fields in camel case. A new key is a field here
and a declaration in `Pulumi.yaml`; CONTRIBUTING.md lists the other steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from infra.mail.identities import DmarcPolicy, covering_identities
from relay_core.policy.directory import Directory
from relay_core.settings import CodesCounted, LinkMode, Settings, VerdictAction
from relay_core.wording.appearance import ACCENT
from relay_core.wording.language import Language

from .derived_times import DEAD_LETTER_RETENTION, Timing
from .environment import LogLevel, TrustStore, common_variables
from .problems import InvalidConfig
from .providers import PUBLIC_PROVIDERS
from .rules import DEVICES, broken_rules
from .smtp_users import SmtpUserName, read_smtp_user
from .to_settings import settings_of
from .webhooks import Sends, Webhook

ROLE_SESSION = timedelta(hours=12)
"""The longest life of presigned links: the session whose credentials sign them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """One stack's configuration. Its creation checks it.

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
    previous_recipient_emails: tuple[str, ...] = ()
    closed_labels: tuple[str, ...] = ()
    configuration_set_name: str | None = None
    recipient_marker: str = "Email_Rxers_Code"
    short_marker: str | None = None
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
    download_domain: str | None = None
    download_max_concurrency: int = 20
    attachment_retention_days: int = 14
    inline_image_limit: int = 1_000_000
    inline_preview: bool = False
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
    trust_store: TrustStore = TrustStore.AMAZON
    spam_action: VerdictAction = VerdictAction.REFUSE
    authentication_action: VerdictAction = VerdictAction.REFUSE
    sender_message_limit: int = 0
    sender_window_seconds: int = 300
    pass_header_fields: tuple[str, ...] = ()
    recipient_budget_per_hour: int = 3600
    notice_limit: int = 10
    notice_window_seconds: int = 300
    alarm_emails: tuple[str, ...] = ()
    fallback_emails: tuple[str, ...] = ()
    webhooks: Mapping[str, Webhook] = field(default_factory=dict)
    event_bus: str | None = None
    documents_url: str | None = None
    organisation: str | None = None
    contact: str | None = None
    accent_colour: str = ACCENT
    language: Language = Language.ENGLISH
    time_zone: str = "UTC"
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
    link_renewal: bool = False
    create_smtp_user: bool = True
    smtp_credentials_version: int = 1
    smtp_users: tuple[str, ...] = ()
    customer_managed_key: bool = False
    key_deletion_window_days: int = 30
    permissions_boundary: str | None = None
    protect: bool = False
    force_destroy: bool = False

    def __post_init__(self) -> None:
        if problems := tuple(broken_rules(self)):
            raise InvalidConfig(self.project, problems)

    @property
    def prefix(self) -> str:
        """The start of every resource name, so that an account can have several stacks."""
        return f"{self.project}-{self.stack}"

    @property
    def sending_set(self) -> str:
        """The SES configuration set for sending: an existing one, or the stack's."""
        return self.configuration_set_name or self.prefix

    @property
    def device_set(self) -> str:
        """The SES configuration set of the mail that devices submit; the stack's own."""
        return f"{self.prefix}{DEVICES}"

    @property
    def sender_domain(self) -> str:
        """The domain that mail is sent from, in lower case."""
        return self.sender_email.rpartition("@")[2].lower()

    @property
    def inbound_addresses(self) -> tuple[str, ...]:
        """The addresses that mail is received at: the current one, and the previous ones."""
        return (self.recipient_email, *self.previous_recipient_emails)

    @property
    def inbound_domains(self) -> tuple[str, ...]:
        """The domains that mail is received for, in lower case; the current address's first."""
        found = (one.rpartition("@")[2].lower() for one in self.inbound_addresses)
        return tuple(dict.fromkeys(found))

    @property
    def domains(self) -> tuple[str, ...]:
        """The domain that mail is sent from and those that it is received for, each once."""
        return tuple(dict.fromkeys((self.sender_domain, *self.inbound_domains)))

    @property
    def covering_identities(self) -> Mapping[str, tuple[str, ...]]:
        """For each domain of the stack, the SES identities that would cover its address."""
        addresses = (self.sender_email, *self.inbound_addresses)
        return {
            address.rpartition("@")[2].lower(): covering_identities(address)
            for address in addresses
        }

    @property
    def has_page(self) -> bool:
        """Whether links open a download page, which is then deployed."""
        return self.link_mode is LinkMode.PAGE

    @property
    def own_download_url(self) -> str | None:
        """What tokens are appended to, if not to the URL of the page's function."""
        return f"https://{self.download_domain}" if self.download_domain else self.download_url

    @property
    def timing(self) -> Timing:
        """The settings of queue and function that depend on each other."""
        return Timing(
            function_timeout_seconds=self.function_timeout_seconds,
            dlq_max_receive_count=self.dlq_max_receive_count,
            max_concurrency=self.max_concurrency,
            submission_concurrency=self.submission_concurrency,
        )

    @property
    def named_smtp_users(self) -> tuple[SmtpUserName, ...]:
        """The named SMTP users, besides the one for all devices."""
        return tuple(user for entry in self.smtp_users if (user := read_smtp_user(entry)))

    @property
    def has_receivers(self) -> bool:
        """Whether notices or alarms are posted to webhooks or the event bus."""
        return bool(self.webhooks) or self.event_bus is not None

    def _is_posted(self, what: Sends) -> bool:
        return self.event_bus is not None or any(
            one.sends in {what, Sends.BOTH} for one in self.webhooks.values()
        )

    def settings(self) -> Settings:
        """The relay's policy, as the function reads it.

        Raises:
            InvalidSettings: never, because the `StackConfig` has checked them.
        """
        return settings_of(self)

    def common_variables(self) -> dict[str, str]:
        """The environment variables that all functions have."""
        return common_variables(
            service=self.prefix, log_level=self.log_level, trust_store=self.trust_store
        )

    def directory(self) -> Directory:
        """The recipient directory that a new stack starts with."""
        return Directory(groups=self.recipient_groups, default_recipients=self.default_recipients)

    def warnings(self) -> tuple[str, ...]:
        """Warnings about values that are allowed but risky, a sentence each."""
        found = []
        if "*" in self.allowed_recipients:
            found.append(
                'allowedRecipients contains "*": anyone who learns the address that devices'
                " send to can send mail to any recipient in your name"
            )
        if not self.fallback_emails:
            found.append(
                "fallbackEmails is empty: only webhooks and the event bus get the notices of mail"
                " that was not relayed. If none of them accepts one, it is lost"
                if self._is_posted(Sends.NOTICES)
                else "fallbackEmails is empty: no subscriber receives the notices of mail that was"
                " not relayed, unless you subscribe something else to the topic of the output"
                " fallbackTopicArn"
            )
        if not self.alarm_emails:
            found.append(
                "alarmEmails is empty: only webhooks and the event bus get the alarms. If none of"
                " them accepts posts, no subscriber receives the alarm about that"
                if self._is_posted(Sends.ALARMS)
                else "alarmEmails is empty: no subscriber receives the alarms, unless you"
                " subscribe something else to the topic of the output alarmsTopicArn"
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
                f"linkExpiryHours is {self.link_expiry_hours}, but presigned links end with the"
                " credentials of the function's role: after at most about 12 hours"
            )
        if timedelta(days=self.incoming_retention_days) < DEAD_LETTER_RETENTION:
            found.append(
                f"incomingRetentionDays is {self.incoming_retention_days}, but the dead-letter"
                f" queue keeps messages for {DEAD_LETTER_RETENTION.days} days: a message that is"
                " redriven after its mail was deleted fails"
            )
        return (*found, *self.timing.warnings())
