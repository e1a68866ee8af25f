"""The four kinds of wrong.

A relay has to distinguish what is merely odd, what is not allowed, what cannot be read,
and what failed on the way. Each kind has a shape of its own, so that no caller can
mistake one for another:

* `Defect` is a value on a parsed message: the bytes break a rule, were read anyway, and
  here is where.
* `Refusal` is a value with a `Reason`: the relay understood the mail and will not relay
  it. The operator gets a notice; nothing is retried.
* `MalformedMessage` and `LimitExceeded` are raised by the core alone, on what it cannot
  read at all. `plan_relay` turns them into refusals.
* `TransientError` and `PermanentError` are raised by adapters alone. Transient: the queue
  delivers the message again. Permanent: trying again cannot help. Where it matters which kind
  of transient it is, it has a class of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


class Span(NamedTuple):
    """A half-open range of byte offsets into one message: `raw[start:end]`."""

    start: int
    end: int


class DefectKind(StrEnum):
    """What a message got wrong and was read in spite of."""

    MISSING_BLANK_LINE = "missing-blank-line"
    JUNK_IN_HEADER = "junk-in-header"
    BARE_LINE_BREAK = "bare-line-break"
    LONG_LINE = "long-line"
    MISSING_MIME_VERSION = "missing-mime-version"
    UNKNOWN_DISPOSITION = "unknown-disposition"
    DOUBLED_DELIMITER = "doubled-delimiter"
    MISSING_BOUNDARY = "missing-boundary"
    MISSING_DELIMITER = "missing-delimiter"
    ENCODED_MULTIPART = "encoded-multipart"
    MISSING_CLOSE_DELIMITER = "missing-close-delimiter"
    INVALID_MEDIA_TYPE = "invalid-media-type"
    UNKNOWN_CHARSET = "unknown-charset"
    UNDECODABLE_TEXT = "undecodable-text"
    UNKNOWN_TRANSFER_ENCODING = "unknown-transfer-encoding"
    INVALID_BASE64 = "invalid-base64"
    INVALID_QUOTED_PRINTABLE = "invalid-quoted-printable"
    NON_ASCII_HEADER = "non-ascii-header"
    DUPLICATE_FIELD = "duplicate-field"


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """One broken rule, with the bytes that break it."""

    kind: DefectKind
    span: Span


class Reason(StrEnum):
    """Why a mail was not relayed. These words are an interface: notices carry them.

    `DELIVERY_REPORT` and `CLOSED_LABEL` are of mail that is ignored, without a notice.
    `ADDRESS_USE` is no refusal: it is the reason of the weekly notice of previous addresses.
    """

    NO_RECIPIENT_CODE = "no-recipient-code"
    MALFORMED_RECIPIENT_CODE = "malformed-recipient-code"
    UNKNOWN_GROUP = "unknown-group"
    RECIPIENT_NOT_ALLOWED = "recipient-not-allowed"
    TOO_MANY_RECIPIENTS = "too-many-recipients"
    SENDER_NOT_ALLOWED = "sender-not-allowed"
    SPAM = "spam"
    VIRUS = "virus"
    AUTHENTICATION_FAILED = "authentication-failed"
    MAIL_LOOP = "mail-loop"
    DELIVERY_REPORT = "delivery-report"
    CLOSED_LABEL = "closed-label"
    ADDRESS_USE = "address-use"
    MALFORMED_MESSAGE = "malformed-message"
    LIMIT_EXCEEDED = "limit-exceeded"
    SUBMISSION_FAILED = "submission-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A business "no": a `Reason`, and a sentence for the operator who reads the notice.

    `address` is that of the one recipient whom it leaves out; None where it is about more than
    that, or it is not known who was meant.
    """

    reason: Reason
    detail: str
    address: str | None = None


class RelayError(Exception):
    """Every exception that this project raises on purpose."""


class MalformedMessage(RelayError):
    """The bytes are no mail in any reading (the core only)."""


class LimitExceeded(RelayError):
    """The mail is larger, deeper or more numerous than the relay's limits (the core only)."""


class AdapterError(RelayError):
    """A call to the world outside failed (adapters only).

    `call` names the operation (`s3:PutObject`), `target` what it was about (a key, an
    address), `detail` what the other side said.
    """

    def __init__(self, *, call: str, target: str, detail: str) -> None:
        super().__init__(f"{call} on {target}: {detail}")
        self.call = call
        self.target = target
        self.detail = detail


class TransientError(AdapterError):
    """The same call may succeed later; the queue delivers the message again."""


class LostAnswer(TransientError):
    """The call may have taken effect: its answer never came."""


class SendingStopped(TransientError):
    """The mail service sends nothing for this account, for now: paused, or its quota used up."""


class Conflict(TransientError):
    """Another worker changed the same manifest first (compare-and-swap lost)."""


class PermanentError(AdapterError):
    """The same call cannot succeed, however often it is tried."""
