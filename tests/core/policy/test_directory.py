"""The recipient directory: the meaning of its document, and how errors in it are handled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.errors import Reason
from relay_core.policy.directory import (
    EMPTY_DIRECTORY,
    Directory,
    UnreadableDirectory,
    directory_problems,
    expand,
    find_default_recipients,
    format_directory,
    parse_directory,
)
from relay_core.recipient_code import Address, Entry, Group
from tests.core.recipient_code_strategies import ADDR_SPECS, ENTRIES

NAMES = st.sampled_from(["a", "b", "c", "d", "oncall"])
MEMBERS = ADDR_SPECS | NAMES.map("@{}".format) | st.sampled_from(["", "@", "nobody", "@a b"])
LISTS = st.lists(MEMBERS, max_size=4).map(tuple)
DIRECTORIES = st.builds(
    Directory,
    groups=st.dictionaries(NAMES | st.sampled_from(["", "A", "x y"]), LISTS, max_size=5),
    default_recipients=st.dictionaries(
        st.sampled_from(["a@b.example", "b.example", "*.example", "*", "nonsense"]), LISTS
    ),
)


def directory(**groups: list[str]) -> Directory:
    return Directory(
        groups={name: tuple(members) for name, members in groups.items()}, default_recipients={}
    )


def names(text: str) -> list[Entry]:
    return [
        Group(name=one[1:]) if one.startswith("@") else Address(addr_spec=one)
        for one in text.split()
    ]


# --- the document


@given(DIRECTORIES.filter(lambda one: len({n.lower() for n in one.groups}) == len(one.groups)))
def test_parse_is_the_inverse_of_format(given_directory: Directory) -> None:
    assert given_directory == parse_directory(format_directory(given_directory))


def test_what_is_left_out_is_empty() -> None:
    assert EMPTY_DIRECTORY == parse_directory("{}")


@pytest.mark.parametrize(
    ("document", "place"),
    [
        ("", "the document"),
        ("{", "the document"),
        ("[]", "the document"),
        ("null", "the document"),
        ('"text"', "the document"),
        ("[" * 100_000, "the document"),
        ('{"group": {}}', "group"),
        ('{"groups": []}', "groups"),
        ('{"groups": null}', "groups"),
        ('{"defaultRecipients": "a@b.example"}', "defaultRecipients"),
        ('{"groups": {"oncall": "a@b.example"}}', "groups.oncall"),
        ('{"groups": {"oncall": ["a@b.example", 1]}}', "groups.oncall[1]"),
        ('{"groups": {"oncall": [], "oncall": ["a@b.example"]}}', "oncall"),
        ('{"groups": {}, "groups": {"a": []}}', "groups"),
        ('{"groups": {"OnCall": [], "oncall": []}}', "groups.oncall"),
    ],
)
def test_what_is_no_directory_is_an_error_that_names_the_place(document: str, place: str) -> None:
    with pytest.raises(UnreadableDirectory) as caught:
        parse_directory(document)
    assert place == caught.value.place


@given(st.text() | st.recursive(st.none() | st.text(), st.lists).map(str))
def test_any_text_is_a_directory_or_an_error(document: str) -> None:
    try:
        parse_directory(document)
    except UnreadableDirectory as error:
        assert error.rule  # noqa: PT017 - most texts raise, and some do not


# --- groups


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ("@oncall", ["anna@x.example", "ben@x.example", "cleo@x.example"]),
        ("@ONCALL", ["anna@x.example", "ben@x.example", "cleo@x.example"]),
        ("ben@x.example @oncall", ["ben@x.example", "anna@x.example", "cleo@x.example"]),
        ("@backup @oncall", ["ben@x.example", "cleo@x.example", "anna@x.example"]),
        ("@oncall @oncall @backup", ["anna@x.example", "ben@x.example", "cleo@x.example"]),
    ],
)
def test_groups_stand_for_their_members_once_each_and_in_order(
    entries: str, expected: list[str]
) -> None:
    found = expand(
        names(entries),
        directory(
            OnCall=["anna@x.example", "@backup"], backup=["Ben@X.example", "cleo@x.example"]
        ),
    )
    assert expected == [one.lower() for one in found.addr_specs]
    assert () == found.refusals


@pytest.mark.parametrize(
    ("members", "detail"),
    [
        (["@ghost"], "there is no group @ghost that the group @a names"),
        (["@b"], "the groups @a → @b → @a contain each other"),
        (["@a"], "the groups @a → @a contain each other"),
        (["nobody"], "in the group @a: expected an address, found 'nobody'"),
        (["@x y"], "in the group @a: expected a group's name behind the @, found '@x y'"),
        (["@empty"], "the group @empty has no member"),
    ],
)
def test_a_wrong_member_is_named_and_spoils_no_other(members: list[str], detail: str) -> None:
    found = expand(
        names("@a"), directory(a=["anna@x.example", *members], b=["ben@x.example", "@A"], empty=[])
    )
    assert found.addr_specs[:1] == ("anna@x.example",)
    assert [(Reason.UNKNOWN_GROUP, detail)] == [(one.reason, one.detail) for one in found.refusals]


def test_an_unknown_group_of_a_code_is_named() -> None:
    (refusal,) = expand(names("@night"), EMPTY_DIRECTORY).refusals
    assert (Reason.UNKNOWN_GROUP, "there is no group @night") == (refusal.reason, refusal.detail)


def test_nested_as_deep_as_a_document_can_be() -> None:
    groups = {f"g{n}": [f"@g{n + 1}"] for n in range(5000)}
    found = expand(names("@g0"), directory(**groups, g5000=["a@x.example"]))
    assert ("a@x.example",) == found.addr_specs
    assert () == found.refusals


def test_groups_that_hold_the_next_twice_are_looked_into_once() -> None:
    groups = {f"g{n}": [f"@g{n + 1}", f"@g{n + 1}"] for n in range(200)}
    found = expand(names("@g0"), directory(**groups, g200=["a@x.example"]))
    assert ("a@x.example",) == found.addr_specs


def reachable(start: list[str], given_directory: Directory) -> set[str]:
    """The addresses of names, found by the simplest algorithm."""
    groups = {name.lower(): members for name, members in given_directory.groups.items()}
    seen: set[str] = set()
    waiting = list(start)
    while waiting:
        member = waiting.pop()
        if member in seen:
            continue
        seen.add(member)
        if member in {f"@{name}" for name in ("a", "b", "c", "d", "oncall")}:
            waiting += groups.get(member[1:].lower(), ())
    return {one.lower() for one in seen if "@" in one[1:]}


@given(st.lists(NAMES, min_size=1, max_size=3), DIRECTORIES)
def test_exactly_the_recipients_that_can_be_reached_are_reached(
    asked: list[str], given_directory: Directory
) -> None:
    if len({name.lower() for name in given_directory.groups}) < len(given_directory.groups):
        return
    found = expand([Group(name=name) for name in asked], given_directory)
    assert reachable([f"@{name}" for name in asked], given_directory) == {
        one.lower() for one in found.addr_specs
    }
    assert len(found.addr_specs) == len({one.lower() for one in found.addr_specs})


@given(st.lists(ENTRIES, min_size=1), DIRECTORIES)
def test_a_recipient_that_is_not_reached_is_reported(
    entries: list[Entry], given_directory: Directory
) -> None:
    found = expand(entries, given_directory)
    assert found.addr_specs or found.refusals


# --- default recipients


@pytest.mark.parametrize(
    ("sender", "expected"),
    [
        ("cam@gate.plant.example", ("cam@gate.plant.example", ["gate@x.example"])),
        ("CAM@gate.plant.example", ("cam@gate.plant.example", ["gate@x.example"])),
        ("pump@gate.plant.example", ("*.plant.example", ["@oncall", "boss@x.example"])),
        ("pump@plant.example", None),
        (None, None),
    ],
)
def test_the_closest_sender_decides(
    sender: str | None, expected: tuple[str, list[str]] | None
) -> None:
    found = find_default_recipients(
        sender,
        Directory(
            groups={},
            default_recipients={
                "*.plant.example": ("@oncall", "boss@x.example"),
                "cam@gate.plant.example": ("gate@x.example",),
            },
        ),
    )
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (expected[0], tuple(names(" ".join(expected[1])))) == (found.pattern, found.entries)


def test_a_mail_without_a_sender_has_no_default_recipients() -> None:
    everybody = Directory(groups={}, default_recipients={"*": ("a@x.example",)})
    assert find_default_recipients(None, everybody) is None


@given(st.sampled_from(["a@b.example", "x@y.b.example", "x@other.test"]), DIRECTORIES)
def test_default_recipients_are_never_silently_empty(
    sender: str, given_directory: Directory
) -> None:
    found = find_default_recipients(sender, given_directory)
    assert found is None or found.entries or found.refusals


# --- before it is deployed


@given(DIRECTORIES)
def test_a_directory_without_problems_refuses_no_mail(given_directory: Directory) -> None:
    if directory_problems(given_directory):
        return
    for name in given_directory.groups:
        assert () == expand([Group(name=name)], given_directory).refusals
    for sender in ("a@b.example", "x@y.b.example", "x@other.test"):
        found = find_default_recipients(sender, given_directory)
        if found is not None:
            assert () == found.refusals
            assert () == expand(found.entries, given_directory).refusals
    assert given_directory == parse_directory(format_directory(given_directory))


@pytest.mark.parametrize(
    ("groups", "defaults", "expected"),
    [
        ({"a b": ["a@x.example"]}, {}, ("groups", "a b", "64 letters")),
        ({"A": ["a@x.example"], "a": ["a@x.example"]}, {}, ("groups", "a", "letter case")),
        ({"a": []}, {}, ("groups", "a", "no member")),
        ({}, {"plant": ["a@x.example"]}, ("defaultRecipients", "plant", "must be an address")),
        ({}, {"*": []}, ("defaultRecipients", "*", "must have a default recipient")),
        ({}, {"*": ["nobody"]}, ("defaultRecipients", "*", "found 'nobody'")),
        ({}, {"*": ["@night"]}, ("defaultRecipients", "*", "no group @night")),
        (
            {},
            {"b.example": ["a@x.example"], "B.example": ["a@x.example"]},
            ("defaultRecipients", "B.example", "the same senders as b.example"),
        ),
    ],
)
def test_problems_are_found_by_part_and_place(
    groups: dict[str, list[str]], defaults: dict[str, list[str]], expected: tuple[str, str, str]
) -> None:
    (problem,) = directory_problems(
        Directory(
            groups={name: tuple(members) for name, members in groups.items()},
            default_recipients={sender: tuple(members) for sender, members in defaults.items()},
        )
    )
    part, value, rule = expected
    assert (part, value) == (problem.part, problem.value)
    assert rule in problem.rule
