"""What a file is, for a person: by its media type, or its extension where nothing else tells."""

from __future__ import annotations

from relay_core.record.manifest import StoredAttachment
from relay_core.wording.wording import Wording, translatable

_IMAGE, _VIDEO = translatable("{format} image"), translatable("{format} video")
_AUDIO, _ARCHIVE = translatable("{format} audio"), translatable("{format} archive")
_DOCUMENT, _TABLE = translatable("{format} document"), translatable("{format} table")
_DATA = translatable("{format} data")

_KINDS = {
    "application/gzip": (_ARCHIVE, "Gzip"),
    "application/json": (_DATA, "JSON"),
    "application/pdf": (_DOCUMENT, "PDF"),
    "application/zip": (_ARCHIVE, "Zip"),
    "audio/mpeg": (_AUDIO, "MP3"),
    "audio/ogg": (_AUDIO, "Ogg"),
    "audio/wav": (_AUDIO, "WAV"),
    "image/bmp": (_IMAGE, "BMP"),
    "image/gif": (_IMAGE, "GIF"),
    "image/jpeg": (_IMAGE, "JPEG"),
    "image/png": (_IMAGE, "PNG"),
    "image/tiff": (_IMAGE, "TIFF"),
    "image/webp": (_IMAGE, "WebP"),
    "message/rfc822": (translatable("Mail message"), ""),
    "text/calendar": (translatable("Calendar entry"), ""),
    "text/csv": (_TABLE, "CSV"),
    "text/plain": (translatable("Text"), ""),
    "video/mp4": (_VIDEO, "MP4"),
    "video/mpeg": (_VIDEO, "MPEG"),
    "video/quicktime": (_VIDEO, "QuickTime"),
    "video/x-msvideo": (_VIDEO, "AVI"),
}
_OPAQUE = "application/octet-stream"


def kind_of_file(attachment: StoredAttachment, wording: Wording) -> str:
    """What a file is: `JPEG image`, the media type of one that is not known, `XYZ file`."""
    media_type = attachment.content_type.partition(";")[0].strip().lower()
    if media_type in _KINDS:
        kind, file_format = _KINDS[media_type]
        return wording.say(kind, format=file_format)
    if media_type and media_type != _OPAQUE:
        return attachment.content_type
    if not attachment.extension:
        return wording.say("File")
    return wording.say("{format} file", format=attachment.extension.upper())
