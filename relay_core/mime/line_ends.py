"""By which byte the lines of a message end: LF, or CR where no line ends in LF."""

from __future__ import annotations

import re

from relay_core.abnf import FTEXT
from relay_core.text.possessive import possessive


def end_of_lf_lines(raw: bytes) -> int | None:
    """The offset from which all lines end in a bare CR; None if the message is read by LF.

    SES puts fields with CRLF on top of what a device sent, and the last line may end so, too.
    """
    top = _LF_FIELDS.match(raw)
    start = top.end() if top else 0
    first_lf = raw.find(b"\n", start)
    if first_lf < 0:
        return start if raw.find(b"\r", start) >= 0 else None
    if raw.find(b"\r", start, first_lf - 1) < 0:
        return None
    return start if not raw[first_lf:].strip(b"\r\n") else None


# Fields and their folds, the lines of which hold no CR but before an LF.
_LF_FIELDS = re.compile(
    possessive(rf"(?:[{FTEXT}]++[ \t]*+:|[ \t]++)[^\r\n]*+\r?\n", "*").encode()
)
