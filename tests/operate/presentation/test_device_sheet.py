"""The content of a device sheet, and what it must not contain."""

from __future__ import annotations

import shlex
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from operate.messages.redelivery import NotDone
from operate.presentation.device_sheet import DeviceSheet, as_html, as_text, smart_host_commands

PASSWORD = "BN3+q/" + "x" * 38
SHEET = DeviceSheet(
    stack="mail-relay-prod",
    user=None,
    host="email-smtp.eu-central-1.amazonaws.com",
    starttls_ports=(587, 2587, 25),
    tls_ports=(465, 2465),
    username="AKIAIOSFODNN7EXAMPLE",
    password=None,
    password_length=44,
    sender="relay@mail.example.com",
    recipient="devices-9q4vt@in.example.com",
    code=":Email_Rxers_Code:anna@example.com:Email_Rxers_Code:",
)


class Cells(HTMLParser):
    """The text of a page's cells, and the URLs that it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.loads: list[str] = []
        self._within = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._within = tag in {"td", "th"}
        self.loads += [value or "" for name, value in attrs if name in {"src", "href"}]

    def handle_data(self, data: str) -> None:
        if self._within and data.strip():
            self.texts.append(data)


@pytest.mark.parametrize("render", [as_text, as_html])
def test_it_has_every_field_and_the_password_only_if_asked_for(render: object) -> None:
    assert callable(render)
    without, with_it = render(SHEET), render(replace(SHEET, password=PASSWORD))
    for value in (SHEET.host, "587", "STARTTLS", SHEET.username, SHEET.sender, SHEET.recipient):
        assert value in without
    assert SHEET.code in without
    assert "44 characters" in without
    assert PASSWORD not in without
    assert PASSWORD in with_it


def test_a_value_is_whole_and_alone_in_its_line() -> None:
    long = replace(SHEET, code=":M:" + ",".join(f"a{n}@example.com" for n in range(40)) + ":M:")
    values = {line[26:] for line in as_text(long).splitlines()}
    page = Cells()
    page.feed(as_html(long))
    for value in (long.host, long.username, long.sender, long.recipient, long.code):
        assert value in values
        assert value in page.texts


def test_the_port_that_may_be_blocked_is_the_first() -> None:
    assert "if 2587 is blocked" in as_text(replace(SHEET, starttls_ports=(2587, 25)))


def test_a_sheet_of_a_user_says_whose_it_is() -> None:
    assert "SMTP user hall-3" in as_text(replace(SHEET, user="hall-3"))


def test_the_page_shows_values_as_text_and_loads_nothing() -> None:
    page = Cells()
    page.feed(as_html(replace(SHEET, sender="a<script>@example.com")))
    assert "a<script>@example.com" in page.texts
    assert [] == page.loads


def test_the_commands_of_the_smart_host_are_quoted_for_a_shell_and_for_postfix() -> None:
    strange = replace(SHEET, recipient="o'neil$5@in.example.com", password=PASSWORD)
    configure, password = smart_host_commands(strange)
    assert shlex.split(configure) == [
        *("postconf", "-e", "relay_server = [email-smtp.eu-central-1.amazonaws.com]:587"),
        "relay_sender = relay@mail.example.com",
        "relay_recipient = o'neil$$5@in.example.com",
    ]
    line = f"[email-smtp.eu-central-1.amazonaws.com]:587 AKIAIOSFODNN7EXAMPLE:{PASSWORD}"
    assert line in shlex.split(password)
    assert PASSWORD not in "\n".join(smart_host_commands(SHEET))


@pytest.mark.parametrize("character", "={}")
@pytest.mark.parametrize("field", ["recipient", "sender"])
def test_an_address_that_main_cf_cannot_contain_is_refused_and_not_shown(
    field: str, character: str
) -> None:
    address = f"devices{character}9q4vt@in.example.com"
    with pytest.raises(NotDone) as refused:
        list(smart_host_commands(replace(SHEET, **{field: address})))  # type: ignore[arg-type]
    assert f" {character}," in str(refused.value)
    assert "9q4vt" not in str(refused.value)
