"""The grammar of recipient codes: formatting, parsing, and errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from relay_core.errors import Span
from relay_core.recipient_code import (
    Address,
    CodeError,
    RecipientCode,
    code_finding,
    find_in_html,
    find_in_text,
    format_code,
    parse_code,
)
from relay_core.text.spans import cut
from tests.core.recipient_code.reading import entries, errors, in_text, spelled
from tests.core.recipient_code_strategies import ADDR_SPECS, CODES, MARKER, Written, written_codes


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
    at_once = [find_in_text(text, (marker,)), find_in_html(text, (marker,))]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(code_finding, "_find_regular", lambda *_: None)
        step_by_step = [find_in_text(text, (marker,)), find_in_html(text, (marker,))]
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
        # A mailer wraps at a blank or at any character.
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


def test_an_error_is_the_same_text_in_each_process() -> None:
    script = (
        "from relay_core.recipient_code import find_in_text\n"
        "print(find_in_text(':MarkerCode:a@example.net{[:MarkerCode:', ('MarkerCode',)))"
    )
    texts = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            check=True,
        ).stdout
        for seed in "0123"
    }
    assert 1 == len(texts)
