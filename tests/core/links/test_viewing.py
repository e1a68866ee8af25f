"""Which files have a page of their own, and that no text of a device reaches a media player."""

from __future__ import annotations

import pytest

from relay_core.keys import AttachmentKey
from relay_core.links.viewing import Viewer, played_as, viewer_of
from relay_core.record.manifest import StoredAttachment


def file(name: str, content_type: str, size: int = 10) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey("k"), filename=name, content_type=content_type, size=size, sha256=""
    )


@pytest.mark.parametrize(
    ("name", "content_type", "look"),
    [
        ("a.jpg", "image/jpeg", Viewer.PICTURE),
        ("a.JPG", "application/octet-stream", Viewer.PICTURE),
        ("a.svg", "application/octet-stream", None),
        ("clip.MP4", "application/octet-stream", Viewer.RECORDING),
        ("clip", "video/mp4", Viewer.RECORDING),
        ("clip.avi", "video/x-msvideo", None),
        ("a.log", "application/octet-stream", Viewer.TEXT),
        ("a", "text/csv", Viewer.TEXT),
        ("a.html", "application/octet-stream", None),
        ("a.pdf", "application/pdf", None),
        ("a.txt", "application/pdf", None),
        ("txt", "application/octet-stream", None),
    ],
)
def test_a_file_is_shown_by_its_type_or_its_extension(
    name: str, content_type: str, look: Viewer | None
) -> None:
    assert look is viewer_of(file(name, content_type))
    assert viewer_of(file(name, content_type, size=0)) is None


def test_a_recording_is_played_as_a_type_of_the_list() -> None:
    assert "video/mp4" == played_as(file("a.mp4", "application/octet-stream"))
    assert "audio/wav" == played_as(file("a.mp4", "audio/wav"))
    for name, content_type in (("a.mp4", "text/html"), ("a.html", "application/octet-stream")):
        assert played_as(file(name, content_type)) is None
