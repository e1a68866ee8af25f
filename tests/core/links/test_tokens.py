"""A token belongs to one recipient, and only the key can create it."""

from __future__ import annotations

import base64
import json
import secrets
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import MessageId
from relay_core.links.tokens import (
    KEY_BYTES,
    LinkKeys,
    TokenClaim,
    issue_token,
    message_ref,
    parse_link_keys,
    read_token,
    recipient_tag,
)

KEY = st.binary(min_size=KEY_BYTES, max_size=64)
IDS = st.text(string.ascii_letters + string.digits + "._=-", min_size=1, max_size=60).map(
    MessageId
)
ADDRESSES = st.emails()
KEYS = LinkKeys(current=bytes(range(32)))
TOKEN = issue_token(MessageId("0abc"), "anna@example.com", KEYS)
ALPHABET = string.ascii_letters + string.digits + "-_"


@given(KEY, KEY, IDS, ADDRESSES)
def test_a_token_says_whose_it_is_and_survives_one_rotation(
    first: bytes, second: bytes, message_id: MessageId, recipient: str
) -> None:
    claim = TokenClaim(message_ref=message_ref(message_id), recipient_tag=recipient_tag(recipient))
    token = issue_token(message_id, recipient, LinkKeys(current=first))
    assert claim == read_token(token, LinkKeys(current=first))
    assert claim == read_token(token, LinkKeys(current=second, previous=first))
    if first != second:
        assert read_token(token, LinkKeys(current=second)) is None


@given(KEY, IDS, ADDRESSES)
def test_a_token_is_short_the_same_each_time_and_fit_for_a_url(
    key: bytes, message_id: MessageId, recipient: str
) -> None:
    keys = LinkKeys(current=key)
    token = issue_token(message_id, recipient, keys)
    assert token == issue_token(message_id, recipient.upper(), keys)
    assert 40 == len(token)
    assert set(token) <= set(ALPHABET)


@given(IDS, IDS, ADDRESSES, ADDRESSES)
def test_no_two_recipients_and_no_two_messages_share_a_token(
    one: MessageId, other: MessageId, anna: str, ben: str
) -> None:
    is_same = (one, anna.lower()) == (other, ben.lower())
    assert is_same is (issue_token(one, anna, KEYS) == issue_token(other, ben, KEYS))


def test_a_hundred_thousand_guesses_and_mutations_open_nothing() -> None:
    found = 0
    for number in range(100_000):
        if number % 2:
            guess = base64.urlsafe_b64encode(secrets.token_bytes(30)).decode()
        else:
            place = number // 2 % len(TOKEN)
            letter = ALPHABET[(ALPHABET.index(TOKEN[place]) + 1 + number // 80 % 63) % 64]
            guess = TOKEN[:place] + letter + TOKEN[place + 1 :]
        found += read_token(guess, KEYS) is not None
    assert 0 == found


@given(st.text() | st.text(ALPHABET + "=+/", min_size=38, max_size=42))
def test_what_is_no_token_opens_nothing(text: str) -> None:
    assert (read_token(text, KEYS) is not None) is (text == TOKEN)


@pytest.mark.parametrize(
    "variant",
    [TOKEN + "=", TOKEN + "\n", " " + TOKEN, TOKEN[:-1], TOKEN.swapcase(), TOKEN + "AAAA", ""],
)
def test_no_other_spelling_of_a_token_opens_anything(variant: str) -> None:
    assert read_token(variant, KEYS) is None


@given(KEY, st.none() | KEY)
def test_keys_are_read_from_their_parameter(current: bytes, previous: bytes | None) -> None:
    document = json.dumps(
        {
            "current": base64.b64encode(current).decode(),
            "previous": previous and base64.b64encode(previous).decode(),
        }
    )
    assert LinkKeys(current=current, previous=previous) == parse_link_keys(document)


@pytest.mark.parametrize(
    "document",
    ["", "[]", "null", "{}", '{"current": "c2VjcmV0"}', '{"current": "*"}', '{"current": 1}'],
)
def test_what_are_no_keys_is_an_error_that_holds_nothing_of_them(document: str) -> None:
    with pytest.raises(ValueError, match=r".+") as caught:
        parse_link_keys(document)
    assert "c2VjcmV0" not in str(caught.value)


def test_no_key_is_shown() -> None:
    assert "secret" not in repr(LinkKeys(current=b"secret" * 10))
