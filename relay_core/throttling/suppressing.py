"""Submission that leaves out suppressed addresses.

`SuppressingSubmission` wraps the mail service. To a suppressed address it answers as the
service answers for an address that never takes mail: the operator gets a notice, the recipient is
recorded as failed, and `relayctl redeliver` sends the mail once the address is cleared.

The list is read when it is older than it may be, and once more before anybody is left out by it:
so an address that an operator cleared is sent to at once. While it cannot be read, the one that
was read last holds: an alarm that arrives is worth more than a bounce.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from relay_core.errors import AdapterError, PermanentError
from relay_core.limits.suppression import Suppressed, SuppressionList
from relay_core.notices.moment import format_moment
from relay_core.ports import OutgoingMail, Submission, SubmissionId, Windows


@dataclass(slots=True, kw_only=True)
class SuppressingSubmission:
    """`Submission` that leaves out suppressed addresses.

    `max_age` is how old the list that is used may be; `clock` tells an aware datetime in UTC.
    `on_error` is called for each attempt to read it that failed.
    """

    submission: Submission
    lists: Windows[SuppressionList]
    max_age: timedelta
    clock: Callable[[], datetime]
    on_error: Callable[[AdapterError], None]
    _known: Mapping[str, Suppressed] = field(default_factory=dict, init=False)
    _read_at: datetime | None = field(default=None, init=False)

    def submit_each(self, mails: Sequence[OutgoingMail]) -> Sequence[SubmissionId | AdapterError]:
        """See `Submission.submit_each`."""
        now = self.clock()
        if self._is_old(now) or any(map(self._find, mails)):
            # However it ends: a list that cannot be read is not asked for at every mail.
            self.refresh()
            self._read_at = now
        suppressed = [self._find(mail) for mail in mails]
        left = [mail for mail, found in zip(mails, suppressed, strict=True) if found is None]
        answers = iter(self.submission.submit_each(left))
        return [next(answers) if found is None else _refused(found) for found in suppressed]

    def refresh(self) -> None:
        """Read the list. If that fails, it is reported, and the last that was read holds."""
        now = self.clock()
        try:
            stored = self.lists.load(SuppressionList().key)
        except AdapterError as error:
            self.on_error(error)
        else:
            self._known = stored.window.by_address() if stored else {}
            self._read_at = now

    def _find(self, mail: OutgoingMail) -> Suppressed | None:
        return self._known.get(mail.recipient.lower())

    def _is_old(self, now: datetime) -> bool:
        return self._read_at is None or not self._read_at <= now < self._read_at + self.max_age


def _refused(found: Suppressed) -> PermanentError:
    said = f" ({found.detail})" if found.detail else ""
    return PermanentError(
        call="submit",
        target=found.address,
        detail=(
            f"nothing has been sent to this address since the {found.cause} of"
            f" {format_moment(found.at)}{said}. If the address accepts mail again: 'relayctl"
            f" bounces clear {found.address}', then 'relayctl redeliver MESSAGE'."
        ),
    )
