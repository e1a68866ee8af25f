"""The recipient directory: groups, and default recipients for devices that cannot name any.

It is one JSON document, which an operator changes while the relay runs:

    {"groups": {"oncall": ["anna@example.org", "@backup"], "backup": ["ben@example.org"]},
     "defaultRecipients": {"*.plant.example": ["@oncall"]}}

There are two kinds of error, because the document is edited by hand while mail is relayed:

* A document that is not such an object (a comma too many, a text where a list should be, an
  unknown or repeated key) is unreadable as a whole. It is never treated as an empty document,
  because valid mail would then be refused.
* A member that is not an address, a missing group, or groups that contain each other: only these
  entries fail. The other recipients get the mail, and the notice names the place.

`directory_problems` finds the second kind ahead of time, for a document that is about to be
deployed. Names of groups are compared without regard to letter case.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from relay_core.addresses.mailbox import InvalidAddress, parse_addr_spec
from relay_core.addresses.patterns import canonical_pattern, most_specific
from relay_core.errors import Reason, Refusal, RelayError
from relay_core.recipient_code import Address, Entry, Group

GROUPS = "groups"
DEFAULT_RECIPIENTS = "defaultRecipients"

_GROUP_NAME = re.compile(r"[A-Za-z0-9_.-]{1,64}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The members of groups, and the default recipients of senders whose mail names none.

    `groups` maps a name to its members, `default_recipients` a sender to recipients. A sender is
    a pattern (see `relay_core.addresses.patterns`); members and recipients are addr-specs, or `@`
    and the name of a group. The values are not validated; see `directory_problems`.
    """

    groups: Mapping[str, tuple[str, ...]]
    default_recipients: Mapping[str, tuple[str, ...]]


EMPTY_DIRECTORY = Directory(groups={}, default_recipients={})


class UnreadableDirectory(RelayError):
    """The document is not a directory. `place` is where (`groups.oncall[2]`), `rule` the cause."""

    def __init__(self, *, place: str, rule: str) -> None:
        super().__init__(f"{place}: {rule}")
        self.place = place
        self.rule = rule


# --- the document --------------------------------------------------------------------------------


