"""The fields that say which mails belong together (RFC 5322 section 3.6.4).

SES gives each outgoing mail a Message-ID of its own, so no recipient ever has a mail with the id
that the device gave it. What joins an alarm and its "back to normal" is an id that both name: the
device's Message-ID therefore goes last into References, as an answer's would. A mail program that
knows no mail of that id still puts those together that name it.

Ids are read leniently: whatever stands between angle brackets without a blank, or one bare word
with an at-sign. An id that cannot go into a field as it is (8-bit, a control character, what a
reader would take for an encoded-word, too long for a line) is left out, and the others stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from relay_core.mime.header import Header

MAX_IDS = 50
"""How many ids are passed on at most: the first, which names the thread, and the last ones."""

_BRACKETED = re.compile(r"<([^<>\s]*)>")
_BARE = re.compile(r"[^<>\s]+@[^<>\s]+\Z")
_SENDABLE = re.compile(r"(?!.*=\?)[!-;=?-~]{1,900}\Z")  # one line holds 998 characters
_LINE = 76


def thread_fields(header: Header, *, may_go_out: Callable[[str], bool]) -> dict[str, str | None]:
    """In-Reply-To and References of an outgoing mail, by lower-case name; None where empty.

    `may_go_out` says it of an id without brackets.
    """
    parents = _ids(header, "in-reply-to")
    references = _ids(header, "references") or parents
    kept = list(filter(may_go_out, dict.fromkeys((*references, *_ids(header, "message-id")))))
    if len(kept) > MAX_IDS:
        kept = [kept[0], *kept[1 - MAX_IDS :]]
    return {
        "in-reply-to": _folded(filter(may_go_out, parents[-MAX_IDS:])),
        "references": _folded(kept),
    }


def _ids(header: Header, name: str) -> tuple[str, ...]:
    if (written := header.get(name)) is None:
        return ()
    # Not decoded: an id is no text, and the same bytes have to come out at every mail.
    value = written.decode("latin-1").strip()
    found = _BRACKETED.findall(value) or ([value] if _BARE.match(value) else [])
    return tuple(one for one in found if _SENDABLE.match(one))


def _folded(ids: Iterable[str]) -> str | None:
    """The ids in brackets, folded at the blanks between them; None if there are none."""
    lines: list[str] = []
    for one in ids:
        if lines and len(lines[-1]) + len(one) + 3 <= _LINE:
            lines[-1] += f" <{one}>"
        else:
            lines.append(f"<{one}>")
    return "\r\n ".join(lines) or None
