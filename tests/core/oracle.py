"""The standard library's `email` as the oracle: its reading of a mail, in the core's types."""

from __future__ import annotations

import email
import email.message
import email.policy
from dataclasses import dataclass

POLICY = email.policy.compat32
"""The policy that reports defects without the quirks of the structured header parsers."""


@dataclass(frozen=True, slots=True)
class Leaf:
    content_type: str
    content: bytes


def parse(raw: bytes) -> email.message.Message:
    return email.message_from_bytes(raw, policy=POLICY)


def defects(raw: bytes) -> list[str]:
    """The name of every defect that the oracle finds anywhere in the mail."""
    found = []
    for part in parse(raw).walk():
        found += [type(defect).__name__ for defect in part.defects]
        if not part.is_multipart():
            part.get_payload(decode=True)
            found += [type(defect).__name__ for defect in part.defects]
    return found


def leaves(raw: bytes) -> list[Leaf]:
    found = []
    for part in parse(raw).walk():
        if part.is_multipart():
            continue
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        found.append(Leaf(part.get_content_type(), content))
    return found


def text_of(part: email.message.Message) -> str:
    """The text of a part, with LF line breaks."""
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    charset = part.get_content_charset("us-ascii")
    return content.decode(charset).replace("\r\n", "\n")
