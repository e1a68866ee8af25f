"""What people, editors and programs write around the addresses of a code, and its meaning."""

# ruff: noqa: RUF001 - tests of characters that look like others
from __future__ import annotations

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from relay_core.recipient_code import Found, Group, find_in_html, find_in_text
from relay_core.text.spans import cut
from tests.core.recipient_code_strategies import ADDR_SPECS, MARKER

ANN, BEN = "ann@example.org", "ben@example.net"


def said(found: Found) -> list[str]:
    return [
        f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec
        for code in found.codes
        for entry in code.entries
    ]


def reported_details(found: Found) -> list[str]:
    return [error.found for code in found.codes for error in code.errors]


def in_text(text: str) -> Found:
    return find_in_text(f":{MARKER}:{text}:{MARKER}:", (MARKER,))


# --- accepted spellings


@pytest.mark.parametrize(
    "text",
    [
        "[ann@example.org](mailto:ann@example.org), [Ben](mailto:ben@example.net)",
        "[ann@example.org](<mailto:ann@example.org>) [ben@example.net][1]",
        "mailto:ann@example.org;MAILTO:ben%40example.net?subject=Pump%20%C3%BC",
        "To: ann@example.org; Cc: Ben <ben@example.net>",
        "'ann@example.org', 'ben@example.net'",
        "['ann@example.org', 'ben@example.net']",
        "[u'ann@example.org', b'ben@example.net']",
        "('ann@example.org', 'ben@example.net',)",
        '["ann@example.org","ben@example.net"]',
        r"[\"ann@example.org\",\"ben@example.net\"]",
        '{"email":"ann@example.org"}, {"email": "ben@example.net"}',
        '"ann@example.org, ben@example.net"',
        "“ann@example.org” „ben@example.net“",
        "‘ann@example.org’ ‚ben@example.net‘",
        "«ann@example.org», ‹ben@example.net›",
        "`ann@example.org` ``ben@example.net``",
        "**ann@example.org**, *ben@example.net*",
        "_ann@example.org_ __ben@example.net__",
        "~~ann@example.org~~ /ben@example.net/",
        "{ann@example.org,ben@example.net}",
        "(ann@example.org) (ben@example.net)",
        "[[ann@example.org]] [ben@example.net]",
        "<ann@example.org, ben@example.net>",
        "<ann@example.org><ben@example.net>",
        r"\<ann@example.org\> \[ben@example.net\]",
        '[Ann Doe]( mailto:ann@example.org "to Ann" ), [[mailto:ben@example.net][Ben]]',
        'Ann(ann@example.org), Ben["ben@example.net"]',
        "ann@example.org|ben@example.net",
        "| ann@example.org | ben@example.net |",
        r"ann@example.org\|ben@example.net",
        "ann@example.org/ben@example.net",
        "ann@example.org / ben@example.net",
        "ann@example.org:ben@example.net",
        "ann@example.org→ben@example.net",
        "ann@example.org、ben@example.net",
        "ann@example.org，ben@example.net。",
        "【ann@example.org】「ben@example.net」",
        "（ann@example.org；ben@example.net）",
        "《ann@example.org》〈ben@example.net〉",
        "ａｎｎ＠ｅｘａｍｐｌｅ．ｏｒｇ、ben@example。net",
        "ann@example.org. ben@example.net!",
        "1. ann@example.org\n2. ben@example.net",
        "1) ann@example.org 2) ben@example.net",
        "- ann@example.org\n- ben@example.net",
        "• ann@example.org\n• ben@example.net",
        "\n> ann@example.org,\n> ben@example.net\n> ",
        "ann@example.org[1], [2]ben@example.net",
        "<mailto:ann@example.org|ann@example.org> <mailto:ben@example.net|Ben>",
        "Ann [mailto:ann@example.org] Ben Doe (ben@example.net)",
        "Ann: ann@example.org, ben@example.net (Ben Doe)",
        "'Ann' <ann@example.org>, 'ben@example.net' <ben@example.net>",
        "ann@example.org\u00a0\tben@exam\u00adple.net\u200b",
    ],
)
def test_a_list_of_two_is_read(text: str) -> None:
    found = in_text(text)
    assert [ANN, BEN] == list(dict.fromkeys(said(found)))
    assert [] == reported_details(found)


