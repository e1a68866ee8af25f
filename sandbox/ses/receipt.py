"""SES email receiving: applies the active receipt rules.

A recipient condition is one of (SES Developer Guide, "Creating receipt rules"):

* an address: it also matches with any label between a plus sign and the at sign, but an address
  with a label matches only itself;
* a domain, without its subdomains;
* a domain with a leading dot: its subdomains, without the domain itself.

A rule without conditions matches everything. The rules run in order, each at most once for a mail
however many of its recipients match, until a Stop action ends the set. Of the actions, the sandbox
runs only S3's; the others are reported and skipped.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from relay_core.addresses.subaddress import split_label
from sandbox.events import Listener, MailAccepted, MailStored, SandboxFailure
from sandbox.ses_verdicts import (
    Authentication,
    Envelope,
    authenticate_submission,
    format_receipt_header,
    scan,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_ses import SESClient
    from mypy_boto3_ses.type_defs import ReceiptRuleOutputTypeDef

SETUP_NOTIFICATION = "AMAZON_SES_SETUP_NOTIFICATION"
"""The key, under the rule's prefix, of SES's test object for an S3 action."""

_SETUP_TEXT = b"""\
From: Amazon Web Services <no-reply-aws@amazon.com>\r
Subject: Amazon SES Setup Notification\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=UTF-8\r
\r
You received this message because you set up Amazon SES to deliver email to this bucket.\r
"""

_ID_ALPHABET = string.ascii_lowercase + string.digits
_ID_LENGTH = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Action:
    """The bucket and prefix where a rule stores a mail."""

    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptRule:
    """One rule of the active set. `unsupported` names the actions that the sandbox skips."""

    name: str
    enabled: bool
    recipients: tuple[str, ...]
    scans: bool
    s3_actions: tuple[S3Action, ...]
    stops: bool
    unsupported: tuple[str, ...]

    def matches(self, recipient: str) -> bool:
        """Whether an address matches one of the rule's recipient conditions."""
        if not self.enabled:
            return False
        address = recipient.lower()
        domain = address.rpartition("@")[2]

        def meets(condition: str) -> bool:
            if "@" in condition:
                return split_label(address, [condition]) is not None
            if condition.startswith("."):
                return domain.endswith(condition)
            return domain == condition

        return not self.recipients or any(meets(item.lower()) for item in self.recipients)


def parse_rule(description: ReceiptRuleOutputTypeDef) -> ReceiptRule:
    """A rule from SES's description."""
    actions = description.get("Actions", [])
    stored = [action["S3Action"] for action in actions if "S3Action" in action]
    return ReceiptRule(
        name=description["Name"],
        enabled=description.get("Enabled", False),
        recipients=tuple(description.get("Recipients", [])),
        scans=description.get("ScanEnabled", False),
        s3_actions=tuple(
            S3Action(bucket=item["BucketName"], prefix=item.get("ObjectKeyPrefix", ""))
            for item in stored
        ),
        stops=any("StopAction" in action for action in actions),
        unsupported=tuple(
            name for action in actions for name in action if name not in {"S3Action", "StopAction"}
        ),
    )


def matching_rules(
    rules: Iterable[ReceiptRule], recipients: Iterable[str]
) -> Iterator[tuple[ReceiptRule, tuple[str, ...]]]:
    """The rules that apply to a mail, each with the recipients that it matches."""
    wanted = tuple(recipients)
    for rule in rules:
        if matched := tuple(recipient for recipient in wanted if rule.matches(recipient)):
            yield rule, matched
            if rule.stops:
                return


def make_message_id() -> str:
    """A message id like those of SES email receiving: 40 letters and digits."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """SES email receiving on the emulator. Its methods block on calls to AWS.

    `authenticate` gives SES's results for the sender of a mail. `may_store` raises if SES may not
    write to a bucket. The methods raise botocore's ClientError or BotoCoreError if a call fails.
    """

    ses: SESClient
    s3: S3Client
    region: str
    listener: Listener
    authenticate: Callable[[bytes, Envelope], Authentication] = authenticate_submission
    may_store: Callable[[str], None] = lambda _bucket: None

    def rules(self) -> tuple[ReceiptRule, ...]:
        """The current active rule set."""
        answer = self.ses.describe_active_receipt_rule_set()
        return tuple(parse_rule(rule) for rule in answer.get("Rules", []))

    def accepts(self, recipient: str) -> bool:
        """Whether SES accepts mail for this address."""
        return any(True for _ in matching_rules(self.rules(), [recipient]))

    def receive(self, raw: bytes, envelope: Envelope) -> str:
        """Run the actions of every rule that applies to the mail; return its message id."""
        message_id = make_message_id()
        received_at = datetime.now(UTC)
        passed = list(matching_rules(self.rules(), envelope.recipients))
        findings = scan(raw) if any(rule.scans for rule, _ in passed) else None
        self.listener(
            MailAccepted(
                message_id=message_id,
                sender=envelope.mail_from,
                recipients=envelope.recipients,
                size=len(raw),
                scan=findings,
            )
        )
        authentication = self.authenticate(raw, envelope)
        for rule, recipients in passed:
            header = format_receipt_header(
                message_id=message_id,
                envelope=replace(envelope, recipients=recipients),
                authentication=authentication,
                scan=findings if rule.scans else None,
                region=self.region,
                received_at=received_at,
            )
            for action in rule.s3_actions:
                key = action.prefix + message_id
                self._store(action.bucket, key, header + raw)
                self.listener(
                    MailStored(
                        message_id=message_id, rule=rule.name, bucket=action.bucket, key=key
                    )
                )
        return message_id

    def _store(self, bucket: str, key: str, body: bytes) -> None:
        self.may_store(bucket)
        self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def try_out(self) -> None:
        """Write the test object of every S3 action, as SES does for a new rule."""
        for rule in self.rules():
            for action in rule.s3_actions:
                self._store(action.bucket, action.prefix + SETUP_NOTIFICATION, _SETUP_TEXT)
            for name in rule.unsupported:
                self.listener(
                    SandboxFailure(
                        text=f"receipt rule {rule.name}: the sandbox skips the action {name}"
                    )
                )
