"""The notice that sums up many notices of one reason.

It contains no words of a mail: a message's id is the last component of its key, made safe by
`relay_core.keys.message_id_of`. `relayctl` shows the senders, and why each mail was refused.
"""

from __future__ import annotations

from relay_core.errors import Refusal
from relay_core.keys import RawKey
from relay_core.limits.notice_window import MAX_NAMED, NoticeWindow, Tally
from relay_core.ports import Notice

from .moment import format_moment


def compose_summary(window: NoticeWindow, tally: Tally, *, stack: str, place: str) -> Notice:
    """The notice about the notices of one reason that were left out and not summed up before.

    Its `raw_key` is empty, and its `message_id` that of the first of those mails.

    Raises:
        ValueError: if there are no such notices.
    """
    if not tally.named:
        raise ValueError(f"no notice of {tally.reason} is to be summed up")
    count = f"{tally.due} more notice" + ("" if tally.due == 1 else "s")
    since = format_moment(window.started_at)
    command = f"relayctl list --reason {tally.reason} --since {since} --limit 0"
    lines = [
        f"This notice sums up {count} of the reason {tally.reason}.",
        "",
        f"Stack: {stack}",
        f"Between {since} and {format_moment(window.ends_at)}",
        "there were more notices than noticeLimit allows in noticeWindowSeconds.",
        "The manifest of each mail has the reason.",
        "",
        "What to do:",
        f"* List the mails:   {command}",
        f"* See one of them:  relayctl show {tally.named[0]}",
        "",
        "Messages:",
        *(f"* {one}" for one in tally.named),
        *(["* and more"] if len(tally.named) == MAX_NAMED else []),
        "",
        f"More: {place}",
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
