"""Posts have the text of the e-mail, and text of a mail does not become a link or a mention."""

from __future__ import annotations

import base64
import html
import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.posting.announcement import (
    Announcement,
    Kind,
    UnreadableAnnouncement,
    parse_announcement,
)
from relay_core.posting.document import MAX_TEXT, document, encode
from relay_core.posting.receivers import ReceiverKind, parse_receivers
from relay_core.posting.signature import TOLERANCE, parse_key, sign, verify
from relay_core.posting.slack import slack_message
from relay_core.posting.teams import teams_message

KEY = bytes(range(32))
NOW = 1_800_000_000
STRANGE = "<!channel> <https://evil.example|click> @here [x](https://evil.example) *b* `c` & done"


def announcement(text: str = "what came\nwhat to do", title: str = "a title") -> Announcement:
    return Announcement(
        id="id-1",
        at=datetime(2026, 5, 1, 12, tzinfo=UTC),
        kind=Kind.NOTICE,
        stack="dev",
        code="spam",
        title=title,
        text=text,
        place="docs/operating.md#the-notices",
    )


def envelope(message: object, **more: str) -> str:
    return json.dumps(
        {
            "Type": "Notification",
            "MessageId": "id-1",
            "Timestamp": "2026-05-01T12:00:00.000Z",
            "Message": json.dumps(message),
            **more,
        }
    )


def alarm(state: str) -> dict[str, str]:
    return {
        "AlarmName": "mail-relay-dev-queue-age-abc1234",
        "AlarmDescription": "Stack dev: late. First: look. More: docs/operating.md#queue-age",
        "NewStateValue": state,
        "NewStateReason": "Threshold Crossed",
    }


def test_a_notice_is_read_as_the_topic_delivers_it() -> None:
    body = envelope({"reason": "spam", "stack": "dev", "text": "words"}, Subject="Mail relay")
    found = parse_announcement(body, "dev")
    assert (found.kind, found.code, found.title) == (Kind.NOTICE, "spam", "Mail relay")
    assert (found.id, found.at) == ("id-1", datetime(2026, 5, 1, 12, tzinfo=UTC))
    assert (found.text, found.stack, found.is_over) == ("words", "dev", False)


