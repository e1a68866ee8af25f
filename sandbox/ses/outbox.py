"""The recipients' mailboxes: a Maildir each, with exactly what was submitted to SES.

A mail is written under `tmp` and renamed into `new`, so a reader never sees a part of one
(Maildir, D. J. Bernstein, "How a message is delivered"). The standard library's `mailbox.Maildir`
is not used, because it rewrites line ends.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

_UNSAFE = re.compile(r"[/%\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Delivered:
    """One mail in a mailbox."""

    mailbox: str
    path: Path


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox: its mails' paths, newest first, each with its time in nanoseconds."""

    name: str
    mails: tuple[tuple[int, Path], ...]


@dataclass(frozen=True, slots=True)
class Outbox:
    """All mailboxes, under one directory."""

    directory: Path

    def deliver(self, recipient: str, raw: bytes, unique_name: str) -> Path:
        """Write one mail into a recipient's mailbox; `unique_name` must be unique."""
        mailbox = self.directory / folder_name(recipient)
        for part in ("tmp", "new", "cur"):
            (mailbox / part).mkdir(parents=True, exist_ok=True)
        temporary, final = mailbox / "tmp" / unique_name, mailbox / "new" / unique_name
        temporary.write_bytes(raw)
        return temporary.rename(final)

    def delivered(self) -> list[Delivered]:
        """Every mail, oldest first in each mailbox."""
        found = []
        for mailbox in sorted(self.directory.iterdir()):
            paths = sorted(
                [*mailbox.glob("new/*"), *mailbox.glob("cur/*")],
                key=lambda p: p.stat().st_mtime_ns,
            )
            found += [Delivered(mailbox.name, path) for path in paths]
        return found

    def mailboxes(self) -> list[Mailbox]:
        """Every mailbox that has a mail, by name."""
        found = [
            Mailbox(folder.name, tuple(sorted(_mails(folder), reverse=True)))
            for folder in sorted(self.directory.iterdir())
        ]
        return [mailbox for mailbox in found if mailbox.mails]


def _mails(mailbox: Path) -> Iterator[tuple[int, Path]]:
    for part in ("new", "cur"):
        with suppress(FileNotFoundError), os.scandir(mailbox / part) as entries:
            for entry in entries:
                yield entry.stat().st_mtime_ns, Path(entry.path)


def folder_name(address: str) -> str:
    """The address, with characters that a file name cannot contain percent-encoded."""
    return _UNSAFE.sub(lambda match: quote(match[0], safe=""), address)
