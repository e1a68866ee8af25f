"""Attachments as files in one folder: under safe names, never over what is there already.

A name is `<message>-<index>-<safe name>`, so that attachments of one name in one message or
in several stay apart and the extension stays where it was. If that name exists already, from
an earlier run or another message of that name, a number is inserted. Files are opened
exclusively, which also refuses to write through a link that somebody has put there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from relay_core.attachments.attachment import Attachment
from relay_core.keys import MessageId

MESSAGE_NAME = 32
"""How much of the message's name goes into a file name, in characters of ASCII.

With a safe name of at most 200 bytes the whole stays below the 255 of file systems.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extraction:
    """The folder for one message's attachments, made with the first of them."""

    folder: Path
    message_id: MessageId

    def keep(self, attachment: Attachment, content: Iterable[bytes]) -> Path:
        """Write an attachment's content. Returns the path.

        Raises:
            OSError: if the folder or the file cannot be written; no half of it is left.
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
