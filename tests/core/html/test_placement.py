"""The place of the list in well-formed HTML, in linear time.

A browser tests malformed HTML: `tests/browser/test_link_list.py`.
"""

from __future__ import annotations

import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.html.placement import MAX_OPEN, find_place, with_block

BLOCK = "<table></table>"


@pytest.mark.parametrize(
    "html",
    [
        "<!DOCTYPE html><html><head><title>x</title></head><body><p>Words.</p>|</body></html>\n",
        "<p>Words.</p>|",
        "<p>Words.</p><!-- </body> -->|",
        "<body>Words.<!--[if mso]></td></tr></table><![endif]-->|</body><!-- x -->\n</html>",
        "<body>Words.</body></html>More.|",
        "<html><head><style>p{}</style></head><body>|</body></html>",
        "<table><tr><td>1<td>2</table><ul><li>1<li>2</ul><br>|</body>",
        "<svg><path d='M0'/><title>x</title></svg>Words.|",
        "|",
    ],
)
def test_in_ordinary_html_it_stands_alone_before_the_end_of_the_body(html: str) -> None:
    assert html.replace("|", BLOCK) == with_block(html.replace("|", ""), BLOCK)


def test_what_is_open_is_closed_first() -> None:
    html = "<body><div hidden><table><tr><td><b>Words.</body>"
    assert html.replace("</body>", f"</b></table></div>{BLOCK}</body>") == with_block(html, BLOCK)


def test_of_very_deep_html_it_goes_to_the_top() -> None:
    html = f"<html><body>{'<div>' * (MAX_OPEN + 1)}Words."
    assert html.replace("<body>", f"<body>{BLOCK}") == with_block(html, BLOCK)


_MARKUP = st.sampled_from(
    ["<", ">", "</", "<!--", "-->", "<b", "<p>", "<svg>", "<td>", '"', "=", "/", "<script>", "x"]
)


@given(st.lists(_MARKUP | st.text(max_size=3), max_size=20).map("".join))
@example("</")
@example("<![CDATA[")
def test_nothing_of_the_html_is_lost(html: str) -> None:
    position, end_tags = find_place(html)
    assert html[:position] + end_tags + BLOCK + html[position:] == with_block(html, BLOCK)


SHAPES = [
    *(
        "<b>",
        "<b></b>",
        "<tr><td>1</td></tr>",
        "<div><noscript></div>",
        '<a b="c ',
        "<!--",
        "<!-->",
    ),
    *("<script>", "<script><!--", "</script>", "< ", "<p>", "</", "<![CDATA[", "<svg>", "<svg/>"),
    *(
        "<title>",
        "<a =",
        "<ul><li>",
        "</x>",
        "<noscript>",
        "<noscript><p></noscript>",
        "<span></x>",
    ),
]


@pytest.mark.parametrize("shape", SHAPES)
def test_twice_the_html_is_twice_the_work(shape: str) -> None:
    def steps(times: int) -> int:
        count = 0

        def counting(*_: object) -> object:
            nonlocal count
            count += 1
            return counting

        sys.settrace(counting)  # type: ignore[arg-type] # the stubs are narrower than settrace
        try:
            find_place(shape * times)
        finally:
            sys.settrace(None)
        return count

    assert steps(2000) <= 2.2 * steps(1000) + 200
