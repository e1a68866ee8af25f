"""The references that are found in the HTML of a mail."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.html.references import find_references


def includes(html: str, base: str | None = None, **names: str) -> bool:
    given = {"content_id": None, "content_location": None, "filename": None, **names}
    return find_references([(html, base)]).include(**given)


@pytest.mark.parametrize(
    ("html", "content_id"),
    [
        ("<img src=cid:a@x>", "a@x"),
        ("<IMG SRC = 'CID:a@x'>", "a@x"),
        ('<td background="cid:a@x">', "a@x"),
        ('<img src="cid:a%40x">', "a@x"),
        ('<img src="cid:a&amp;b@x">', "a&b@x"),
        ('<img src="cid:a(1) b@x">', "a(1) b@x"),
        ('<img src="a@x">', "a@x"),
        ('<img src="cid: A@x ">', "a@X"),
        ("<div style=\"background:url('cid:a@x')\">", "a@x"),
        ("<div style='background:url(&quot;cid:a(1)@x&quot;)'>", "a(1)@x"),
        ("<style>p{background:url( cid:a@x )}</style>", "a@x"),
        ("<!--[if mso]><v:fill src=cid:a@x /><![endif]-->", "a@x"),
    ],
)
def test_a_content_id_is_referred_to(html: str, content_id: str) -> None:
    assert includes(html, content_id=content_id)
    assert not includes(html, content_id="b@x")


def test_a_location_is_joined_with_that_of_the_text() -> None:
    html = '<img src="../b/1.png">'
    assert includes(html, "http://cam/a/x.html", content_location="http://cam/b/1.png")
    assert not includes(html, None, content_location="http://cam/b/1.png")
    assert includes('<img src="http://[">', "http://[", content_location="http://[")


def test_a_link_to_a_name_shows_nothing() -> None:
    assert includes("<img src=a.png>", filename="a.png")
    assert includes("<img src=./a%20b.png>", filename="a b.png")
    assert includes("<img src=cid:a.png>", filename="a.png")
    assert not includes("<a href=a.png>a.png</a>", filename="a.png")
    assert not includes("a.png", filename="a.png")


@given(st.text(alphabet="<imgastyle src=\"'cid:url()&amp;/>\n", max_size=300))
def test_any_text_is_searched(html: str) -> None:
    find_references([(html, html)])


@pytest.mark.parametrize(
    "html",
    [
        "<a " * 100_000,
        "<img src=" * 50_000,
        "<img src='" * 50_000 + "'>",
        "url(" * 100_000,
        'url("' * 100_000,
        "cid:" * 100_000,
        "<!--" * 100_000,
        "<style>" * 50_000,
        "<img src=a>" * 40_000,
        "<p " + "src=a " * 60_000 + ">",
    ],
)
def test_hostile_texts_end(html: str) -> None:
    find_references([(html, "http://cam/")])