@pytest.mark.parametrize(("state", "is_over"), [("ALARM", False), ("OK", True)])
def test_an_alarm_is_named_by_its_key_and_leads_to_its_place(
    state: str,
    is_over: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    found = parse_announcement(envelope(alarm(state)), "dev")
    assert (found.kind, found.code, found.is_over) == (Kind.ALARM, "queue-age", is_over)
    assert found.place == "docs/operating.md#queue-age"
    assert "dev" in found.title
    assert ("has ended" in found.title) == is_over
    assert "First: look." in found.text


@pytest.mark.parametrize(
    "body", ["", "{}", "[]", "[" * 100_000, envelope(1), envelope({"other": 1})]
)
def test_anything_else_is_an_error_and_not_posted(body: str) -> None:
    with pytest.raises(UnreadableAnnouncement):
        parse_announcement(body, "dev")


def test_half_a_surrogate_pair_can_be_sent() -> None:
    message = {"stack": "dev", "reason": "spam", "text": "a \ud83d b"}
    found = parse_announcement(envelope(message, Subject="c \ud83d"), "dev")
    assert ("a ? b", "c ?") == (found.text, found.title)


def slack_texts(message: dict[str, Any]) -> list[str]:
    sections = [one["text"]["text"] for one in message["blocks"] if one["type"] == "section"]
    return [message["text"], message["blocks"][0]["text"]["text"], *sections]


@given(st.text() | st.just(STRANGE))
def test_slack_reads_no_markup_in_any_text(text: str) -> None:
    message = slack_message(announcement(text, title=text))
    for one in slack_texts(message):
        bare = one.removeprefix("```").removesuffix("```")
        assert not set("<>`") & set(bare)
        assert re.sub("&(amp|lt|gt);", "", bare).count("&") == 0
    assert all(
        one["text"]["verbatim"] for one in message["blocks"] if one["text"]["type"] == "mrkdwn"
    )


@given(st.text(alphabet=st.sampled_from("ab&<\n"), max_size=400), st.integers(1, 60))
def test_slack_gets_all_of_a_text_in_pieces_it_takes_or_is_reported_the_cut(
    text: str, times: int
) -> None:
    message = slack_message(announcement(text * times))
    pieces = [one for one in slack_texts(message)[2:] if one]
    assert all(len(one) <= 3000 for one in pieces)
    shown = html.unescape("".join(one.removeprefix("```").removesuffix("```") for one in pieces))
    assert "[cut here]" in shown or shown == (text * times if (text * times).strip() else "")


@given(st.text() | st.just(STRANGE))
def test_teams_gets_text_in_runs_alone_which_read_no_markdown(text: str) -> None:
    (attachment,) = teams_message(announcement(text, title=text))["attachments"]
    for block in attachment["content"]["body"]:
        assert block["type"] == "RichTextBlock"
        assert {one["type"] for one in block["inlines"]} == {"TextRun"}
        assert not any("selectAction" in one for one in block["inlines"])


def test_teams_gets_no_more_than_it_takes() -> None:
    for text in ("é" * 300_000, "line é\n" * 20_000, "x" * 900 + "\n" + "y\n" * 119):
        assert len(encode(teams_message(announcement(text)))) <= 28_000


@pytest.mark.parametrize("text", ["x" * 1500, "x" * 1500 + "\nmore", "line\n" * 150])
def test_teams_gets_a_note_of_what_is_cut(text: str) -> None:
    assert "[cut here]" in encode(teams_message(announcement(text))).decode()


@given(st.text())
def test_a_machine_gets_json_that_holds_it_all(text: str) -> None:
    found = json.loads(encode(document(announcement(text))))
    assert found["text"] == text
    assert (found["version"], found["kind"], found["code"]) == (1, "notice", "spam")
    assert found["at"] == "2026-05-01T12:00:00Z"


def test_a_text_that_is_too_long_for_an_event_is_cut_with_a_mark() -> None:
    text = document(announcement("é" * MAX_TEXT))["text"]
    assert len(text.encode()) <= MAX_TEXT
    assert text.endswith("[cut here]")


@given(st.binary(), st.binary())
def test_only_the_body_that_was_signed_lately_passes(body: bytes, other: bytes) -> None:
    headers = sign(KEY, message_id="id-1", timestamp=NOW, body=body)
    assert verify(KEY, headers=headers, body=body, now=NOW + TOLERANCE)
    assert verify(KEY, headers=headers, body=other, now=NOW) == (body == other)
    assert not verify(KEY, headers=headers, body=body, now=NOW + TOLERANCE + 1)
    assert not verify(KEY, headers={**headers, "webhook-id": "id-2"}, body=body, now=NOW)
    assert not verify(KEY[::-1], headers=headers, body=body, now=NOW)


def test_the_signature_is_that_of_the_convention() -> None:
    """The expected value was computed with `openssl dgst -sha256 -mac HMAC`."""
    headers = sign(b"k" * 24, message_id="m", timestamp=1, body=b"{}")
    assert headers["webhook-id"] == "m"
    assert headers["webhook-timestamp"] == "1"
    assert headers["webhook-signature"] == "v1,6LdaSyvMUVjhHmbrIKUXVjYx14CWawFyvCSHdJCmY9c="


@pytest.mark.parametrize(
    "text", ["", "secret", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode()]
)
def test_a_key_that_is_none_is_refused_and_not_shown(text: str) -> None:
    with pytest.raises(ValueError, match="must") as raised:
        parse_key(text)
    assert not text.removeprefix("whsec_") or text not in str(raised.value)


def test_receivers_are_read_back_and_show_no_secret() -> None:
    found = parse_receivers(
        json.dumps(
            {
                "arn": {
                    "name": "desk",
                    "kind": "json",
                    "address": "https://desk.example/hush",
                    "signing_key": "whsec_" + base64.b64encode(KEY).decode(),
                    "queue_url": "https://queue",
                }
            }
        )
    )
    receiver = found["arn"]
    assert (receiver.kind, receiver.signing_key) == (ReceiverKind.JSON, KEY)
    assert "hush" not in repr(receiver)
    assert repr(KEY) not in repr(receiver)


def test_receivers_that_cannot_be_read_are_not_shown() -> None:
    with pytest.raises(ValueError, match="receivers cannot be read") as raised:
        parse_receivers('{"arn": {"address": "hush"}}')
    assert "hush" not in str(raised.value)
