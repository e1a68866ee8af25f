"""What a link shows, from its creation until after its expiry."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from relay_core.keys import AttachmentKey, MessageId, RawKey
from relay_core.links.download import (
    MAX_ARCHIVE_BYTES,
    MAX_ARCHIVE_FILES,
    MAX_FETCH_TIME,
    FileStatus,
    LinkStatus,
    LinkView,
    OfferedFile,
    Scan,
    archive_name,
    fetch_lifetime,
    plan_archive,
    scanned,
    unique_names,
    view_link,
)
from relay_core.links.tokens import LinkKeys, TokenClaim, issue_token, read_token
from relay_core.record.manifest import (
    DeliveryRecord,
    DeliveryState,
    Manifest,
    ManifestState,
    StoredAttachment,
)

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
KEYS = LinkKeys(current=bytes(32))
ANNA, BEN = "anna@example.com", "ben@example.net"


def attachment(name: str) -> StoredAttachment:
    return StoredAttachment(
        key=AttachmentKey(f"attachments/m/{name}"),
        filename=name,
        content_type="text/plain",
        size=1,
        sha256="00",
    )


MANIFEST = Manifest(
    message_id=MessageId("m"),
    raw_key=RawKey("incoming/m"),
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
@example(36 * HOUR - timedelta(microseconds=1))
@example(36 * HOUR)
def test_a_link_is_good_until_it_expires_and_not_a_moment_longer(after: timedelta) -> None:
    view = view_link(claim(), MANIFEST, NOW + after)
    good = NOW + after < MANIFEST.expires_at
    assert (LinkStatus.AVAILABLE if good else LinkStatus.EXPIRED) is view.status
    if good:
        lifetime = fetch_lifetime(MANIFEST, NOW + after)
        assert timedelta(0) < lifetime <= MAX_FETCH_TIME
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
    assert FileStatus.LOST is scanned(file, Scan.GONE).status
    revoked = replace(file, status=FileStatus.REVOKED)
    assert all(revoked == scanned(revoked, scan) for scan in Scan)


def offered(*files: tuple[str, int], status: FileStatus = FileStatus.READY) -> list[OfferedFile]:
    return [
        OfferedFile(
            number=number,
            attachment=replace(
                attachment(name), key=AttachmentKey(f"attachments/m/{number}"), size=size
            ),
            status=status,
        )
        for number, (name, size) in enumerate(files, 1)
    ]


NAMES = st.lists(
    st.sampled_from(["a.log", "A.LOG", "a (2).log", "a (2) (2).log", "a", "a (2)", "ä", "a\u0308"])
    | st.sampled_from(
        ["../../etc/passwd", "..", "", "C:\\x.exe", "con", ".profile", "Straße", "STRASSE"]
    )
    | st.text(max_size=30),
    max_size=12,
)


def on_disk(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


@given(NAMES)
def test_no_two_files_of_an_archive_take_the_same_place_and_none_leaves_its_folder(
    names: list[str],
) -> None:
    archive = plan_archive(offered(*((name, 1) for name in names)))
    members = archive.members if archive else ()
    assert len(names) == len(members)
    assert len({on_disk(member.name) for member in members}) == len(members)
    for member in members:
        assert member.name.strip(" .") != ""
        assert not set(member.name) & set('/\\:\0\n\r<>"|?*')


@given(NAMES)
def test_a_name_is_changed_only_where_it_stood_before(names: list[str]) -> None:
    made = unique_names(names)
    places = [on_disk(name) for name in names]
    for number, (name, new) in enumerate(zip(names, made, strict=True)):
        assert name == new or places[number] in {on_disk(one) for one in made[:number]}


def test_names_that_are_there_are_numbered_before_their_extension() -> None:
    names = ["a.log", "A.log", "a (2).log", "a.log", "README", "readme", ".profile", ".profile"]
    assert (
        "a.log",
        "A (2).log",
        "a (2) (2).log",
        "a (3).log",
        "README",
        "readme (2)",
        ".profile",
        ".profile (2)",
    ) == unique_names(names)


def test_an_archive_holds_what_is_ready_and_is_named_after_it() -> None:
    files = offered(("a.log", 1), ("b.log", 2), ("c.log", 3))
    whole = plan_archive(files)
    assert whole is not None
    assert ["a.log", "b.log", "c.log"] == [member.name for member in whole.members]
    assert 6 == whole.size
    assert whole == plan_archive(files)
    for status in FileStatus:
        if status is FileStatus.READY:
            continue
        part = plan_archive([files[0], replace(files[1], status=status), files[2]])
        assert part is not None
        assert ["a.log", "c.log"] == [member.name for member in part.members]
        assert whole.digest != part.digest


def test_what_is_not_ready_or_too_much_is_in_no_archive() -> None:
    assert plan_archive([]) is None
    assert plan_archive(offered(("a", 1), status=FileStatus.SCANNING)) is None
    assert plan_archive(offered(("a", MAX_ARCHIVE_BYTES))) is not None
    assert plan_archive(offered(("a", MAX_ARCHIVE_BYTES), ("b", 1))) is None
    assert plan_archive(offered(*[("a", 1)] * MAX_ARCHIVE_FILES)) is not None
    assert plan_archive(offered(*[("a", 1)] * (MAX_ARCHIVE_FILES + 1))) is None


@pytest.mark.parametrize(
    ("subject", "name"),
    [
        ("Alarm", "Alarm.zip"),
        ("Boiler 1/2: off\\on", "Boiler 1_2_ off_on.zip"),
        (" ", "attachments.zip"),
        ("../../x", "_.._x.zip"),
        ("x" * 500, "x" * 96 + ".zip"),
    ],
)
def test_an_archive_is_called_as_its_mail(subject: str, name: str) -> None:
    assert name == archive_name(subject)
