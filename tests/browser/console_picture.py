"""`python -m tests.browser.console_picture`: the sandbox's console, as docs/sandbox.md shows it.

Chromium's version and the machine's fonts are in every pixel, so no test draws it again. The mails
that it shows, and their outcomes, are made up.
"""

from __future__ import annotations

import sys
import tempfile
from dataclasses import replace
from pathlib import Path

from playwright.sync_api import sync_playwright

from sandbox.console.mail_progress import IncomingMail
from tests.browser.conftest import CHROMIUM, FLAGS
from tests.sandbox.console_site import FixedIncoming, make_content, one_of_each, served

PICTURE = Path(__file__).parents[2] / "docs" / "pictures" / "console.png"
_RECIPIENT = "anna@example.com"
_MAILS = (
    ("Door 4 is open", "door-4@plant.example"),
    ("Pressure too high", "boiler-3@plant.example"),
    ("UPS on battery", "ups-1@plant.example"),
    ("Motion at gate 2", "camera-2@plant.example"),
    ("Link down on port 7", "switch-9@plant.example"),
    ("Log of the day", "plc-5@plant.example"),
    ("Motion at gate 1", "camera-1@plant.example"),
    ("Temperature in hall B", "sensor-12@plant.example"),
    ("Battery low", "sensor-8@plant.example"),
    ("Test mail", "camera-7@plant.example"),
    ("Out of office", "frank@plant.example"),
)


def _named(mail: IncomingMail, subject: str, sender: str) -> IncomingMail:
    manifest = mail.manifest and replace(mail.manifest, subject=subject, sender=sender)
    heading = mail.heading and replace(mail.heading, subject=subject, sender=sender)
    return replace(mail, manifest=manifest, heading=heading)


def main() -> int:
    """Draw it; return the exit status."""
    if CHROMIUM is None:
        sys.stderr.write("no Chromium on this machine: apt-get install chromium\n")
        return 1
    found = [
        _named(mail, subject, sender)
        for mail, (subject, sender) in zip(one_of_each(_RECIPIENT), _MAILS, strict=True)
    ]
    with tempfile.TemporaryDirectory(prefix="mail-relay-picture-") as folder:
        content = replace(
            make_content(Path(folder), _RECIPIENT),
            incoming=FixedIncoming(found=found, content=b""),
        )
        with served(content) as site, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
            page = browser.new_page(viewport={"width": 1100, "height": 700})
            page.goto(f"http://127.0.0.1:{site.port}/incoming")
            page.screenshot(path=PICTURE)
            browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
