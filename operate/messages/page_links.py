"""The objects that a message's links to the download page need, and errors if one is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from relay_core.keys import attachments_prefix, link_key
from relay_core.links.tokens import message_ref
from relay_core.record.manifest import Manifest

from .extension import RetainedObject
from .redelivery import NotDone

if TYPE_CHECKING:  # boto3 is slow to import
    from adapters.operator.account import StoredObject
    from operate.stack.access import StackAccess


def no_page() -> NotDone:
    """The error for a stack without a download page."""
    return NotDone(
        "the stack has no download page (linkMode presigned): presigned links are valid until"
        " they expire, and cannot be changed"
    )


def find_pointer(access: StackAccess, manifest: Manifest) -> StoredObject | None:
    """The index entry of a message's tokens."""
    return access.attachments.find(link_key(message_ref(manifest.message_id)))


def no_link(manifest: Manifest) -> str:
    """The error for a message without links to the page."""
    return (
        f"{manifest.message_id}: it has no link to the download page, because it has no"
        " attachments or its links are presigned (linkMode)"
    )


def attachments_folder(access: StackAccess, manifest: Manifest) -> str:
    """The location of a message's files, in the notation of the AWS command line."""
    return f"s3://{access.attachments.bucket}/{attachments_prefix(manifest.message_id)}"


def kept_objects(
    access: StackAccess, manifest: Manifest, pointer: StoredObject | None
) -> Iterator[RetainedObject]:
    """The objects that the links need.

    Raises:
        NotDone: if the message has no files any more.
    """
    keys = {one.key for one in manifest.attachments if one.failure is None}
    listed = access.attachments.beginning_with(attachments_prefix(manifest.message_id))
    found = [one for one in listed if one.key in keys]
    if not found:
        deleted = " (they are deleted after attachmentRetentionDays)" if keys else ""
        raise NotDone(
            f"{manifest.message_id}: its files are not in {access.attachments.bucket}{deleted}, so"
            " its links do not work"
        )
    retention = access.retention.read()
    for one in (*found, *([pointer] if pointer else [])):
        days = retention.days(one.key)
        yield RetainedObject(
            stored_at=one.stored_at, retention=None if days is None else timedelta(days=days)
        )
