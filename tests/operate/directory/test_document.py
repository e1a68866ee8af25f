"""The errors in a recipient directory, with their lines."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operate.directory.document import MAX_BYTES, find_problems, show_changes
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
    ("document", "message"),
    [
        ("", "line 1: the document: is not JSON"),
        ('{\n "groups": {\n  "a": ["a@x.org"],\n }\n}', "line 4: the document: is not JSON"),
        ("[]", "line 1: the document: must be a JSON object"),
        ('{\n "group": {}\n}', "line 2: group: is unknown"),
        ('{"groups": {\n "a": ["a@x.org"],\n "a": []}}', "line 3: a: is there twice"),
        ('{"groups": {\n "a": [],\n "b": [],\n "A": []}}', "line 4: groups.a: is there twice"),
        ('{"groups": {\n "a":\n  "a@x.org"}}', "line 2: groups.a: must be a list"),
        ('{"groups": {"a": [\n "a@x.org",\n 7]}}', "line 3: groups.a[1]: must be text"),
        ('{\n"defaultRecipients": {"*.x.org": [\n1]}}', "line 3: defaultRecipients.*.x.org[0]"),
        ("[" * 8000, "line 1: the document: is n"),  # nested too deep, or no JSON
    ],
)
def test_what_no_worker_could_read_is_reported_with_its_line(document: str, message: str) -> None:
    (wrong,) = (one for one in find_problems(document) if one.fires_alarm)
    assert str(wrong).startswith(message)
    with pytest.raises(UnreadableDirectory):
        parse_directory(document)


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (
            '{"groups": {\n "a": ["a@x.org"],\n "b": [\n"a@x.org",\n"anna"]}}',
            "line 5: groups.b[1]: in the group @b",
        ),
        (
            '{"defaultRecipients": {\n "x.org": [\n"a@x.org",\n"@b"]}}',
            "line 4: defaultRecipients.x.org[1]: there is no group @b",
        ),
        ('{"groups": {\n "a b": ["a@x.org"]}}', "line 2: groups.a b: a group's name"),
        ('{"groups": {\n\n "a": []}}', "line 3: groups.a: the group @a has no member"),
        (
            '{"defaultRecipients": {\n "x y": ["a@x.org"]}}',
            "line 2: defaultRecipients.x y: a sender must be an address",
        ),
    ],
)
def test_what_mail_would_be_refused_for_is_reported_too(document: str, message: str) -> None:
    (wrong,) = find_problems(document)
    assert message in str(wrong)
    assert not wrong.fires_alarm


def test_each_member_that_is_wrong_is_reported() -> None:
    document = '{"groups": {\n "a": ["no",\n "b@x.org",\n "@c"],\n "c": ["@a",\n "no",\n "no"]}}'
    message = [(wrong.line, wrong.place) for wrong in find_problems(document)]
    of_a = [(2, "groups.a[0]"), (4, "groups.a[2]"), (4, "groups.a[2]")]
    of_c = [(5, "groups.c[0]"), (5, "groups.c[0]"), (6, "groups.c[1]"), (7, "groups.c[2]")]
    assert [*of_a, *of_c] == message


def test_one_that_no_parameter_holds_is_wrong() -> None:
    def document(size: int) -> str:
        members = {f"g{number}": ["anna@example.org"] for number in range(100)}
        return json.dumps({"groups": members}).ljust(size)

    assert () == find_problems(document(MAX_BYTES))
    (wrong,) = find_problems(document(MAX_BYTES + 1))
    assert "has 8193 bytes" in wrong.rule
    (wrong,) = find_problems('{"groups": {"a": ["no", ' + '"no",\n' * 60_000 + "7]}}")
    assert "an SSM parameter can have at most" in wrong.rule


@given(LISTS, LISTS)
def test_nothing_else_is_wrong(
    groups: dict[str, list[str]], defaults: dict[str, list[str]]
) -> None:
    """The reported errors are exactly those that make a worker fail or cause a notice later."""
    document = json.dumps({"groups": groups, "defaultRecipients": defaults}, indent=1)
    try:
        problems = len(directory_problems(parse_directory(document)))
    except UnreadableDirectory:
        problems = 1
    assert problems == len(find_problems(document))


@given(st.text('{}[]:,"\\ \nab0', max_size=40))
def test_whatever_the_document_is_an_answer_comes(document: str) -> None:
    try:
        parse_directory(document)
        is_readable = True
    except UnreadableDirectory:
        is_readable = False
    assert is_readable is not any(one.fires_alarm for one in find_problems(document))


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
