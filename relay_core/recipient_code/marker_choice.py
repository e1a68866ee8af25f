"""Checks the words that an operator chooses as markers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from relay_core.environment import Problem

_MARKER = re.compile(r"(?=.*[A-Za-z0-9])[A-Za-z0-9_.-]{3,64}\Z")
_SHORT_MARKER = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}[A-Za-z0-9]\Z")
_WORDS = re.compile(r"[a-z0-9]+")
# Mail programs quote header fields in texts, in the language of their users.
_TAKEN = frozenset(
    re.findall(
        r"\w+",
        """
        mailto http https ftp ftps sftp ssh sip sips smtp smtps imap imaps ldap ldaps tel sms xmpp
        rtsp urn data file ws wss
        to cc bcc from sender replyto subject date sent received mail email messageid returnpath
        re fw fwd aw antw wg sv vs vl tr rv res ref rif enc odp pd
        an von kopie betreff datum gesendet de para asunto objet da oggetto assunto aan van
        onderwerp til fra emne
        """,
    )
)


def marker_problems(recipient_marker: str, short_marker: str | None) -> Iterator[Problem]:
    """Each broken rule, with the name of the setting."""
    if not _MARKER.match(recipient_marker):
        yield Problem(
            field="recipient_marker",
            value=recipient_marker,
            rule=(
                "must be 3 to 64 letters, digits, dots, hyphens or underscores, with at least"
                " one letter or digit"
            ),
        )
    for field, marker in (("recipient_marker", recipient_marker), ("short_marker", short_marker)):
        if marker is not None and "".join(_words_of(marker)) in _TAKEN:
            yield Problem(
                field=field,
                value=marker,
                rule="must not be the name of a header field, the beginning of a link or what"
                " mail programs write before the subject of a reply (To, mailto, Re): mails have"
                " such a word before a colon and an address. Choose another one",
            )
    if short_marker is None:
        return
    if not _SHORT_MARKER.match(short_marker):
        yield Problem(
            field="short_marker",
            value=short_marker,
            rule="must be 2 to 16 letters, digits, dots, hyphens or underscores, a letter first"
            " and a letter or digit last",
        )
    if _share_words(recipient_marker, short_marker):
        yield Problem(
            field="short_marker",
            value=short_marker,
            rule=(
                f"must not be made of words of recipientMarker ({recipient_marker}), nor contain"
                " all of them: it would be unclear which of the two closes a code"
            ),
        )


def _words_of(marker: str) -> list[str]:
    return _WORDS.findall(marker.lower())


def _share_words(first: str, second: str) -> bool:
    """Whether one marker consists of successive words of the other, joined in any way."""
    words = _words_of(first), _words_of(second)
    return any(
        "".join(one) == "".join(other[start:end])
        for one, other in (words, words[::-1])
        for start in range(len(other))
        for end in range(start + 1, len(other) + 1)
    )
