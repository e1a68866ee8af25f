"""The pages that offer no file: what each of them tells, and with which status."""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from html import escape
from http import HTTPStatus

from relay_core.links.download import FileStatus

from .document import content_policy, document
from .http import Answer


class Notice(Enum):
    """A page that offers no file: its status, its title, and what it tells, by paragraph."""

    UNKNOWN = (
        HTTPStatus.NOT_FOUND,
        "This link leads nowhere",
        (
            "Perhaps it was cut short: open it from the mail once more, or copy all of it.",
            "Perhaps what it led to has been deleted, which happens some days after the mail.",
        ),
    )
    EXPIRED = (
        HTTPStatus.GONE,
        "This link has expired",
        (
            "Its files could be downloaded until the time that stands in the mail.",
            "If you still need them, ask whoever runs the sending device.",
        ),
    )
    REVOKED = (
        HTTPStatus.GONE,
        "This link has been taken back",
        ("Whoever runs the sending device has closed it. They can tell you why.",),
    )
    FILE_REVOKED = (
        HTTPStatus.GONE,
        "This file has been taken back",
        ("Whoever runs the sending device has closed it. They can tell you why.",),
    )
    FILE_LOST = (
        HTTPStatus.GONE,
        "This file is not there",
        ("It could not be kept. Whoever runs the sending device has been told, or can be asked.",),
    )
    FILE_MALICIOUS = (
        HTTPStatus.FORBIDDEN,
        "Malware was found in this file",
        ("It cannot be downloaded. Please tell whoever runs the sending device.",),
    )
    FILE_UNSCANNABLE = (
        HTTPStatus.FORBIDDEN,
        "This file could not be checked for malware",
        (
            "It may be protected by a password, or damaged. So it cannot be downloaded.",
            "If you need it, ask whoever runs the sending device.",
        ),
    )
    FILE_SCANNING = (
        HTTPStatus.CONFLICT,
        "This file is being checked for malware",
        ("That takes a minute as a rule. Please try again then.",),
    )
    NO_SUCH_FILE = (
        HTTPStatus.BAD_REQUEST,
        "There is no such file",
        ("Go back to the page and use one of its buttons.",),
    )
    WRONG_METHOD = (
        HTTPStatus.METHOD_NOT_ALLOWED,
        "That cannot be done here",
        ("Pages can be opened, and files downloaded with their buttons.",),
    )
    UNAVAILABLE = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "Something does not work just now",
        ("Nothing is lost, and the link stays good. Please try again in a minute.",),
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


def notice_page(notice: Notice, *, home: str = "?") -> Answer:
    """A page that offers no file. It is the same, byte for byte, for whoever gets it.

    `home` is where the list of files is, relative to the page, for those that lead back there.
    """
    told = "".join(f"<p>{escape(paragraph)}</p>\n" for paragraph in notice.paragraphs)
    back = (
        f'<a class="button" href="{escape(home)}">Back to the files</a>\n'
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
            notice.title,
            f'<div class="notice">\n<h1>{escape(notice.title)}</h1>\n{told}{back}</div>\n',
        ),
        policy=content_policy(),
        headers=headers,
    )
