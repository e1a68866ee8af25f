"""A renewed link works for its recipient only, and invalidates every earlier one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import LinkStatus, view_link
from relay_core.links.renewal import (
    MAX_RENEWALS,
    RENEWAL_INTERVAL,
    RenewalPolicy,
    is_too_soon,
    may_renew,
    renewed,
    with_delivery,
)
from relay_core.links.tokens import LinkKeys, issue_token, read_token
from relay_core.record.manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)
from relay_core.record.manifest_json import format_manifest, parse_manifest
from tests.adapters.stored_message import ANNA, BEN, NOW

HOUR = timedelta(hours=1)
POLICY = RenewalPolicy(link_expiry=2 * HOUR, attachment_retention=timedelta(days=3))
KEYS = LinkKeys(current=bytes(32))
FILE = StoredAttachment(
    key=AttachmentKey("k"), filename="a", content_type="text/csv", size=1, sha256=""
)
SENT = DeliveryRecord(recipient=ANNA, state=DeliveryState.SUBMITTED)
MANIFEST = Manifest(
    message_id=MessageId("m"),
    raw_key=RawKey("incoming/m"),
    sender="cam@plant.example",
    subject="Alarm",
    created_at=NOW,
    expires_at=NOW + HOUR,
    attachments=(FILE,),
    deliveries=(SENT, replace(SENT, recipient=BEN)),
)
FILES_END = NOW + POLICY.attachment_retention


def status(manifest: Manifest, recipient: str, renewal: int, now: datetime) -> LinkStatus:
    claim = read_token(issue_token(manifest.message_id, recipient, KEYS, renewal), KEYS)
    assert claim is not None
    return view_link(claim, manifest, now).status


def renew(manifest: Manifest, now: datetime) -> Manifest:
    return with_delivery(manifest, renewed(manifest.deliveries[0], manifest, POLICY, now))


@given(st.lists(st.timedeltas(timedelta(), timedelta(hours=20)), max_size=8))
def test_only_the_last_link_opens_and_no_other_recipients_link_changes(
    pauses: list[timedelta],
) -> None:
    manifest, now = MANIFEST, NOW + HOUR
    for pause in pauses:
        now = min(now + pause, FILES_END - HOUR)
        manifest = renew(manifest, now)
        last = manifest.deliveries[0]
        assert last.renewed_until is not None
        assert now < last.renewed_until <= FILES_END
        for renewal in range(last.renewals):
            assert status(manifest, ANNA, renewal, now) is LinkStatus.EXPIRED
        for at, expected in (
            (now, LinkStatus.AVAILABLE),
            (last.renewed_until - timedelta(seconds=1), LinkStatus.AVAILABLE),
            (last.renewed_until, LinkStatus.EXPIRED),
        ):
            assert status(manifest, ANNA, last.renewals, at) is expected
        assert status(manifest, ANNA, last.renewals + 1, now) is LinkStatus.UNKNOWN
        assert status(manifest, BEN, 0, now) is LinkStatus.EXPIRED
        assert status(manifest, BEN, 1, now) is LinkStatus.UNKNOWN
        assert manifest == parse_manifest(format_manifest(manifest))


def test_a_view_ends_with_its_own_link() -> None:
    now = NOW + HOUR
    manifest = renew(MANIFEST, now)
    claim = read_token(issue_token(manifest.message_id, ANNA, KEYS, 1), KEYS)
    assert claim is not None
    seen = view_link(claim, manifest, now).manifest
    assert seen is not None
    assert now + POLICY.link_expiry == seen.expires_at


def test_asking_again_while_the_new_link_is_good_makes_no_other() -> None:
    manifest = renew(MANIFEST, NOW + HOUR)
    later = NOW + HOUR + RENEWAL_INTERVAL
    again = renew(manifest, later)
    assert replace(again.deliveries[0], renewed_at=NOW + HOUR) == manifest.deliveries[0]
    assert status(again, ANNA, 1, later) is LinkStatus.AVAILABLE


def test_a_token_of_a_renewal_is_no_other_recipients() -> None:
    tokens = {
        issue_token(MANIFEST.message_id, recipient, KEYS, renewal)
        for recipient in (ANNA, f"{ANNA}1", BEN)
        for renewal in range(20)
    }
    assert 60 == len(tokens)
    assert all(len(token) == 40 for token in tokens)


@pytest.mark.parametrize(
    ("manifest", "offered"),
    [
        (MANIFEST, True),
        (with_delivery(MANIFEST, replace(SENT, revoked_at=NOW)), False),
        (with_delivery(MANIFEST, replace(SENT, state=DeliveryState.FAILED)), False),
        (with_delivery(MANIFEST, replace(SENT, renewals=MAX_RENEWALS)), False),
        (replace(MANIFEST, state=ManifestState.REFUSED), False),
        (replace(MANIFEST, attachments=(replace(FILE, revoked_at=NOW),)), False),
        (replace(MANIFEST, attachments=(replace(FILE, failure="x"),)), False),
        (replace(MANIFEST, attachments=()), False),
    ],
)
def test_a_link_is_renewed_where_it_was_sent_and_has_files(
    manifest: Manifest, *, offered: bool
) -> None:
    assert offered is may_renew(manifest.deliveries[0], manifest, POLICY, NOW + HOUR)


def test_a_recipient_gets_so_many_links_and_the_last_again_while_it_is_good() -> None:
    manifest, now = MANIFEST, NOW + HOUR
    short = replace(POLICY, link_expiry=timedelta(minutes=1))
    while may_renew(manifest.deliveries[0], manifest, short, now):
        last = renewed(manifest.deliveries[0], manifest, short, now)
        manifest = with_delivery(manifest, last)
        assert may_renew(last, manifest, short, now)
        assert last.renewals == renewed(last, manifest, short, now).renewals
        assert last.renewed_until is not None
        now = last.renewed_until
    assert MAX_RENEWALS == manifest.deliveries[0].renewals
    assert now < FILES_END - HOUR


def test_no_recipient_gets_a_link_to_files_that_are_about_to_be_deleted() -> None:
    assert may_renew(SENT, MANIFEST, POLICY, FILES_END - HOUR)
    assert not may_renew(SENT, MANIFEST, POLICY, FILES_END - timedelta(minutes=1))
    assert not may_renew(SENT, MANIFEST, POLICY, FILES_END)
    late = renewed(SENT, MANIFEST, POLICY, FILES_END - HOUR)
    assert FILES_END == late.renewed_until


def test_once_an_hour_is_often_enough() -> None:
    sent = renewed(SENT, MANIFEST, POLICY, NOW)
    assert not is_too_soon(SENT, NOW)
    assert is_too_soon(sent, NOW)
    assert is_too_soon(sent, NOW + RENEWAL_INTERVAL - timedelta(seconds=1))
    assert not is_too_soon(sent, NOW + RENEWAL_INTERVAL)
