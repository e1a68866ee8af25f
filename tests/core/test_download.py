"""What a link shows, at every moment of its life."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.download import (
    LONGEST_FETCH,
    FileStatus,
    LinkStatus,
    LinkView,
    Scan,
    fetch_lifetime,
    scanned,
    view_link,
)
from relay_core.manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    MessageId,
    StoredAttachment,
)
from relay_core.tokens import LinkKeys, TokenClaim, issue_token, read_token

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = LinkKeys(current=bytes(32))
ANNA, BEN = "anna@example.com", "ben@example.net"


def attachment(name: str) -> StoredAttachment:
    return StoredAttachment(
        key=f"attachments/m/{name}", filename=name, content_type="text/plain", size=1, sha256="00"
    )


MANIFEST = Manifest(
    message_id=MessageId("m"),
    raw_key="incoming/m",
    sender="pump@plant.example",
    subject="Alarm",
    created_at=NOW,
    expires_at=NOW + 36 * HOUR,
    attachments=(attachment("a.log"), attachment("b.jpg")),
    deliveries=(
        DeliveryRecord(recipient=ANNA, state=DeliveryState.SUBMITTED),
        DeliveryRecord(recipient=BEN),
    ),
)


def claim(recipient: str = ANNA) -> TokenClaim:
    made = read_token(issue_token(MANIFEST.message_id, recipient, KEYS), KEYS)
    assert made is not None
    return made


def test_a_link_shows_its_messages_files_to_its_recipient() -> None:
    for recipient in (ANNA, BEN):
        view = view_link(claim(recipient), MANIFEST, NOW)
        assert (LinkStatus.AVAILABLE, recipient, MANIFEST) == (
            view.status,
            view.recipient,
            view.manifest,
        )
        assert [(1, "a.log", FileStatus.READY), (2, "b.jpg", FileStatus.READY)] == [
            (file.number, file.attachment.filename, file.status) for file in view.files
        ]


@given(st.timedeltas(timedelta(days=-1), timedelta(days=60)))
def test_a_link_is_good_until_it_expires_and_not_a_moment_longer(after: timedelta) -> None:
    view = view_link(claim(), MANIFEST, NOW + after)
    good = NOW + after < MANIFEST.expires_at
    assert (LinkStatus.AVAILABLE if good else LinkStatus.EXPIRED) is view.status
    if good:
        lifetime = fetch_lifetime(MANIFEST, NOW + after)
        assert timedelta(0) < lifetime <= LONGEST_FETCH
        assert NOW + after + lifetime <= MANIFEST.expires_at


def test_one_who_is_revoked_is_shut_out_and_the_others_are_not() -> None:
    anna, ben = MANIFEST.deliveries
    revoked = replace(MANIFEST, deliveries=(replace(anna, revoked_at=NOW), ben))
    assert LinkView(status=LinkStatus.REVOKED) == view_link(claim(ANNA), revoked, NOW)
    assert LinkStatus.AVAILABLE is view_link(claim(BEN), revoked, NOW).status


def test_a_file_that_is_revoked_or_lost_is_shown_as_such() -> None:
    first, second = MANIFEST.attachments
    changed = replace(
        MANIFEST,
        attachments=(replace(first, revoked_at=NOW), replace(second, failure="EntityTooLarge")),
    )
    statuses = [file.status for file in view_link(claim(), changed, NOW).files]
    assert [FileStatus.REVOKED, FileStatus.LOST] == statuses


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        replace(MANIFEST, deliveries=()),
        *(
            replace(MANIFEST, state=state)
            for state in ManifestState
            if state is not ManifestState.RELAYING
        ),
    ],
)
def test_what_is_not_there_shows_nothing(manifest: Manifest | None) -> None:
    assert LinkView(status=LinkStatus.UNKNOWN) == view_link(claim(), manifest, NOW)


def test_only_a_scan_that_found_nothing_lets_a_file_out() -> None:
    (file, _) = view_link(claim(), MANIFEST, NOW).files
    ready = {scan for scan in Scan if scanned(file, scan).status is FileStatus.READY}
    assert {Scan.NOT_REQUIRED, Scan.CLEAN} == ready
    revoked = replace(file, status=FileStatus.REVOKED)
    assert all(revoked == scanned(revoked, scan) for scan in Scan)
