"""Laws of the recipient code: what is written is read, what is read is gone."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.html.text import VOID_ELEMENTS, read_html
from relay_core.recipient_code import (
    MAX_LOOKS,
    Address,
    CodeError,
    Entry,
    Found,
    Group,
    RecipientCode,
    find_in_html,
    find_in_text,
    finding,
    format_code,
    format_error,
    parse_code,
)
from relay_core.text.spans import cut
from tests.core.recipient_code_strategies import (
    ADDR_SPECS,
    BLOCKS_OF_LINES,
    CODES,
    HTML_SOUP,
    HTML_TEXTS,
    LINES,
    MARKER,
    TEXT_SOUP,
    TORN_SOUP,
    Written,
    rendered,
    written_codes,
)


def spelled(text: str) -> str:
    """Examples write M for the marker."""
    return text.replace("M", MARKER)


def in_text(text: str) -> Found:
    return find_in_text(text, MARKER)


def in_html(html: str) -> Found:
    return find_in_html(html, MARKER)


def entries(found: Found) -> list[str]:
    """All entries, addresses as such and groups with their @."""
    return [name(entry) for code in found.codes for entry in code.entries]


def name(entry: Entry) -> str:
    return f"@{entry.name}" if isinstance(entry, Group) else entry.addr_spec


def errors(found: Found) -> list[CodeError]:
    return [error for code in found.codes for error in code.errors]


# --- Laws of the grammar


@given(CODES)
def test_what_is_formatted_is_parsed(code: RecipientCode) -> None:
    assert code == parse_code(format_code(code, MARKER), MARKER)


@given(written_codes())
def test_formatting_what_was_parsed_changes_nothing_but_the_spelling(written: Written) -> None:
    code = parse_code(written.text, MARKER)
    assert RecipientCode(entries=written.entries, errors=()) == code
    assert code == parse_code(format_code(code, MARKER), MARKER)


@given(CODES, st.sampled_from(["To", "x.y-z", "RECIPIENTS_1", "a+b"]))
def test_any_marker_will_do(code: RecipientCode, marker: str) -> None:
    assume(marker.lower() not in str(code).lower())
    written = format_code(code, marker)
    assert code == parse_code(written, marker)
    assert code == parse_code(written.replace(marker, marker.swapcase()), marker)


_AROUND = st.lists(
    st.sampled_from(
        [
            "M",
            ":M:",
            ":M",
            "M:",
            ":",
            "m",
            "M\n",
            " ",
            "\n",
            "Line2",
            "é",
            "_",
            "a@example.org",
            "[",
        ]
    ),
    max_size=4,
).map("".join)
_PLAIN_LISTS = st.lists(
    ADDR_SPECS | st.sampled_from(["a@b", "a..b@example.org", "a@Example.ORG", "a@x.1", "@night"]),
    max_size=4,
).map(",".join)


@given(
    st.builds("{}:M:{}:M:{}".format, _AROUND, _PLAIN_LISTS, _AROUND),
    st.sampled_from([MARKER, "aaa", "a.a", "-.-", "..."]),
)
@example("Line2:M:a@example.org:M:", MARKER)
@example(":M:a@example.org:M::M:", MARKER)
@example("M:a@example.org :M:b@example.org:M:", MARKER)
def test_a_code_of_the_usual_form_is_read_at_once_as_step_by_step(text: str, marker: str) -> None:
    text = text.replace("M", marker)
    at_once = [find_in_text(text, marker), find_in_html(text, marker)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finding, "_find_regular", lambda _text, _marker: None)
        step_by_step = [find_in_text(text, marker), find_in_html(text, marker)]
    assert step_by_step == at_once


@pytest.mark.parametrize(
    "code",
    [
        RecipientCode(entries=(), errors=()),
        RecipientCode(
            entries=(Address(addr_spec="a@example.org"),),
            errors=(CodeError(span=Span(0, 1), expected="an address", found="x"),),
        ),
        RecipientCode(entries=(Address(addr_spec=f'":{MARKER}:"@example.org'),), errors=()),
    ],
)
def test_what_cannot_be_parsed_is_not_formatted(code: RecipientCode) -> None:
    with pytest.raises(ValueError, match="no code can say"):
        format_code(code, MARKER)


@pytest.mark.parametrize(
    "text", ["", "a@example.org", "x :M:a@example.org:M:", ":M:a@b.org:M:" * 2]
)
def test_text_that_is_not_one_code_is_an_error_over_all_of_it(text: str) -> None:
    code = parse_code(spelled(text), MARKER)
    assert () == code.entries
    assert [Span(0, len(spelled(text)))] == [error.span for error in code.errors]


# --- Laws of finding and cutting


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


@given(TEXT_SOUP | TORN_SOUP | st.text())
@example(spelled(":M:M:"))
@example(spelled("M::M"))
@example(spelled(":M\n:M:a@example.org:M:"))
def test_any_text_is_searched(text: str) -> None:
    check(text, in_text(text))


@given(HTML_SOUP | TORN_SOUP | st.text())
def test_any_html_is_searched(html: str) -> None:
    check(html, in_html(html))


@given(TEXT_SOUP | TORN_SOUP)
@example(spelled("a:M:@M:"))
@example(spelled(":Email_Rxers:M:a@b.c:M:_Code:x@y.z:M:"))
@example(spelled("M" + " " * 9 + ":M:@a:M:") + " :a@b.c")
def test_after_the_cut_nothing_is_found_in_text(text: str) -> None:
    assert Found(codes=(), removals=()) == in_text(cut(text, in_text(text).removals))


@given(HTML_SOUP | TORN_SOUP)
@example(spelled("a<:M:@a:M:b>:M:@b:M:"))
@example(spelled("<p>&#5:M:@a:M:8;M:@b:M:</p>"))
@example(spelled("<!-:M:@a:M:- M: -->M:@b:M:"))
def test_after_the_cut_nothing_is_found_in_html(html: str) -> None:
    assert Found(codes=(), removals=()) == in_html(cut(html, in_html(html).removals))


def check(text: str, found: Found) -> None:
    """What holds of whatever was found."""
    edges = [edge for span in found.removals for edge in span]
    assert sorted(set(edges)) == edges
    assert all(0 <= edge <= len(text) for edge in edges)
    assert bool(found.codes) <= bool(found.removals)  # what a comment says is cut and no code
    for code in found.codes:
        assert code.entries or code.errors
        for error in code.errors:
            assert 0 <= error.span.start <= error.span.end <= len(text)
            message, line, caret = format_error(text, error).split("\n")
            assert error.expected in message
            assert len(line) < 140
            assert "^" == caret.strip()[:1]
            assert set(caret) <= {" ", "^"}


@given(st.lists(HTML_TEXTS | written_codes().map(lambda one: one.text).flatmap(rendered)))
def test_balanced_markup_stays_balanced(pieces: list[str]) -> None:
    html = "<br>".join(pieces)
    assert is_balanced(html)
    assert is_balanced(cut(html, in_html(html).removals))


class Balance(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.holds = True

    def handle_starttag(self, tag: str, attrs: object) -> None:
        del attrs
        if tag not in VOID_ELEMENTS:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        self.holds = self.holds and bool(self.open) and self.open.pop() == tag


def is_balanced(html: str) -> bool:
    parser = Balance()
    parser.feed(html)
    parser.close()
    return parser.holds and not parser.open


# --- What a list says


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a@example.org", ["a@example.org"]),
        ("[a@example.org;b@example.org]", ["a@example.org", "b@example.org"]),
        ("A@Example.ORG, a@example.org", ["A@example.org", "a@example.org"]),
        ('Bob <b@example.org>, "Doe, J." <j@example.org>', ["b@example.org", "j@example.org"]),
        ("a@bücher.example", ["a@xn--bcher-kva.example"]),
        ("@ops\n@night.shift", ["@ops", "@night.shift"]),
        ("a@example.org b@example.org", ["a@example.org", "b@example.org"]),
        ("a@example.org<mailto:a@example.org>", ["a@example.org"]),
        # A mailer wraps at a blank, or anywhere.
        ("Bob\nSmith <b@example.org>", ["b@example.org"]),
        ("a@example.org\nBob\nSmith <b@example.org>", ["a@example.org", "b@example.org"]),
        ("alice@exam\r\nple.org,b@example.org", ["alice@example.org", "b@example.org"]),
        ("alice\n@example.org", ["alice@example.org"]),
        ("alice@\n  example.org", ["alice@example.org"]),
        ("alice@mail.example\n.org", ["alice@mail.example.org"]),
        ("alice@mail.example.\norg", ["alice@mail.example.org"]),
        ("<alice@exam\nple.org>", ["alice@example.org"]),
        ("alice\n@ops", ["@ops"]),
        (
            f"{'a' * 60}@example.org\nBob <b@example.org>",
            [f"{'a' * 60}@example.org", "b@example.org"],
        ),
    ],
)
def test_a_list_says(text: str, expected: list[str]) -> None:
    assert expected == entries(in_text(f":{MARKER}:{text}:{MARKER}:"))


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("a@example.org,nonsense,b@example.org", ["a@example.org", "b@example.org"], ["nonsense"]),
        (
            "a@example.org\nnonsense\nb@example.org",
            ["a@example.org", "b@example.org"],
            ["nonsense"],
        ),
        ("not an address;@ops", ["@ops"], ["not an address"]),
        ("a@localhost,a@b@example.org,@", [], ["a@localhost", "a@b@example.org", "@"]),
        ("@ops!,b@example.org", ["b@example.org"], ["@ops!"]),
        ("[a@example.org", ["a@example.org"], ["[a@example.org"]),
        ("a@example.org]", ["a@example.org"], ["a@example.org]"]),
        ("a@example.org<b@example.org>", [], ["a@example.org<b@example.org>"]),
        ("<a@example.org,b@example.org", ["b@example.org"], ["<a@example.org"]),
        ("a@straße.example", [], ["a@straße.example"]),
        ("jörg@example.org", [], ["jörg@example.org"]),
    ],
)
def test_a_bad_entry_spoils_no_other(text: str, good: list[str], bad: list[str]) -> None:
    found = in_text(f":{MARKER}:{text}:{MARKER}:")
    assert good == entries(found)
    assert bad == [error.found for error in errors(found)]
    assert [(f"x{error.found}y") for error in errors(found)] == [
        "x" + f":{MARKER}:{text}:{MARKER}:"[error.span.start : error.span.end] + "y"
        for error in errors(found)
    ]


@pytest.mark.parametrize("halves", [("bob@example.co", "m"), ("bo", "b@example.com")])
def test_an_address_that_a_mailer_may_have_cut_short_is_refused(halves: tuple[str, str]) -> None:
    long = "somebody-with-a-long-name@a-long-domain.example"
    found = in_text(f":{MARKER}:{long},{halves[0]}\n{halves[1]}:{MARKER}:")
    assert [long] == entries(found)
    assert ["\n".join(halves)] == [error.found for error in errors(found)]


@pytest.mark.parametrize("text", ["", " ", "[]", "[ ]", ",", "\n;\n"])
def test_a_list_of_nothing_lacks_an_address(text: str) -> None:
    found = in_text(f"Hello\n:{MARKER}:{text}:{MARKER}:\nBye")
    assert ["an address"] == [error.expected for error in errors(found)]
    assert "Hello\nBye" == cut(f"Hello\n:{MARKER}:{text}:{MARKER}:\nBye", found.removals)


# --- Where codes are


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


# --- Torn codes, which a cut makes whole


def nest(depth: int, inner: str = ":M:guard@example.org:M:") -> str:
    """A code, and around it the pieces of one that becomes whole by the cut, and so on."""
    opening, closing = ":Email_Rxers\n", "_Code:eve@example.net:M\n"
    return spelled(f"{opening * depth}{inner}\n{closing * depth}")


@pytest.mark.parametrize("depth", [1, 2, MAX_LOOKS - 1, MAX_LOOKS])
def test_what_was_torn_names_nobody_and_goes_too(depth: int) -> None:
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
@pytest.mark.parametrize("depth", [MAX_LOOKS + 1, 1000, 50_000])
def test_where_too_much_is_torn_the_text_ends(depth: int) -> None:
    for find, opening, closing in ((in_text, "", ""), (in_html, "<div><p>", "</p></div>")):
        text = f"Hello\n{opening}x\n{nest(depth)}Bye{closing}"
        found = find(text)
        assert ["guard@example.org"] == entries(found)
        (error,) = errors(found)
        assert str(MAX_LOOKS) in error.expected
        rest = cut(text, found.removals)
        assert rest.startswith(f"Hello\n{opening}x\n")
        assert "Bye" not in rest
        assert "eve" not in rest
        assert Found(codes=(), removals=()) == find(rest)
        assert is_balanced(rest)
        format_error(text, error)


@given(st.integers(MAX_LOOKS - 1, MAX_LOOKS + 2), TORN_SOUP, TORN_SOUP, TORN_SOUP)
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
        found = find(text, MARKER, files=[Span(start, start + 4)])
        assert ["guard@example.org"] == entries(found)
        assert "Hello\nBye" == cut(text, found.removals)
        (file,) = find("xFILEy", MARKER, files=[Span(1, 5)]).removals
        assert Span(1, 5) == file


# --- In HTML


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
        # Nothing that means something goes with it.
        (
            ":M:@a:M:<meta name=x><base href=x><link rel=x><p>y</p>",
            ["@a"],
            "<meta name=x><base href=x><link rel=x><p>y</p>",
        ),
        ("<p>:M:@a:M:<a name=x></a></p>y", ["@a"], "<p><a name=x></a></p>y"),
        ("<a id=x href='mailto:@a'>:M:@a:M:</a>y", ["@a"], "y"),
        # Outlook shows what stands in such a comment.
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


# --- Messages


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


# --- Time: these end, and would not if anything were quadratic

MANY = 20_000


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


def check_ends(find: object, text: str) -> None:
    assert callable(find)
    found = find(text)
    assert [] == [span for span in found.removals if span.end > len(text)]
