"""The claim to publish one notice about a limit that many mails exceed.

The first that runs into it claims to tell, and the record of its window says so. That the
operator knows is written after the notice left. Until then somebody has to make it good: who fails
to tell gives the claim back, and the claim of one who died is over after `PATIENCE`. So whoever
comes next tells; and the mail of the one who died is delivered again as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import MessageId

PATIENCE = timedelta(seconds=60)
"""How long a claim to tell is respected: longer than a notice takes, retries included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeClaim:
    """Whether the operator knows, and whose mail claims to tell, since when (UTC)."""

    told: bool = False
    teller: MessageId | None = None
    since: datetime | None = None

    def claimed(self, by: MessageId, now: datetime) -> NoticeClaim:
        """The claim of this mail; the same if the operator knows, or another is about to tell."""
        if self.told or self.teller == by:
            return self
        if self.since is not None and now < self.since + PATIENCE:
            return self
        return NoticeClaim(teller=by, since=now)

    def is_due(self, by: MessageId) -> bool:
        """Whether it is this mail that has to tell."""
        return not self.told and self.teller == by

    def given_up(self, by: MessageId) -> NoticeClaim:
        """Without the claim of this mail: the next may tell."""
        return UNCLAIMED if self.is_due(by) else self

    def done(self) -> NoticeClaim:
        """The operator knows."""
        return NoticeClaim(told=True, teller=self.teller, since=self.since)


UNCLAIMED = NoticeClaim()


def claim_document(claim: NoticeClaim) -> dict[str, Any]:
    """As a JSON object."""
    return {
        "told": claim.told,
        "teller": claim.teller,
        "since": claim.since and claim.since.isoformat(),
    }


def parse_claim(data: dict[str, Any]) -> NoticeClaim:
    """The inverse of `claim_document`.

    Raises:
        KeyError, TypeError, ValueError: if it is none.
    """
    since, teller = data["since"], data["teller"]
    return NoticeClaim(
        told=bool(data["told"]),
        teller=None if teller is None else MessageId(teller),
        since=None if since is None else datetime.fromisoformat(since),
    )
