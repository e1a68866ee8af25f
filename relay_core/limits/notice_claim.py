"""The claim to publish one notice about a limit that many mails exceed.

The first mail over the limit claims to publish the notice, in the record of its window. That it
was published is written after. If that fails, the claim is given back; if the worker is
killed, the claim ends after `PATIENCE`. Then the next mail publishes, and the mail of the killed
worker is delivered again as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from relay_core.keys import MessageId

PATIENCE = timedelta(seconds=60)
"""How long a claim is respected: longer than publishing takes, retries included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeClaim:
    """Whether the notice is published, and which mail has the claim, since when (UTC)."""

    is_published: bool = False
    holder: MessageId | None = None
    since: datetime | None = None

    def claimed(self, by: MessageId, now: datetime) -> NoticeClaim:
        """The claim of this mail; unchanged if the notice is published or claimed already."""
        if self.is_published or self.holder == by:
            return self
        if self.since is not None and now < self.since + PATIENCE:
            return self
        return NoticeClaim(holder=by, since=now)

    def is_due(self, by: MessageId) -> bool:
        """Whether this mail has to publish the notice."""
        return not self.is_published and self.holder == by

    def given_up(self, by: MessageId) -> NoticeClaim:
        """Without the claim of this mail: the next mail may claim."""
        return UNCLAIMED if self.is_due(by) else self

    def published(self, by: MessageId) -> NoticeClaim:
        """The claim after this mail published the notice; unchanged if it is another's by now."""
        if not self.is_due(by):
            return self
        return NoticeClaim(is_published=True, holder=by, since=self.since)


UNCLAIMED = NoticeClaim()


def claim_document(claim: NoticeClaim) -> dict[str, Any]:
    """As a JSON object."""
    return {
        "told": claim.is_published,
        "teller": claim.holder,
        "since": claim.since and claim.since.isoformat(),
    }


def parse_claim(data: dict[str, Any]) -> NoticeClaim:
    """The inverse of `claim_document`.

    Raises:
        KeyError, TypeError, ValueError: if it is none.
    """
    since, holder = data["since"], data["teller"]
    return NoticeClaim(
        is_published=bool(data["told"]),
        holder=None if holder is None else MessageId(holder),
        since=None if since is None else datetime.fromisoformat(since),
    )
