"""The list of links is visible in the rendered page, with any HTML of the device."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from relay_core.html.placement import with_block
from relay_core.outgoing.link_list import ListedAttachment
from relay_core.outgoing.link_list_html import format_appendix_html

URL = "https://files.example.com/t0ken"
NOTE = "This message was digitally signed."
LISTED = (
    ListedAttachment(
        name="log.txt", size=17, url=None, expires_at=datetime(2026, 11, 25, tzinfo=UTC)
    ),
)

# Each value is the end of a document; "Words." comes before it, sometimes "More." after it.
ENDINGS = {
    "nothing": "",
    "as it should be": "</body></html>",
    "words behind the end": "</body></html>\nMore.",
    "body in a comment": "<!-- </body> -->",
    "body in an open comment": "<!-- </body></html>",
    "comment that ends with a bang": "<!-- </body> --!>More.<!-- x",
    "comment that is over at once": "<!--><div hidden></body><!--->",
    "body in an attribute": '<img alt="</body>">',
    "body in an open attribute": '<a title="</body></html>',
    "body in an open tag": "<a title=x </body",
    "quotes in an unquoted value": "<a title=x\"y>More.</body><b title='",
    "body in a script": '<script>"</body>"</script>',
    "body in an open script": "<script>x</body></html>",
    "script in a comment in a script": "<script><!--<script></script></body>",
    "open style": "<style>p{}</body></html>",
    "open textarea": "<textarea></body></html>",
    "open title": "<title>x</body></html>",
    "open xmp": "<xmp></body>",
    "open iframe": "<iframe></body>",
    "open noembed": "<noembed></body>",
    "plaintext": "<plaintext></body></html>",
    "open template": "<template><p></body>",
    "open noscript": "<noscript><p></body>",
    "noscript with an open div": "<noscript><div hidden></noscript></body>",
    "noscript in a comment": "<noscript><!--</noscript><div hidden>--></noscript>",
    "noscript in an attribute": "<noscript><p title='</noscript><div hidden>'></noscript>",
    "noscript in a style": "<noscript><style></noscript><div hidden></style></noscript>",
    "open select": "<select><option>1</body>",
    "select in a table": "<table><tr><td><select><option>1</body>",
    "open button": "<button hidden>x</body>",
    "open svg": "<svg width=9 height=9><g></body>",
    "svg with html in it": "<svg><foreignObject><div hidden></body>",
    "cdata in svg": "<svg><![CDATA[ </svg></body> ]]><g>",
    "title in svg": "<svg><title><textarea></title></textarea></body>",
    "open math": "<math><mtext><div hidden></body>",
    "hidden div": "<div hidden>x</body>",
    "hidden twice": '<div hidden><div style="display:none">x</div></body>',
    "hidden beyond a table": "<div hidden><table><tr><td>x</div></body>",
    "end tag beyond a block": "<span hidden><div>x</span></body>",
    "hidden bold": "<b hidden>x</body>",
    "hidden bold in a div": "<div><b hidden>x</div></body>",
    "hidden bold around blocks": "<b hidden>" + "<div>" * 12 + "x</b></body>",
    "hidden paragraph": "<p hidden>x</body>",
    "size nought": '<div style="font-size:0">x</body>',
    "old size": "<font size=1 color=white>x</body>",
    "transparent": '<div style="opacity:0">x</body>',
    "off the screen": '<div style="position:absolute;left:-9999px">x</body>',
    "no height": '<div style="height:0;overflow:hidden">x</body>',
    "invisible": '<div style="visibility:hidden">x</body>',
    "white on white": '<div style="color:#fff;background:#fff">x</body>',
    "closed details": "<details><summary>x</summary></body>",
    "closed dialog": "<dialog>x</body>",
    "video": "<video><p>x</body>",
    "canvas": "<canvas>x</body>",
    "object": '<object data="data:text/plain,x"><p>x</body>',
    "datalist": "<datalist><option>x</body>",
    "ruby": "<ruby>x<rp>(</body>",
    "open table": "<table><tr><td>x</body>",
    "words in a table": "<table>x<tr>y<div hidden>z</body>",
    "table in a hidden caption": "<table><caption hidden><table><td>x</body>",
    "frameset": "<frameset><frame></frameset>",
    "marquee": '<marquee hidden><b style="display:none">x</body>',
    "form": "<form hidden><table></form><form hidden>x</body>",
    "list": "<ul hidden><li>1<li>2<ul><li>3</body>",
    "heading": "<h1 hidden>x</h2><h3 hidden>y</body>",
    "very deep": "<div>" * 3000 + "<p hidden>x</body>",
    "style that hides tables": "<style>table,tr,td{display:none!important}</style></body>",
    "style that hides all": "<style>body *{visibility:hidden!important;opacity:0}</style></body>",
    "style that hides the body": "<style>body{display:none!important}</style></body>",
    "style in white": "<style>*{color:#fff!important;font-size:0!important}</style></body>",
    "body hidden behind a sign": f"<body {'a' * 2500} title='>' hidden>",
    "style of the last": "<style>body>:last-child{display:none!important}</style></body>",
    "style off the screen": "<style>td{position:fixed!important;top:-99px}</style></body>",
    "style that undoes all": "<style>*{scale:0!important;translate:-9999px!important;"
    "rotate:90deg!important;offset-path:path('M-9999 0')!important;word-spacing:-99px!important;"
    "letter-spacing:-99px!important;contain:strict!important;min-width:9999px!important;"
    "writing-mode:vertical-rl!important;font-size-adjust:0!important;zoom:0.01!important;"
    "pointer-events:none!important;-webkit-text-stroke:20px #fff!important}</style></body>",
    "style that moves the table": "<style>table{inset:-9999px!important}</style></body>",
    "style that moves the cells": "<style>td,th{margin-left:-9999px!important;"
    "padding-left:9999px!important}</style></body>",
    "style of the first line": "<style>*::first-line,*::first-letter{font-size:0!important;"
    "color:#fff!important}</style></body>",
    "style that covers": "<style>*::before,*::after{content:'';position:fixed;inset:0;"
    "background:red;z-index:2147483647}</style></body>",
    "style that moves by and by": "<style>@keyframes x{from,to{translate:-9999px;opacity:0}}"
    "*{animation:x 9s infinite}</style></body>",
    "in front of all": '<p style="position:fixed;inset:0;background:red;z-index:2147483647">x</p>',
    "numbers and signs": "1 < 2 && 3 <4> </> </3 x> <?php x ?> <!x> <",
    "an address": "Bob <bob@example.org> says </body",
}
STARTS = {
    "plain": "<html><body><p>Words.</p>",
    "standards mode": "<!DOCTYPE html><html><head><title>x</title></head><body>Words.",
    "hidden body": '<html><body style="display:none">Words.',
    "white": "<html><body text=white bgcolor=white hidden>Words.",
    "no body": "<title>x</title><link rel=icon href=data:,>",
}

SEEN = """
url => {
  const faults = [];
  const table = document.getElementById('mail-relay-files');
  if (!table) return ['there is no table'];
  table.scrollIntoView({block: 'start'});
  const light = colour => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(one => {
      const part = one / 255;
      return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const walker = document.createTreeWalker(table, NodeFilter.SHOW_TEXT);
  let words = '';
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const text = node.data.trim();
    if (!text) continue;
    words += text + '\\n';
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    const fault = what => faults.push(`${text}: ${what}`);
    if (box.width < 20 || box.height < 8) { fault('has no size'); continue; }
    if (box.left < 0 || box.right > innerWidth || box.top < 0 || box.bottom > innerHeight)
      fault('is outside');
    const there = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    if (!there || !table.contains(there)) fault('is covered');
    const style = getComputedStyle(node.parentElement);
    if (style.visibility !== 'visible') fault('is invisible');
    let ground = null;
    for (let one = node.parentElement; one; one = one.parentElement) {
      const its = getComputedStyle(one);
      if (+its.opacity < 1) fault('is transparent');
      if (!ground && !/, 0\\)$/.test(its.backgroundColor)) ground = its.backgroundColor;
    }
    const both = [light(style.color), light(ground || 'rgb(255,255,255)')].sort();
    if ((both[1] + 0.05) / (both[0] + 0.05) < 4.5) fault('has no contrast');
  }
  for (const wanted of ['log.txt', '17 bytes', 'Open the download page',
                        'This message was digitally signed.'])
    if (!words.includes(wanted)) faults.push(`there is no ${wanted}`);
  if (table.querySelector('a').href !== url) faults.push('the link leads elsewhere');
  return faults;
}
"""


@pytest.fixture(scope="module", params=[True, False], ids=["with scripts", "without scripts"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        java_script_enabled=request.param, viewport={"width": 600, "height": 400}
    )
    yield context.new_page()
    context.close()


def faults_in(page: Page, html: str) -> Any:
    block = format_appendix_html(LISTED, [NOTE], page_url=URL, among=html)
    # Parsed as an opened page is, but without a new renderer process.
    page.set_content(with_block(html, block))
    return page.evaluate(SEEN, URL)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_list_is_seen_in_every_ending(page: Page, ending: str) -> None:
    faults = {
        start: found
        for start, html in STARTS.items()
        if (found := faults_in(page, html + ENDINGS[ending]))
    }
    assert {} == faults


TAGS = [
    f"<{slash}{name}{hidden}>"
    for name in (
        *("a", "b", "button", "caption", "dd", "desc", "details", "div", "form", "foreignObject"),
        *("h1", "i", "li", "math", "mi", "noscript", "object", "option", "p", "select", "span"),
        *("svg", "table", "td", "template", "title", "tr", "ul", "video"),
    )
    for slash, hidden in (("", " hidden"), ("", ""), ("/", ""))
]
# Without "in front of all", which covers a list that is not at the top of the document.
PIECES = [*(one for name, one in ENDINGS.items() if name != "in front of all"), *TAGS]


@settings(max_examples=40)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12).map("".join))
def test_the_list_is_seen_in_any_heap_of_pieces(page: Page, html: str) -> None:
    assert [] == faults_in(page, html)
