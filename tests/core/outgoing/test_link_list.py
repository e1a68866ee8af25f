"""The list of links."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from relay_core.outgoing.letterhead import Letterhead
from relay_core.outgoing.link_list import ListedAttachment, format_appendix_text
from relay_core.outgoing.link_list_html import format_appendix_html
from relay_core.wording.appearance import Appearance

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def listed(name: str = "a.log", size: int = 5, hours: int = 0) -> ListedAttachment:
    url = "https://x.example/?a=1&b=2"
    return ListedAttachment(
        name=name, size=size, url=url, expires_at=NOON + timedelta(hours=hours)
    )


def test_the_text_names_number_size_link_and_the_earliest_expiry() -> None:
    assert (
        "2 files, available until 25 November 2026, 12:00 UTC at the latest:\n"
        "\n* a.log (5 bytes)\n  https://x.example/?a=1&b=2\n"
        "\n* b.log (1.0 kB)\n  https://x.example/?a=1&b=2\n"
    ) == format_appendix_text([listed(hours=3), listed("b.log", 1000)])


def test_the_contacts_url_can_be_clicked_however_long_it_is() -> None:
    url = "https://help.example/" + "control-room/" * 9
    letterhead = Letterhead(appearance=Appearance(contact=url))
    assert f"\nContact:\n{url}\n" in format_appendix_text([listed()], letterhead=letterhead)


def test_a_note_alone_is_shown_as_a_table_of_its_own() -> None:
    seen = Seen()
    seen.feed(format_appendix_html([], ["<late>"]))
    assert ["style", "table", "tr", "td"] == seen.tags
    assert "<late>" in seen.words


def test_styles_of_the_mail_are_answered_by_styles_and_only_then() -> None:
    for html in ("<style>td{}</style>", '<BODY STYLE="display:none">', "<html hidden>"):
        assert "all:initial" in format_appendix_html([listed()], among=html)
    among = "<body><p style='x'>style"
    assert "all:initial" not in format_appendix_html([listed()], among=among)


def test_nothing_to_list_is_nothing_to_read() -> None:
    assert ("", "") == (format_appendix_text([]), format_appendix_html([]))


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.links: list[str | None] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1))
def test_a_name_cannot_become_markup(name: str) -> None:
    seen = Seen()
    seen.feed(format_appendix_html([listed(name)]))
    seen.close()
    tags = [tag for tag in seen.tags if tag != "wbr"]
    assert ["style", "table", "tr", "td", "b", "tr", "td", "a", "bdi", "span"] == tags
    assert ["https://x.example/?a=1&b=2"] == seen.links
    assert name in "".join(seen.words)
