"""Messages that show one rule or one trap each, and what a person makes of them.

`rfc/` holds what the RFCs allow, `legacy/` what programs wrote before or beside them,
`malformed/` what devices get wrong. Beside each `name.eml` (exact bytes: git must not touch them)
stands `name.json`: one sentence that says `what` it shows, and what `relayctl inspect --json` has
to say of it. The JSON is the truth, reviewed by a person: if the code says otherwise, the code is
wrong until somebody decides that the truth was.
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
    """What stands beside the mail; empty if nothing does."""
    beside = path.with_suffix(".json")
    if not beside.exists():
        return {}
    answer: dict[str, Any] = json.loads(beside.read_text(encoding="utf-8"))
    return answer


def inspected(path: Path) -> dict[str, Any]:
    """What the code says of the mail, in the words of the truth."""
    answer = to_json(name_of(path), inspect_message(path.read_bytes(), RawKey("x"), SETTINGS))
    for said_to_people in ("file", "details"):
        del answer[said_to_people]
    plain: dict[str, Any] = json.loads(json.dumps(answer))
    return plain


def written(answer: dict[str, Any]) -> str:
    return json.dumps(answer, indent=2, ensure_ascii=False) + "\n"
