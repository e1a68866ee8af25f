"""Content of a mail is only text on the page, and no page discloses too much."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from adapters.download.http import Answer
from adapters.download.page import (
    PAGE_FILES,
    Shown,
    files_page,
    parts,
)
from adapters.download.status_pages import StatusPage, status_page
from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import FileStatus, LinkStatus, LinkView, OfferedFile, plan_archive
from relay_core.record.manifest import DeliveryRecord, Manifest, StoredAttachment
from tests.adapters.download.outline import outline
from tests.adapters.stored_message import ANNA, NOW

TOKEN = "T" * 40
ORIGIN = "https://bucket.s3.eu-central-1.amazonaws.com"

HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(), max_size=20),  # surrogates and controls too
    st.text("<>\"'&;/=`\0\r\n -!", max_size=40),
    st.sampled_from(
        [
            "</title><script>alert(1)</script>",
            '"><img src=x onerror=alert(1)>',
            "' onmouseover='alert(1)",
            "<!--",
            "]]>",
            "&lt;b&gt;",
            "&#60;script&#62;",
            "</style><style>*{display:none}</style>",
            "\u202etxt.exe",
            "\u2066\u2069\u202c",
            "\ud800",
            "a\r\nSet-Cookie: a=b",
            "javascript:alert(1)",
        ]
    ),
)


def attachment(name: str, *, content_type: str = "text/csv", size: int = 10) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey("k"), filename=name, content_type=content_type, size=size, sha256="00"
    )


def manifest(
    *names: str, subject: str = "Alarm", sender: str | None = "cam@plant.example"
) -> Manifest:
    return Manifest(
        message_id=MessageId("m"),
        raw_key=RawKey("incoming/m"),
        sender=sender,
        subject=subject,
        created_at=NOW,
        expires_at=NOW + timedelta(hours=36),
        attachments=tuple(attachment(name) for name in names),
        deliveries=(DeliveryRecord(recipient=ANNA),),
    )


def page(
    message: Manifest, *, statuses: tuple[FileStatus, ...] = (FileStatus.READY,), part: int = 1
) -> Answer:
    files = tuple(
        OfferedFile(number=number, attachment=one, status=statuses[(number - 1) % len(statuses)])
        for number, one in enumerate(message.attachments, 1)
    )
    view = LinkView(status=LinkStatus.AVAILABLE, recipient=ANNA, manifest=message, files=files)
    shown = Shown(
        token=TOKEN,
        origin=ORIGIN,
        now=NOW + timedelta(hours=1),
        part=part,
        archive=plan_archive(files),
    )
    return files_page(view, shown)


PLAIN_MANIFEST = manifest("a.csv", "b.csv")
PLAIN = page(PLAIN_MANIFEST)


class TestHostileMail:
    @given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    @example("</title>", '"><b>', "a", "b")
    def test_no_word_of_a_mail_changes_the_documents_shape(
        self, subject: str, sender: str, first: str, second: str
    ) -> None:
        message = manifest(first, second, subject=subject, sender=sender)
        typed, plain_typed = (
            replace(
                one,
                attachments=tuple(
                    replace(file, content_type=content_type) for file in one.attachments
                ),
            )
            for one, content_type in ((message, f"x/{subject}"), (PLAIN_MANIFEST, "x/y"))
        )
        for hostile, plain in ((message, PLAIN), (typed, page(plain_typed))):
            answer = page(hostile)
            images = {"img", "wbr"}
            assert [one for one in outline(plain).shape if one[0] not in images] == [
                one for one in outline(answer).shape if one[0] not in images
            ]
            assert PLAIN.policy == answer.policy
            assert PLAIN.headers == answer.headers

    @given(HOSTILE, HOSTILE)
    def test_every_word_is_there_to_be_read(self, subject: str, name: str) -> None:
        parsed = outline(page(manifest(name, subject=subject)))
        expected = clean(subject.strip()) or "(no subject)"
        assert line_breaks(expected) == line_breaks(parsed.texts["h1"][0])
        assert line_breaks(expected) == line_breaks(parsed.texts["title"][0])
        assert [line_breaks(clean(name))] == [line_breaks(one) for one in parsed.texts["h3"]]
        (button,) = parsed.texts["button"]
        assert line_breaks(f"Download {clean(name)}") == line_breaks(button)

    @given(HOSTILE)
    def test_text_that_turns_direction_turns_nothing_else(self, name: str) -> None:
        document = page(manifest(name, subject=name, sender=name)).body.decode()
        assert not set(document) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
        assert 9 == document.count("<bdi>")

    def test_nothing_on_a_page_comes_from_elsewhere_or_runs(self) -> None:
        message = manifest("a.png", "b.csv")
        for answer in (page(message), *map(status_page, StatusPage)):
            parsed = outline(answer)
            tags = {tag for tag, _ in parsed.elements}
            assert not tags & {"script", "iframe", "object", "embed", "base", "svg", "video"}
            for _, attributes in parsed.elements:
                assert not {name for name in attributes if name.startswith("on")}
                assert "style" not in attributes
                for name in ("src", "href", "action"):
                    assert re.match(
                        r"\?|T+/(preview|look)/\d+\Z|data:image", attributes.get(name) or "?"
                    )
            style = parsed.texts["style"][0]
            assert "url(" not in style
            assert "@import" not in style
            digest = base64.b64encode(sha256(style.encode()).digest()).decode()
            assert f"style-src 'sha256-{digest}';" in answer.policy


def clean(text: str) -> str:
    """The text as the page shows it: U+FFFD for controls, direction marks and non-characters."""
    return re.sub(
        "[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef"
        "\ufffe\uffff]",
        "\ufffd",
        text,
    )


def line_breaks(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


class TestFiles:
    def test_a_page_describes_the_mail_and_each_file(self) -> None:
        message = manifest("pressure.csv", "door.png", subject="Pressure", sender="b3@x.example")
        parsed = outline(page(message))
        assert ["Pressure"] == parsed.texts["h1"]
        assert ["pressure.csv", "door.png"] == parsed.texts["h3"]
        facts = "".join(parsed.texts["dl"])
        for fact in (
            "b3@x.example",
            "25 November, 12:00 UTC",
            "27 November, 00:00 UTC",
            "35 hours",
        ):
            assert fact in facts
        for item in parsed.texts["li"]:
            assert "CSV table · 10 bytes" in item
            assert "until 27 November, 00:00 UTC" in item

    def test_a_mail_without_subject_and_sender_says_so(self) -> None:
        parsed = outline(page(manifest("a", subject="", sender=None)))
        assert ["(no subject)"] == parsed.texts["h1"]
        assert "not stated" == parsed.texts["dd"][0]

    def test_each_ready_file_has_a_button_that_names_it(self) -> None:
        parsed = outline(page(manifest("a.csv", "b.csv")))
        assert [
            ("file", "all"),
            ("file", "1"),
            ("file", "2"),
        ] == [(one["name"], one["value"]) for one in parsed.all("button")]
        assert ["Download all as one zip file", "Download a.csv", "Download b.csv"] == [
            text.strip() for text in parsed.texts["button"]
        ]
        (form,) = parsed.all("form")
        assert "post" == form["method"]

    @pytest.mark.parametrize("status", [one for one in FileStatus if one is not FileStatus.READY])
    def test_a_file_that_is_not_ready_has_words_and_no_button(self, status: FileStatus) -> None:
        message = manifest("a.png", "b.csv", "c.csv")
        answer = page(message, statuses=(status, FileStatus.READY, FileStatus.READY))
        parsed = outline(answer)
        assert ["all", "2", "3"] == [one["value"] for one in parsed.all("button")]
        assert (
            "Download the 2 files that are ready as one zip file"
            == parsed.texts["button"][0].strip()
        )
        assert [] == list(parsed.all("img"))
        first, second, _ = parsed.texts["li"]
        assert first.strip() != second.strip()
        assert "Refresh" not in answer.headers

    def test_one_file_is_not_offered_twice(self) -> None:
        for answer in (
            page(manifest("a.csv")),
            page(manifest("a.csv", "b.csv"), statuses=(FileStatus.READY, FileStatus.REVOKED)),
        ):
            assert ["1"] == [one["value"] for one in outline(answer).all("button")]

    def test_a_page_that_only_waits_for_a_scan_comes_again_by_itself(self) -> None:
        message = manifest("a.csv", "b.csv")
        waiting = page(message, statuses=(FileStatus.SCANNING, FileStatus.MALICIOUS))
        assert int(waiting.headers["Refresh"]) >= 10
        reading = page(message, statuses=(FileStatus.SCANNING, FileStatus.READY))
        assert "Refresh" not in reading.headers
        for answer in (waiting, reading):
            assert "Check again" in outline(answer).texts["a"]
        done = page(message, statuses=(FileStatus.MALICIOUS,))
        assert "Refresh" not in done.headers
        assert "a" not in outline(done).texts

    def test_an_image_is_shown_where_it_may_be_one(self) -> None:
        parsed = outline(page(manifest("a.csv", "b.png", "c.svg")))
        (image,) = parsed.all("img")
        assert f"{TOKEN}/preview/2" == image["src"]
        assert "" == image["alt"]
        assert "lazy" == image["loading"]

    def test_a_long_list_is_cut_and_every_file_is_on_one_of_its_pages(self) -> None:
        names = [f"{number}.csv" for number in range(2 * PAGE_FILES + 1)]
        message = manifest(*names)
        pages = [outline(page(message, part=part)) for part in range(1, parts(len(names)) + 1)]
        assert 3 == len(pages)
        assert names == [name for one in pages for name in one.texts["h3"]]
        assert [["?page=2"], ["?page=1", "?page=3"], ["?page=2"]] == [
            [link["href"] for link in one.all("a") if "/look/" not in str(link["href"])]
            for one in pages
        ]

    def test_the_longest_page_is_one_that_lambda_answers_with(self) -> None:
        message = manifest(*['"' * 255] * PAGE_FILES, subject="&" * 10_000)
        assert len(page(message).body) < 1_000_000

    def test_a_form_may_lead_to_the_store_and_to_nothing_else(self) -> None:
        assert f"form-action 'self' {ORIGIN};" in PLAIN.policy
        assert "default-src 'none';" in PLAIN.policy

    def test_a_link_that_is_not_available_has_no_page_of_files(self) -> None:
        with pytest.raises(ValueError, match="expired"):
            files_page(
                LinkView(status=LinkStatus.EXPIRED),
                Shown(token=TOKEN, origin=ORIGIN, now=NOW, part=1, archive=None),
            )
