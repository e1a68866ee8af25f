"""Which attachments get a small picture in the mail, and how large all of them may be.

A picture is made from the pixels of an image, once for all recipients; no byte of the file
goes into a mail. Making it decodes what a stranger sent. So it is bounded before it begins, and a
mail whose worker stopped once goes out without: the image may be what stopped it. Where no picture
can be made, the mail is what it is without.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from relay_core.attachments.attachment import content_of
from relay_core.links.preview import may_have_preview, preview_format
from relay_core.outgoing.inline_previews import InlinePreview
from relay_core.plan import RelayPlan
from relay_core.ports import Ports
from relay_core.record.lease import Worker
from relay_core.record.manifest import Manifest, StoredAttachment
from relay_core.settings import Settings

PREVIEW_BYTES = 140_000
"""Bytes of all pictures of a mail: in base64 and with their headers less than 200 kB."""

MAX_PREVIEWS = 8
"""How many images of a mail are decoded, the first ones."""


def make_previews(
    plan: RelayPlan, manifest: Manifest, settings: Settings, ports: Ports, worker: Worker
) -> tuple[InlinePreview, ...]:
    """The pictures that go into the mails of a message, in the order of its files."""
    if not settings.inline_preview or ports.previews is None or manifest.deaths:
        return ()
    images = list(islice(_images(plan, manifest), MAX_PREVIEWS))
    made: list[InlinePreview] = []
    left = PREVIEW_BYTES
    for number, (file, content) in enumerate(images):
        if not worker.has_time(ports.clock()):
            break
        picture = ports.previews.make(content, max_bytes=left // (len(images) - number))
        if picture is not None:
            left -= len(picture.content)
            made.append(
                InlinePreview(
                    name=file.filename,
                    content=picture.content,
                    width=picture.width,
                    height=picture.height,
                )
            )
    return tuple(made)


def _images(plan: RelayPlan, manifest: Manifest) -> Iterator[tuple[StoredAttachment, bytes]]:
    """The kept files whose bytes are an image of a size that is shown."""
    uploads = {upload.key: upload.attachment for upload in plan.uploads}
    for file in manifest.attachments:
        if file.failure is not None or file.revoked_at is not None or not may_have_preview(file):
            continue
        if (attachment := uploads.get(file.key)) is not None:
            content = b"".join(content_of(plan.message, attachment))
            if preview_format(content) is not None:
                yield file, content
