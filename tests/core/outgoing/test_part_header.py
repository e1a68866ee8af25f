"""A part's header as it goes out leaves its content what it was."""

from __future__ import annotations

import email
import email.policy

from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.mime.parsing import parse_message
from relay_core.outgoing.part_header import part_header

WORDS = st.text("abAB09+/=<>@. \t\x00\x0b", max_size=120)


@given(st.sampled_from(["Content-ID", "MIME-Version"]), WORDS)
@example("Content-ID", "<" + "a" * 60 + "\x00\x0b" * 4 + "tcmVhbGx5")
@example("MIME-Version", "1.0" + " " * 70 + "tcmVhbGx5")
def test_no_word_of_a_field_becomes_content(name: str, value: str) -> None:
    raw = f"Content-Transfer-Encoding: base64\r\n{name}: {value}\r\n\r\n".encode()
    [entity] = parse_message(raw).entities

    written = part_header(entity.header, {})

    expected = email.message_from_bytes(written, policy=email.policy.compat32)
    assert not expected.get_payload()
    message = parse_message(written)
    [again] = message.entities
    assert b"" == b"".join(message.content(again))


def test_of_a_field_that_may_occur_once_the_first_goes_out() -> None:
    raw = b"Content-Type: image/png\r\nX-Note: a\r\nX-Note: b\r\nContent-Type: text/html\r\n\r\n"
    [entity] = parse_message(raw).entities

    written = part_header(entity.header, {})

    fields = email.message_from_bytes(written, policy=email.policy.compat32).items()
    assert [("Content-Type", "image/png"), ("X-Note", "a"), ("X-Note", "b")] == sorted(fields)
