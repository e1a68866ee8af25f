"""What a page can show of a stored file without a download.

* A picture: a file that may have a preview (`preview`), in full size.
* A recording: a video or a sound that browsers play from its URL. Only types on a list are played,
  and with the media type on the list: the type that a device names is never sent to a browser.
* A text: its first lines (`excerpt`).

A PDF is not shown. A browser's viewer would need a frame of the store's host. To render its first
page here would need a large native library that parses untrusted bytes.
"""

from __future__ import annotations

from enum import Enum, auto

from relay_core.record.manifest import StoredAttachment

from .preview import may_have_preview


class Viewer(Enum):
    """How a file is shown."""

    PICTURE = auto()
    RECORDING = auto()
    TEXT = auto()


# By extension first: the stored type is octet-stream for all types but a few.
_RECORDINGS = {
    "aac": "audio/aac",
    "flac": "audio/flac",
    "m4a": "audio/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "oga": "audio/ogg",
    "ogg": "audio/ogg",
    "ogv": "video/ogg",
    "wav": "audio/wav",
    "webm": "video/webm",
}
_PLAYABLE_TYPES = frozenset(_RECORDINGS.values())
_TEXT_TYPES = frozenset({"text/plain", "text/csv", "application/json"})
_TEXT_EXTENSIONS = frozenset(
    {"cfg", "conf", "csv", "ini", "json", "log", "md", "tsv", "txt", "xml", "yaml", "yml"}
)
_OPAQUE = "application/octet-stream"


def viewer_of(attachment: StoredAttachment) -> Viewer | None:
    """How a file is shown; None if it can only be downloaded. Its content is checked later."""
    if may_have_preview(attachment):
        return Viewer.PICTURE
    if attachment.size and played_as(attachment) is not None:
        return Viewer.RECORDING
    is_text = attachment.content_type in _TEXT_TYPES or (
        attachment.content_type == _OPAQUE and attachment.extension in _TEXT_EXTENSIONS
    )
    return Viewer.TEXT if attachment.size and is_text else None


def played_as(attachment: StoredAttachment) -> str | None:
    """The media type with which a browser plays a file; None if it is not a recording."""
    if attachment.content_type in _PLAYABLE_TYPES:
        return attachment.content_type
    return _RECORDINGS.get(attachment.extension) if attachment.content_type == _OPAQUE else None
