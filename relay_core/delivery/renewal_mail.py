"""The mail with a new link: why it comes and the list of files, and no text of the device."""

from __future__ import annotations

from datetime import datetime
from html import escape

from relay_core.errors import Span
from relay_core.links.download import shown_sender
from relay_core.mime.header import Header
from relay_core.mime.quoted_printable import encode_quoted_printable
from relay_core.outgoing.header import Sender, compose_header
from relay_core.outgoing.letterhead import PLAIN, Letterhead
from relay_core.outgoing.line_breaks import wrapped
from relay_core.outgoing.link_list import ListedAttachment, format_appendix_text
from relay_core.outgoing.link_list_html import FONT, format_appendix_html
from relay_core.ports import OutgoingMail
from relay_core.record.manifest import Manifest
from relay_core.wording.wording import translatable

SUBJECT = translatable("New link: {subject}")
EXPLANATION = translatable(
    "A new link to these files was asked for on the download page. It goes to you alone; the link"
    " in the first mail stays closed. If you did not ask, you need do nothing."
)

_BOUNDARY = "=_new-link"  # in no quoted-printable text (RFC 2045 section 6.7)
_NO_HEADER = Header.of(b"", Span(0, 0), ())


def renewal_mail(
    manifest: Manifest,
    recipient: str,
    *,
    url: str,
    until: datetime,
    sender_address: str,
    stack: str,
    letterhead: Letterhead = PLAIN,
) -> OutgoingMail:
    """The mail with the link `url`, which is valid until `until` (UTC)."""
    listed = [
        ListedAttachment(name=one.filename, size=one.size, url=None, expires_at=until)
        for one in manifest.attachments
        if one.failure is None and one.revoked_at is None
    ]
    wording, say = letterhead.wording, letterhead.wording.say
    explanation = say(EXPLANATION)
    lines = "\n".join(wrapped(explanation))
    text = f"{lines}\n\n{format_appendix_text(listed, page_url=url, letterhead=letterhead)}"
    html = (
        f'<!doctype html>\n<p lang="{wording.language.value}" dir="{wording.direction}"'
        f' style="{FONT}">{escape(explanation)}</p>\n'
        f"{format_appendix_html(listed, page_url=url, letterhead=letterhead)}"
    )
    header = compose_header(
        _NO_HEADER,
        sender=Sender(
            address=sender_address, display_name=shown_sender(manifest) or "", reply_to=()
        ),
        to=(recipient,),
        subject=say(SUBJECT, subject=manifest.subject.strip() or say("(no subject)")),
        stack=stack,
        fields={"content-type": f'multipart/alternative; boundary="{_BOUNDARY}"'},
    )
    parts = (_part("plain", text), _part("html", html), f"--{_BOUNDARY}--\r\n".encode())
    return OutgoingMail(sender=sender_address, recipient=recipient, raw=header + b"".join(parts))


def _part(subtype: str, text: str) -> bytes:
    return (
        (
            f"--{_BOUNDARY}\r\nContent-Type: text/{subtype}; charset=utf-8\r\n"
            "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        ).encode()
        + encode_quoted_printable(text.encode())
        + b"\r\n"
    )
