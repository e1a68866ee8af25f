"""The kind of a file, as a page names it."""

from __future__ import annotations

import pytest

from adapters.download.kinds import kind_of_file
from relay_core.keys import AttachmentKey
from relay_core.record.manifest import StoredAttachment
from relay_core.wording.wording import Wording


@pytest.mark.parametrize(
    ("name", "content_type", "kind"),
    [
        ("a.jpg", "image/jpeg", "JPEG image"),
        ("a", "text/plain; charset=utf-8", "Text"),
        ("a.LOG", "application/octet-stream", "LOG file"),
        ("a", "application/octet-stream", "File"),
        ("a", "", "File"),
        ("a.", "", "File"),
        (".profile", "", "File"),
        ("a.b/c", "", "File"),
        ("a.x", "application/x-odd", "application/x-odd"),
    ],
)
def test_a_file_is_of_a_kind_that_people_know(name: str, content_type: str, kind: str) -> None:
    attachment = StoredAttachment(
        key=AttachmentKey("k"), filename=name, content_type=content_type, size=10, sha256="00"
    )
    assert kind == kind_of_file(attachment, Wording())
