"""Notices to the operator through an Amazon SNS topic.

SNS refuses a whole notice for one wrong character, and a notice that is refused is a mail
that ended silently. So a notice is made to fit before it is published (SNS API, "Publish"
and "MessageAttributeValue"):

* Subject: less than 100 characters, no line breaks or control characters. Older editions of
  the rule also ask for ASCII and no leading space, so we keep to that.
* Message: not empty; with all attributes (name, type and value) 262,144 bytes at most.
* With `MessageStructure=json` the message is a JSON object of texts by protocol, and `default`
  for all that have none of their own. People subscribe by `email` and `sms`, machines by `sqs`,
  `lambda`, `https` and others yet to come: so `default` is what machines read, written once.
* A String attribute must not be empty, and is bound to the characters of a message: those
  of XML 1.0 section 2.2.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from relay_core.ports import Notice

from .errors import aws_call

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

MAX_SUBJECT = 99
"""Characters ("less than 100")."""

MAX_PAYLOAD = 262_144
"""Bytes of message and attributes together."""

MAX_ATTRIBUTE = 1024
"""Bytes of an attribute's value; ours, so that a message always has room beside them."""

_MAX_FIELD = 2001
"""Characters of a field of what machines read: one more than a notice quotes, its ellipsis."""

_MIN_TEXT = 2000
"""Characters of the text that are worth leaving refusals out of what machines read."""

CUT_MARK = "\n\n[cut here: the notice was longer than SNS carries]\n"

_SUBJECT_CUT_MARK = "..."
_EMPTY_SUBJECT = "Mail relay notice"
_EMPTY_TEXT = "(no text)"
_ATTRIBUTE_TYPE = "String"
_NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")
# What XML's Char leaves out. Its complement takes a hundredth of a cold start to compile.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnsNotices:
    """`Notices` on a topic; `stack` names the deployment in each message."""

    client: SNSClient
    topic_arn: str
    stack: str

    def publish(self, notice: Notice) -> None:
        """See `Notices.publish`. The attributes are `reason`, `stack` and, if known, `sender`."""
        attributes = _attributes(
            {"reason": notice.reason, "stack": self.stack, "sender": notice.sender}
        )
        used = sum(
            len(name.encode()) + len(_ATTRIBUTE_TYPE) + len(value.encode())
            for name, value in attributes.items()
        )
        typed: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": _ATTRIBUTE_TYPE, "StringValue": value}
            for name, value in attributes.items()
        }
        with aws_call(call="sns:Publish", target=self.topic_arn):
            self.client.publish(
                TopicArn=self.topic_arn,
                Subject=clean_subject(notice.subject),
                Message=format_message(notice, self.stack, MAX_PAYLOAD - used),
                MessageStructure="json",
                MessageAttributes=typed,
            )


def clean_subject(text: str) -> str:
    """The text as SNS accepts it as a subject: one line of ASCII, 1 to `MAX_SUBJECT` characters.

    Accents are dropped (`ü` becomes `u`); what has no ASCII form becomes `?`.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not unicodedata.combining(c))
    # Spaces last: decomposing makes new ones, as of a spacing accent.
    one_line = " ".join(bare.split())
    subject = _NOT_PRINTABLE_ASCII.sub("?", one_line) or _EMPTY_SUBJECT
    if len(subject) <= MAX_SUBJECT:
        return subject
    return subject[: MAX_SUBJECT - len(_SUBJECT_CUT_MARK)].rstrip() + _SUBJECT_CUT_MARK


def clean_text(text: str) -> str:
    """The text with each character that SNS does not carry replaced by U+FFFD."""
    return _NOT_XML.sub("\ufffd", text)


def format_message(notice: Notice, stack: str, size: int) -> str:
    """The notice as a message of structure `json`, in at most `size` bytes of UTF-8.

    What does not fit is cut: the text at a character, and ends in `CUT_MARK`; of the refusals,
    whole ones, which are counted as `more`. `size` must be 64 KB at least.
    """
    text = clean_text(notice.text) or _EMPTY_TEXT
    kept = len(notice.refusals)
    while True:
        document = _document(notice, stack, kept)
        if len(_message(notice, document, text).encode()) <= size:
            return _message(notice, document, text)
        shortest = _cut(text, _MIN_TEXT)
        if kept == 0 or len(_message(notice, document, shortest).encode()) <= size:
            break
        kept //= 2
    # The longest beginning that fits; it is in the message twice, once escaped twice.
    lengths = range(len(text))
    length = bisect_right(
        lengths, size, key=lambda n: len(_message(notice, document, _cut(text, n)).encode())
    )
    return _message(notice, document, _cut(text, max(0, length - 1)))


def _message(notice: Notice, document: Mapping[str, Any], text: str) -> str:
    return _json(
        {
            "default": _json({**document, "text": text}),
            "email": text,
            "sms": clean_subject(notice.subject),
        }
    )


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else text[:length] + CUT_MARK


def _document(notice: Notice, stack: str, kept: int) -> dict[str, Any]:
    """What a machine reads; `docs/decisions/0014-notices.md` says what each field means."""
    return {
        "reason": notice.reason.value,
        "reasons": [
            {"reason": one.reason.value, "detail": _short(one.detail)}
            for one in notice.refusals[:kept]
        ],
        "more": notice.more_refusals + len(notice.refusals) - kept,
        "stack": _short(stack),
        "message_id": _short(notice.message_id),
        "raw_key": _short(notice.raw_key),
        "sender": None if notice.sender is None else _short(notice.sender),
        "subject": _short(notice.mail_subject),
        "recipients_relayed": notice.relayed_to,
    }


def _short(text: str) -> str:
    return clean_text(text[:_MAX_FIELD])


def _json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)


def _attributes(values: dict[str, str | None]) -> dict[str, str]:
    """The attributes that have a value, each cleaned and cut to `MAX_ATTRIBUTE` bytes."""
    return {
        name: clean_text(value).encode()[:MAX_ATTRIBUTE].decode(errors="ignore")
        for name, value in values.items()
        if value
    }
