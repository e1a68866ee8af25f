"""Saves attachments as files in one folder, under safe names; overwrites no file.

A name is `<message>-<index>-<safe name>`: attachments of the same name, in one message or in
several, get different files, and the extension stays at the end. If that name exists already, from
an earlier run or another message of that name, a number is inserted. Files are opened
exclusively, so an existing symbolic link is not followed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from relay_core.attachments.attachment import Attachment
from relay_core.keys import MessageId

MESSAGE_NAME = 32
"""The longest part of the message's name in a file name, in ASCII characters.

With a safe name of at most 200 bytes, the whole is below the limit of file systems (255 bytes).
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The folder for one message's attachments, made with the first of them."""

    folder: Path
    message_id: MessageId

    def keep(self, attachment: Attachment, content: Iterable[bytes]) -> Path:
        """Write an attachment's content. Returns the path.

        Raises:
            OSError: if the folder or the file cannot be written; no partial file is left.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        message = self.message_id.lstrip(".")[:MESSAGE_NAME] or "_"
        for attempt in count(1):
            number = "" if attempt == 1 else f"{attempt}-"
            path = self.folder / f"{message}-{attachment.index}-{number}{attachment.safe_name}"
            try:
                file = path.open("xb")
            except FileExistsError:
                continue
            break
        try:
            with file:
                file.writelines(content)
        except BaseException:
            path.unlink()
            raise
        return path