def parse_directory(document: str) -> Directory:
    """The directory that a JSON document holds. A part that is left out is empty.

    Raises:
        UnreadableDirectory: naming the first invalid place.
    """
    try:
        data = json.loads(document, object_pairs_hook=_object)
    except ValueError as error:
        raise UnreadableDirectory(place="the document", rule=f"is not JSON: {error}") from None
    except RecursionError:
        raise UnreadableDirectory(place="the document", rule="is nested too deep") from None
    if not isinstance(data, dict):
        raise UnreadableDirectory(place="the document", rule="must be a JSON object")
    if unknown := sorted(data.keys() - {GROUPS, DEFAULT_RECIPIENTS}):
        rule = f"is unknown; {GROUPS} and {DEFAULT_RECIPIENTS} are all there is"
        raise UnreadableDirectory(place=unknown[0], rule=rule)
    groups = _parse_lists(data.get(GROUPS, {}), GROUPS)
    if twice := _twice(name.lower() for name in groups):
        rule = "is there twice, but for letter case"
        raise UnreadableDirectory(place=f"{GROUPS}.{twice}", rule=rule)
    return Directory(
        groups=groups,
        default_recipients=_parse_lists(data.get(DEFAULT_RECIPIENTS, {}), DEFAULT_RECIPIENTS),
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    # JSON parsers silently drop the first of two equal keys.
    if twice := _twice(name for name, _ in pairs):
        raise UnreadableDirectory(place=twice, rule="is there twice")
    return dict(pairs)


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None


def _parse_lists(value: object, place: str) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise UnreadableDirectory(place=place, rule="must be an object of lists")
    for name, members in value.items():
        if not isinstance(members, list):
            raise UnreadableDirectory(place=f"{place}.{name}", rule="must be a list of text")
        for index, member in enumerate(members):
            if not isinstance(member, str):
                raise UnreadableDirectory(place=f"{place}.{name}[{index}]", rule="must be text")
    return {name: tuple(members) for name, members in value.items()}


def format_directory(directory: Directory) -> str:
    """The inverse of `parse_directory`: JSON that a person can edit."""
    document = {
        GROUPS: {name: list(members) for name, members in directory.groups.items()},
        DEFAULT_RECIPIENTS: {
            sender: list(recipients) for sender, recipients in directory.default_recipients.items()
        },
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


# --- expansion -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The addr-specs of entries, once each and in order, and the entries that failed."""

    addr_specs: tuple[str, ...]
    refusals: tuple[Refusal, ...]


def expand(entries: Iterable[Entry], directory: Directory) -> Expansion:
    """The addresses that a recipient code's entries stand for.

    A group is expanded once, however often it is named.
    """
    addr_specs: dict[str, str] = {}  # by the form in which duplicates are equal
    refusals: dict[str, Refusal] = {}
    for _, item in _walk(entries, directory):
        if isinstance(item, Refusal):
            refusals.setdefault(item.detail, item)
        else:
            addr_specs.setdefault(item.lower(), item)
    return Expansion(addr_specs=tuple(addr_specs.values()), refusals=tuple(refusals.values()))


def _walk(
    entries: Iterable[Entry | Refusal], directory: Directory
) -> Iterator[tuple[tuple[int, ...], str | Refusal]]:
    """Depth first, without recursion: the document decides the depth.

    Each result has its index in `entries`, and its index in the group.
    """
    groups = {name.lower(): (name, members) for name, members in directory.groups.items()}
    done: set[str] = set()
    path: dict[str, str] = {}  # the groups that are being expanded, outermost first
    open_lists: list[Iterator[Entry | Refusal]] = [iter(entries)]
    indexes = [-1]
    while open_lists:
        entry = next(open_lists[-1], None)
        indexes[-1] += 1
        at = tuple(indexes[:2])
        if entry is None:
            open_lists.pop()
            indexes.pop()
            if path:
                path.popitem()
        elif isinstance(entry, Refusal):
            yield at, entry
        elif isinstance(entry, Address):
            yield at, entry.addr_spec
        elif (key := entry.name.lower()) in path:
            circle = [*list(path.values())[list(path).index(key) :], path[key]]
            names = " → ".join(f"@{name}" for name in circle)
            yield at, _not_usable(f"the groups {names} contain each other")
        elif key not in groups:
            where = f" that the group @{list(path.values())[-1]} names" if path else ""
            yield at, _not_usable(f"there is no group @{entry.name}{where}")
        elif key not in done:
            done.add(key)
            name, members = groups[key]
            if not members:
                yield at, _not_usable(f"the group @{name} has no member")
            path[key] = name
            indexes.append(-1)
            open_lists.append(_parse_members(members, f"in the group @{name}"))


def _parse_members(members: Sequence[str], where: str) -> Iterator[Entry | Refusal]:
    for member in members:
        try:
            yield parse_member(member)
        except InvalidAddress as error:
            yield _not_usable(f"{where}: {error}")


def parse_member(text: str) -> Entry:
    """A member of a group, or a default recipient: an addr-spec, or `@` and a group's name.

    Raises:
        InvalidAddress: naming what was expected.
    """
    member = text.strip()
    if not member.startswith("@"):
        return Address(addr_spec=parse_addr_spec(member))
    if not _GROUP_NAME.match(member[1:]):
        raise InvalidAddress(expected="a group's name behind the @", found=member)
    return Group(name=member[1:])


def _not_usable(detail: str) -> Refusal:
    return Refusal(reason=Reason.UNKNOWN_GROUP, detail=detail)


def find_labelled_groups(labels: Iterable[str], directory: Directory) -> tuple[Group, ...]:
    """The groups that labels of the relay's address name. Other labels are left out."""
    names = {name.lower(): name for name in directory.groups}
    return tuple(Group(name=names[one.lower()]) for one in labels if one.lower() in names)


@dataclass(frozen=True, slots=True, kw_only=True)
class DefaultRecipients:
    """The default recipients for a sender; `pattern` is their key in the document."""

    pattern: str
    entries: tuple[Entry, ...]
    refusals: tuple[Refusal, ...]


def find_default_recipients(sender: str | None, directory: Directory) -> DefaultRecipients | None:
    """The default recipients of a sender (an addr-spec), or None if it has none.

    Only the most specific key counts (`patterns.most_specific`); keys are not combined. A mail
    without a sender's address has none, not even those of `*`.
    """
    pattern = sender and most_specific(sender, directory.default_recipients)
    if not pattern:
        return None
    where = f"in {DEFAULT_RECIPIENTS} of {pattern}"
    members = directory.default_recipients[pattern]
    parsed = list(_parse_members(members, where))
    if not members:
        parsed.append(_not_usable(f"{where}: the list is empty"))
    return DefaultRecipients(
        pattern=pattern,
        entries=tuple(one for one in parsed if not isinstance(one, Refusal)),
        refusals=tuple(one for one in parsed if isinstance(one, Refusal)),
    )


# --- before it is deployed -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryProblem:
    """One wrong place, and the rule that it breaks.

    The place is a key of a part (`groups` or `defaultRecipients`), or the member with an `index`.
    """

    part: str
    value: str
    rule: str
    index: int | None = None

    @property
    def place(self) -> str:
        """Where it is, as `UnreadableDirectory` names places: `groups.oncall[2]`."""
        return f"{self.part}.{self.value}{'' if self.index is None else f'[{self.index}]'}"


def directory_problems(directory: Directory) -> tuple[DirectoryProblem, ...]:
    """All errors in a directory that would cause refusals."""
    return tuple(dict.fromkeys((*_group_problems(directory), *_default_problems(directory))))


def _group_problems(directory: Directory) -> Iterator[DirectoryProblem]:
    seen: set[str] = set()
    for name in directory.groups:
        if not _GROUP_NAME.match(name):
            rule = "a group's name must be 1 to 64 letters, digits, dots, hyphens or underscores"
            yield DirectoryProblem(part=GROUPS, value=name, rule=rule)
            continue
        if name.lower() in seen:
            rule = "groups must differ in more than letter case"
            yield DirectoryProblem(part=GROUPS, value=name, rule=rule)
        seen.add(name.lower())
        for at, item in _walk((Group(name=name),), directory):
            if isinstance(item, Refusal):
                index = at[1] if len(at) > 1 else None
                yield DirectoryProblem(part=GROUPS, value=name, rule=item.detail, index=index)


def _default_problems(directory: Directory) -> Iterator[DirectoryProblem]:
    seen: dict[str, str] = {}
    for sender, recipients in directory.default_recipients.items():

        def problem(
            rule: str, index: int | None = None, *, sender: str = sender
        ) -> DirectoryProblem:
            return DirectoryProblem(part=DEFAULT_RECIPIENTS, value=sender, rule=rule, index=index)

        pattern = canonical_pattern(sender)
        if pattern is None:
            yield problem('a sender must be an address, a domain, "*." and a domain, or "*"')
        elif pattern in seen:
            yield problem(f"means the same senders as {seen[pattern]}")
        else:
            seen[pattern] = sender
        if not recipients:
            yield problem("a sender must have a default recipient")
        for (index, *_), item in _walk(_parse_members(recipients, "the list"), directory):
            if isinstance(item, Refusal):
                yield problem(item.detail, index)
