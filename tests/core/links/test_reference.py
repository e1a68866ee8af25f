"""A mail's reference number: the same everywhere, and read in spite of usual typing errors."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import MessageId
from relay_core.links.reference import parse_reference, reference, reference_in, reference_of
from relay_core.links.tokens import LinkKeys, issue_token, message_ref

KEYS = LinkKeys(current=bytes(range(32)))
IDS = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=40).map(MessageId)


@given(IDS)
def test_a_token_names_the_reference_of_its_message(message_id: MessageId) -> None:
    found = reference(message_id)
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}", found)
    assert found == reference_of(message_ref(message_id))
    assert found == reference_in(issue_token(message_id, "anna@example.com", KEYS))


@given(IDS)
def test_a_reference_is_found_however_it_is_typed(message_id: MessageId) -> None:
    found = reference(message_id)
    for typed in (found, found.lower(), found.replace("-", ""), f" {found} "):
        assert found == parse_reference(typed)
    assert found == parse_reference(found.replace("0", "o").replace("1", "l"))


@pytest.mark.parametrize("text", ["", "K7Q2", "K7Q2-MX4", "K7Q2-MX4PP", "K7Q2-MX4U", "K7Q2_MX4P"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert parse_reference(text) is None
