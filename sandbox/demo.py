"""`make demo`: one real mail through the whole relay, step by step.

The demo sends by SMTP what a sensor might send: text and HTML, two recipients in the code, and two
attachments, one of several megabytes. It waits for the mail in both mailboxes and checks that code
and attachments are removed. Then it downloads both attachments by the links of each delivered mail
and compares every byte. If a link has a download page, it opens the page and presses its buttons.

The status is 0 only if all checks pass.
"""

from __future__ import annotations

import argparse
import email
import email.policy
import re
import secrets
import smtplib
import ssl
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from html import unescape
from pathlib import Path

from rich.text import Text

from .app import running
from .deployers import DEPLOYERS
from .download_client import NotServed, open_page, press
from .interface import Options, Sandbox, StartError, Stopped
from .smtp.access import example_recipient
from .stop import StopRequest
from .terminal.event_lines import EventPrinter, Terminal, format_size

LARGE_NAME, SMALL_NAME = "vibration.bin", "Prüfprotokoll Nr. 7.txt"
LARGE_SIZE = 5_000_000  # bytes
MARKER = "Email_Rxers_Code"

_PATIENCE = 90.0  # seconds to wait for a mail
_PAUSE = 0.05
_URL = re.compile(r"https?://[^\s\"'<>]+")
_HREF = re.compile(r'href="(https?://[^"]+)"')


class DemoFailed(Exception):
    """A check failed; the message says which."""


def main(arguments: Sequence[str] = ()) -> int:
    """Run the demo; return its exit status. `--deployer engine` uses Pulumi's engine."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.demo", allow_abbrev=False)
    parser.add_argument("--deployer", choices=DEPLOYERS, default="mocks")
    options = Options(deployer=parser.parse_args(arguments).deployer)
    stop = StopRequest.on_signals()
    printer = EventPrinter(Terminal())
    started = time.monotonic()
    try:
        _step(printer, "Start the emulator, deploy the Pulumi program on it")
        with running(options, listener=printer, is_stop_requested=stop.is_made) as sandbox:
            _fact(printer, f"{len(sandbox.stack)} exports; SMTP port", sandbox.smtp.port)
            _relay_one_mail(sandbox, printer, stop)
            _step(printer, "Stop everything")
    except (StartError, DemoFailed) as error:
        printer.say(Text(f"demo: {error}", "bold red"))
        return 1
    except Stopped:
        printer.say("demo: stopped")
        return 1
    seconds = time.monotonic() - started
    printer.say(Text(f"All checks passed, in {seconds:.0f} seconds.", "bold green"))
    return 0


def _relay_one_mail(sandbox: Sandbox, printer: EventPrinter, stop: StopRequest) -> None:
    recipients = [
        example_recipient(sandbox.config, name) for name in ("operations", "maintenance")
    ]
    attachments = {
        LARGE_NAME: secrets.token_bytes(LARGE_SIZE),
        SMALL_NAME: "Messwert;Grenzwert\r\n12,7;10,0\r\n".encode("cp1252"),
    }
    mail = make_mail(sandbox, recipients, attachments)
    _step(printer, "Send a mail as a sensor would: SMTP, STARTTLS, AUTH")
    _fact(printer, "in the body", recipient_code(recipients))
    for name, content in attachments.items():
        _fact(printer, "attached", f"{name}, {format_size(len(content))}")
    _send(sandbox, mail)

    _step(printer, "Wait for it in both mailboxes")
    delivered = {recipient: _await_mail(sandbox, recipient, stop) for recipient in recipients}

    for recipient, raw in delivered.items():
        _step(printer, f"Look at what {recipient} got")
        text, html = _bodies(raw)
        _require(MARKER.encode() not in raw and MARKER not in text + html, "the code is gone")
        _fact(printer, "✓", "the recipient code is gone")
        _require(not _attachment_names(raw), "no attachment is left in the mail")
        _fact(printer, "✓", f"no attachment is left: {format_size(len(raw))} in all")
        links = _URL.findall(text)
        hrefs = [unescape(link) for link in _HREF.findall(html)]
        _require(sorted(links) == sorted(hrefs), "the same links in the HTML")
        if sandbox.stack.get("downloadUrl"):
            _require(len(links) == 1, "one link in the text")
            contents = _download_from_page(printer, links[0])
        else:
            _require(len(links) == len(attachments), "a link for each attachment in the text")
            contents = [_download(link) for link in links]
        _compare(printer, contents, attachments)


def recipient_code(recipients: list[str]) -> str:
    """The recipient code with these recipients."""
    return f":{MARKER}:{','.join(recipients)}:{MARKER}:"


def make_mail(
    sandbox: Sandbox, recipients: list[str], attachments: Mapping[str, bytes]
) -> EmailMessage:
    """The sensor's mail."""
    code = recipient_code(recipients)
    mail = EmailMessage(policy=email.policy.SMTP)
    mail["From"] = f"Pump 7 <{device_address(sandbox)}>"
    mail["To"] = sandbox.smtp.rcpt_to
    mail["Subject"] = "Vibration above the limit"
    mail.set_content(f"Pump 7 vibrates above the limit.\n{code}\nSee the measurement attached.\n")
    mail.add_alternative(
        "<html><body><p>Pump 7 vibrates <b>above the limit</b>.</p>"
        f"<p>{code}</p><p>See the measurement attached.</p></body></html>",
        subtype="html",
    )
    for name, content in attachments.items():
        mail.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    return mail


