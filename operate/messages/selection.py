"""The messages that an operator selects, and how the newest are found without reading all.

A bucket lists manifests by key, with the time of the last write but not the time at which the
message was created. `created_at` is never after the last write. So a manifest last written before
`since` need not be read. Once enough messages are found, reading may stop at the first manifest
that was last written before the oldest of them.

The two times come from two clocks, and S3 truncates its own to seconds: `SLACK` allows for both.
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

from .message_status import MessageStatus, status_of

SLACK = CLOCK_SKEW + timedelta(seconds=1)
"""How much earlier than `created_at` the time of a manifest's last write may seem to be."""

_CHUNK = 64

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION = re.compile(r"(?P<number>[0-9]{1,6})(?P<unit>[smhdw])\Z")


def parse_moment(text: str, now: datetime) -> datetime:
    """A moment: a duration before `now` (`90s`, `30m`, `2h`, `7d`, `2w`), or ISO 8601.

    Raises:
        ValueError: if it is neither.
    """
    if duration := _DURATION.match(text):
        ago = timedelta(**{_UNITS[duration["unit"]]: int(duration["number"])})
        try:
            return now - ago
        except OverflowError:
            raise ValueError(f"{text!r} is before the year 1") from None
    try:
        return parse_time(text)
    except ValueError:
        raise ValueError(
            f"{text!r} is neither a time such as 2026-01-31T14:00Z nor a duration such as 2h"
        ) from None


def parse_time(text: str) -> datetime:
    """A moment in ISO 8601. Without a zone it is UTC, as in all output of relayctl.

    Raises:
        ValueError: if it is none.
    """
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=moment.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is not a time such as 2026-01-31T14:00Z") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Criteria for messages. A message must meet all that are set.

    It was created at `since` or later, and before `until`. The sender matches its pattern; a
    recipient, or an address that was left out, matches the pattern for recipients
    (`relay_core.addresses.patterns`). It came by the relay's address `via`, which may have more
    labels before or after the given ones, or by the labels alone (`+boiler7`). Its standing is in
    `statuses`. It was refused, ignored or held, or some of its recipients got no mail, for one of
    `reasons`. `reference` is the reference number in its mails.
    """

    since: datetime | None = None
    until: datetime | None = None
    sender: str | None = None
    recipient: str | None = None
    via: str | None = None
    statuses: frozenset[MessageStatus] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    reference: str | None = None

    def admits(self, manifest: Manifest, now: datetime) -> bool:
        """Whether this message meets the criteria now."""
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
            and (self.via is None or _arrived_via(manifest.via, self.via.lower()))
            and (not self.statuses or status_of(manifest, now) in self.statuses)
            and (not self.reasons or not self.reasons.isdisjoint(_reasons_of(manifest)))
        )

    def may_admit(self, candidate: Candidate) -> bool:
        """Whether a manifest that was not read yet may meet the criteria."""
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


def _arrived_via(address: str, wanted: str) -> bool:
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
    """A manifest that was not read yet: its message, and when it was last written."""

    message_id: MessageId
    written_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Newest:
    """The messages found, newest first; `is_cut` if there are, or may be, more."""

    manifests: tuple[Manifest, ...]
    is_cut: bool


def newest(
    candidates: Iterable[Candidate],
    read: Callable[[Sequence[Candidate]], Iterable[Manifest]],
    selection: Selection,
    limit: int | None,
    now: datetime,
) -> Newest:
    """The newest messages that meet the criteria, at most `limit`.

    `read` reads some candidates, in any order; it may leave out those that cannot be read.
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
