"""What an operator may set: the relay's policy, known before anything is deployed.

It travels to the function as environment variables (`relay_core.environment`). Lambda allows 4 KB
of environment in all (AWS Lambda guide, "Lambda quotas"), which `infra` checks. What may be long,
or has to change without a deployment, is kept elsewhere: see `relay_core.policy.directory`.

Errors are collected, not raised one by one, so that an operator fixes all of them at once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

from .addresses.mailbox import InvalidAddress, parse_addr_spec
from .addresses.patterns import canonical_pattern
from .attachments.attachment import INLINE_IMAGE_LIMIT
from .environment import InvalidSettings, Problem, from_environment, to_environment
from .mime.size_limits import DEFAULT_LIMITS, Limits
from .outgoing.passed_fields import may_be_added
from .recipient_code.marker_choice import marker_problems
from .wording.appearance import ACCENT, Appearance, appearance_problems
from .wording.language import Language

MANUAL = "docs/operating.md"
"""The operator's document, in the project. Notices and alarms name a section of it."""


def manual_at(section: str, documents_url: str | None = None) -> str:
    """Where a section of the operator's document is: a link if the documents have a URL."""
    manual = MANUAL if documents_url is None else f"{documents_url.rstrip('/')}/operating.md"
    return f"{manual}#{section}"


class LinkMode(StrEnum):
    """How an attachment is reached: through the relay's own page, or a presigned URL."""

    PAGE = "page"
    PRESIGNED = "presigned"


class VerdictAction(StrEnum):
    """What to do with mail that failed a check of SES."""

    REFUSE = "refuse"
    MARK = "mark"
    DELIVER = "deliver"


