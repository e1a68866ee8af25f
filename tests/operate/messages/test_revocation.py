"""Only the revoked recipient's link is refused; an undo restores it; no change is lost."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given

from operate.messages.redelivery import NotDone
from operate.messages.revocation import plan_revocation, sharing_a_link
from relay_core.links.download import LinkStatus
from relay_core.record.manifest import (
    ManifestState,
)
from tests.operate.manifests import ANNA, BEN, NOW, manifest, to
from tests.operate.messages.links_of_a_message import (
    ALL,
    LATER,
    MESSAGE,
    NUMBERS,
    RECIPIENTS,
    fetchable,
    is_open,
    view,
)


@given(RECIPIENTS, NUMBERS)
def test_the_links_of_the_named_recipients_alone_are_revoked(
    recipients: set[str], numbers: set[int]
) -> None:
    revoked = plan_revocation(MESSAGE, sorted(recipients), sorted(numbers), NOW).apply(MESSAGE)
    shut_out = recipients if recipients or numbers else set(ALL)
    for recipient in ALL:
        expected = LinkStatus.REVOKED if recipient in shut_out else LinkStatus.AVAILABLE
        assert expected is view(revoked, recipient).status
    if shut_out != set(ALL):
        assert {1, 2} - numbers == fetchable(revoked)
    # The rest of the manifest is unchanged.
    unmarked = replace(
        revoked,
        deliveries=tuple(replace(one, revoked_at=None) for one in revoked.deliveries),
        attachments=tuple(replace(one, revoked_at=None) for one in revoked.attachments),
    )
    assert MESSAGE == unmarked


@given(RECIPIENTS, NUMBERS, RECIPIENTS, NUMBERS)
def test_an_undo_restores_exactly_what_is_named(
    recipients: set[str], numbers: set[int], restored: set[str], again: set[int]
) -> None:
    before = plan_revocation(MESSAGE, sorted(recipients), sorted(numbers), NOW).apply(MESSAGE)
    same = plan_revocation(before, sorted(recipients), sorted(numbers), None).apply(before)
    assert MESSAGE == same
    after = plan_revocation(before, sorted(restored), sorted(again), None).apply(before)
    for recipient in ALL:
        named = recipient in restored or not (restored or again)
        assert is_open(after, recipient) == (named or is_open(before, recipient))
    for file, was in zip(after.attachments, before.attachments, strict=True):
        named = after.attachments.index(file) + 1 in again
        assert file.revoked_at == (None if named else was.revoked_at)


def test_since_when_it_is_revoked_does_not_move() -> None:
    once = plan_revocation(MESSAGE, (), (), NOW).apply(MESSAGE)
    assert once == plan_revocation(once, (), (), LATER).apply(once)


def test_letter_case_opens_no_way_around() -> None:
    message = manifest("m1", to(ANNA), to("Anna@Example.COM"), to(BEN))
    revoked = plan_revocation(message, (ANNA.upper(),), (), NOW).apply(message)
    for recipient in (ANNA, "Anna@Example.COM", ANNA.upper()):
        assert LinkStatus.REVOKED is view(revoked, recipient).status
    assert is_open(revoked, BEN)
    assert 2 == len(sharing_a_link(message, ANNA))


@pytest.mark.parametrize(
    ("recipients", "numbers", "words"),
    [
        (("x@example.org",), (), "x@example.org is no recipient of m1"),
        ((ANNA, "x@example.org"), (), "x@example.org is no recipient of m1"),
        ((), (0,), "no attachment 0 of 2"),
        ((), (1, 3), "no attachment 3 of 2; 'relayctl show m1' numbers them"),
    ],
)
def test_what_is_not_of_the_message_is_named(
    recipients: tuple[str, ...], numbers: tuple[int, ...], words: str
) -> None:
    with pytest.raises(NotDone, match=words):
        plan_revocation(MESSAGE, recipients, numbers, NOW)


def test_where_no_recipient_has_a_link_there_is_none_to_revoke() -> None:
    with pytest.raises(NotDone, match=r"m1 \(held\) has no recipients"):
        plan_revocation(manifest(state=ManifestState.HELD), (), (), NOW)
