"""The change of a manifest that has a mail delivered again.

A message that has recipients keeps them. The records of the recipients who are to get the mail are
reopened; all others stay unchanged, so that no other recipient gets the mail twice. Addresses that
were left out have no record: the function decides about them again, by the deployed policy. The
same is true for a message that was refused after some recipients had the mail, because the policy
was changed in between. A message without recipients was refused, ignored, held or never read: it
is released, and processed from its start.

The mail is announced to the queue after this change. If that fails, or relayctl is killed in
between, a second run finds the records open, changes nothing and announces the mail.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from relay_core.errors import RelayError
from relay_core.record.manifest import (
    ALL_LEFT_OUT,
    MAX_LEFT_OUT,
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
)

from .message_status import MessageStatus, describe_lease, lease_at, status_of


class NotDone(RelayError):
    """What the operator asked for was not done; the message says why, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redelivery:
    """The change of one message.

    It `releases` the message, or else reopens the records in `reopened`, as the operator saw them.
    `still_open` are recipients without a final result: they get the mail too. `asked` are
    recipients who were left out; the function decides about them
    (`relay_core.delivery.requested_recipients`).
    """

    releases: bool
    reopened: tuple[DeliveryRecord, ...] = ()
    still_open: tuple[DeliveryRecord, ...] = ()
    asked: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """The change as the text of an `Intervention`."""
        if self.releases:
            return "released"
        named = [one.recipient for one in self.reopened]
        named += ["all who were refused" if one == ALL_LEFT_OUT else one for one in self.asked]
        return ", ".join(named) or "those who have no mail yet"

    def apply(self, manifest: Manifest, now: datetime) -> Manifest:
        """The manifest with that change. Others may have written the manifest in the meantime.

        A record that has changed since the operator saw it stays unchanged.

        Raises:
            NotDone: if a worker has the message, or it cannot be released any more.
        """
        refuse_under_lease(manifest, now)
        if not self.releases:
            reopened = _reopened(manifest, self.reopened, now)
            asked = dict.fromkeys((*manifest.asked, *self.asked))
            return replace(_alive(reopened), asked=tuple(asked))
        if manifest.deliveries:
            raise NotDone(
                f"{manifest.message_id} was relayed in the meantime; see 'relayctl show"
                f" {manifest.message_id}'"
            )
        return replace(
            _alive(manifest), state=ManifestState.RELEASED, reason=None, detail="", lease=None
        )


def plan_redelivery(manifest: Manifest, recipients: Collection[str], now: datetime) -> Redelivery:
    """The change for those recipients; if none are named, for all who have not got the mail.

    These are the recipients for whom delivery failed, and those who were left out.

    Raises:
        NotDone: if a worker has the message, an address is not a recipient, or nothing is to do.
    """
    refuse_under_lease(manifest, now)
    still_open = manifest.open_deliveries()
    if recipients:
        named = dict.fromkeys(recipients)
        asked = tuple(one for one in named if _may_be_left_out(manifest, one))
        chosen = [find_recipient(manifest, one) for one in named if one not in asked]
        reopened = tuple(one for one in manifest.deliveries if one in chosen and not one.is_open)
    elif not manifest.deliveries and manifest.state is not ManifestState.RELAYING:
        return Redelivery(releases=True)
    else:
        failed = DeliveryState.FAILED
        reopened = tuple(one for one in manifest.deliveries if one.state is failed)
        asked = _all_left_out(manifest)
        if not (reopened or still_open or asked):
            raise NotDone(
                f"{manifest.message_id}: every recipient has the mail; --recipient ADDRESS sends"
                " it to one of them again"
            )
    return Redelivery(releases=False, reopened=reopened, still_open=still_open, asked=asked)


def _may_be_left_out(manifest: Manifest, address: str) -> bool:
    """Whether a recipient without a record may be one that was left out."""
    lowered = address.lower()
    if not manifest.deliveries or any(
        one.recipient.lower() == lowered for one in manifest.deliveries
    ):
        return False
    known = {one.address.lower() for one in manifest.refusals if one.address is not None}
    return lowered in known or not _are_all_known(manifest)


