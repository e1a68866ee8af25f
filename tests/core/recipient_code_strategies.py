"""Recipient codes for tests: their entries, and the many ways of writing them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import strategies as st

from relay_core.html.text import read_text
from relay_core.recipient_code import Address, Entry, Group, RecipientCode
from relay_core.recipient_code.markers import marker_pattern

MARKER = "Email_Rxers_Code"

# Characters of entries that cannot be marks around an address.
_ATEXT = "abcxyzABC0189#$&'+^_~-"
_UNMISTAKABLE = re.compile(r"[A-Za-z0-9_]|\+[0-9]")
_LABELS = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True).filter(
    lambda label: not label.startswith("xn--")
)
_TOP_LABELS = st.sampled_from(["org", "example", "museum", "de"])
DOMAINS = st.builds(
    lambda labels, top: ".".join([*labels, top]),
    st.lists(_LABELS, min_size=1, max_size=3),
    _TOP_LABELS,
)
LOCAL_PARTS = (
    st.lists(st.text(_ATEXT, min_size=1, max_size=8), min_size=1, max_size=3)
    .map(".".join)
    .filter(lambda text: bool(_UNMISTAKABLE.match(text)) and not text.endswith("'"))
)
ADDR_SPECS = st.builds("{}@{}".format, LOCAL_PARTS, DOMAINS)
ADDRESSES = ADDR_SPECS.map(lambda addr_spec: Address(addr_spec=addr_spec))
GROUPS = st.from_regex(r"[A-Za-z0-9_.-]{1,12}", fullmatch=True).map(lambda name: Group(name=name))
ENTRIES: st.SearchStrategy[Entry] = ADDRESSES | GROUPS
CODES = st.lists(ENTRIES, min_size=1, max_size=6).map(
    lambda entries: RecipientCode(entries=tuple(entries), errors=())
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A written form, and the entries that it means."""

    text: str
    entries: tuple[Entry, ...]


_NAMES = st.sampled_from(
    ["", "Bob ", "Bob Smith ", "J. Doe\n", '"Doe, J." ', '"a@b" ', "Zoë", "Bob\r\n Smith  "]
)
# Inner strategies are made once: to make one at each draw takes longer than to draw from it.
_CASES: st.SearchStrategy[Callable[[str], str]] = st.sampled_from([str, str.upper])
_WRITTEN_DOMAINS = st.builds(
    lambda domain, spell: (spell(domain), domain), DOMAINS, _CASES
) | st.sampled_from(
    [("bücher.example", "xn--bcher-kva.example"), ("ПРИМЕР.example", "xn--e1afmkfd.example")]
)


_ADDRESS_FORMS = st.sampled_from(["{}", "<{}>", "{name}<{}>", "{name}< {} >", "<mailto:{}>"])


@st.composite
def written_addresses(draw: st.DrawFn) -> Written:
    local_part = draw(LOCAL_PARTS)
    shown, domain = draw(_WRITTEN_DOMAINS)
    form = draw(_ADDRESS_FORMS)
    text = form.format(f"{local_part}@{shown}", name=draw(_NAMES))
    return Written(text=text, entries=(Address(addr_spec=f"{local_part}@{domain}"),))


WRITTEN_ENTRIES = written_addresses() | GROUPS.map(
    lambda group: Written(text=f"@{group.name}", entries=(group,))
)
SEPARATORS = st.sampled_from(
    [",", ";", ", ", " ; ", ",\n", ",\r\n  ", "\n", "\r\n", ",,", "; ,\n"]
)
_LISTS = st.lists(WRITTEN_ENTRIES, min_size=1, max_size=5)
_BLANKS = st.sampled_from(["", " ", "\n", "\r\n "])
_IN_BRACKETS = st.sampled_from(["[{}]", " [ {} ]\n"])
_SPELLED_MARKERS = st.sampled_from(
    [MARKER, MARKER.lower(), MARKER.upper(), "Email_\nRxers_Code", "email_rxers_\r\n  code"]
)


@st.composite
def written_codes(draw: st.DrawFn) -> Written:
    """A whole code in some spelling, with all its colons."""
    entries = draw(_LISTS)
    text = entries[0].text
    for entry in entries[1:]:
        text += draw(SEPARATORS) + entry.text
    blank = draw(_BLANKS)
    text = blank + text + blank
    if draw(st.booleans()):
        text = draw(_IN_BRACKETS).format(text)
    opening, closing = (draw(_SPELLED_MARKERS) for _ in range(2))
    return Written(
        text=f":{opening}:{text}:{closing}:",
        entries=tuple(entry for one in entries for entry in one.entries),
    )


