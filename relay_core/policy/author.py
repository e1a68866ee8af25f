"""The author that a mail names in From (RFC 5322 section 3.6.2), for decisions and for display.

Two functions read the field, for different purposes:

* `find_author` is for **authority**. Decisions by sender (`allowedSenders`, default recipients,
  limits) must never mistake one mailbox for another. It accepts one form, the mailbox of RFC 5322
  section 3.4, and returns None for everything else. Quoted-strings, comments and encoded-words are
  no addresses. Several mailboxes, several fields and groups (RFC 6854) have no author.
* `find_name` is for **names**. Recipients want to know which of a thousand devices it is, and
  devices write almost anything. It reads the field as a person would; no decision uses the result.

`find_replies` reads Reply-To (section 3.6.2): the addresses for answers.

All of them read at most `MAX_FIELD` bytes of a field and take linear time. Whether the author is
genuine is decided by `relay_core.policy.authentication`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from relay_core.abnf import COMMENT, QUOTED_STRING
from relay_core.addresses.mailbox import InvalidAddress, Mailbox, parse_addr_spec
from relay_core.mime.encoded_words import decode_encoded_words
from relay_core.mime.header import Header, HeaderField
from relay_core.mime.header_text import decode_header_bytes

MAX_FIELD = 2000
"""The longest address field, in bytes; a longer From has no author, and its name is cut.

