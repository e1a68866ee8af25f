"""The views of one mail, incoming or delivered: as text, as HTML, its parts, its bytes."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from adapters.aws.content_disposition import format_attachment_disposition

from .mail import ReadMail, read_mail
from .mail_frame import FRAME_POLICY, SANDBOX, frame_document

VIEWS = {"html": "HTML", "text": "Text", "source": "Source", "headers": "Header"}

_FILE_POLICY = "default-src 'none'; sandbox; frame-ancestors 'none'"
_MAX_TEXT = 200_000  # characters of a mail on a page; `source_of` gives all


def view_of(raw: bytes, request: Request, *, usual: str = "") -> dict[str, Any]:
    """The values for the template of a mail (`reading.html`). `usual` is the default view."""
    mail = read_mail(raw)
    view = request.query_params.get("view", usual)
    if view not in VIEWS:
        view = "html" if mail.html is not None else "text" if mail.text else "source"
    text = {"text": mail.text or "", "source": raw.decode("utf-8", "replace")}.get(view, "")
    return {
        "mail": mail,
        "views": VIEWS,
        "view": view,
        "text": text[:_MAX_TEXT],
        "is_cut": len(text) > _MAX_TEXT,
        "sandbox": SANDBOX,
    }


def frame_of(mail: ReadMail) -> Response:
    """The mail's HTML, as a document without scripts and network."""
    if mail.html is None:
        raise HTTPException(HTTPStatus.NOT_FOUND)
    document = frame_document(mail.html, mail.parts)
    return HTMLResponse(document, headers={"Content-Security-Policy": FRAME_POLICY})


def source_of(raw: bytes) -> Response:
    """The mail, byte for byte."""
    return Response(
        raw,
        media_type="text/plain; charset=utf-8",
        headers={"Content-Security-Policy": _FILE_POLICY},
    )


def part_of(mail: ReadMail, number: int) -> Response:
    """A file of the mail, as a download."""
    if not 1 <= number <= len(mail.parts):
        raise HTTPException(HTTPStatus.NOT_FOUND)
    part = mail.parts[number - 1]
    return Response(
        part.content,
        # A browser must save it, independent of the mail's declared type.
        media_type="application/octet-stream",
        headers={
            "Content-Disposition": format_attachment_disposition(part.filename),
            "Content-Security-Policy": _FILE_POLICY,
        },
    )
