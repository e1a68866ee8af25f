"""Messages that show one rule or one pitfall each, and how a person reads them.

`rfc/` has what the RFCs allow, `legacy/` what programs wrote before or besides them, `malformed/`
errors of devices. Beside each `name.eml` (exact bytes: git must not change them) is `name.json`:
one sentence in `what`, and the expected output of `relayctl inspect --json`. The JSON is the
truth, reviewed by a person: if the code differs, the code is wrong, unless a person decides that
the JSON is.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from operate.mail_file.inspection import inspect_message, to_json
from relay_core.keys import RawKey
from tests.core.laws import SETTINGS

FOLDER = Path(__file__).parent
MAILS = tuple(sorted(FOLDER.glob("*/*.eml")))


def name_of(path: Path) -> str:
    """`malformed/openssl-demo`, whatever the machine's separator is."""
    return path.relative_to(FOLDER).with_suffix("").as_posix()


def truth(path: Path) -> dict[str, Any]:
    """The JSON beside the mail; empty if there is none."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return {}
    answer: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return answer


def inspected(path: Path) -> dict[str, Any]:
    """The output of the code for the mail, in the form of the truth."""
    answer = to_json(name_of(path), inspect_message(path.read_bytes(), RawKey("x"), SETTINGS))
    for said_to_people in ("file", "details"):
        del answer[said_to_people]
    plain: dict[str, Any] = json.loads(json.dumps(answer))
    return plain


def written(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
