"""A link is valid for its full length from its submission, and its files exist as long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay_core.delivery.ending import record_error
from relay_core.errors import PermanentError, SendingStopped, TransientError
from relay_core.links.download import LinkStatus, view_link
from relay_core.links.lifetime import links_until
from relay_core.links.tokens import TokenClaim, message_ref, recipient_tag
from relay_core.ports import FileToStore
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState
from relay_core.record.report import Outcome
from relay_core.relay import relay_message
from relay_core.settings import LinkMode, Settings
from relay_core.wording.wording import Wording
from tests.core.delivery.deliveries import (
    ANNA,
    BEN,
    ID,
    KEY,
    SETTINGS,
    change,
    mail,
    manifest_of,
)
from tests.core.record.test_manifest import MANIFESTS
from tests.fakes import MemoryWorld
from tests.receipt import received

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
EXPIRY = SETTINGS.link_expiry
RAW = mail(f"{ANNA},{BEN}", ("a.log", b"A" * 100))
MAX_RUN_TIME = timedelta(seconds=120)


def text_to(world: MemoryWorld, recipient: str) -> str:
    """The text of the last mail to a recipient."""
    raw = next(one.raw for one in reversed(world.submission.outbox) if one.recipient == recipient)
    body = message_from_bytes(raw, policy=policy.default).get_body(("plain",))
    assert body is not None
    text: str = body.get_content()
    return text


def told_until(world: MemoryWorld, recipient: str, until: datetime) -> bool:
    time = Wording().time(until, now=world.now)
    return f"until {time}" in " ".join(text_to(world, recipient).split())


def status(world: MemoryWorld, recipient: str, at: datetime) -> LinkStatus:
    claim = TokenClaim(message_ref=message_ref(ID), recipient_tag=recipient_tag(recipient))
    return view_link(claim, manifest_of(world), at).status


def is_promised_from_now(world: MemoryWorld, recipient: str) -> bool:
    """Whether the mail just submitted has a link of full length, and states its end."""
    until = manifest_of(world).expires_at
    return (
        world.now + EXPIRY <= until <= world.now + EXPIRY + MAX_RUN_TIME
        and told_until(world, recipient, until)
        and status(world, recipient, world.now + EXPIRY - HOUR) is LinkStatus.AVAILABLE
    )


def test_a_mail_that_was_parked_has_a_link_of_full_length() -> None:
    world = MemoryWorld()
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=40)
    for _ in range(20):
        assert Outcome.PARKED is world.relay(RAW, SETTINGS).outcome
        world.now += 2 * HOUR
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert is_promised_from_now(world, ANNA)
    assert is_promised_from_now(world, BEN)


def test_a_mail_that_was_redriven_has_a_link_of_full_length() -> None:
    world = MemoryWorld()
    throttled = TransientError(call="store", target="x", detail="slow down")
    world.attachments.faults.order("store", throttled)
    with pytest.raises(TransientError):
        world.relay(RAW, SETTINGS)
    record_error(KEY, str(throttled), world.worker(), SETTINGS, world.ports)
    world.now += 40 * HOUR
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert is_promised_from_now(world, ANNA)


def test_a_mail_that_is_redelivered_to_one_extends_the_link_of_the_other() -> None:
    world = MemoryWorld()
    rejected = PermanentError(call="submit", target="x", detail="no such address")
    world.submission.faults.order("submit", rejected, target=ANNA)
    world.relay(RAW, SETTINGS)
    assert is_promised_from_now(world, BEN)
    world.now += 40 * HOUR
    assert LinkStatus.EXPIRED is status(world, BEN, world.now)
    anna, ben = manifest_of(world).deliveries
    reopened = replace(anna, state=DeliveryState.PENDING)
    change(world, replace(manifest_of(world), deliveries=(reopened, ben)))
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert is_promised_from_now(world, ANNA)
    assert LinkStatus.AVAILABLE is status(world, BEN, world.now)


@pytest.mark.parametrize("waited", [timedelta(0), 40 * HOUR])
def test_a_presigned_link_is_signed_for_its_full_length(waited: timedelta) -> None:
    world = MemoryWorld()
    presigned = replace(SETTINGS, link_mode=LinkMode.PRESIGNED)
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=2)
    world.relay(RAW, presigned)
    world.now += waited
    world.relay(RAW, presigned)
    (link,) = world.links.issued.values()
    assert world.now + EXPIRY <= link.expires_at <= world.now + EXPIRY + MAX_RUN_TIME
    assert told_until(world, ANNA, link.expires_at)


def test_no_link_is_promised_for_longer_than_its_file_is_kept_and_the_mail_says_so() -> None:
    world = MemoryWorld()
    settings = replace(SETTINGS, attachment_retention=2 * DAY)
    began = world.now
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=2)
    world.relay(RAW, settings)
    world.now += 20 * HOUR
    world.relay(RAW, settings)
    assert began + 2 * DAY == manifest_of(world).expires_at
    assert told_until(world, ANNA, began + 2 * DAY)


def expire(world: MemoryWorld) -> None:
    """Delete the files, as S3 does after the retention."""
    world.attachments.attachments.clear()
    world.now += 20 * DAY


def is_there_with_its_file(world: MemoryWorld) -> bool:
    (stored,) = world.attachments.attachments.values()
    (listed,) = manifest_of(world).attachments
    return b"A" * 100 == stored.content and listed.key in world.attachments.attachments


def test_of_a_promised_mail_files_that_are_not_kept_any_more_are_stored_anew() -> None:
    world = MemoryWorld()
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=2)
    began = world.now
    world.relay(RAW, SETTINGS)
    expire(world)
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert is_there_with_its_file(world)
    assert is_promised_from_now(world, ANNA)
    assert (began, world.now) == (
        manifest_of(world).created_at,
        manifest_of(world).stored_since,
    )


@pytest.mark.parametrize("state", [ManifestState.FAILING, ManifestState.RELEASED])
def test_a_mail_that_promised_nothing_goes_out_with_its_files_however_late(
    state: ManifestState,
) -> None:
    world = MemoryWorld()
    world.relay(RAW, SETTINGS)
    world.submission.outbox.clear()
    change(world, replace(manifest_of(world), state=state, deliveries=()))
    expire(world)
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert is_there_with_its_file(world)
    assert is_promised_from_now(world, ANNA)


def test_a_file_that_lasts_long_enough_is_not_stored_a_second_time() -> None:
    world = MemoryWorld()
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=2)
    world.relay(RAW, SETTINGS)
    world.now += SETTINGS.attachment_retention - EXPIRY
    assert 0 == world.relay(RAW, SETTINGS).attachments
    assert is_promised_from_now(world, BEN)


def test_a_file_that_is_gone_and_stays_in_the_mail_by_now_is_not_listed() -> None:
    world = MemoryWorld()
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=1)
    message = EmailMessage()
    message["From"], message["Subject"] = "pump@plant.example", "Alarm"
    message.set_content(f'<img src="cid:p">:Email_Rxers_Code:{ANNA}:Email_Rxers_Code:', "html")
    message.add_related(b"P" * 100, "image", "png", cid="<p>", filename="p.png")
    raw = message.as_bytes().replace(b"\n", b"\r\n")
    assert 1 == world.relay(raw, replace(SETTINGS, inline_image_limit=1)).attachments
    expire(world)
    assert Outcome.RELAYED is world.relay(raw, SETTINGS).outcome
    assert () == manifest_of(world).attachments


def test_a_file_that_was_revoked_is_not_stored_anew() -> None:
    world = MemoryWorld()
    world.relay(RAW, SETTINGS)
    manifest = manifest_of(world)
    (file,), (anna, ben) = manifest.attachments, manifest.deliveries
    revoked, reopened = (
        replace(file, revoked_at=world.now),
        replace(anna, state=DeliveryState.PENDING),
    )
    change(world, replace(manifest, attachments=(revoked,), deliveries=(reopened, ben)))
    expire(world)
    assert Outcome.RELAYED is world.relay(RAW, SETTINGS).outcome
    assert {} == world.attachments.attachments
    assert (revoked,) == manifest_of(world).attachments


def test_a_message_is_as_old_as_its_oldest_file() -> None:
    world = MemoryWorld()
    began = world.now

    class Slow:
        """A store that takes a long time for each file."""

        def store_each(
            self, files: Sequence[FileToStore]
        ) -> list[TransientError | PermanentError | None]:
            answers = world.attachments.store_each(files)
            world.now += timedelta(seconds=10)
            return answers

    world.incoming.messages[KEY] = received(RAW)
    relay_message(KEY, SETTINGS, replace(world.ports, attachments=Slow()), world.worker())
    assert began == manifest_of(world).created_at


def test_of_a_try_that_failed_no_file_is_left_as_old_as_it_was() -> None:
    world = MemoryWorld()
    began = world.now
    conflict = TransientError(call="open", target="x", detail="slow down")
    world.pages.faults.order("open", conflict)
    with pytest.raises(TransientError):
        world.relay(RAW, SETTINGS)
    record_error(KEY, str(conflict), world.worker(), SETTINGS, world.ports)
    world.now += 40 * HOUR
    world.relay(RAW, SETTINGS)
    # All files are stored again, so that none is older than `stored_since`.
    assert (began, world.now) == (
        manifest_of(world).created_at,
        manifest_of(world).stored_since,
    )


def test_the_mail_states_what_an_operator_has_extended() -> None:
    world = MemoryWorld()
    stopped = SendingStopped(call="submit", target="x", detail="SendingPausedException")
    world.submission.faults.order("submit", stopped, times=2)
    world.relay(RAW, SETTINGS)
    extended = world.now + 7 * DAY
    change(world, replace(manifest_of(world), expires_at=extended))
    world.relay(RAW, SETTINGS)
    assert extended == manifest_of(world).expires_at
    assert told_until(world, ANNA, extended)


TIMES = st.timedeltas(timedelta(0), timedelta(days=30))
LENGTHS = st.tuples(st.integers(1, 400), st.integers(400, 800))


@given(MANIFESTS, TIMES, LENGTHS)
def test_a_promise_is_never_taken_back_and_never_beyond_the_files(
    manifest: Manifest, later: timedelta, hours: tuple[int, int]
) -> None:
    settings: Settings = replace(
        SETTINGS, link_expiry=hours[0] * HOUR, attachment_retention=hours[1] * HOUR
    )
    world = MemoryWorld(manifest.stored_since + later)
    worker = world.worker()
    until = links_until(manifest, settings, worker)
    files_until = manifest.stored_since + settings.attachment_retention
    assert until <= files_until
    assert until >= min(world.now + settings.link_expiry, files_until)
    claimed = replace(manifest, lease=None).claiming(
        manifest.deliveries, worker, world.now, links_until=until
    )
    assert claimed.expires_at >= manifest.expires_at
    assert claimed.expires_at >= until
