"""The pages that offer no file: what each of them tells, and with which status."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from html import escape
from http import HTTPStatus

from relay_core.links.download import FileStatus
from relay_core.wording.wording import translatable

from .document import content_policy, document
from .frame import PLAIN, Frame
from .http import Answer


class Notice(Enum):
    """A page that offers no file: its status, its title, and what it tells, by paragraph."""

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
                "Your files are safe, and the link stays valid. Please try again in a minute."
            ),
        ),
    )

    def __init__(self, status: HTTPStatus, title: str, paragraphs: tuple[str, ...]) -> None:
        self.status = status
        self.title = title
        self.paragraphs = paragraphs


_NOTICE_OF_FILE = {
    FileStatus.SCANNING: Notice.FILE_SCANNING,
    FileStatus.MALICIOUS: Notice.FILE_MALICIOUS,
    FileStatus.UNSCANNABLE: Notice.FILE_UNSCANNABLE,
    FileStatus.REVOKED: Notice.FILE_REVOKED,
    FileStatus.LOST: Notice.FILE_LOST,
}


_WITH_A_WAY_BACK = frozenset({*_NOTICE_OF_FILE.values(), Notice.NO_SUCH_FILE})
RETRY_AFTER = timedelta(seconds=30)


def notice_of_file(status: FileStatus) -> Notice:
    """What a person is told who asks for a file that is not ready."""
    return _NOTICE_OF_FILE[status]


def notice_page(notice: Notice, frame: Frame = PLAIN, *, home: str = "?") -> Answer:
    """A page that offers no file. It is the same, byte for byte, for all with that frame.

    `home` is where the list of files is, relative to the page, for those that lead back there.
    """
    say = frame.wording.say
    title = say(notice.title)
    told = "".join(f"<p>{say(paragraph)}</p>\n" for paragraph in notice.paragraphs)
    back = (
        f'<a class="button" href="{escape(home)}">{say("Back to the files")}</a>\n'
        if notice in _WITH_A_WAY_BACK
        else ""
    )
    headers = {}
    if notice is Notice.UNAVAILABLE:
        headers["Retry-After"] = str(int(RETRY_AFTER.total_seconds()))
    return Answer(
        status=notice.status,
        content_type="text/html; charset=utf-8",
        body=document(
            title, f'<div class="notice">\n<h1>{title}</h1>\n{told}{back}</div>\n', frame
        ),
        policy=content_policy(frame),
        headers=headers,
    )
