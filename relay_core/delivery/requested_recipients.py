"""Sending a mail to recipients who were left out of it, at an operator's request.

An operator only asks (`Manifest.asked`), and decides nothing. Whom the mail goes to is what the
mail itself names, by the policy and the directory as they are now: nobody gets it who would not
get it if it came now. Nobody who has a record of it is touched.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from relay_core.errors import Reason, Refusal
from relay_core.notices.notice import compose_notice, kept_refusals
from relay_core.plan import AdmittedMail, find_recipients
from relay_core.policy.admission import Resolved
from relay_core.policy.directory import EMPTY_DIRECTORY, Directory
from relay_core.ports import Ports, StoredManifest
from relay_core.record.manifest import ALL_LEFT_OUT, DeliveryRecord, Manifest
from relay_core.settings import Settings

from .ledger import write_manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconsidered:
    """The manifest without recipients that are asked for, and the refusals to report.

    `refusals` say why some recipients who were asked for are still left out.
    """

    manifest: Manifest
    refusals: tuple[Refusal, ...]


def reconsider(manifest: Manifest, resolved: Resolved) -> Reconsidered:
    """Decide on the recipients who are asked for; `resolved` are those that are allowed now."""
    known = {one.recipient.lower() for one in manifest.deliveries}
    may_get_it = [one for one in resolved.recipients if one.lower() not in known]
    if ALL_LEFT_OUT in manifest.asked:
        added, refusals = may_get_it, resolved.refusals
        left = refusals if resolved.recipients else manifest.refusals
    else:
        asked = {one.lower(): one for one in manifest.asked}
        added = [one for one in may_get_it if one.lower() in asked]
        served = known | {one.lower() for one in added}
        missed = {lowered: one for lowered, one in asked.items() if lowered not in served}
        still_refused = tuple(one for one in resolved.refusals if _is_of(one, missed))
        refused = {one.address.lower() for one in still_refused if one.address is not None}
        refusals = (
            *still_refused,
            *(
                _unnamed(one, resolved)
                for lowered, one in missed.items()
                if lowered not in refused
            ),
        )
        left = (
            *(one for one in manifest.refusals if not _is_of(one, served | refused)),
            *still_refused,
        )
    return Reconsidered(
        manifest=replace(
            manifest,
            deliveries=(
                *manifest.deliveries,
                *(DeliveryRecord(recipient=one) for one in added),
            ),
            refusals=kept_refusals(left),
            asked=(),
        ),
        refusals=refusals,
    )


def serve_requested(
    admitted: AdmittedMail, stored: StoredManifest, settings: Settings, ports: Ports
) -> tuple[StoredManifest, tuple[Refusal, ...]]:
    """Decide on the recipients who are asked for, report those still left out, and record it.

    Returns the manifest, and the refusals that were reported. Raises as `relay_message`.
    """
    if not stored.manifest.asked:
        return stored, ()
    resolved = find_recipients(admitted, settings, directory_for(admitted, ports))
    found = reconsider(stored.manifest, resolved)
    if found.refusals:
        others = len(found.manifest.deliveries)
        ports.notices.publish(
            compose_notice(admitted.mail, found.refusals, settings, relayed_to=others)
        )
    version = write_manifest(found.manifest, stored, ports.manifests)
    return StoredManifest(found.manifest, version), found.refusals


def directory_for(admitted: AdmittedMail, ports: Ports) -> Directory:
    """The recipient directory, if the mail needs it."""
    return ports.directories.current() if admitted.needs_directory else EMPTY_DIRECTORY


def _is_of(refusal: Refusal, lowered: Collection[str]) -> bool:
    return refusal.address is not None and refusal.address.lower() in lowered


def _unnamed(address: str, resolved: Resolved) -> Refusal:
    """Why a recipient whom no refusal names does not get the mail."""
    for one in resolved.refusals:
        if one.address is None:  # such as a limit that the whole mail is over
            return replace(
                one, detail=f"{address} was asked for, but the mail has an error: {one.detail}"
            )
    return Refusal(
        reason=Reason.NO_RECIPIENT_CODE,
        detail=f"{address} was asked for, but neither the mail nor the directory names it",
    )