@pytest.mark.parametrize(
    "code",
    [
        "：M：ann@example.org：M：",
        "：Ｅｍａｉｌ＿Ｒｘｅｒｓ＿Ｃｏｄｅ：ann@example.org：M:",
        r"\:Email\_Rxers\_Code\:ann@example.org\:Email\_Rxers\_Code\:",
        ":**M**:ann@example.org:**M**:",
        ":_M_:ann@example.org:_M_:",
        "**:M:**ann@example.org**:M:**",
        "`:M:ann@example.org:M:`",
        ":Email*Rxers*Code:ann@example.org:Email*Rxers*Code:",
    ],
)
def test_a_marker_is_read_in_any_spelling_and_goes(code: str) -> None:
    text = f"Hi\n{code}\nBye".replace("M", MARKER)
    found = find_in_text(text, (MARKER,))
    assert [ANN] == said(found)
    assert [] == reported_details(found)
    assert "Hi\nBye" == cut(text, found.removals)


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<a href="mailto:ann@example.org">Ann</a>', [ANN]),
        ("<a class=x href='MAILTO:ann%40example.org?subject=1'>Ann Doe</a>", [ANN]),
        (
            "<a href=mailto:ann&#64;example.org>A<i>n</i></a><a href=mailto:ben@example.net>B</a>",
            [ANN, BEN],
        ),
        # The shown text counts, not the link's target.
        ('<a href="mailto:ben@example.net">ann@example.org</a>', [ANN]),
        ('<a href="mailto:ben@example.net">@ops</a>', ["@ops"]),
        ('<a href="mailto:ben@example.net">ann＠example.org</a>', [ANN]),
        ('a<a href="mailto:ben@example.net">nn</a>@example.org', [ANN]),
        ('ann@<a href="mailto:ben@example.net">example.org</a>', [ANN]),
        ('ann@example<a href="mailto:ben@example.net">.org</a>', [ANN]),
        (
            '<a title="x href=mailto:ben@example.net" href="mailto:ann@example.org">Ann</a>',
            [ANN],
        ),
        ("&lt;<a href='mailto:ann@example.org'>ann@example.org</a>&gt;", [ANN]),
    ],
)
def test_a_link_in_html_is_read(html: str, expected: list[str]) -> None:
    text = f"<p>Hi</p><p>:{MARKER}:{html}:{MARKER}:</p>"
    found = find_in_html(text, (MARKER,))
    assert expected == said(found)
    assert [] == reported_details(found)
    assert "<p>Hi</p>" == cut(text, found.removals)


def test_a_marker_whose_underscores_became_emphasis_is_read() -> None:
    marker = "Email<em>Rxers</em>Code"
    found = find_in_html(f"<p>:{marker}:ann@example.org:{marker}:</p>", (MARKER,))
    assert [ANN] == said(found)


# --- errors, with a notice


@pytest.mark.parametrize(
    "text",
    [
        *["{ann@example.org", "'ann@example.org", "*ann@example.org", "`ann@example.org"],
        *["/ann@example.org", "~ann@example.org", "=ann@example.org", "<ann@example.org"],
        *["-ann@example.org", "+ann@example.org", "#ann@example.org", "$ann@example.org"],
        *["to=ann@example.org", "${ann@example.org}", "{x,ann}@example.org", "x/ann@example.org"],
        *["[ann@example.org](mailto:ben@example.net)", "ann@example.org<ben@example.net>"],
        *["x(ann@example.org", "x[ann@example.org", "x<ann@example.org"],
        *["ann@example.org(ben@example.net)", "mailto:ann@example.org?cc=ben@example.net"],
        *["ann@example.org&ben@example.net", "ann@example.org+ben@example.net"],
        # The address may be truncated.
        *[
            "ann@example.org...",
            "ann@example.org…",
            "ann@example.org=",
            "ann@example.org†",
            "ann@example.org\\ ",
        ],
        # A replacement character or a combined letter is no mark around an address.
        *["\uf7e9ann@example.org", "\ufffdann@example.org", "\ufffd@ops"],
        *["ann@example.caf\uf7e9.fr/x", "ann@example.cafe\u0301.fr/ben@example.net"],
        *["ann@example.caf\uf7e9.fr/ben@example.net", "ann@example.कॉम/ben@example.net"],
        *["ann@example.co·l.cat/ben@example.net", "ann@example.co・jp/ben@example.net"],
        *["x∙ann@example.org", "ann@example∙co∙uk", "ann@example.co•uk"],
        *["ann@example.co(1).uk", "ann@example.co[1].uk"],
        # An escape sequence for a line end is none.
        *[r"ann@example.org\nben@example.net", r"\tann@example.org"],
        *["xmpp:ann@example.org", "https://ann@example.org", '"ann@example.org"@example.net'],
    ],
)
def test_an_ambiguous_spelling_is_refused_and_reported(text: str) -> None:
    found = in_text(text)
    assert [] == said(found)
    assert reported_details(found)


