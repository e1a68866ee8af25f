"""What is wrong in a recipient directory, and on which line."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.directory.document import MOST_BYTES, find_wrong, show_changes
from operate.directory.lines import find_lines
from relay_core.policy.directory import (
    Directory,
    UnreadableDirectory,
    directory_problems,
    format_directory,
    parse_directory,
)

NAMES = st.text('aB.-_*"\\é{}[]:, \n', min_size=1, max_size=6)
MEMBERS = st.lists(st.sampled_from(["a@x.org", "@a", "@B", "no", "@", '"\\{[']), max_size=3)
LISTS = st.dictionaries(NAMES, MEMBERS, max_size=3)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("", "line 1: the document: is no JSON"),
        ('{\n "groups": {\n  "a": ["a@x.org"],\n }\n}', "line 4: the document: is no JSON"),
        ("[]", "line 1: the document: must be a JSON object"),
        ('{\n "group": {}\n}', "line 2: group: is unknown"),
        ('{"groups": {\n "a": ["a@x.org"],\n "a": []}}', "line 3: a: is there twice"),
        ('{"groups": {\n "a": [],\n "b": [],\n "A": []}}', "line 4: groups.a: is there twice"),
        ('{"groups": {\n "a":\n  "a@x.org"}}', "line 2: groups.a: must be a list"),
        ('{"groups": {"a": [\n "a@x.org",\n 7]}}', "line 3: groups.a[1]: must be text"),
        ('{\n"defaultRecipients": {"*.x.org": [\n1]}}', "line 3: defaultRecipients.*.x.org[0]"),
        ("[" * 100_000, "line 1: the document: is nested too deep"),
    ],
)
def test_what_no_worker_could_read_is_told_with_its_line(document: str, told: str) -> None:
    (wrong,) = (one for one in find_wrong(document) if one.fires_alarm)
    assert str(wrong).startswith(told)
    with pytest.raises(UnreadableDirectory):
        parse_directory(document)


@pytest.mark.parametrize(
    ("document", "told"),
    [
        (
            '{"groups": {\n "a": ["a@x.org"],\n "b": ["anna"]}}',
            "line 3: groups.b: in the group @b",
        ),
        ('{"groups": {\n "a b": ["a@x.org"]}}', "line 2: groups.a b: a group's name"),
        ('{"groups": {\n\n "a": []}}', "line 3: groups.a: the group @a has no member"),
        ('{"defaultRecipients": {\n "x.org": ["@b"]}}', "there is no group @b"),
        ('{"defaultRecipients": {\n "x y": ["a@x.org"]}}', "a sender must be an address"),
    ],
)
def test_what_mail_would_be_refused_for_is_told_too(document: str, told: str) -> None:
    (wrong,) = find_wrong(document)
    assert told in str(wrong)
    assert document[: document.index('"' + wrong.place.split(".", 1)[1])].count("\n") == (
        wrong.line - 1
    )
    assert not wrong.fires_alarm


def test_one_that_no_parameter_holds_is_wrong() -> None:
    def document(size: int) -> str:
        members = {f"g{number}": ["anna@example.org"] for number in range(100)}
        return json.dumps({"groups": members}).ljust(size)

    assert () == find_wrong(document(MOST_BYTES))
    (wrong,) = find_wrong(document(MOST_BYTES + 1))
    assert "has 8193 bytes" in wrong.rule


@given(LISTS, LISTS)
def test_nothing_else_is_wrong(
    groups: dict[str, list[str]], defaults: dict[str, list[str]]
) -> None:
    """Exactly what a worker would fail to read or an operator be told of later."""
    document = json.dumps({"groups": groups, "defaultRecipients": defaults}, indent=1)
    try:
        problems = len(directory_problems(parse_directory(document)))
    except UnreadableDirectory:
        problems = 1
    assert problems == len(find_wrong(document))


@given(st.text('{}[]:,"\\ \nab0', max_size=40))
def test_whatever_the_document_is_an_answer_comes(document: str) -> None:
    try:
        parse_directory(document)
        is_readable = True
    except UnreadableDirectory:
        is_readable = False
    assert is_readable is not any(one.fires_alarm for one in find_wrong(document))


@given(LISTS, st.sampled_from([None, 1]))
def test_every_key_has_the_line_that_it_is_on(
    groups: dict[str, list[str]], indent: int | None
) -> None:
    document = json.dumps({"groups": groups}, indent=indent)
    lines = find_lines(document)
    for name in groups:
        line = document.split("\n")[lines[f"groups.{name}".lower()] - 1]
        assert json.dumps(name).lower() in line.lower()


def test_changes_are_those_of_lines_and_blanks_at_the_end_are_none() -> None:
    def document(*names: str) -> str:
        groups = dict.fromkeys(names, ("a@x.org",))
        return format_directory(Directory(groups=groups, default_recipients={}))

    assert [] == show_changes(document("a"), document("a") + "\n\n")
    changes = show_changes(document("a"), document("b"))
    assert {'-  "a": [', '+  "b": ['} <= set(changes)