class CodesCounted(StrEnum):
    """Which of several recipient codes in a mail name its recipients."""

    ALL = "all"
    FIRST = "first"
    LAST = "last"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The relay's policy. Making one validates it.

    `previous_inbound_addresses` are received as `inbound_address` is, until devices have changed.
    Mail to a subaddress with one of the `closed_labels` is ignored (`relay_core.policy.arrival`).
    `allowed_recipients` and `allowed_senders` hold patterns (`relay_core.addresses.patterns`); an
    empty `allowed_senders` lets every sender in. `directory_refresh` is how old a worker's copy of
    the recipient directory may be. `sender_message_limit` is how many mails of one sender are
    relayed in each `sender_window`, 0 for all; what is more is held. `recipient_budget` is how
    many recipients the stack submits to in an hour, 0 for any number; mail beyond it is held.
    `inline_image_limit` is how large an image that the HTML shows may be, in bytes, to stay in the
    mail. With `inline_preview` a mail shows small pictures of its images. `notice_limit` is how
    many notices of one reason and sender are sent singly in each `notice_window`, 0 for all; the
    rest is summed up. `submission_concurrency` is how many mails a worker hands over at the same
    time. `retry_delay` is how long the queue waits after the first failed try of a message; each
    further try waits twice as long, and `max_receive_count` of them are made. `parking_delay` is
    how long a mail waits that met an account which may not send. `pass_header_fields` are further
    fields that recipients get. `documents_url` is the base of links in notices. The rest,
    from `organisation` on, is how recipients are addressed (`relay_core.wording.appearance`).

    Raises:
        InvalidSettings: naming every field that breaks a rule.
    """

    stack: str
    sender_address: str
    inbound_address: str
    allowed_recipients: tuple[str, ...]
    previous_inbound_addresses: tuple[str, ...] = ()
    closed_labels: tuple[str, ...] = ()
    configuration_set_name: str | None = None
    recipient_marker: str = "Email_Rxers_Code"
    short_marker: str | None = None
    codes_counted: CodesCounted = CodesCounted.ALL
    allowed_senders: tuple[str, ...] = ()
    directory_refresh: timedelta = timedelta(seconds=60)
    max_recipients: int = 100
    sender_message_limit: int = 0
    sender_window: timedelta = timedelta(seconds=300)
    recipient_budget: int = 0
    notice_limit: int = 10
    notice_window: timedelta = timedelta(seconds=300)
    show_recipients: bool = True
    link_mode: LinkMode = LinkMode.PAGE
    link_expiry: timedelta = timedelta(hours=36)
    attachment_retention: timedelta = timedelta(days=14)
    inline_image_limit: int = INLINE_IMAGE_LIMIT
    inline_preview: bool = False
    max_message_bytes: int = DEFAULT_LIMITS.size
    max_header_bytes: int = DEFAULT_LIMITS.header_size
    max_header_fields: int = DEFAULT_LIMITS.header_fields
    max_entities: int = DEFAULT_LIMITS.entities
    max_nesting: int = DEFAULT_LIMITS.depth
    max_body_bytes: int = DEFAULT_LIMITS.text_size
    max_attachments: int = DEFAULT_LIMITS.attachments
    submission_concurrency: int = 8
    max_receive_count: int = 5
    retry_delay: timedelta = timedelta(seconds=30)
    parking_delay: timedelta = timedelta(seconds=300)
    spam_action: VerdictAction = VerdictAction.REFUSE
    authentication_action: VerdictAction = VerdictAction.REFUSE
    pass_header_fields: tuple[str, ...] = ()
    documents_url: str | None = None
    organisation: str | None = None
    contact: str | None = None
    accent_colour: str = ACCENT
    language: Language = Language.ENGLISH
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if problems := tuple(_problems(self)):
            raise InvalidSettings(problems)

    @property
    def markers(self) -> tuple[str, ...]:
        """The words around recipient codes."""
        short = self.short_marker
        return (self.recipient_marker,) if short is None else (self.recipient_marker, short)

    def with_stored_markers(self, marker: str, short_marker: str | None) -> Settings:
        """With the markers of a manifest: they were valid then, and are not checked again."""
        stored = copy(self)
        object.__setattr__(stored, "recipient_marker", marker)
        object.__setattr__(stored, "short_marker", short_marker)
        return stored

    @property
    def limits(self) -> Limits:
        """What a message may be at most."""
        return Limits(
            size=self.max_message_bytes,
            header_size=self.max_header_bytes,
            header_fields=self.max_header_fields,
            entities=self.max_entities,
            depth=self.max_nesting,
            text_size=self.max_body_bytes,
            attachments=self.max_attachments,
        )

    @property
    def passed_fields(self) -> frozenset[str]:
        """The names of the fields that the operator adds, in lower case."""
        return frozenset(name.lower() for name in self.pass_header_fields)

    @property
    def secret_addresses(self) -> tuple[str, ...]:
        """The addresses that no recipient may learn."""
        return (self.inbound_address, *self.previous_inbound_addresses)

    @property
    def appearance(self) -> Appearance:
        """How recipients are spoken to."""
        return Appearance(
            organisation=self.organisation,
            contact=self.contact,
            accent_colour=self.accent_colour,
            language=self.language,
            time_zone=self.time_zone,
        )

    @property
    def place_of_notices(self) -> str:
        """Where the operator's document says more about each reason of a notice."""
        return manual_at("the-notices", self.documents_url)

    def to_environment(self) -> dict[str, str]:
        """The settings as environment variables, `None` left out."""
        return to_environment(self)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Read the settings back.

        Raises:
            InvalidSettings: naming each variable that is missing or cannot be read.
        """
        return cls(**from_environment(cls, environment))


_MAX_RETENTION = timedelta(days=3650)
_ADDRESS_LABEL = re.compile(r"[A-Za-z0-9!#$%&'*/=?^_`{|}~.-]{1,64}\Z")  # atext without "+"
_RANGES = (
    ("max_recipients", 1, 1000),
    # A window's record names each mail that it let through (`relay_core.limits.sender_limit`).
    ("sender_message_limit", 0, 1000),
    ("recipient_budget", 0, 10_000_000),
    ("notice_limit", 0, 100),
    ("inline_image_limit", 0, 10_000_000),
    ("max_message_bytes", 1000, DEFAULT_LIMITS.size),
    ("max_header_bytes", 1000, DEFAULT_LIMITS.size),
    ("max_header_fields", 100, 10_000_000),
    ("max_entities", 1, 1_000_000),
    ("max_nesting", 1, 100_000),
    # Each byte of a text that goes out is read closely: some megabytes take the function's time.
    ("max_body_bytes", 10_000, 4_000_000),
    # Each is an object to store and a line in the manifest and the mail.
    ("max_attachments", 2, 1_000_000),
    ("submission_concurrency", 1, 50),
    ("max_receive_count", 3, 1000),
)
_RANGES_OF_SECONDS = (
    ("retry_delay", 1, 900),
    ("parking_delay", 1, 900),  # SQS's longest DelaySeconds
    ("directory_refresh", 0, 3600),
    ("sender_window", 1, 86_400),
    ("notice_window", 1, 900),  # a summary waits on the queue for its end
)


def _problems(settings: Settings) -> list[Problem]:
    found: list[Problem] = []

    def check(name: str, value: object, rule: str, *, holds: bool) -> None:
        if not holds:
            found.append(Problem(field=name, value=value, rule=rule))

    for name in ("sender_address", "inbound_address"):
        value = getattr(settings, name)
        check(name, value, _ADDRESS_RULE, holds=_is_address(value))
    check(
        "inbound_address",
        settings.inbound_address,
        "must differ from senderEmail, the address that mail is sent from: it is a secret",
        holds=settings.inbound_address.lower() != settings.sender_address.lower(),
    )
    _check_addresses(settings, check)
    found += marker_problems(settings.recipient_marker, settings.short_marker)
    check(
        "allowed_recipients",
        list(settings.allowed_recipients),
        'must name at least one address or domain ("*" allows all)',
        holds=bool(settings.allowed_recipients),
    )
    for name in ("allowed_recipients", "allowed_senders"):
        for pattern in getattr(settings, name):
            check(
                name,
                pattern,
                'must be an address, a domain, "*." and a domain, or "*"',
                holds=canonical_pattern(pattern) is not None,
            )
    for name in settings.pass_header_fields:
        check(
            "pass_header_fields",
            name,
            "must begin with X- and must not be a field that mail systems act on, such as"
            " X-Spam-*",
            holds=may_be_added(name),
        )
    hour, day = timedelta(hours=1), timedelta(days=1)
    is_kept = day <= settings.attachment_retention <= _MAX_RETENTION
    # Beside a retention that is wrong itself, only what no retention allows is reported.
    longest = settings.attachment_retention if is_kept else _MAX_RETENTION
    because = (
        f", for as long as attachmentRetentionDays ({longest // day}) keeps the attachments"
        if is_kept
        else ""
    )
    check(
        "link_expiry",
        settings.link_expiry // hour,
        f"must be from 1 to {longest // hour} hours{because}",
        holds=hour <= settings.link_expiry <= longest,
    )
    check(
        "attachment_retention",
        settings.attachment_retention // day,
        f"must be from 1 to {_MAX_RETENTION // day} days",
        holds=is_kept,
    )
    for name, least, most in _RANGES:
        value = getattr(settings, name)
        check(name, value, f"must be from {least} to {most}", holds=least <= value <= most)
    for name, least, most in _RANGES_OF_SECONDS:
        seconds = getattr(settings, name) // timedelta(seconds=1)
        holds = least <= seconds <= most
        check(name, seconds, f"must be from {least} to {most} seconds", holds=holds)
    found += appearance_problems(settings.appearance)
    return found


class _Check(Protocol):
    def __call__(self, name: str, value: object, rule: str, *, holds: bool) -> None: ...


def _check_addresses(settings: Settings, check: _Check) -> None:
    """Previous addresses and closed labels."""
    name, current = "previous_inbound_addresses", settings.inbound_address.lower()
    seen: set[str] = set()
    for value in settings.previous_inbound_addresses:
        address = value.lower()
        base = re.sub(r"\+.*@", "@", address)
        rules = (
            (_ADDRESS_RULE, _is_address(value)),
            ("must be listed only once; letter case does not count", address not in seen),
            (
                "must not be recipientEmail, with or without a label: it is received anyway",
                current not in {address, base},
            ),
            (
                "must differ from senderEmail, the address that mail is sent from: it is a secret",
                address != settings.sender_address.lower(),
            ),
        )
        for rule, holds in rules:
            check(name, value, rule, holds=holds)
        seen.add(address)
    for label in settings.closed_labels:
        check(
            "closed_labels",
            label,
            "must be the part of an address between + and @: 1 to 64 characters, without + and @",
            holds=bool(_ADDRESS_LABEL.match(label)),
        )


_ADDRESS_RULE = (
    "must be an e-mail address in ASCII (a domain as xn--…), without a dot or blanks at an end"
)


def _is_address(value: str) -> bool:
    """Whether it is an address as mail writes it: own ones are compared letter by letter."""
    try:
        return parse_addr_spec(value).lower() == value.lower()
    except InvalidAddress:
        return False
