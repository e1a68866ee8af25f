"""Codes in plain text: found, cut, and shown where they are wrong."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.recipient_code import (
    MAX_SEARCHES,
    Allowance,
    Found,
    RecipientCode,
    find_in_html,
    find_in_text,
    format_error,
)
from relay_core.text.spans import cut
from tests.core.recipient_code.reading import (
    MANY,
    check,
    check_ends,
    entries,
    errors,
    in_html,
    in_text,
    is_balanced,
    spelled,
)
from tests.core.recipient_code_strategies import (
    BLOCKS_OF_LINES,
    LINES,
    MARKER,
    TEXT_SOUP,
    TORN_SOUP,
    Written,
    written_codes,
)


@given(BLOCKS_OF_LINES, written_codes(), st.sampled_from(["", " ", "\t"]), BLOCKS_OF_LINES)
def test_a_code_on_lines_of_its_own_goes_with_them(
    before: str, written: Written, blank: str, after: str
) -> None:
    found = in_text(f"{before}{blank}{written.text}{blank}\r\n{after}")
    assert (RecipientCode(entries=written.entries, errors=()),) == found.codes
    assert before + after == cut(
        f"{before}{blank}{written.text}{blank}\r\n{after}", found.removals
    )


@given(LINES, written_codes(), LINES)
def test_text_that_shares_the_line_stays_as_it_is(
    before: str, written: Written, after: str
) -> None:
    text = f"{before}x {written.text} y{after}"
    found = in_text(text)
    assert (RecipientCode(entries=written.entries, errors=()),) == found.codes
    assert f"{before}x  y{after}" == cut(text, found.removals)


@given(st.lists(st.tuples(BLOCKS_OF_LINES, written_codes()), max_size=5), BLOCKS_OF_LINES)
def test_every_code_is_found(parts: list[tuple[str, Written]], end: str) -> None:
    text = "".join(f"{before}{written.text}\n" for before, written in parts) + end
    found = in_text(text)
    assert [written.entries for _, written in parts] == [code.entries for code in found.codes]
    assert "".join(before for before, _ in parts) + end == cut(text, found.removals)


@given(st.lists(LINES, max_size=6).map("\n".join))
def test_text_without_the_marker_is_left_alone(text: str) -> None:
    assert Found(codes=(), removals=()) == in_text(text)
    assert Found(codes=(), removals=()) == in_html(text)


@given(TEXT_SOUP | TORN_SOUP | st.text())
@example(spelled(":M:M:"))
@example(spelled("M::M"))
@example(spelled(":M\n:M:a@example.org:M:"))
def test_any_text_is_searched(text: str) -> None:
    check(text, in_text(text))


@given(TEXT_SOUP | TORN_SOUP)
@example(spelled("a:M:@M:"))
@example(spelled(":Email_Rxers:M:a@b.c:M:_Code:x@y.z:M:"))
@example(spelled("M" + " " * 9 + ":M:@a:M:") + " :a@b.c")
def test_after_the_cut_nothing_is_found_in_text(text: str) -> None:
    assert Found(codes=(), removals=()) == in_text(cut(text, in_text(text).removals))


@pytest.mark.parametrize(
    ("text", "expected", "rest"),
    [
        ("Line2:M:[a@example.org]:M:\nLine3", ["a@example.org"], "Line2:\nLine3"),
        ("Line2: M:a@example.org:M:\nLine3", ["a@example.org"], "Line2: \nLine3"),
        ("M:a@example.org:M:", ["a@example.org"], ""),
        ("Hi\nM:a@example.org:M\nBye", ["a@example.org"], "Hi\nBye"),
        (":M:a@example.org:M\n:M:b@example.org:M:", ["a@example.org", "b@example.org"], ""),
        ("x\n:M:a@example.org:M\n:-)", ["a@example.org"], "x\n:-)"),
        (": M : a@example.org : M :", ["a@example.org"], ""),
        ("Hi:\n:M:a@example.org:M:\n", ["a@example.org"], "Hi:\n"),
        ("(:M:a@example.org:M:)", ["a@example.org"], "()"),
        (
            "  :M:a@example.org:M: :M:b@example.org:M:\nBye",
            ["a@example.org", "b@example.org"],
            "Bye",
        ),
        (
            "a\n\n:M:\na@example.org\n\nb@example.org\n:M:\n\nz",
            ["a@example.org", "b@example.org"],
            "a\n\n\nz",
        ),
        ("The M: says :M:a@example.org:M:", ["a@example.org"], "The M: says "),
    ],
)
def test_a_code_is_found_and_cut(text: str, expected: list[str], rest: str) -> None:
    text = spelled(text)
    found = in_text(text)
    assert expected == entries(found)
    assert [] == errors(found)
    assert spelled(rest) == cut(text, found.removals)


@pytest.mark.parametrize(
    "text",
    [
        "the M is a word",
        "the M: it is a word",
        "such is the :M",
        "xM:a@example.org:My",
        "M_x:a@b.org",
    ],
)
def test_a_mention_is_no_code(text: str) -> None:
    assert Found(codes=(), removals=()) == in_text(spelled(text))


@pytest.mark.parametrize(
    ("text", "reach", "rest"),
    [
        ("Hi\n:M:a@example.org\nBye", ":M:a@example.org", "Hi\nBye"),
        (
            "Hi :M:a@example.org, b@x Bye\nc@example.org",
            ":M:a@example.org, b@x",
            "Hi  Bye\nc@example.org",
        ),
        ("M:[a@example.org] bye", "M:[a@example.org]", " bye"),
        (
            "M:[a@example.org,\nb@example.org]\n\nc@example.org",
            "M:[a@example.org,\nb@example.org]",
            "\nc@example.org",
        ),
        ("x :M: y", ":M:", "x  y"),
    ],
)
def test_a_code_without_an_end_is_malformed_and_reaches_over_its_list(
    text: str, reach: str, rest: str
) -> None:
    text = spelled(text)
    found = in_text(text)
    assert [] == entries(found)
    assert [spelled(reach)] == [error.found for error in errors(found)]
    assert [f'":{MARKER}:" at the end of the list'] == [error.expected for error in errors(found)]
    assert rest == cut(text, found.removals)


def test_a_code_without_an_end_does_not_take_the_next_one_with_it() -> None:
    text = spelled(":M:a@example.org\n\nSome words here.\n\n:M:b@example.org:M:\nBye")
    found = in_text(text)
    assert ["b@example.org"] == entries(found)
    assert 1 == len(errors(found))
    assert "\nSome words here.\n\nBye" == cut(text, found.removals)


def test_a_marker_behind_prose_ends_no_code_that_a_pair_without_a_list_could_begin() -> None:
    text = spelled(":M::M:a@example.org\n\nSome words here.\n\n:M:")
    found = in_text(text)
    assert [] == entries(found)
    assert ["", spelled(":M:")] == [error.found for error in errors(found)]
    assert "a@example.org\n\nSome words here.\n\n" == cut(text, found.removals)
    listed = spelled(":M::M:a@example.org,\n\nb@example.org:M:")
    assert ["a@example.org", "b@example.org"] == entries(in_text(listed))


def test_lists_that_are_read_to_see_what_ends_a_code_count_for_the_allowance() -> None:
    allowance = Allowance()
    one = ":M::M:a@example.org " + "w w\n\n" * 13_000
    text = one * (2 * allowance.listed // 65_000)
    find_in_text(spelled(text), (MARKER,), allowance=allowance)
    assert allowance.is_spent


def nest(depth: int, inner: str = ":M:guard@example.org:M:") -> str:
    """A code inside the parts of another, which its removal joins, and so on."""
    opening, closing = ":Email_Rxers\n", "_Code:eve@example.net:M\n"
    return spelled(f"{opening * depth}{inner}\n{closing * depth}")


@pytest.mark.parametrize("depth", [1, 2, MAX_SEARCHES - 1, MAX_SEARCHES])
def test_a_split_code_names_no_recipient_and_is_removed_too(depth: int) -> None:
    text = f"Hello\n{nest(depth)}Bye\n"
    found = in_text(text)
    assert ["guard@example.org"] == entries(found)
    assert [] == errors(found)
    assert "Hello\nBye\n" == cut(text, found.removals)
    html = f"<p>Hello</p><p>{nest(depth)}</p><p>Bye</p>"
    found = in_html(html)
    assert ["guard@example.org"] == entries(found)
    assert [] == errors(found)
    assert "<p>Hello</p><p>Bye</p>" == cut(html, found.removals)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("depth", [MAX_SEARCHES + 1, 1000, 50_000])
def test_where_too_much_is_torn_the_text_ends(depth: int) -> None:
    for find, opening, closing in ((in_text, "", ""), (in_html, "<div><p>", "</p></div>")):
        text = f"Hello\n{opening}x\n{nest(depth)}Bye{closing}"
        found = find(text)
        assert ["guard@example.org"] == entries(found)
        (error,) = errors(found)
        assert str(MAX_SEARCHES) in error.expected
        rest = cut(text, found.removals)
        assert rest.startswith(f"Hello\n{opening}x\n")
        assert "Bye" not in rest
        assert "eve" not in rest
        assert Found(codes=(), removals=()) == find(rest)
        assert is_balanced(rest)
        format_error(text, error)


@given(st.integers(MAX_SEARCHES - 1, MAX_SEARCHES + 2), TORN_SOUP, TORN_SOUP, TORN_SOUP)
def test_however_deep_it_is_torn_nothing_is_found_after_the_cut(
    depth: int, before: str, inner: str, after: str
) -> None:
    text = before + nest(depth, f":M:@a:M:{inner}") + after
    for find in (in_text, in_html):
        rest = cut(text, find(text).removals)
        assert Found(codes=(), removals=()) == find(rest)


def test_files_go_and_what_they_tore_goes_too() -> None:
    text = spelled("Hello\n:M:guard@example.org:M:\n:Email_RxersFILE_Code:eve@example.org:M:\nBye")
    start = text.index("FILE")
    for find in (find_in_text, find_in_html):
        found = find(text, (MARKER,), files=[Span(start, start + 4)])
        assert ["guard@example.org"] == entries(found)
        assert "Hello\nBye" == cut(text, found.removals)
        (file,) = find("xFILEy", (MARKER,), files=[Span(1, 5)]).removals
        assert Span(1, 5) == file


def test_an_error_is_shown_with_a_caret_under_its_place() -> None:
    text = spelled("Hello\nLine2:M:[a@example.org,nonsense]:M:\nBye")
    (error,) = errors(in_text(text))
    assert (
        "expected an address, found 'nonsense'\n"
        "    Line2:Email_Rxers_Code:[a@example.org,nonsense]:Email_Rxers_Code:\n"
        "                                          ^^^^^^^^"
    ) == format_error(text, error)


def test_a_caret_stands_under_wide_characters_too() -> None:
    text = spelled(":M:山田@x:M:")
    (error,) = errors(in_text(text))
    line, caret = format_error(text, error).split("\n")[1:]
    assert spelled("    :M:山田@x:M:") == line
    assert f"    {' ' * len(spelled(':M:'))}{'^' * 6}" == caret


@pytest.mark.timeout(120)
@pytest.mark.parametrize(
    "text",
    [
        ":M:" * 100_000,
        "M: " * 100_000,
        "M:a@b\n\n" * MANY,
        ":" * 1_000_000,
        ":M:a@example.org:M: " * MANY,
        ":M:" + "[" * 500_000 + "]" * 500_000 + ":M:",
        ":M:" + '"' * 1_000_000 + ":M:",
        ":M:" + '"\\' * 500_000 + ":M:",
        ":M:" + "<a " * 100_000 + ":M:",
        ":M:" + "a\n" * 100_000 + ":M:",
        ":M:" + "a@" * 200_000 + ":M:",
        ":M:a@" + "é." * 200_000 + ":M:",
        " " * 1_000_000 + ":M:@a:M:" + " " * 1_000_000,
        "\u200b" * 500_000,
    ],
    ids=lambda text: text[:12].replace("\n", " "),
)
def test_large_input_is_read_to_its_end(text: str) -> None:
    check_ends(in_text, spelled(text))
    check_ends(in_html, spelled(text))
