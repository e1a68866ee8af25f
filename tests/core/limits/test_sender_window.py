"""The window in which a sender's mail is counted."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import MessageId
from relay_core.limits.notice_claim import NoticeClaim
from relay_core.limits.sender_limit import SenderWindow, format_window, parse_window

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have no zone
LENGTHS = st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds))
NAMES = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8).map(MessageId)
WINDOWS = st.builds(
    lambda at, sender, length, names, claim: replace(
        SenderWindow.at(at, sender=sender, length=length),
        let_through=tuple(names),
        claim=claim,
    ),
    TIMES,
    st.none() | st.text(st.characters(codec="utf-8"), max_size=8),
    LENGTHS,
    st.lists(NAMES, unique=True, max_size=4),
    st.builds(
        NoticeClaim, is_published=st.booleans(), holder=st.none() | NAMES, since=st.none() | TIMES
    ),
)


@given(WINDOWS)
def test_parse_is_the_inverse_of_format(window: SenderWindow) -> None:
    assert window == parse_window(format_window(window))


@pytest.mark.parametrize("document", [b"", b"[]", b"null", b"{}", b'{"schema": 3}', b"\xff"])
def test_what_is_no_window_is_an_error(document: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_window(document)


@given(TIMES, LENGTHS)
def test_a_mail_lies_in_the_window_that_it_arrived_in(at: datetime, length: timedelta) -> None:
    window = SenderWindow.at(at, sender=None, length=length)
    assert window.started_at <= at < window.ends_at
    assert window == SenderWindow.at(window.started_at, sender=None, length=length)
    following = SenderWindow.at(window.ends_at, sender=None, length=length)
    assert window.ends_at == following.started_at
    assert window.key != following.key


@given(WINDOWS, st.lists(NAMES, max_size=20), st.integers(1, 5))
def test_a_window_stays_small_and_counts_each_mail_once(
    window: SenderWindow, names: list[MessageId], limit: int
) -> None:
    for name in names:
        counted = window.with_message(name, limit, NOON)
        assert counted == counted.with_message(name, limit, NOON)
        window = counted
    assert len(window.let_through) <= max(limit, 4)
    assert len(set(window.let_through)) == len(window.let_through)


@given(st.text(max_size=20), st.text(max_size=20))
def test_keys_are_harmless_and_tell_senders_apart(one: str, other: str) -> None:
    keys = [
        SenderWindow.at(NOON, sender=sender, length=timedelta(minutes=5)).key
        for sender in (one, other)
    ]
    assert (keys[0] == keys[1]) is (one.lower() == other.lower())
    assert all(set(key) <= set("0123456789abcdefTZs/-") for key in keys)
