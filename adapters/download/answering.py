"""From a request to an answer: the download page behind a function URL.

| request | answer |
|---|---|
| GET, HEAD `/<token>` | the page of the link, or why there is none |
| POST `/<token>`, `file=<number>` | 303 to a URL of the file that lives for minutes |
| POST `/<token>`, `file=all` | 303 to a zip of all files that are ready |
| GET, HEAD `/<token>/preview/<number>` | an image |

Mail gateways and messengers fetch every link they see, and some press what they find behind it
by GET. So a GET or HEAD changes nothing and leads to no file; only the form of the page does,
by POST (RFC 9110 sections 9.2.1 and 9.3.3). Each such wish is recorded, and a link may be used
as often as it is wished until it expires.

Nobody has to say who they are: the token is all there is. One that was not issued causes no call
of AWS, and what it is answered with is, byte for byte, the answer for one whose message is gone.

303 lets the browser fetch the file by GET from the store itself (section 15.4.4), which serves
up to 40 MB and more without this function, whose answers end at 6 MB. The page stays where it is,
because what comes is an attachment to be saved.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from http import HTTPStatus
from typing import Any

from adapters.aws.download_links import S3LinkIndex, SsmLinkKeys, read_issued
from adapters.aws.downloads import Download, FileGone, S3Archives, S3Downloads, S3Previews, Scans
from adapters.aws.s3 import S3AttachmentLinks
from adapters.telemetry.download import PageTelemetry
from relay_core.errors import AdapterError
from relay_core.keys import AttachmentKey
from relay_core.links.download import (
    Archive,
    FileStatus,
    LinkStatus,
    LinkView,
    OfferedFile,
    archive_name,
    fetch_lifetime,
    plan_archive,
    scanned,
    view_link,
)
from relay_core.links.preview import may_have_preview
from relay_core.ports import Manifests
from relay_core.record.manifest import Manifest

from .http import Answer, Request, form_field, format_answer, parse_request, query_field
from .notices import Notice, notice_of_file, notice_page
from .page import Shown, files_on, files_page, parts

# What has not the shape of a token is no secret; whether one was issued is decided in one place.
_PAGE = re.compile(r"/(?P<token>[A-Za-z0-9_-]{40})\Z")
_PREVIEW = re.compile(r"/(?P<token>[A-Za-z0-9_-]{40})/preview/(?P<number>[1-9][0-9]{0,6})\Z")
_NUMBER = re.compile(r"[1-9][0-9]{0,6}\Z")
_ALL = "all"
_NOTICE_OF_LINK = {
    LinkStatus.UNKNOWN: Notice.UNKNOWN,
    LinkStatus.EXPIRED: Notice.EXPIRED,
    LinkStatus.REVOKED: Notice.REVOKED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLink:
    """A link that is available: its message, who has it, and the files as they are now."""

    token: str
    view: LinkView
    manifest: Manifest
    recipient: str
    now: datetime

    def with_files(self, files: tuple[OfferedFile, ...]) -> OpenLink:
        """The same with another state of its files."""
        return replace(self, view=replace(self.view, files=files))

    def file(self, number: str) -> OfferedFile | None:
        """The file of that number, if there is one."""
        place = int(number) - 1 if _NUMBER.match(number) else -1
        return self.view.files[place] if 0 <= place < len(self.view.files) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadFunction:
    """The page behind its URL. Calling it answers one request and raises for none."""

    keys: SsmLinkKeys
    index: S3LinkIndex
    manifests: Manifests
    scans: Scans
    links: S3AttachmentLinks
    previews: S3Previews
    archives: S3Archives
    downloads: S3Downloads
    origin: str
    clock: Callable[[], datetime]
    telemetry: PageTelemetry

    def __call__(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """Answer one request of a function URL."""
        request = parse_request(event)
        try:
            answer = self._answer(request)
        # Whatever breaks, a person waits for an answer. Nothing is swallowed: the error is logged
        # with its traceback, and Lambda counts the status.
        except Exception as error:  # noqa: BLE001 - see the comment above
            self.telemetry.failed(error)
            answer = self._notice(Notice.UNAVAILABLE)
        finally:
            self.telemetry.flush()
        return format_answer(answer, request)

    def _answer(self, request: Request) -> Answer:
        page, preview = _PAGE.match(request.path), _PREVIEW.match(request.path)
        route, allowed = (page, ("GET", "HEAD", "POST")) if page else (preview, ("GET", "HEAD"))
        if route is None:
            return self._notice(Notice.UNKNOWN)
        if request.method not in allowed:
            answer = self._notice(Notice.WRONG_METHOD)
            return replace(answer, headers={**answer.headers, "Allow": ", ".join(allowed)})
        link = self._open(route["token"])
        if isinstance(link, Notice):
            return self._notice(link)
        if preview:
            return self._preview(link, preview["number"])
        if request.method == "POST":
            return self._fetch(link, request)
        return self._show(link, request)

    def _open(self, token: str) -> OpenLink | Notice:
        """The link that a token is, or what to say instead."""
        claim = read_issued(token, self.keys)
        if claim is None:
            return Notice.UNKNOWN
        message_id = self.index.find(claim.message_ref)
        stored = self.manifests.load(message_id) if message_id else None
        now = self.clock()
        view = view_link(claim, stored.manifest if stored else None, now)
        if view.manifest is None or view.recipient is None:
            return _NOTICE_OF_LINK[view.status]
        return OpenLink(
            token=token, view=view, manifest=view.manifest, recipient=view.recipient, now=now
        )

    def _notice(self, notice: Notice, link: OpenLink | None = None) -> Answer:
        status = notice.name.lower().replace("_", "-")
        self.telemetry.shown(status, link.manifest.message_id if link else None)
        return notice_page(notice)

    def _show(self, link: OpenLink, request: Request) -> Answer:
        last = parts(len(link.view.files))
        wished = query_field(request, "page") or ""
        part = min(int(wished), last) if _NUMBER.match(wished) else 1
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
            # Like a link that leads nowhere, but no page that anybody is shown.
            return notice_page(Notice.UNKNOWN)
        return Answer(
            status=HTTPStatus.OK,
            content_type=preview.format.value,
            body=preview.content,
            policy="default-src 'none'; sandbox",
        )

    def _fetch(self, link: OpenLink, request: Request) -> Answer:
        wished = form_field(request, "file") or ""
        if wished == _ALL:
            return self._fetch_all(link, request)
        file = link.file(wished)
        if file is None:
            return self._notice(Notice.NO_SUCH_FILE, link)
        key = file.attachment.key
        if file.status is FileStatus.READY:
            file = scanned(file, self.scans.scan(key))
        if file.status is not FileStatus.READY:
            return self._notice(notice_of_file(file.status), link)
        attachment = file.attachment
        return self._hand_out(
            link,
            request,
            file=file.number,
            key=key,
            filename=attachment.filename,
            content_type=attachment.content_type,
        )

    def _fetch_all(self, link: OpenLink, request: Request) -> Answer:
        files = self._scanned(link.view.files)
        archive = plan_archive(files)
        if archive is None:
            states = {file.status for file in files}
            is_scanning = FileStatus.SCANNING in states and FileStatus.READY not in states
            notice = Notice.FILE_SCANNING if is_scanning else Notice.NO_SUCH_FILE
            return self._notice(notice, link)
        try:
            key = self._archive(link, archive)
        except FileGone:
            return self._notice(Notice.FILE_LOST, link)
        return self._hand_out(
            link,
            request,
            file=None,
            key=key,
            filename=archive_name(link.manifest.subject),
            content_type="application/zip",
        )

    def _archive(self, link: OpenLink, archive: Archive) -> AttachmentKey:
        key, is_new = self.archives.provide(archive, link.manifest)
        if is_new:
            self.telemetry.archive_made(
                link.manifest.message_id, len(archive.members), archive.size
            )
        return key

    def _hand_out(
        self,
        link: OpenLink,
        request: Request,
        *,
        file: int | None,
        key: AttachmentKey,
        filename: str,
        content_type: str,
    ) -> Answer:
        """Record the wish, and lead to what was wished for."""
        message_id, now = link.manifest.message_id, self.clock()
        if now >= link.manifest.expires_at:  # while an archive was made
            return self._notice(Notice.EXPIRED, link)
        url = self.links.issue(
            key,
            filename=filename,
            content_type=content_type,
            lifetime=fetch_lifetime(link.manifest, now),
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
        return Answer(status=HTTPStatus.SEE_OTHER, headers={"Location": url})
