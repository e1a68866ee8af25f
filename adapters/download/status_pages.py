"""The pages without files: the texts and the status of each."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from html import escape
from http import HTTPStatus

from relay_core.links.download import FileStatus, LinkStatus
from relay_core.links.renewal import RENEWAL_INTERVAL
from relay_core.wording.wording import translatable

from .document import content_policy, document
from .frame import PLAIN, Frame
from .http import Answer


class StatusPage(Enum):
    """A page without files: its status, its title and its paragraphs."""

    UNKNOWN = (
        HTTPStatus.NOT_FOUND,
        translatable("This link is not valid"),
        (
            translatable(
                "The address may be incomplete. Open the link in the mail again, or copy all of"
                " it."
            ),
            translatable("Or the files have been deleted, some days after the mail was sent."),
        ),
    )
    EXPIRED = (
        HTTPStatus.GONE,
        translatable("This link has expired"),
        (
            translatable("The files were available until the time stated in the mail."),
            translatable("If you still need them, contact the operator of the sending device."),
        ),
    )
    REVOKED = (
        HTTPStatus.GONE,
        translatable("This link has been withdrawn"),
        (
            translatable(
                "The operator of the sending device has closed it. Contact them if you have"
                " questions."
            ),
        ),
    )
    FILE_REVOKED = (
        HTTPStatus.GONE,
        translatable("This file has been withdrawn"),
        (
            translatable(
                "The operator of the sending device has closed it. Contact them if you have"
                " questions."
            ),
        ),
    )
    FILE_LOST = (
        HTTPStatus.GONE,
        translatable("This file is not available"),
        (
            translatable(
                "It could not be stored. If you need it, contact the operator of the sending"
                " device."
            ),
        ),
    )
    FILE_MALICIOUS = (
        HTTPStatus.FORBIDDEN,
        translatable("Malware was found in this file"),
        (
            translatable(
                "It cannot be downloaded. Please inform the operator of the sending device."
            ),
        ),
    )
    FILE_UNSCANNABLE = (
        HTTPStatus.FORBIDDEN,
        translatable("This file could not be checked for malware"),
        (
            translatable(
                "It may be damaged or protected by a password, so it cannot be downloaded."
            ),
            translatable("If you need it, contact the operator of the sending device."),
        ),
    )
    FILE_SCANNING = (
        HTTPStatus.CONFLICT,
        translatable("This file is being checked"),
        (translatable("This usually takes a minute. Please try again shortly."),),
    )
    NO_SUCH_FILE = (
        HTTPStatus.BAD_REQUEST,
        translatable("This file does not exist"),
        (translatable("Go back to the files and use one of the buttons."),),
    )
    WRONG_METHOD = (
        HTTPStatus.METHOD_NOT_ALLOWED,
        translatable("This is not possible here"),
        (translatable("Open the page in a browser, and use the buttons to download files."),),
    )
    UNAVAILABLE = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        translatable("This page is temporarily unavailable"),
        (
            translatable(
                "Your files and your link are not affected. Please try again in a minute."
            ),
        ),
    )
    RENEWABLE = (
        HTTPStatus.GONE,
        translatable("This link has expired"),
        (
            translatable("The files are still there. A new link can be sent by mail."),
            translatable("It goes to the address that this link was sent to, and to no other."),
        ),
    )
    NEW_LINK_SENT = (
        HTTPStatus.ACCEPTED,
        translatable("A new link is on its way"),
        (translatable("It goes by mail to the address that this link was sent to."),),
    )
    NEW_LINK_TOO_SOON = (
        HTTPStatus.TOO_MANY_REQUESTS,
        translatable("A new link was sent within the last hour"),
        (
            translatable(
                "Look into the mailbox that this link was sent to, and into its spam folder."
            ),
            translatable("In an hour you can ask again."),
        ),
    )
    NEW_LINK_NOT_SENT = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        translatable("The new link could not be sent"),
        (translatable("The files are still there. Please try again in a few minutes."),),
    )

    def __init__(self, status: HTTPStatus, title: str, paragraphs: tuple[str, ...]) -> None:
        self.status = status
        self.title = title
        self.paragraphs = paragraphs


_PAGE_OF_LINK = {
    LinkStatus.UNKNOWN: StatusPage.UNKNOWN,
    LinkStatus.EXPIRED: StatusPage.EXPIRED,
    LinkStatus.REVOKED: StatusPage.REVOKED,
}
_PAGE_OF_FILE = {
    FileStatus.SCANNING: StatusPage.FILE_SCANNING,
    FileStatus.MALICIOUS: StatusPage.FILE_MALICIOUS,
    FileStatus.UNSCANNABLE: StatusPage.FILE_UNSCANNABLE,
    FileStatus.REVOKED: StatusPage.FILE_REVOKED,
    FileStatus.LOST: StatusPage.FILE_LOST,
}


_WITH_A_WAY_BACK = frozenset({*_PAGE_OF_FILE.values(), StatusPage.NO_SUCH_FILE})
_OFFERS = frozenset({StatusPage.RENEWABLE, StatusPage.NEW_LINK_NOT_SENT})
_RETRY_AFTER = {
    StatusPage.UNAVAILABLE: timedelta(seconds=30),
    StatusPage.NEW_LINK_NOT_SENT: timedelta(minutes=2),
    StatusPage.NEW_LINK_TOO_SOON: RENEWAL_INTERVAL,
}

RENEW = "renew"
"""The field of the form that asks for a new link."""


def page_of_link(status: LinkStatus) -> StatusPage:
    """What the page says of a link that is not available."""
    return _PAGE_OF_LINK[status]


def page_of_file(status: FileStatus) -> StatusPage:
    """What the page says to a visitor who asks for a file that is not ready."""
    return _PAGE_OF_FILE[status]


def status_page(page: StatusPage, frame: Frame = PLAIN, *, list_url: str = "?") -> Answer:
    """A page without files. It is the same, byte for byte, for all with that frame.

    `list_url` is the address of the list of files, relative to the page, for a link back to it.
    """
    say = frame.wording.say
    title = say(page.title)
    text_html = "".join(f"<p>{say(paragraph)}</p>\n" for paragraph in page.paragraphs)
    navigation = ""
    if page in _WITH_A_WAY_BACK:
        navigation = (
            f'<a class="button" href="{escape(list_url)}">{say("Back to the files")}</a>\n'
        )
    if is_offer := page in _OFFERS:
        navigation = (
            f'<form method="post"><button class="main button" name="{RENEW}" value="1">'
            f"{say('Ask for a new link')}</button></form>\n"
        )
    retry_after = _RETRY_AFTER.get(page)
    return Answer(
        status=page.status,
        content_type="text/html; charset=utf-8",
        body=document(
            title,
            f'<div class="notice">\n<h1>{title}</h1>\n{text_html}{navigation}</div>\n',
            frame,
        ),
        policy=content_policy(frame, form_action="'self'" if is_offer else "'none'"),
        headers={"Retry-After": f"{retry_after.total_seconds():.0f}"} if retry_after else {},
    )