@pytest.mark.parametrize(
    "text", ["(ann@example.org", "ann@example.org]", "ann@example.org}", '"ann@example.org']
)
def test_a_mark_that_no_address_can_have_there_is_reported(text: str) -> None:
    found = in_text(text)
    assert [ANN] == said(found)
    assert [text] == reported_details(found)


# --- laws


_PAIRS = st.sampled_from(
    [
        *[
            "{}",
            "<{}>",
            "({})",
            "[{}]",
            "{{{}}}",
            "'{}'",
            '"{}"',
            "`{}`",
            "*{}*",
            "**{}**",
            "_{}_",
        ],
        *[
            "~{}~",
            "“{}”",
            "‘{}’",
            "«{}»",
            "（{}）",
            "【{}】",
            "「{}」",
            "｛{}｝",
            "＜{}＞",
            "mailto:{}",
        ],
        *["<mailto:{}>", "[{0}](mailto:{0})", "<mailto:{0}|{0}>", "{0}<mailto:{0}>", "{0}({0})"],
        *["Ann <{}>", "Ann ({})", "Ann [mailto:{}]", "{} (Ann)", "1) {}", "- {}", "{}.", "To: {}"],
    ]
)
_AROUND_ALL = st.sampled_from(["{}", "[{}]", "({})", "{{{}}}", "'{}'", "**{}**", "【{}】", " {} "])
_SEPARATORS = st.sampled_from([",", ";", "|", ", ", ",\n", "\t;", "、", "；", " | "])


@given(
    st.lists(
        st.tuples(ADDR_SPECS.filter(lambda one: "'" not in one), _PAIRS), min_size=1, max_size=6
    ),
    _SEPARATORS,
    _AROUND_ALL,
)
def test_whatever_stands_around_addresses_in_pairs_they_are_read(
    written: list[tuple[str, str]], separator: str, around: str
) -> None:
    assume(around != "({})" or written[0][1] != "1) {}")  # "(1)" is a comment
    text = around.format(separator.join(form.format(address) for address, form in written))
    found = in_text(text)
    assert [address for address, _ in written] == list(said(found))
    assert [] == reported_details(found)


_MARKS = st.text("{}[]()<>'\"`*_~/=|\\:.!?#$&+^-…†★©“”‘’（）【】：，、 \n,;", max_size=6)


@given(st.lists(_MARKS | st.sampled_from([ANN, BEN, " mailto:", " Ann ", " 1 "]), max_size=12))
@example(["{", ANN])
@example([ANN, "-", ANN])
@example(["_", ANN, "_"])
@example([ANN, "\\", "n", BEN])
def test_no_mark_makes_an_address_that_was_not_written(pieces: list[str]) -> None:
    text = "".join(pieces)
    for found in (in_text(text), find_in_html(f":{MARKER}:{text}:{MARKER}:", (MARKER,))):
        read = {one.lstrip("_") for one in said(found) if not one.startswith("@")}
        assert read <= {one for one in (ANN, BEN) if one in text}
        assert all(one in text for one in said(found))
