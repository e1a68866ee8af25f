"""The operator's editor, on a draft file that is kept if its text was not written to the stack."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from operate.messages.redelivery import NotDone


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A file that only the operator can read, and the editor's command line.

    `beginning` is its text before it was edited.
    """

    path: Path
    beginning: str
    command: tuple[str, ...]

    @classmethod
    def of(cls, text: str, environment: Mapping[str, str]) -> Draft:
        """A draft that begins with this text, for the editor that the environment names.

        Raises:
            NotDone: if the environment names none that can be read.
        """
        named = environment.get("VISUAL") or environment.get("EDITOR") or "vi"
        try:
            command = tuple(shlex.split(named))
        except ValueError as error:
            raise NotDone(f"$EDITOR is {named!r}: {error}; nothing was done") from None
        beginning = text.rstrip("\n") + "\n"
        handle, name = tempfile.mkstemp(prefix="recipients-", suffix=".json")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(beginning)
        return cls(path=Path(name), beginning=beginning, command=command)

    def edit(self) -> str:
        """Run the editor. Returns the text of the file after that.

        Raises:
            NotDone: if the editor cannot be run, or ends with a failure.
        """
        try:
            done = subprocess.run([*self.command, str(self.path)], check=False)  # noqa: S603
        except OSError as error:
            said = error.strerror or error
            raise NotDone(
                f"{self.command[0]} cannot be run: {said}; set EDITOR, or give --file"
            ) from None
        if done.returncode:
            raise NotDone(f"{self.command[0]} ended with status {done.returncode}")
        return read_document(self.path)

    def is_changed(self) -> bool:
        """Whether the file's text differs from `beginning`."""
        return self.path.exists() and self.path.read_bytes() != self.beginning.encode()

    def discard(self) -> None:
        """Delete the file."""
        self.path.unlink(missing_ok=True)


def read_document(path: Path) -> str:
    """The text of a file, without a byte order mark and blanks at its end.

    Raises:
        NotDone: if it cannot be read as text.
    """
    try:
        return path.read_text("utf-8-sig").rstrip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise NotDone(f"{path} cannot be read: {reason}; nothing was done") from None
