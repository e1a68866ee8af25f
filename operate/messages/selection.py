"""Which messages an operator asks for, and how the newest are found without reading all.

A bucket lists manifests by key and tells when each was last written, but not when its message
was created. What helps is that `created_at` is at or before the time it was last written. So one
last written before `since` need not be read; and once enough are found, reading may stop at the
first that was last written before the oldest of those.

The two times are of two clocks, and S3 cuts its own to a second: `SLACK` allows for both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from relay_core.addresses.patterns import matches
from relay_core.errors import Reason
from relay_core.keys import MessageId
from relay_core.links.reference import reference
from relay_core.record.lease import CLOCK_SKEW
from relay_core.record.manifest import DeliveryState, Manifest

from .standing import Standing, standing_of

SLACK = CLOCK_SKEW + timedelta(seconds=1)
"""How much earlier than its message a manifest may seem to have been written."""

_CHUNK = 64

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhdw])\Z")


def parse_moment(text: str, now: datetime) -> datetime:
    """A moment: so long before `now` (`90s`, `30m`, `2h`, `7d`, `2w`), or ISO 8601.

    Raises:
        ValueError: if it is neither.
    """
    if duration := _DURATION.match(text):
        ago = timedelta(**{_UNITS[duration["unit"]]: int(duration["number"])})
        try:
            return now - ago
        except OverflowError:
            raise ValueError(f"{text!r} is before all calendars") from None
    try:
        return parse_time(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a time such as 2026-01-31T14:00Z nor a duration such as 2h"
        ) from None


def parse_time(text: str) -> datetime:
    """A moment in ISO 8601. Without a zone it is UTC, as all that relayctl shows.

    Raises:
        ValueError: if it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time such as 2026-01-31T14:00Z") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which messages to show: those for which all holds that is set.

    They were created at `since` or later, and before `until`. Their sender, and one of their
    recipients or of those who were left out, is one that the pattern means
    (`relay_core.addresses.patterns`). They came by the relay's address `via`, whatever labels
    come before or after its own, or by the labels alone (`+boiler7`). They stand as one of
    `standings`. One of `reasons` is why they were refused, ignored or held, or some recipients of
    theirs got no mail. `reference` is the number that their recipients read.
    """

    since: datetime | None = None
    until: datetime | None = None
    sender: str | None = None
    recipient: str | None = None
    via: str | None = None
    standings: frozenset[Standing] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    reference: str | None = None

    def admits(self, manifest: Manifest, now: datetime) -> bool:
        """Whether to show this message, as it stands now."""
        return (
            self._may_be(manifest.message_id)
            and (self.since is None or manifest.created_at >= self.since)
            and (self.until is None or manifest.created_at < self.until)
            and (self.sender is None or _is_one(manifest.sender, self.sender))
            and (
                self.recipient is None
                or any(_is_one(one.recipient, self.recipient) for one in manifest.deliveries)
                or any(_is_one(one.address, self.recipient) for one in manifest.refusals)
            )
            and (self.via is None or _came_by(manifest.via, self.via.lower()))
            and (not self.standings or standing_of(manifest, now) in self.standings)
            and (not self.reasons or not self.reasons.isdisjoint(_reasons_of(manifest)))
        )

    def may_admit(self, candidate: Candidate) -> bool:
        """Whether a manifest can be one of them, before it is read."""
        return self._may_be(candidate.message_id) and (
            self.since is None or candidate.written_at + SLACK >= self.since
        )

    def _may_be(self, message_id: MessageId) -> bool:
        return self.reference is None or reference(message_id) == self.reference


def _reasons_of(manifest: Manifest) -> set[Reason]:
    reasons = {one.reason for one in manifest.refusals}
    if manifest.reason is not None:
        reasons.add(manifest.reason)
    if manifest.count(DeliveryState.FAILED):
        reasons.add(Reason.SUBMISSION_FAILED)
    return reasons


def _came_by(address: str, wanted: str) -> bool:
    local_part, _, domain = address.lower().partition("@")
    wanted_part, _, wanted_domain = wanted.partition("@")
    name, plus, labels = wanted_part.partition("+")
    if wanted_domain and (name, wanted_domain) != (local_part.partition("+")[0], domain):
        return False
    return not plus or f"+{labels}+" in f"{local_part}+"


def _is_one(address: str | None, pattern: str) -> bool:
    return address is not None and matches(address, (pattern,))


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A manifest that was not read yet: whose it is, and when it was last written."""

    message_id: MessageId
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """What was found, newest first; `is_cut` where there are, or may be, more."""

    manifests: tuple[Manifest, ...]
    is_cut: bool


def newest(
    candidates: Iterable[Candidate],
    read: Callable[[Sequence[Candidate]], Iterable[Manifest]],
    selection: Selection,
    limit: int | None,
    now: datetime,
) -> Newest:
    """The newest of the messages that are asked for, at most `limit`.

    `read` reads some candidates, in any order; it may leave out what cannot be read.
    """
    by_age = sorted(
        filter(selection.may_admit, candidates), key=lambda one: one.written_at, reverse=True
    )
    left = iter(by_age)
    found: list[Manifest] = []
    is_cut = False
    while chunk := list(islice(left, _CHUNK)):
        is_enough = limit is not None and len(found) == limit
        if is_enough and chunk[0].written_at + SLACK < found[-1].created_at:
            is_cut = True
            break
        found += [manifest for manifest in read(chunk) if selection.admits(manifest, now)]
        found.sort(key=lambda one: (one.created_at, one.message_id), reverse=True)
        if limit is not None and len(found) > limit:
            is_cut = True
            del found[limit:]
    return Newest(manifests=tuple(found), is_cut=is_cut)
