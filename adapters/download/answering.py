"""From a request to an answer: the download page behind a function URL.

| request | answer |
|---|---|
| GET, HEAD `/<token>` | the page of the link, or why there is none |
| POST `/<token>`, `file=<number>` | 303 to a URL of the file that lives for minutes |
| POST `/<token>`, `file=all` | 303 to a zip of all files that are ready |
| POST `/<token>`, `play=<number>` | a page that plays the file from such a URL |
| POST `/<token>`, `renew=1`, of an expired link | a mail with a new one, to its recipient |
| GET, HEAD `/<token>/look/<number>` | a page with the picture, or with the text's first lines |
| GET, HEAD `/<token>/preview/<number>` | an image |

Mail gateways and messengers fetch every link they see, and some press what they find behind it
by GET. So a GET or HEAD changes nothing and leads to no file; only the form of the page does,
by POST (RFC 9110 sections 9.2.1 and 9.3.3). Each such wish is recorded, and a link may be used
as often as it is wished until it expires.

Nobody has to say who they are: the token is all there is. One that was not issued causes no call
of AWS, and what it is answered with is, byte for byte, what it would be answered with had it been
issued for a message that is gone: the reference number on it is read from the token itself.

303 lets the browser fetch the file by GET from the store itself (section 15.4.4), which serves
up to 40 MB and more without this function, whose answers end at 6 MB. The page stays where it is,
because what comes is an attachment to be saved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from adapters.aws.download_links import S3LinkIndex, SsmLinkKeys
from adapters.aws.downloads import Download, FileGone, S3Archives, S3Downloads, S3Previews, Scans
from adapters.aws.excerpts import S3Excerpts
from adapters.aws.s3 import S3AttachmentLinks
from adapters.telemetry.download import PageTelemetry
from relay_core.delivery.renewing import RenewalResult
from relay_core.errors import AdapterError
from relay_core.keys import AttachmentKey
from relay_core.links.download import (
    MAX_FETCH_TIME,
    MAX_PLAY_TIME,
    Archive,
    FileStatus,
    OfferedFile,
    archive_name,
    fetch_lifetime,
    plan_archive,
    scanned,
)
from relay_core.links.excerpt import excerpt_of
from relay_core.links.preview import may_have_preview
from relay_core.links.reference import reference_in
from relay_core.links.tokens import LinkToken
from relay_core.links.viewing import Viewer, played_as, viewer_of
from relay_core.ports import Manifests
from relay_core.wording.appearance import Appearance

from .frame import Frame, frame_for
from .http import Answer, Request, form_field, format_answer, parse_request, query_field
from .open_link import NUMBER, OpenLink, open_link
from .page import Shown, files_on, files_page, parts
from .renewing import ExpiredLink, Renewals
from .status_pages import RENEW, StatusPage, page_of_file, status_page
from .view_page import OpenedFile, picture_page, recording_page, text_page

# What has not the shape of a token is no secret; whether one was issued is decided in one place.
_ROUTE = re.compile(
    r"/(?P<token>[A-Za-z0-9_-]{40})(?:/(?P<what>preview|look)/(?P<number>[1-9][0-9]{0,6}))?\Z"
)
_ALL = "all"
_PAGE_OF_RENEWAL = {
    RenewalResult.SENT: StatusPage.NEW_LINK_SENT,
    RenewalResult.TOO_SOON: StatusPage.NEW_LINK_TOO_SOON,
    RenewalResult.NOT_OFFERED: StatusPage.EXPIRED,  # since the page was shown
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFunction:
    """The page behind its URL. Calling it answers one request and raises for none."""

    keys: SsmLinkKeys
    index: S3LinkIndex
    manifests: Manifests
    scans: Scans
    links: S3AttachmentLinks
    previews: S3Previews
    excerpts: S3Excerpts
    archives: S3Archives
    downloads: S3Downloads
    renewals: Renewals | None
    origin: str
    clock: Callable[[], datetime]
    telemetry: PageTelemetry
    appearance: Appearance = field(default_factory=Appearance)

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request of a function URL."""
        request = parse_request(event)
        frame, route = frame_for(request, self.appearance), _ROUTE.match(request.path)
        if route is not None:
            frame = frame.about(reference_in(LinkToken(route["token"])))
        try:
            answer = self._answer(request, route, frame)
        # Whatever breaks, a person waits for an answer. Nothing is swallowed: the error is logged
        # with its traceback, and Lambda counts the status.
        except Exception as error:  # noqa: BLE001 - see the comment above
            self.telemetry.failed(error)
            answer = self._page(StatusPage.UNAVAILABLE, frame)
        finally:
            self.telemetry.flush()
        return format_answer(answer, request)

    def _answer(self, request: Request, route: re.Match[str] | None, frame: Frame) -> Answer:
        if route is None:
            return self._page(StatusPage.UNKNOWN, frame)
        allowed = ("GET", "HEAD") if route["what"] else ("GET", "HEAD", "POST")
        if request.method not in allowed:
            answer = self._page(StatusPage.WRONG_METHOD, frame)
            return replace(answer, headers={**answer.headers, "Allow": ", ".join(allowed)})
        link = self._open(route["token"], frame)
        if isinstance(link, ExpiredLink) and not route["what"]:
            return self._renew(link, request, frame)
        if not isinstance(link, OpenLink):
            return self._page(link if isinstance(link, StatusPage) else StatusPage.EXPIRED, frame)
        if route["what"]:
            of_file = self._preview if route["what"] == "preview" else self._look
            return of_file(link, route["number"])
        return (self._fetch if request.method == "POST" else self._show)(link, request)

    def _open(self, token: str, frame: Frame) -> OpenLink | ExpiredLink | StatusPage:
        return open_link(
            token,
            frame,
            keys=self.keys,
            index=self.index,
            manifests=self.manifests,
            renewals=self.renewals,
            clock=self.clock,
        )

    def _renew(self, link: ExpiredLink, request: Request, frame: Frame) -> Answer:
        """Offer a new link; send it, if that is what the form asks for."""
        if self.renewals is None or request.method != "POST" or not form_field(request, RENEW):
            return self._page(StatusPage.RENEWABLE, frame, link)
        try:
            page = _PAGE_OF_RENEWAL[self.renewals.send(link, request.base_url)]
        except AdapterError as error:
            self.telemetry.failed(error)
            page = StatusPage.NEW_LINK_NOT_SENT
        return self._page(page, frame, link)

    def _page(
        self,
        page: StatusPage,
        frame: Frame,
        link: OpenLink | ExpiredLink | None = None,
        *,
        list_url: str = "?",
    ) -> Answer:
        status = page.name.lower().replace("_", "-")
        self.telemetry.shown(status, link.manifest.message_id if link else None)
        return status_page(page, frame, list_url=list_url)

    def _show(self, link: OpenLink, request: Request) -> Answer:
        last = parts(len(link.view.files))
        requested = query_field(request, "page") or ""
        part = min(int(requested), last) if NUMBER.match(requested) else 1
        # Of a list that is cut, only what is shown is asked about.
        shown = files_on(link.view.files, part)
        seen = {file.number: file for file in self._scanned(shown)}
        link = link.with_files(tuple(seen.get(file.number, file) for file in link.view.files))
        self.telemetry.shown(link.view.status.value, link.manifest.message_id)
        return files_page(
            link.view,
            Shown(
                token=link.token,
                origin=self.origin,
                now=link.now,
                part=part,
                archive=plan_archive(link.view.files),
            ),
            link.frame,
        )

    def _scanned(self, files: tuple[OfferedFile, ...]) -> tuple[OfferedFile, ...]:
        ready = [file for file in files if file.status is FileStatus.READY]
        scans = self.scans.scan_each([file.attachment.key for file in ready])
        known = {file.number: scanned(file, scan) for file, scan in zip(ready, scans, strict=True)}
        return tuple(known.get(file.number, file) for file in files)

    def _preview(self, link: OpenLink, number: str) -> Answer:
        file = link.file(number)
        preview = None
        if file is not None and may_have_preview(file.attachment):
            (file,) = self._scanned((file,))
            if file.status is FileStatus.READY:
                preview = self.previews.fetch(file.attachment.key)
        if preview is None:
            # As an unknown link, but not as a page: it is the source of an image.
            return status_page(StatusPage.UNKNOWN, link.frame)
        return Answer(
            status=HTTPStatus.OK,
            content_type=preview.format.value,
            body=preview.content,
            policy="default-src 'none'; sandbox",
        )

    def _look(self, link: OpenLink, number: str) -> Answer:
        """The page of one file that can be shown by itself."""
        file, list_url = link.file(number), f"../../{link.token}"
        if file is None or (viewer := viewer_of(file.attachment)) not in {
            Viewer.PICTURE,
            Viewer.TEXT,
        }:
            return self._page(StatusPage.NO_SUCH_FILE, link.frame, link, list_url=list_url)
        (file,) = self._scanned((file,))
        if file.status is not FileStatus.READY:
            return self._page(page_of_file(file.status), link.frame, link, list_url=list_url)
        opened = self._opened(link, file, list_url=list_url, neighbour_base="")
        if viewer is Viewer.PICTURE:
            self.telemetry.shown("look", link.manifest.message_id)
            return picture_page(opened, f"../preview/{file.number}")
        content = self.excerpts.fetch(file.attachment.key)
        if content is None:
            return self._page(StatusPage.FILE_LOST, link.frame, link, list_url=list_url)
        self.telemetry.shown("look", link.manifest.message_id)
        return text_page(opened, excerpt_of(content, file.attachment))

    def _opened(
        self, link: OpenLink, file: OfferedFile, *, list_url: str, neighbour_base: str
    ) -> OpenedFile:
        return OpenedFile(
            view=link.view,
            file=file,
            list_url=list_url,
            neighbour_base=neighbour_base,
            origin=self.origin,
            frame=link.frame,
        )

    def _fetch(self, link: OpenLink, request: Request) -> Answer:
        requested = form_field(request, "file") or ""
        if requested == _ALL:
            return self._fetch_all(link, request)
        played = form_field(request, "play") if not requested else None
        file = link.file(played or requested)
        media_type = played_as(file.attachment) if file and played else None
        if file is None or (played and media_type is None):
            return self._page(StatusPage.NO_SUCH_FILE, link.frame, link)
        key = file.attachment.key
        if file.status is FileStatus.READY:
            file = scanned(file, self.scans.scan(key))
        if file.status is not FileStatus.READY:
            return self._page(page_of_file(file.status), link.frame, link)
        attachment = file.attachment
        url = self._issue_url(
            link,
            request,
            file=file.number,
            key=key,
            filename=attachment.filename,
            content_type=media_type or attachment.content_type,
            longest=MAX_PLAY_TIME if media_type else MAX_FETCH_TIME,
        )
        if url is None:
            return self._page(StatusPage.EXPIRED, link.frame, link)
        if media_type is None:
            return _see_other(url)
        opened = self._opened(
            link, file, list_url=link.token, neighbour_base=f"{link.token}/look/"
        )
        return recording_page(opened, url, media_type)

    def _fetch_all(self, link: OpenLink, request: Request) -> Answer:
        files = self._scanned(link.view.files)
        archive = plan_archive(files)
        if archive is None:
            states = {file.status for file in files}
            is_scanning = FileStatus.SCANNING in states and FileStatus.READY not in states
            page = StatusPage.FILE_SCANNING if is_scanning else StatusPage.NO_SUCH_FILE
            return self._page(page, link.frame, link)
        try:
            key = self._archive(link, archive)
        except FileGone:
            return self._page(StatusPage.FILE_LOST, link.frame, link)
        url = self._issue_url(
            link,
            request,
            file=None,
            key=key,
            filename=archive_name(link.manifest.subject),
            content_type="application/zip",
            longest=MAX_FETCH_TIME,
        )
        return self._page(StatusPage.EXPIRED, link.frame, link) if url is None else _see_other(url)

    def _archive(self, link: OpenLink, archive: Archive) -> AttachmentKey:
        key, is_new = self.archives.provide(archive, link.manifest)
        if is_new:
            self.telemetry.archive_made(
                link.manifest.message_id, len(archive.members), archive.size
            )
        return key

    def _issue_url(
        self,
        link: OpenLink,
        request: Request,
        *,
        file: int | None,
        key: AttachmentKey,
        filename: str,
        content_type: str,
        longest: timedelta,
    ) -> str | None:
        """Record the wish, and sign a URL of what was wished for; None if the link is over."""
        message_id, now = link.manifest.message_id, self.clock()
        if now >= link.manifest.expires_at:  # while an archive was made
            return None
        url = self.links.issue(
            key,
            filename=filename,
            content_type=content_type,
            lifetime=fetch_lifetime(link.manifest, now, longest),
        ).url
        download = Download(
            message_id=message_id,
            recipient=link.recipient,
            file=file,
            filename=filename,
            at=now,
            user_agent=request.headers.get("user-agent", ""),
        )
        try:
            self.downloads.record(download)
        except AdapterError as error:
            # The file is what the person came for.
            self.telemetry.not_recorded(message_id, error)
        self.telemetry.started(message_id, file)
        return url


def _see_other(url: str) -> Answer:
    return Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": url})