RFC 5322 section 2.1.1 allows 998 in a line, and one mailbox fits in a line.
"""

_QUOTED_OR_COMMENT = re.compile(rf"{QUOTED_STRING}|{COMMENT}")

# --- for authority ------------------------------------------------------------------------------

# A phrase may hold dots (section 4.1, obs-phrase), but no other special (section 3.2.3).
_NAME_ADDR = re.compile(
    rf'(?:{QUOTED_STRING}|[^"(),:;<>@\[\]\\]++)*<[ \t]*+(?P<addr_spec>[^\s<>"]++)[ \t]*+>\Z'
)
# Devices also write their address as the name, without quotes: that is still one mailbox.
_TWICE = re.compile(r'(?P<addr_spec>[^\s<>",;:]++)[ \t]*+<(?P=addr_spec)>\Z')
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


def find_author(header: Header) -> str | None:
    """The addr-spec of the one mailbox that wrote the mail, or None: for authority.

    The header must have one From field with one mailbox: an addr-spec, or a phrase and the
    addr-spec in angle brackets, with or without comments around (RFC 5322 sections 3.4 and 3.2.2).
    Routes, and blanks inside an addr-spec (section 4.4), give None: programs differ about them.
    """
    fields = [field for field in header.fields if field.name == "from"]
    if len(fields) != 1 or _size(fields[0]) > MAX_FIELD:
        return None
    return _parse_author(header.value(fields[0]))


def _size(field: HeaderField) -> int:
    return field.value_end - field.value_start


@lru_cache(maxsize=64)  # a device writes the same into each of its mails
def _parse_author(value: bytes) -> str | None:
    text = decode_header_bytes(value)
    if _CONTROL.search(text):
        return None
    bare = _QUOTED_OR_COMMENT.sub(_blank_for_comment, text).strip(" \t")
    match = _NAME_ADDR.match(bare) or _TWICE.match(bare)
    try:
        return parse_addr_spec(match["addr_spec"] if match else bare)
    except InvalidAddress:
        return None


def _blank_for_comment(match: re.Match[str]) -> str:
    return " " if match[0].startswith("(") else match[0]


# --- for names ----------------------------------------------------------------------------------

# The tokens of an address field. No two alternatives begin with the same character, except the
# last one: it matches an opening character without its closing one.
_PIECE = re.compile(
    rf"(?P<quoted>{QUOTED_STRING})|(?P<comment>{COMMENT})|<(?P<angle>[^<>]*+)>"
    r'|(?P<separator>[,;])|(?P<word>[^\s,;"(<]++|\S)'
)
_LONE = frozenset('"(<')
_ESCAPED = re.compile(r"\\(.)")


def find_name(header: Header) -> str:
    """The name of a mail's author, for people to read; "" if there is none.

    It is the display-name, else the comment that was used as one before RFC 2822 (RFC 5322 section
    3.4), else the address, else any words in the field.
    """
    value = header.get("from")
    return "" if value is None else _parse_name(value[:MAX_FIELD], header.charsets)


@lru_cache(maxsize=64)
def _parse_name(value: bytes, charsets: tuple[str, ...]) -> str:
    text = decode_header_bytes(value, charsets)
    name = _read_mailboxes(text)[0].name
    if "=?" in text and (name.startswith('"') or "<" in name):
        # A field that is wholly an encoded-word is meant as a mailbox.
        name = _read_mailboxes(name)[0].name
    return name


_BETWEEN_WORDS = re.compile(r"[\s()<>\[\],;:\"']+")
_ADDRESS_LIKE = re.compile(r"[^@]@[^@.]++\.[^@]")


def shows_another_address(name: str, addr_spec: str) -> bool:
    """Whether a display-name shows an address that is not `addr_spec`.

    Full-width and invisible characters make no difference to a reader (Unicode TR 36).
    """
    if "@" not in name and name.isascii():
        return False
    visible = "".join(one for one in unicodedata.normalize("NFKC", name) if one.isprintable())
    words = _BETWEEN_WORDS.split(visible.replace("\u3002", ".").lower())
    return any(_ADDRESS_LIKE.search(one) and one != addr_spec.lower() for one in words)


MAX_REPLIES = 10
"""The largest number of Reply-To mailboxes that are kept; more are never needed."""


def find_mailboxes(header: Header, name: str) -> tuple[str, ...]:
    """The addresses in the first field of that name (To, Cc), unchanged."""
    value = header.get(name)
    return () if value is None else _addresses(value[:MAX_FIELD], header.charsets)


@lru_cache(maxsize=64)  # all devices write the same To
def _addresses(value: bytes, charsets: tuple[str, ...]) -> tuple[str, ...]:
    written = _read_mailboxes(decode_header_bytes(value, charsets))
    return tuple(one.address for one in written if one.address)


def find_replies(header: Header) -> tuple[Mailbox, ...]:
    """The mailboxes of Reply-To that mail can be sent to, each address once."""
    found: dict[str, Mailbox] = {}
    if (value := header.get("reply-to")) is None:
        return ()
    for one in _read_mailboxes(decode_header_bytes(value[:MAX_FIELD], header.charsets)):
        try:
            addr_spec = parse_addr_spec(one.address)
        except InvalidAddress:
            continue
        name = "" if one.name == one.address else one.name
        found.setdefault(addr_spec.lower(), Mailbox(addr_spec=addr_spec, display_name=name))
    return tuple(found.values())[:MAX_REPLIES]


@dataclass(slots=True)
class _Written:
    """A mailbox as written: its words outside of brackets, its comment, its address."""

    words: str = ""
    comment: str = ""
    address: str = ""
    bracketed: bool = False

    @property
    def name(self) -> str:
        text = self.words.strip().removesuffix(":") or self.comment or self.address
        return " ".join(decode_encoded_words(text).split())


def _read_mailboxes(text: str) -> list[_Written]:
    """The mailboxes of a field, read leniently; at least one.

    An address is in angle brackets, or is a bare word with an @ inside. A comma before the address
    is part of a name: `Smith, John <john@example.org>`.
    """
    mailboxes = [_Written()]
    end = 0
    for piece in _PIECE.finditer(text):
        one = mailboxes[-1]
        blank = " " if piece.start() > end else ""
        end = piece.end()
        kind, found = piece.lastgroup, piece[piece.lastgroup or 0]
        if kind == "separator" and (one.address or found == ";"):
            mailboxes.append(_Written())
        elif kind == "angle":
            if not one.bracketed:
                one.words += f" {one.address}"  # the earlier address was part of the name
                one.address, one.bracketed = found.strip(), True
        elif found in _LONE:
            one.words += " "
        elif kind == "comment":
            one.comment = one.comment or _ESCAPED.sub(r"\1", found[1:-1])
        elif kind == "word" and not one.address and "@" in found[1:-1]:
            one.address = found
        else:
            quoted = _ESCAPED.sub(r"\1", found[1:-1]) if kind == "quoted" else found
            one.words += blank + quoted
    return mailboxes