def holds_no_marker(text: str) -> bool:
    return not marker_pattern((MARKER,)).search(read_text(text).text)


LINES = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\r\v\f\x85\u2028\u2029"),
    max_size=40,
).filter(holds_no_marker)
BLOCKS_OF_LINES = st.lists(
    st.builds("{}{}".format, LINES, st.sampled_from(["\n", "\r\n"])), max_size=4
).map("".join)

# Parts of codes and of the text around them, in any order.
_FRAGMENTS = st.sampled_from(
    [
        *[f":{MARKER}:", f"{MARKER}:", f":{MARKER}", MARKER, ":", "::"],
        *[
            "a@example.org",
            "b@example.net",
            "a@b",
            "Bob",
            "@ops",
            "@",
            "<",
            ">",
            '"',
            "\\",
            "[",
            "]",
        ],
        *[",", ";", " ", "\n", "\r\n", "\n\n", "\t", "\u200b", "\u2028", "é", "see:", "x"],
    ]
)
_HTML_FRAGMENTS = st.sampled_from(
    [
        *["<b>", "</b>", "<p>", "</p>", "<div>", "</div>", "<br>", "<br/>", "<td>", "</td>"],
        *['<a href="mailto:a@example.org">', f"<i title=':{MARKER}:'>", "</i>", "</a>", "<img>"],
        *["<!--", "-->", "&#64;", "&colon;", "&nbsp;", "&lt;", "&gt;", "&#8203;", "&", "<a", "='"],
        *["<style>", "</style>", "</", "<!", "<table><tr>", "</tr></table>"],
    ]
)
TEXT_SOUP = st.lists(_FRAGMENTS | st.text(max_size=5), max_size=30).map("".join)
HTML_SOUP = st.lists(_FRAGMENTS | _HTML_FRAGMENTS | st.text(max_size=5), max_size=40).map("".join)
# With split markers, which are joined when the text between them is removed.
_TORN = st.sampled_from(["Email_", "Rxers_Code"])
TORN_SOUP = st.lists(_FRAGMENTS | _TORN | _HTML_FRAGMENTS, max_size=40).map("".join)

_ENTITIES = {
    "@": ["&#64;", "&#x40;", "&commat;"],
    ":": ["&#58;", "&colon;", "&#x3A;"],
    ",": ["&#44;", "&comma;"],
    ";": ["&semi;"],
    ".": ["&period;"],
    "_": ["&lowbar;"],
    " ": ["&nbsp;", "&#32;"],
    "<": ["&lt;", "&#60;"],
    ">": ["&gt;"],
    "&": ["&amp;"],
    '"': ["&quot;"],
}
_SPELLED = {character: st.sampled_from(choices) for character, choices in _ENTITIES.items()}
_SHOW_NOTHING = st.sampled_from(
    ["<!-- a@example.org -->", "&#8203;", "&shy;", "<wbr>", "<span></span>", "\u200b"]
)
_INLINE = st.sampled_from(["b", "span", "i", "font", "u"])
_LINE_BREAKS = st.sampled_from(["<br>", "<br />\n", "<BR\n>"])


@st.composite
def rendered(draw: st.DrawFn, text: str) -> str:
    """HTML that shows the text, in one of many spellings, with balanced tags."""
    text = text.replace("\r\n", "\n")
    line_break = draw(_LINE_BREAKS)
    pieces = [_ENTITIES[character][0] if character in "<>&" else character for character in text]
    places = st.lists(st.integers(0, max(0, len(text) - 1)), max_size=8 if text else 0)
    for place in draw(places):
        if (spelled := _SPELLED.get(text[place])) is not None:
            pieces[place] = draw(spelled)
        else:
            pieces[place] = draw(_SHOW_NOTHING) + pieces[place]
    pieces = [line_break if piece == "\n" else piece for piece in pieces]
    # Elements around ranges that are nested or disjoint.
    ends = sorted(draw(places))
    open_elements: list[str] = []
    for place in ends:
        if draw(st.booleans()) and open_elements:
            pieces[place] += f"</{open_elements.pop()}>"
        else:
            open_elements.append(draw(_INLINE))
            pieces[place] += f'<{open_elements[-1]} style="color: red">'
    return "".join(pieces) + "".join(f"</{name}>" for name in reversed(open_elements))


HTML_TEXTS = st.text("abc xyz:,.@&<>é\n", max_size=20).flatmap(rendered)