def device_address(sandbox: Sandbox) -> str:
    """A device's address, of a verified domain, from which SES lets it send."""
    return f"pump-7@{sandbox.smtp.mail_from.rpartition('@')[2]}"


def _send(sandbox: Sandbox, mail: EmailMessage) -> None:
    access = sandbox.smtp
    context = ssl.create_default_context(cafile=access.ca_file)
    try:
        with smtplib.SMTP(access.host, access.port) as smtp:
            smtp.starttls(context=context)
            smtp.login(access.username, access.password)
            smtp.send_message(mail, device_address(sandbox), [access.rcpt_to])
    except (smtplib.SMTPException, OSError) as error:
        raise DemoFailed(f"the mail could not be sent: {error}") from error


def _await_mail(sandbox: Sandbox, recipient: str, stop: StopRequest) -> bytes:
    deadline = time.monotonic() + _PATIENCE
    while True:
        if stop.is_made():
            raise Stopped
        found = [mail for mail in sandbox.outbox.delivered() if mail.mailbox == recipient]
        if found:
            return found[0].path.read_bytes()
        if notice := _first_notice(sandbox.notices):
            raise DemoFailed(f"the mail was not relayed; the notice says: {notice}")
        if time.monotonic() > deadline:
            raise DemoFailed(f"nothing arrived for {recipient} within {_PATIENCE:.0f} seconds")
        time.sleep(_PAUSE)


def _first_notice(notices: Path) -> str:
    return notices.read_text("utf-8").partition("\n")[0]


def _bodies(raw: bytes) -> tuple[str, str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    if text is None or html is None:
        raise DemoFailed("did not hold: text and HTML are both there")
    return text.get_content(), html.get_content()


def _attachment_names(raw: bytes) -> list[str]:
    message = email.message_from_bytes(raw, policy=email.policy.default)
    return [
        part.get_filename() or part.get_content_type()
        for part in message.walk()
        if not part.is_multipart() and part.get_content_maintype() != "text"
    ]


def _download_from_page(printer: EventPrinter, link: str) -> list[bytes]:
    """Every file on the page of the link, each downloaded by its button."""
    try:
        page = open_page(link)
        _fact(printer, "GET", link)
        buttons = [button for button in page.buttons if button.is_for_one_file]
        _fact(printer, "page", f"“{page.heading}” with {len(buttons)} files to download")
        contents = []
        for button in buttons:
            file = press(page, button)
            _fact(printer, "POST", f"{button.name}={button.value}, the button “{button.label}”")
            _fact(printer, "303", f"to {file.location.partition('?')[0]}, for minutes")
            contents.append(file.content)
    except (NotServed, OSError) as error:
        raise DemoFailed(f"{link} is a link to no file: {error}") from error
    return contents


def _download(link: str) -> bytes:
    try:
        # `_URL` matches http and https only.
        with urllib.request.urlopen(link, timeout=30) as answer:  # noqa: S310 (see above)
            content: bytes = answer.read()
    except OSError as error:
        raise DemoFailed(f"{link} cannot be downloaded: {error}") from error
    return content


def _compare(
    printer: EventPrinter, contents: list[bytes], attachments: Mapping[str, bytes]
) -> None:
    expected = {content: name for name, content in attachments.items()}
    for content in contents:
        name = expected.pop(content, None)
        _require(name is not None, "what was downloaded is an attachment, byte for byte")
        size = format_size(len(content))
        _fact(printer, "✓", f"{name} downloaded, equal byte for byte: {size}")
    _require(not expected, f"{', '.join(expected.values())} can be downloaded")


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 (reads as a sentence)
    if not holds:
        raise DemoFailed(f"did not hold: {what}")


def _step(printer: EventPrinter, text: str) -> None:
    printer.say(Text(f"\n{text}", "bold"))


def _fact(printer: EventPrinter, name: str, value: object) -> None:
    printer.say(Text.assemble((f"{name:>10}  ", "blue"), str(value)))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
