"""Text quoted from a mail does not become a link, and stays readable."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.notices.quoting import quote_words

# More than what mail programs turn into links: any scheme, any two words with a dot between them
# that are no number, any path with two slashes, any address.
LINKS = re.compile(
    r"(?i)"
    r"[a-z0-9+.-]:(?!\d)\S"  # https://x, mailto:x, tel:+1, skype:x, x-any:thing
    r"|[\w+.-]://?\w"
    r"|[^\W_][^\s\[]?\.[^\W_]"  # evil.com, 10.0.0.1
    r"|\bwww\.\w"
    r"|\w[\u2024\u3002\uff0e\uff61]\w"
    r"|(?<![\[\]])(?:\\\\|//)\w"
)
ADDRESSES = re.compile(r"\S@\S")
NUMBERS = re.compile(r"(?<![\w.])\d+\.\d+(?![\w.:/@-])")
PLAIN = re.compile(
    r"(?<![^\s'\"(<,;])[a-z0-9][a-z0-9._+-]*@[a-z0-9.-]+[a-z](?=[\s'\")>,;:.!?]|\Z)", re.IGNORECASE
)

PIECES = st.sampled_from(
    [
        *("http", "https", "HTTPS", "ftp", "smb", "mailto", "tel", "javascript", "file", "x-y"),
        *(
            "://",
            ":",
            "//",
            "\\\\",
            "/",
            ".",
            "。",
            "\uff0e",
            "@",
            "www.",
            "_",
            "-",
            "ж",
            " ",
            "\n",
        ),
        *("evil", "com", "example", "xn--e1afmkfd", "пример", "рф", "10", "0", "21", "login", "?"),
        *("\x00", "\x1b", "\u200b", "\u202e", "\u00ad", "\u0301", "(", ")", "'", "[", "]", "<"),
    ]
)
WORDS = st.lists(PIECES | st.text(max_size=2), max_size=14).map("".join)


def links_in(text: str) -> list[str]:
    return LINKS.findall(NUMBERS.sub("", text))


@given(WORDS)
@example("жhttp://evil.com _https://evil.com evil.com/login")
@example("mailto:a@evil.com tel:+49170 smb://srv \\\\srv\\share //srv www.x")
@example("http@] [@x a[@]b [@]")
@example("evil.\u0301com evil。com 10.0.0.1 1.2.3 1.5/x 1.5:80")
def test_no_program_makes_a_link_of_what_is_quoted(text: str) -> None:
    quoted = quote_words(text, keeps_addresses=False)
    assert [] == links_in(quoted)
    assert not ADDRESSES.search(re.sub(r"\[@\]", "", quoted))
    assert all(one.isprintable() or one == "\n" for one in quoted)


@given(WORDS)
@example("a@evil.com/login b@x.org:80 http://c@x.org www.evil.com@x.org mailto:d@x.org")
def test_with_addresses_nothing_but_plain_ones_stay(text: str) -> None:
    assert [] == links_in(PLAIN.sub("", quote_words(text)))


@given(WORDS, st.booleans())
def test_only_brackets_are_added_and_once(text: str, keeps: bool) -> None:  # noqa: FBT001
    quoted = quote_words(text, keeps_addresses=keeps)
    printable = "".join(one if one.isprintable() or one == "\n" else " " for one in text)
    assert printable.translate({91: None, 93: None}) == quoted.translate({91: None, 93: None})
    assert quoted == quote_words(quoted, keeps_addresses=keeps)


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("see https://evil.com/login", "see https[:]//evil[.]com/login"),
        ("Call tel:+49170", "Call tel[:]+49170"),
        ("eve@evil.com is not allowed.", "eve@evil.com is not allowed."),
        ("found 'eve@evil.com', 21.5 bar at 12:05:00 UTC", None),
        ("no code :Code:…:Code:, and: nothing", None),
        ("Boiler: too hot. Come!", None),
    ],
)
def test_people_read_it(text: str, quoted: str | None) -> None:
    assert (quoted or text) == quote_words(text, markers=("Code",))


def test_carets_stay_below_their_place() -> None:
    line, carets = quote_words("a.b 漢, x.y.z ok\n        ^^^^^").split("\n")
    assert "a[.]b 漢, x[.]y[.]z ok" == line
    assert "x[.]y[.]z" == line[carets.index("^") - 1 : carets.rindex("^")]  # 漢 takes two columns
