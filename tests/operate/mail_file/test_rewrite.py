"""The output of `relayctl rewrite`."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from typer.testing import CliRunner

from operate.cli import app
from operate.mail_file.preview import UnreadableMail, preview
from relay_core.attachments.attachment import find_attachments
from relay_core.keys import RawKey
from relay_core.mime.parsing import parse_message
from relay_core.settings import Settings
from tests.strategies import Drawn, mails

CODE = ":Email_Rxers_Code:a@example.org:Email_Rxers_Code:"
MAIL = (
    "From: s@plant.example\r\nSubject: Gate\r\nMIME-Version: 1.0\r\n"
    'Content-Type: multipart/mixed; boundary="=_b"\r\n\r\n'
    f"--=_b\r\nContent-Type: text/plain\r\n\r\nOpen.\r\n{CODE}\r\n"
    '--=_b\r\nContent-Type: image/jpeg; name="a b.jpg"\r\n'
    "Content-Transfer-Encoding: base64\r\n\r\n"
    f"{base64.b64encode(b'picture').decode()}\r\n--=_b--\r\n"
).encode()


def run(*arguments: str, stdin: bytes = MAIL) -> tuple[int, bytes, str]:
    result = CliRunner().invoke(app, ["rewrite", *arguments], input=stdin)
    return result.exit_code, result.stdout_bytes, result.stderr


@pytest.mark.parametrize(
    ("mode", "link"),
    [
        ("page", b"\r\nhttps://files.example.com/x\r\n"),
        ("presigned", b"https://files.example.com/x/1/a%20b.jpg"),
    ],
)
def test_the_recipient_gets_links_and_no_code(mode: str, link: bytes) -> None:
    code, out, said = run(
        *("-", "--recipient", "a@example.org", "--link-base", "https://files.example.com/x/"),
        *("--config", f"linkMode={mode}"),
    )
    assert (0, "") == (code, said)
    message = parse_message(out)
    assert () == find_attachments(message)
    assert b"To: a@example.org\r\n" in out
    assert link in out
    assert b"Email_Rxers_Code" not in out
    assert b"\n" not in out.replace(b"\r\n", b"")


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (MAIL, "does not name x@example.net, but a@example.org"),
        (
            MAIL.replace(CODE.encode(), b""),
            "would refuse this message: no recipient code",
        ),
        (
            b"Auto-Submitted: auto-replied\r\n" + MAIL,
            "would ignore this message: it is an automatic reply",
        ),
    ],
)
def test_who_would_get_no_mail_is_reported_and_shown_one(raw: bytes, words: str) -> None:
    code, out, said = run("-", "--recipient", "x@example.net", stdin=raw)
    assert 0 == code
    assert words in said
    assert b"To: x@example.net\r\n" in out
    assert b"Open." in out
    assert () == find_attachments(parse_message(out))


def test_a_terminal_gets_no_control_characters_and_a_pipe_the_exact_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hostile = MAIL.replace(b"Open.", b"\x1b]0;owned\x07\x1b[2J\tOpen.")
    _, piped, _ = run("-", "--recipient", "a@example.org", stdin=hostile)
    assert b"\x1b]0;owned\x07" in piped
    # The runner replaces standard output by its own stream.
    monkeypatch.setattr("typer.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda _: True, raising=False)
    _, shown, _ = run("-", "--recipient", "a@example.org", stdin=hostile)
    text = shown.decode()
    assert all(one.isprintable() or one == "\n" for one in text)
    assert "To: a@example.org\n" in text
    assert "Open." in text


def test_what_is_no_message_has_no_mail() -> None:
    code, out, said = run("-", "--recipient", "a@example.org", stdin=b"")
    assert (1, b"") == (code, out)
    assert "the message is empty" in said


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    missing = str(tmp_path / "none.eml")
    code, out, said = run(missing, "--recipient", "a@example.org")
    assert (2, b"") == (code, out)
    assert f"relayctl: {missing}: No such file or directory\n" == said


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--recipient", "nobody"], "--recipient"),
        (["--recipient", "a@example.org", "--link-base", "two words"], "--link-base"),
        ([], "--recipient"),
    ],
)
def test_bad_arguments_are_named(arguments: list[str], words: str) -> None:
    code, _, said = run("-", *arguments)
    assert 2 == code
    assert words in said


SETTINGS = Settings(
    stack="test",
    sender_address="relay@relay.invalid",
    inbound_address="devices@relay.invalid",
    allowed_recipients=("*",),
)


@given(mails())
def test_any_mail_shows(drawn: Drawn) -> None:
    shown = preview(
        drawn.raw,
        RawKey("x"),
        "a@example.org",
        SETTINGS,
        link_base="https://files.example.com",
        now=datetime(2026, 11, 24, tzinfo=UTC),
    )
    assert shown.raw.isascii()
    assert () == find_attachments(parse_message(shown.raw))


def test_a_preview_of_nothing_is_an_error() -> None:
    with pytest.raises(UnreadableMail, match="empty"):
        preview(
            b"\r\n",
            RawKey("x"),
            "a@example.org",
            SETTINGS,
            link_base="",
            now=datetime(2026, 11, 24, tzinfo=UTC),
        )
