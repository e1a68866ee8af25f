"""Codes in HTML: found in any markup, and removed so that the tags stay balanced."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.html.text import read_html
from relay_core.recipient_code import Found, RecipientCode
from relay_core.text.spans import cut
from tests.core.recipient_code.reading import (
    MANY,
    check,
    check_ends,
    entries,
    errors,
    in_html,
    is_balanced,
    spelled,
)
from tests.core.recipient_code_strategies import (
    ADDR_SPECS,
    HTML_SOUP,
    HTML_TEXTS,
    MARKER,
    TORN_SOUP,
    Written,
    rendered,
    written_codes,
)


@given(HTML_TEXTS, written_codes(), HTML_TEXTS, st.data())
def test_html_in_whatever_way_it_is_written_says_the_same(
    before: str, written: Written, after: str, data: st.DataObject
) -> None:
    inner = data.draw(rendered(written.text))
    opening, closing = data.draw(
        st.sampled_from([("<p>", "</p>"), ("<DIV class='x'>", "</DIV>"), ("<br><b>", "</b><br>")])
    )
    before, after = f"{before}x", f"x{after}"
    html = f"{before}{opening}{inner}{closing}{after}"
    found = in_html(html)
    assert (RecipientCode(entries=written.entries, errors=()),) == found.codes
    rest = cut(html, found.removals)
    assert is_balanced(rest)
    assert before == rest[: len(before)]
    assert after == rest[len(rest) - len(after) :]
    assert "" == read_html(rest[len(before) : len(rest) - len(after)]).text.strip()
    assert Found(codes=(), removals=()) == in_html(rest)


@given(
    st.lists(ADDR_SPECS.filter(lambda text: not {"'", '"'} & {*text}), min_size=1, max_size=4),
    st.data(),
)
def test_mailto_links_of_a_code_leave_nothing(addresses: list[str], data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(["@", "%40", "&#64;"]))
    links = [
        f"<a href='mailto:{address.replace('@', at)}'>{data.draw(rendered(address))}</a>"
        for address in addresses
    ]
    html = f"<body><p>Hello</p><p>:{MARKER}:{', '.join(links)}:{MARKER}:</p></body>"
    found = in_html(html)
    assert addresses == entries(found)
    assert "<body><p>Hello</p></body>" == cut(html, found.removals)


@given(HTML_SOUP | TORN_SOUP | st.text())
def test_any_html_is_searched(html: str) -> None:
    check(html, in_html(html))


@given(HTML_SOUP | TORN_SOUP)
@example(spelled("a<:M:@a:M:b>:M:@b:M:"))
@example(spelled("<p>&#5:M:@a:M:8;M:@b:M:</p>"))
@example(spelled("<!-:M:@a:M:- M: -->M:@b:M:"))
def test_after_the_cut_nothing_is_found_in_html(html: str) -> None:
    assert Found(codes=(), removals=()) == in_html(cut(html, in_html(html).removals))


@given(st.lists(HTML_TEXTS | written_codes().map(lambda one: one.text).flatmap(rendered)))
def test_balanced_markup_stays_balanced(pieces: list[str]) -> None:
    html = "<br>".join(pieces)
    assert is_balanced(html)
    assert is_balanced(cut(html, in_html(html).removals))


@pytest.mark.parametrize(
    ("html", "expected", "rest"),
    [
        (
            "<p>Hi</p><p>:M:a&#64;example.org:M:</p><p>Bye</p>",
            ["a@example.org"],
            "<p>Hi</p><p>Bye</p>",
        ),
        ("Hi<br>:M:a@example.org:M:<br>Bye", ["a@example.org"], "Hi<br>Bye"),
        ("Hi<br>\r\n:M:a@example.org:M:<br>\r\nBye", ["a@example.org"], "Hi<br>\r\nBye"),
        ("<pre>Hi\n:M:a@example.org:M:\nBye</pre>", ["a@example.org"], "<pre>Hi\nBye</pre>"),
        (
            "<p>Line2:M:[a@example.org]:M:<br>Line3</p>",
            ["a@example.org"],
            "<p>Line2:<br>Line3</p>",
        ),
        ("<b>x :M:a@example.org</b>,@ops:M: y", ["a@example.org", "@ops"], "<b>x </b> y"),
        ("x :M:<b>@a,@b:M: y</b>", ["@a", "@b"], "x <b> y</b>"),
        ("<div>:M:</div><div>@a</div><div>@b</div><div>:M:</div>x", ["@a", "@b"], "x"),
        ("<a href='mailto:a@example.org'>To :M:a@example.org:M:</a>", ["a@example.org"], "To "),
        (
            "<a href='mailto:c@example.org'>To :M:a@example.org:M:</a>",
            ["a@example.org"],
            "<a href='mailto:c@example.org'>To </a>",
        ),
        ("<i title=':M:a%40example.org'>To :M:@a:M:</i>", ["@a"], "To "),
        ("<td>:M:@a:M:</td><td>x</td>", ["@a"], "<td></td><td>x</td>"),
        ("<table><tr><td>:M:@a:M:<td></table>x", ["@a"], "x"),
        ("<table><tr><td>:M:@a:M:</td></tr></table>x", ["@a"], "x"),
        ("<p>:M:@a:M:<img src=x></p>", ["@a"], "<p><img src=x></p>"),
        ("<p>:M:@a,<!-- @b -->@c:M:</p>", ["@a", "@c"], ""),
        (
            "<p>:M:Bob <b@example.org>, c@example.org:M:</p>",
            ["b@example.org", "c@example.org"],
            "",
        ),
        ("<body>:M:@a:M:</body>", ["@a"], "<body></body>"),
        # Elements with a meaning of their own are not removed.
        (
            ":M:@a:M:<meta name=x><base href=x><link rel=x><p>y</p>",
            ["@a"],
            "<meta name=x><base href=x><link rel=x><p>y</p>",
        ),
        ("<p>:M:@a:M:<a name=x></a></p>y", ["@a"], "<p><a name=x></a></p>y"),
        ("<a id=x href='mailto:@a'>:M:@a:M:</a>y", ["@a"], "y"),
        # Outlook shows the content of conditional comments.
        (
            "<!--[if mso]><p>:M:@a:M:</p>x<![endif]--><p>:M:@b:M:</p>y",
            ["@b"],
            "<!--[if mso]>x<![endif]-->y",
        ),
        ("x<!-- :M:@a:M: -->", [], "x<!---->"),
        ("x<!-- <!-- Email_<b>Rxers</b>_Code:@a&colon;M: y --> z", [], "x<!-- <!--  y --> z"),
        ("<style>:M:@a:M:</style>", [], "<style>:M:@a:M:</style>"),
        ("<p title='>:M:@a:M:'>x</p>", [], "<p title='>:M:@a:M:'>x</p>"),
        ("a < b :M:@a:M: <unclosed", ["@a"], "a < b  <unclosed"),
    ],
)
def test_a_code_in_html(html: str, expected: list[str], rest: str) -> None:
    html = spelled(html)
    found = in_html(html)
    assert expected == entries(found)
    assert [] == errors(found)
    assert spelled(rest) == cut(html, found.removals)


def test_an_error_in_html_points_into_the_source() -> None:
    html = spelled("<p>:M:<b>nonsense</b>,a&#64;b:M:</p>")
    assert ["nonsense", "a&#64;b"] == [
        html[error.span.start : error.span.end] for error in errors(in_html(html))
    ]
    assert ["nonsense", "a@b"] == [error.found for error in errors(in_html(html))]


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "html",
    [
        "<b>" * 100_000 + ":M:@a:M:" + "</b>" * 100_000,
        "<b>" * 100_000 + "x :M:@a:M:",
        "</b>" * 100_000 + ":M:@a:M:" + "<b>" * 100_000,
        "<a href='mailto:a@example.org'>" * MANY + "x :M:a@example.org:M:" + "</a>" * MANY,
        "<p>:M:<a href=x>a@example.org</a>:M:</p>\n" * MANY,
        "<a " * 300_000,
        "<a x='" * 200_000,
        "<a ='<a =\"" * 100_000 + ">",
        "<a@" * 300_000 + ">",
        "<!--" * 200_000,
        "<style>" * 100_000,
        "&" * 1_000_000,
        "&#64;" * 200_000,
    ],
    ids=lambda html: html[:12],
)
def test_large_html_is_read_to_its_end(html: str) -> None:
    check_ends(in_html, spelled(html))
