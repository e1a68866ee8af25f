"""The identity of a mail: its key, its sender, and whether SES proved the sender."""

from __future__ import annotations

from dataclasses import dataclass

from relay_core.keys import MessageId, RawKey

from .arrival import UNKNOWN_ARRIVAL, Arrival


@dataclass(frozen=True, slots=True, kw_only=True)
class MailIdentity:
    """The identity of a mail in a notice and in the log.

    `sender` is the addr-spec in From, or None. `authenticated`: SES proved it (see
    `authentication`). `arrival` is the relay's address by which the mail came.
    """

    message_id: MessageId
    raw_key: RawKey
    sender: str | None
    subject: str
    authenticated: bool = False
    arrival: Arrival = UNKNOWN_ARRIVAL

    @property
    def annotated_sender(self) -> str | None:
        """The sender, and behind it "(not verified)" if SES did not prove it."""
        if self.sender and not self.authenticated:
            return f"{self.sender} (not verified)"
        return self.sender

    @property
    def proven_sender(self) -> str | None:
        """The sender, if SES proved it; else None. Decisions use only this one."""
        return self.sender if self.authenticated else None
