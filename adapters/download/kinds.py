"""What a file is, for a person: by its media type, or its extension where nothing else tells."""

from __future__ import annotations

import re

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


def kind_of_file(filename: str, content_type: str, wording: Wording) -> str:
    """What a file is: `JPEG image`, the media type of one that is not known, `XYZ file`."""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type in _KINDS:
        kind, file_format = _KINDS[media_type]
        return wording.say(kind, format=file_format)
    if media_type and media_type != _OPAQUE:
        return content_type
    extension = extension_of(filename)
    if not extension:
        return wording.say("File")
    return wording.say("{format} file", format=extension.upper())


_EXTENSION = re.compile(r".\.([A-Za-z0-9]{1,8})\Z", re.DOTALL)


def extension_of(filename: str) -> str:
    """The extension of a file name, without its dot; empty if there is none."""
    found = _EXTENSION.search(filename)
    return found.group(1) if found else ""
