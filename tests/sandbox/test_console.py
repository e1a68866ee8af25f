"""What a person sees: the console's page, and the lines in the terminal."""

from __future__ import annotations

import io
import json
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.events import MailSubmitted, Trouble
from sandbox.function_log import parse_log_message
from sandbox.http import ConsoleContent, ConsoleServer
from sandbox.narration import Narrator
from sandbox.outbox import Outbox

HOSTILE = "<script>alert(1)</script>"
RAW = f"From: {HOSTILE}\r\nSubject: {HOSTILE}\r\n\r\n{HOSTILE}\r\n".encode()


@pytest.fixture
def console(tmp_path: Path) -> Iterator[str]:
    outbox, notices = Outbox(tmp_path / "outbox"), tmp_path / "notices.jsonl"
    outbox.directory.mkdir()
    outbox.deliver("a/b@example.com", RAW, "1.eml")
    notice = {"topic": "fallback", "subject": HOSTILE, "message": HOSTILE, "attributes": {}}
    notices.write_text(json.dumps(notice) + "\n")
    listening = socket.create_server(("127.0.0.1", 0))
    server = ConsoleServer(
        listening=listening,
        content=ConsoleContent(stack={"dnsRecords": [HOSTILE]}, outbox=outbox, notices=notices),
    )
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.close()


def get(url: str) -> tuple[str, str]:
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 (our own server)
        return answer.headers["Content-Type"], answer.read().decode()


def test_the_page_shows_everything_and_escapes_it(console: str) -> None:
    content_type, page = get(console)
    assert content_type == "text/html; charset=utf-8"
    assert "<script" not in page
    # Subject of the mail, subject and message of the notice, the export.
    assert page.count("&lt;script&gt;") == 4
    assert 'href="/outbox/a%252Fb%40example.com/1.eml"' in page


def test_a_mail_is_shown_as_what_it_is(console: str) -> None:
    assert get(f"{console}/outbox/a%252Fb%40example.com/1.eml") == (
        "text/plain; charset=utf-8",
        RAW.decode(),
    )


@pytest.mark.parametrize(
    "path", ["/nowhere", "/outbox/../notices.jsonl", "/outbox/%2e%2e/notices.jsonl"]
)
def test_nothing_else_is_shown(console: str, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(console + path)
    with caught.value as error:
        assert error.code == 404


def told(event: MailSubmitted | Trouble) -> str:
    output = io.StringIO()
    Narrator(Console(file=output, width=40, force_terminal=False))(event)
    return output.getvalue()


def test_a_line_is_one_line_and_obeys_no_mail() -> None:
    line = told(
        MailSubmitted(
            submission_id="1",
            sender="a@example.com",
            recipients=("b@example.com",),
            subject="[bold]x[/bold] \x1b[2J \r\n" + "long " * 30,
            size=1_234_567,
        )
    )
    assert line.count("\n") == 1
    assert "\x1b" not in line
    assert "1.2 MB to b@example.com: “[bold]x[/bold] " in line


@pytest.mark.parametrize(
    ("message", "told_as"),
    [
        ("START RequestId: 1 Version: $LATEST\n", None),
        ('{"_aws": {"Timestamp": 1}, "MessagesRelayed": [1.0]}', None),
        ('{"level": "INFO", "message": "mail ignored", "reason": "x"}', "mail ignored; reason x"),
        ("Traceback: oh no", "Traceback: oh no"),
    ],
)
def test_lines_of_the_functions_log(message: str, told_as: str | None) -> None:
    logged = parse_log_message(message)
    assert told_as == (logged.text if logged else None)