def _all_left_out(manifest: Manifest) -> tuple[str, ...]:
    """The recipients to ask for: those recorded as left out, else all that the mail names."""
    if not _are_all_known(manifest):
        return (ALL_LEFT_OUT,)
    return tuple(one.address for one in manifest.refusals if one.address is not None)


_EARLIER_MAX = 50
"""How many refusals the previous release kept; its manifests have no marker."""


def _are_all_known(manifest: Manifest) -> bool:
    """Whether the manifest names each address that was left out."""
    most = MAX_LEFT_OUT if manifest.marker else _EARLIER_MAX
    return len(manifest.refusals) < most and all(
        one.address is not None for one in manifest.refusals
    )


def plan_replay(manifest: Manifest | None, now: datetime) -> Redelivery | None:
    """The change of the manifest before its raw message is announced again; None: no change.

    Raises:
        NotDone: if it would have no effect, because the message is finished.
    """
    if manifest is None:
        return None
    match status_of(manifest, now):
        case MessageStatus.DONE:
            raise NotDone(
                f"{manifest.message_id} is done: every recipient has the mail; 'relayctl redeliver"
                f" {manifest.message_id} --recipient ADDRESS' sends it to one of them again"
            )
        case MessageStatus.FAILED | MessageStatus.PARTIAL as status:
            outcome = "failed for some" if status is MessageStatus.FAILED else "some were left out"
            raise NotDone(
                f"{manifest.message_id} is done, and {outcome}: 'relayctl redeliver"
                f" {manifest.message_id}' sends it to them"
            )
        case MessageStatus.REFUSED | MessageStatus.IGNORED | MessageStatus.HELD:
            return plan_redelivery(manifest, (), now)
        case MessageStatus.DEAD if still_open := manifest.open_deliveries():
            return Redelivery(releases=False, still_open=still_open)
        case (
            MessageStatus.RELAYING
            | MessageStatus.RELEASED
            | MessageStatus.FAILING
            | MessageStatus.DEAD
        ):
            return None


def refuse_under_lease(manifest: Manifest, now: datetime) -> None:
    """Raise an error for a message that a worker has.

    Raises:
        NotDone: naming the worker, and when to try again.
    """
    if lease := lease_at(manifest, now):
        raise NotDone(f"{manifest.message_id}: {describe_lease(lease)}; try again after that")


def _reopened(manifest: Manifest, records: Collection[DeliveryRecord], now: datetime) -> Manifest:
    return replace(
        manifest,
        deliveries=tuple(
            replace(one, state=DeliveryState.PENDING, submission_id=None, at=now)
            if one in records
            else one
            for one in manifest.deliveries
        ),
        state=ManifestState.RELAYING,
        reason=None,
        detail="" if manifest.reason else manifest.detail,
    )


def _alive(manifest: Manifest) -> Manifest:
    """The manifest of a message that is tried again; the record of killed workers stays."""
    lease = manifest.lease and replace(manifest.lease, is_last_try=False)
    return replace(manifest, lease=lease, is_dead=False)


def find_recipient(manifest: Manifest, recipient: str) -> DeliveryRecord:
    """The record of a recipient. Letter case counts only where two records differ in it alone.

    Raises:
        NotDone: if there is none.
    """
    alike = [one for one in manifest.deliveries if one.recipient.lower() == recipient.lower()]
    for one in alike:
        if one.recipient == recipient or len(alike) == 1:
            return one
    raise no_such_recipient(manifest, recipient)


def no_such_recipient(manifest: Manifest, recipient: str) -> NotDone:
    """The error for an address that is no recipient of the message."""
    return NotDone(
        f"{recipient} is no recipient of {manifest.message_id}"
        f" ({manifest.state}, {len(manifest.deliveries)} recipients); 'relayctl show"
        f" {manifest.message_id}' lists them"
    )
