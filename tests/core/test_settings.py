"""Laws of the settings: a round trip changes nothing, and all errors are reported at once."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.environment import InvalidSettings, variable_name
from relay_core.resources import Resources
from relay_core.settings import CodesCounted, LinkMode, Settings, VerdictAction
from tests.core.recipient_code_strategies import ADDR_SPECS, DOMAINS

NAMES = st.from_regex(r"[A-Za-z0-9_.-]{3,20}", fullmatch=True)
# `*@example.org` is refused: it looks like a pattern, but would be a single address.
PATTERNS = (
    ADDR_SPECS.filter(lambda text: not text.startswith("*@"))
    | DOMAINS
    | DOMAINS.map("*.{}".format)
    | st.just("*")
)
HOURS = st.integers(1, 24 * 14).map(lambda hours: timedelta(hours=hours))

SETTINGS = st.builds(
    Settings,
    stack=NAMES,
    sender_address=ADDR_SPECS.map("s".__add__).filter(lambda text: '"' not in text),
    inbound_address=ADDR_SPECS.map("i".__add__).filter(lambda text: '"' not in text),
    allowed_recipients=st.lists(PATTERNS, min_size=1, max_size=4).map(tuple),
    configuration_set_name=st.none() | NAMES,
    recipient_marker=NAMES.map("Kp".__add__),
    short_marker=st.sampled_from([None, "Zqx9w", "Zqx9w.y-7"]),
    allowed_senders=st.lists(PATTERNS, max_size=4).map(tuple),
    directory_refresh=st.integers(0, 3600).map(lambda seconds: timedelta(seconds=seconds)),
    max_recipients=st.integers(1, 1000),
    sender_message_limit=st.integers(0, 1000),
    sender_window=st.integers(1, 86_400).map(lambda seconds: timedelta(seconds=seconds)),
    recipient_budget=st.integers(0, 10_000_000),
    notice_limit=st.integers(0, 100),
    notice_window=st.integers(1, 900).map(lambda seconds: timedelta(seconds=seconds)),
    show_recipients=st.booleans(),
    link_mode=st.sampled_from(LinkMode),
    link_expiry=HOURS,
    attachment_retention=st.integers(14, 3650).map(lambda days: timedelta(days=days)),
    inline_image_limit=st.integers(0, 10_000_000),
    inline_preview=st.booleans(),
    retry_delay=st.integers(1, 900).map(lambda seconds: timedelta(seconds=seconds)),
    codes_counted=st.sampled_from(CodesCounted),
    spam_action=st.sampled_from(VerdictAction),
    authentication_action=st.sampled_from(VerdictAction),
    pass_header_fields=st.lists(st.sampled_from(["X-Zone", "x-device-id"])).map(tuple),
)

PLAIN = Settings(
    stack="dev",
    sender_address="relay@example.org",
    inbound_address="secret@in.example.org",
    allowed_recipients=("example.org",),
)


@given(SETTINGS)
def test_settings_come_back_from_the_environment_as_they_went(settings: Settings) -> None:
    assert settings == Settings.from_environment(settings.to_environment())


@given(SETTINGS)
def test_other_variables_change_nothing(settings: Settings) -> None:
    environment = {"PATH": "/bin", "RELAY_": "x", "LOG_LEVEL": "INFO"}
    assert settings == Settings.from_environment(environment | settings.to_environment())


def test_every_field_has_a_variable_of_its_own() -> None:
    names = [variable_name(one.name) for kind in (Settings, Resources) for one in fields(kind)]
    assert sorted(set(names)) == sorted(names)


def test_what_is_not_set_keeps_its_default() -> None:
    environment = {
        variable_name(name): PLAIN.to_environment()[variable_name(name)]
        for name in ("stack", "sender_address", "inbound_address", "allowed_recipients")
    }
    assert PLAIN == Settings.from_environment(environment)


def test_resources_are_read_by_name() -> None:
    expected = Resources(
        incoming_bucket="in",
        attachments_bucket="out",
        fallback_topic_arn="arn:aws:sns:::x",
        directory_parameter="/relay/dev/recipients",
        queue_url="https://sqs.example/1/incoming",
    )
    environment = {
        "RELAY_INCOMING_BUCKET": "in",
        "RELAY_ATTACHMENTS_BUCKET": "out",
        "RELAY_FALLBACK_TOPIC_ARN": "arn:aws:sns:::x",
        "RELAY_DIRECTORY_PARAMETER": "/relay/dev/recipients",
        "RELAY_QUEUE_URL": "https://sqs.example/1/incoming",
    }
    assert expected == Resources.from_environment(environment)


# --- Every problem, at once

WRONG: dict[str, list[Any]] = {
    "sender_address": ["", "relay", "relay@localhost"],
    "inbound_address": ["", "a@b@c"],
    "recipient_marker": ["", "ab", "x" * 65, "a b c", "a:b:c", "Märker", "___", "From"],
    "short_marker": [
        *["", "R", "x" * 17, "R X", "R:", "_R", "R_", "12", "Räx"],
        *[
            "mailto",
            "HTTP",
            "https",
            "ftp",
            "To",
            "cc",
            "BCC",
            "from",
            "Re",
            "fw",
            "FWD",
            "aw",
            "wg",
        ],
        *["sv", "subject", "Date", "e-mail", "Mail.To", "Reply-To"],
        *["Rxers", "rxers", "Email_Rxers_Code", "emailrxerscode", "CODE", "Email-Rxers"],
    ],
    "allowed_recipients": [
        (),
        ("",),
        ("*.",),
        ("*@example.org",),
        ("example",),
        ("a@",),
        ("a b",),
    ],
    "allowed_senders": [("",), ("*example.org",)],
    "directory_refresh": [timedelta(seconds=-1), timedelta(seconds=3601)],
    "max_recipients": [0, 1001, -1],
    "sender_message_limit": [-1, 1001],
    "sender_window": [timedelta(0), timedelta(days=1, seconds=1)],
    "recipient_budget": [-1, 10_000_001],
    "notice_limit": [-1, 101],
    "notice_window": [timedelta(0), timedelta(seconds=901)],
    "link_expiry": [timedelta(minutes=59), timedelta(days=15)],
    "attachment_retention": [timedelta(days=3651)],
    "inline_image_limit": [-1, 10_000_001],
    "retry_delay": [timedelta(0), timedelta(seconds=901)],
    "pass_header_fields": [("To",), ("X-",), ("X-Spam-Flag",), ("X-A:",), ("X-A", "Received")],
}


@pytest.mark.parametrize(
    ("field", "value"), [(field, value) for field, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_a_problem_of_its_field(field: str, value: object) -> None:
    with pytest.raises(InvalidSettings) as caught:
        replace(PLAIN, **{field: value})  # type: ignore[arg-type] # some are of the wrong type
    assert {field} == {problem.field for problem in caught.value.problems}
    assert field in str(caught.value)


@given(st.sets(st.sampled_from(sorted(WRONG)), min_size=1))
def test_every_problem_is_reported_at_once(names: set[str]) -> None:
    with pytest.raises(InvalidSettings) as caught:
        replace(PLAIN, **{name: WRONG[name][0] for name in names})
    assert names == {problem.field for problem in caught.value.problems}


def test_the_secret_address_must_not_be_the_sender() -> None:
    with pytest.raises(InvalidSettings, match="inbound_address: must differ"):
        replace(PLAIN, inbound_address="Relay@Example.org")


UNREADABLE = {
    "allowed_recipients": "example.org",
    "allowed_senders": '{"a": 1}',
    "sender_window": "five minutes",
    "max_recipients": "many",
    "show_recipients": "perhaps",
    "link_mode": "pigeon",
    "link_expiry": "36h",
    "spam_action": "burn",
    "codes_counted": "second",
}


@given(st.sets(st.sampled_from(sorted(UNREADABLE)), min_size=1))
def test_every_unreadable_variable_is_named_at_once(names: set[str]) -> None:
    broken = {variable_name(name): UNREADABLE[name] for name in names}
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment(PLAIN.to_environment() | broken)
    assert set(broken) == {problem.field for problem in caught.value.problems}
    assert set(broken.values()) == {problem.value for problem in caught.value.problems}


def test_every_missing_variable_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as caught:
        Settings.from_environment({"RELAY_STACK": ""})
    assert [
        "RELAY_STACK",
        "RELAY_SENDER_ADDRESS",
        "RELAY_INBOUND_ADDRESS",
        "RELAY_ALLOWED_RECIPIENTS",
    ] == [problem.field for problem in caught.value.problems]
    with pytest.raises(InvalidSettings) as caught:
        Resources.from_environment({})
    assert 5 == len(caught.value.problems)
