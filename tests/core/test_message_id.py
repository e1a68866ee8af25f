"""A mail's id is its key's last component, and no two keys have the same."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.keys import RawKey, message_id_of

NAMES = st.text(st.sampled_from("ab/_ .=ä%0"), max_size=6) | st.from_regex(
    r"[ab_]{1,2}=[0-9a-f]{16}", fullmatch=True
)
KEYS = NAMES.map("incoming/".__add__) | NAMES.map("other/".__add__)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("incoming/0abc", "0abc"),
        ("0abc", "0abc"),
        ("incoming/a_b", "a_b"),
        ("stdin", "stdin"),
    ],
)
def test_what_ses_calls_a_mail_is_its_id(key: str, expected: str) -> None:
    assert expected == message_id_of(RawKey(key))


@given(KEYS, KEYS)
@example("incoming/a b", "incoming/a_b")
@example("incoming/a", "other/a")
@example("incoming/a", "incoming/x/a")
@example("incoming/", "incoming/_")
def test_no_two_keys_have_the_same(first: str, second: str) -> None:
    assert (message_id_of(RawKey(first)) == message_id_of(RawKey(second))) is (first == second)


@given(KEYS)
def test_it_is_harmless_in_keys_and_the_id_of_itself(key: str) -> None:
    message_id = message_id_of(RawKey(key))
    assert re.fullmatch(r"[A-Za-z0-9._=-]+", message_id)
    assert message_id == message_id_of(RawKey(message_id))


def test_no_key_gets_the_id_that_was_made_for_another() -> None:
    made = message_id_of(RawKey("incoming/a b"))
    assert made != message_id_of(RawKey(f"incoming/{made}"))
