"""Notices to the operator through an Amazon SNS topic.

SNS refuses a whole notice for one wrong character, and a notice that is refused is a mail
that ended silently. So a notice is made to fit before it is published (SNS API, "Publish"
and "MessageAttributeValue"):

* Subject: less than 100 characters, no line breaks or control characters. Older editions of
  the rule also ask for ASCII and no leading space, so we keep to that.
* Message: not empty; with all attributes (name, type and value) 262,144 bytes at most.
* A String attribute must not be empty, and is bound to the characters of a message: those
  of XML 1.0 section 2.2.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from relay_core.ports import Notice

from .aws_errors import aws_call

if TYPE_CHECKING:  # the stubs are not part of the function's package
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

MAX_SUBJECT = 99
"""Characters ("less than 100")."""

MAX_PAYLOAD = 262_144
"""Bytes of message and attributes together."""

MAX_ATTRIBUTE = 1024
"""Bytes of an attribute's value; ours, so that a message always has room beside them."""

CUT_MARK = "\n\n[cut here: the notice was longer than SNS carries]\n"

_SUBJECT_CUT_MARK = "..."
_EMPTY_SUBJECT = "Mail relay notice"
_EMPTY_TEXT = "(no text)"
_ATTRIBUTE_TYPE = "String"
_NOT_PRINTABLE_ASCII = re.compile(r"[^ -~]")
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SnsNotices:
    """`Notices` on a topic; `stack` tells subscribers which deployment speaks."""

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
                Message=cut_text(clean_text(notice.text) or _EMPTY_TEXT, MAX_PAYLOAD - used),
                MessageAttributes=typed,
            )


def clean_subject(text: str) -> str:
    """The text as SNS takes it for a subject: one line of ASCII, 1 to `MAX_SUBJECT` characters.

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


def cut_text(text: str, size: int) -> str:
    """The text in at most `size` bytes of UTF-8, whole characters only.

    What is cut ends in `CUT_MARK`; `size` must have room for that.
    """
    encoded = text.encode()
    if len(encoded) <= size:
        return text
    kept = encoded[: size - len(CUT_MARK.encode())]
    # the last character may be cut in two: leave its first bytes out
    return kept.decode(errors="ignore") + CUT_MARK


def _attributes(values: dict[str, str | None]) -> dict[str, str]:
    """The attributes that have a value, each cleaned and cut to `MAX_ATTRIBUTE` bytes."""
    return {
        name: clean_text(value).encode()[:MAX_ATTRIBUTE].decode(errors="ignore")
        for name, value in values.items()
        if value
    }
