"""What the operator reads of notices that were summed up.

Nothing in it is a word of a mail: a message's id is the last component of its key, harmless by
`relay_core.keys.message_id_of`. Who wrote the mails, and why each was refused, `relayctl` tells.
"""

from __future__ import annotations

from relay_core.errors import Refusal
from relay_core.keys import RawKey
from relay_core.limits.notice_window import MAX_NAMED, NoticeWindow, Tally
from relay_core.ports import Notice

from .moment import format_moment
from .notice import PLACE


def compose_summary(window: NoticeWindow, tally: Tally, *, stack: str) -> Notice:
    """The notice about the notices of one reason that were left out and not summed up before.

    Its `raw_key` is empty, and its `message_id` that of the first of those mails.

    Raises:
        ValueError: if there is none.
    """
    if not tally.named:
        raise ValueError(f"no notice of {tally.reason} is to be summed up")
    count = f"{tally.due} more notice" + ("" if tally.due == 1 else "s")
    since = format_moment(window.started_at)
    command = f"relayctl list --reason {tally.reason} --since {since} --limit 0"
    lines = [
        f"{count} of the reason {tally.reason} did not leave one by one.",
        "",
        f"Stack: {stack}",
        f"Between {since} and {format_moment(window.ends_at)}",
        "there were more than are told at once (noticeLimit, noticeWindowSeconds).",
        "Each mail has a manifest that says why.",
        "",
        "What to do:",
        f"* List the mails:   {command}",
        f"* See one of them:  relayctl show {tally.named[0]}",
        "",
        "Messages:",
        *(f"* {one}" for one in tally.named),
        *(["* and more"] if len(tally.named) == MAX_NAMED else []),
        "",
        f"More: {PLACE}",
    ]
    return Notice(
        reason=tally.reason,
        sender=None,
        subject=f"Mail relay {stack}: {tally.reason} ({count})",
        text="\n".join(lines) + "\n",
        message_id=tally.named[0],
        raw_key=RawKey(""),
        mail_subject="",
        refusals=(Refusal(reason=tally.reason, detail=f"{count}; {command}"),),
        more_refusals=tally.due - 1,
    )
