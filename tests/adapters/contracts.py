"""The contract of each port: one suite for each, run on the fake and the adapter.

A suite is a class without `Test` in front. Its docstring names the fixtures that a subclass
supplies: the port, and a probe that reads its effects. pytest names a missing one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from relay_core.errors import AdapterError, Conflict, PermanentError, Reason, Refusal
from relay_core.keys import AttachmentKey, MessageId, RawKey, WindowKey
from relay_core.limits.sender_limit import SenderWindow
from relay_core.policy.directory import Directory
from relay_core.ports import (
    AttachmentLinks,
    AttachmentStore,
    Directories,
    FileToStore,
    IncomingMessages,
    Link,
    Manifests,
    Notice,
    Notices,
    OutgoingMail,
    StoredManifest,
    StoredWindow,
    Submission,
    Version,
    Windows,
)
from relay_core.record.manifest import Manifest


class IncomingMessagesContract:
    """`incoming`; `arrive` puts a message there."""

    @pytest.mark.parametrize("raw", [b"", b"Subject: x\r\n\r\nbody", bytes(range(256)) * 4096])
    def test_a_message_is_fetched_byte_for_byte(
        self, incoming: IncomingMessages, arrive: Callable[[RawKey, bytes], None], raw: bytes
    ) -> None:
        key = RawKey("incoming/with space+plus/ü")
        arrive(key, raw)
        assert raw == incoming.fetch(key)

    def test_a_missing_message_is_a_permanent_error_that_names_its_key(
        self, incoming: IncomingMessages
    ) -> None:
        with pytest.raises(PermanentError) as caught:
            incoming.fetch(RawKey("incoming/missing"))
        assert caught.value.target == "incoming/missing"


@dataclass(frozen=True, kw_only=True)
class Stored:
    content: bytes
    content_type: str


def store_one(
    store: AttachmentStore,
    key: AttachmentKey,
    content: Iterable[bytes],
    *,
    content_type: str = "text/plain",
    filename: str = "a.txt",
) -> None:
    """Store one file; raise its error if there is one."""
    file = FileToStore(key=key, content=content, content_type=content_type, filename=filename)
    [answer] = store.store_each([file])
    if answer is not None:
        raise answer


class AttachmentStoreContract:
    """`store`; `stored` reads the file under a key."""

    KEY = AttachmentKey("attachments/m1/0/a b+c.bin")

    @pytest.mark.parametrize(
        "chunks", [[], [b""], [b"abc"], [b"a", b"", b"bc"], [bytes(range(256)) * 1024] * 6]
    )
    def test_the_chunks_are_stored_in_their_order(
        self,
        store: AttachmentStore,
        stored: Callable[[AttachmentKey], Stored],
        chunks: list[bytes],
    ) -> None:
        store_one(store, self.KEY, iter(chunks), content_type="image/png", filename="a.png")
        expected = Stored(content=b"".join(chunks), content_type="image/png")
        assert expected == stored(self.KEY)

    def test_a_key_that_exists_is_written_over(
        self, store: AttachmentStore, stored: Callable[[AttachmentKey], Stored]
    ) -> None:
        store_one(store, self.KEY, [b"first"], content_type="text/plain", filename="a.txt")
        store_one(store, self.KEY, [b"new", b"er"], content_type="image/png", filename="b.png")
        assert Stored(content=b"newer", content_type="image/png") == stored(self.KEY)

    def test_an_error_of_the_content_stores_nothing(
        self, store: AttachmentStore, stored: Callable[[AttachmentKey], Stored]
    ) -> None:
        def broken() -> Iterator[bytes]:
            yield b"half"
            raise EOFError

        with pytest.raises(EOFError):
            store_one(store, self.KEY, broken(), content_type="image/png", filename="a.png")
        store_one(store, self.KEY, [b"whole"], content_type="image/png", filename="a.png")
        assert Stored(content=b"whole", content_type="image/png") == stored(self.KEY)

    def test_some_are_stored_at_the_same_time_with_an_answer_for_each(
        self, store: AttachmentStore, stored: Callable[[AttachmentKey], Stored]
    ) -> None:
        keys = [AttachmentKey(f"attachments/m1/{number}/a") for number in range(8)]
        contents = [str(number).encode() * 1000 for number in range(8)]
        files = [
            FileToStore(key=key, content=[content], content_type="text/plain", filename="a")
            for key, content in zip(keys, contents, strict=True)
        ]
        assert [None] * 8 == list(store.store_each(files))
        assert contents == [stored(key).content for key in keys]
        assert [] == list(store.store_each([]))


class AttachmentLinksContract:
    """`links`, whose clock is always `NOW`."""

    NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    KEY = AttachmentKey("attachments/m1/0/a b+c.bin")

    def issue(self, links: AttachmentLinks, lifetime: timedelta) -> Link:
        return links.issue(
            self.KEY, filename="a b.bin", content_type="image/png", lifetime=lifetime
        )

    def test_a_short_lifetime_is_kept_exactly(self, links: AttachmentLinks) -> None:
        lifetime = timedelta(hours=1)
        assert self.NOW + lifetime == self.issue(links, lifetime).expires_at

    def test_a_link_never_promises_more_than_was_asked(self, links: AttachmentLinks) -> None:
        lifetime = timedelta(days=3650)
        assert self.NOW < self.issue(links, lifetime).expires_at <= self.NOW + lifetime

    def test_a_link_is_one_word_of_ascii(self, links: AttachmentLinks) -> None:
        link = links.issue(
            self.KEY,
            filename='ü "x"\r\n.txt',
            content_type="text/plain\r\nX: y",
            lifetime=timedelta(hours=1),
        )
        assert link.url.isascii()
        assert link.url.isprintable()
        assert [link.url] == link.url.split()


class ManifestsContract:
    """`manifests`; `damage` overwrites the stored document with an invalid one."""

    def test_a_message_without_a_manifest_has_none(self, manifests: Manifests) -> None:
        assert manifests.load(MessageId("unknown")) is None

    def test_what_was_created_is_loaded(self, manifests: Manifests, manifest: Manifest) -> None:
        version = manifests.create(manifest)
        expected = StoredManifest(manifest=manifest, version=version)
        assert expected == manifests.load(manifest.message_id)

    def test_only_one_of_two_creations_wins(
        self, manifests: Manifests, manifest: Manifest
    ) -> None:
        version = manifests.create(manifest)
        with pytest.raises(Conflict):
            manifests.create(replace(manifest, subject="another"))
        expected = StoredManifest(manifest=manifest, version=version)
        assert expected == manifests.load(manifest.message_id)

    def test_replacing_the_last_version_gives_a_new_one(
        self, manifests: Manifests, manifest: Manifest
    ) -> None:
        first = manifests.create(manifest)
        changed = replace(manifest, subject="changed")
        second = manifests.replace(changed, first)
        assert first != second
        expected = StoredManifest(manifest=changed, version=second)
        assert expected == manifests.load(manifest.message_id)

    def test_only_one_of_two_replacements_of_a_version_wins(
        self, manifests: Manifests, manifest: Manifest
    ) -> None:
        first = manifests.create(manifest)
        winner = replace(manifest, subject="winner")
        version = manifests.replace(winner, first)
        with pytest.raises(Conflict) as caught:
            manifests.replace(replace(manifest, subject="loser"), first)
        assert manifest.message_id in caught.value.target
        expected = StoredManifest(manifest=winner, version=version)
        assert expected == manifests.load(manifest.message_id)

    def test_a_manifest_that_is_gone_cannot_be_replaced(
        self, manifests: Manifests, manifest: Manifest
    ) -> None:
        with pytest.raises(Conflict):
            manifests.replace(manifest, Version('"0123456789abcdef0123456789abcdef"'))

    def test_manifests_of_different_messages_are_independent(
        self, manifests: Manifests, manifest: Manifest
    ) -> None:
        other = replace(manifest, message_id=MessageId("m2"))
        first, second = manifests.create(manifest), manifests.create(other)
        assert StoredManifest(manifest=manifest, version=first) == manifests.load(MessageId("m1"))
        assert StoredManifest(manifest=other, version=second) == manifests.load(MessageId("m2"))

    def test_a_document_that_is_no_manifest_is_a_permanent_error_that_names_it(
        self, manifests: Manifests, manifest: Manifest, damage: Callable[[MessageId], None]
    ) -> None:
        manifests.create(manifest)
        damage(manifest.message_id)
        with pytest.raises(PermanentError) as caught:
            manifests.load(manifest.message_id)
        assert manifest.message_id in caught.value.target


class SenderWindowsContract:
    """`windows`; `damage_window` overwrites the stored document with an invalid one."""

    EMPTY = SenderWindow.at(
        datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        sender="pump@plant.example",
        length=timedelta(minutes=5),
    )
    ONE = EMPTY.with_message(MessageId("m1"), 2, EMPTY.started_at)

    def test_a_window_in_which_nothing_is_counted_is_none(
        self, windows: Windows[SenderWindow]
    ) -> None:
        assert windows.load(self.EMPTY.key) is None

    def test_what_was_created_is_loaded(self, windows: Windows[SenderWindow]) -> None:
        version = windows.create(self.ONE)
        assert StoredWindow(self.ONE, version) == windows.load(self.ONE.key)

    def test_only_one_of_two_creations_wins(self, windows: Windows[SenderWindow]) -> None:
        version = windows.create(self.ONE)
        with pytest.raises(Conflict):
            windows.create(self.EMPTY.with_message(MessageId("m2"), 2, self.EMPTY.started_at))
        assert StoredWindow(self.ONE, version) == windows.load(self.ONE.key)

    def test_only_one_of_two_replacements_of_a_version_wins(
        self, windows: Windows[SenderWindow]
    ) -> None:
        first = windows.create(self.ONE)
        winner = self.ONE.with_message(MessageId("m2"), 2, self.EMPTY.started_at)
        second = windows.replace(winner, first)
        with pytest.raises(Conflict) as caught:
            windows.replace(winner.with_message(MessageId("m3"), 2, self.EMPTY.started_at), first)
        assert self.ONE.key in caught.value.target
        assert StoredWindow(winner, second) == windows.load(self.ONE.key)

    def test_windows_of_different_senders_and_times_are_independent(
        self, windows: Windows[SenderWindow]
    ) -> None:
        others = [
            SenderWindow.at(self.ONE.started_at, sender=None, length=self.ONE.length),
            SenderWindow.at(self.ONE.ends_at, sender=self.ONE.sender, length=self.ONE.length),
        ]
        stored = {one.key: StoredWindow(one, windows.create(one)) for one in [self.ONE, *others]}
        assert stored == {key: windows.load(key) for key in stored}

    def test_a_document_that_is_no_window_is_a_permanent_error_that_names_it(
        self, windows: Windows[SenderWindow], damage_window: Callable[[WindowKey], None]
    ) -> None:
        windows.create(self.ONE)
        damage_window(self.ONE.key)
        with pytest.raises(PermanentError) as caught:
            windows.load(self.ONE.key)
        assert self.ONE.key in caught.value.target


class DirectoriesContract:
    """`directories` has `FIRST` and reads at each call; `put` changes it."""

    FIRST = Directory(
        groups={"oncall": ("anna@example.com", "@backup"), "backup": ("ben@example.com",)},
        default_recipients={"*.plant.example": ("@oncall",)},
    )
    SECOND = Directory(groups={"ops": ("cleo@bücher.example",)}, default_recipients={})

    def test_the_directory_is_as_the_operator_left_it(
        self, directories: Directories, put: Callable[[Directory], None]
    ) -> None:
        assert self.FIRST == directories.current()
        put(self.SECOND)
        assert self.SECOND == directories.current()


class SubmissionContract:
    """`submission`; `outbox` has all submitted mails."""

    MAIL = OutgoingMail(
        sender="relay@example.com",
        recipient="bob@example.net",
        raw=b"From: relay@example.com\r\nTo: all@example.org\r\n\r\n.\r\n..\r\nline\r\n",
    )

    def test_exactly_the_mail_is_handed_over_to_exactly_the_recipient(
        self, submission: Submission, outbox: Callable[[], list[OutgoingMail]]
    ) -> None:
        (answer,) = submission.submit_each([self.MAIL])
        assert not isinstance(answer, AdapterError)
        assert answer
        assert outbox() == [self.MAIL]

    def test_of_several_each_is_handed_over_and_has_an_id_of_its_own(
        self, submission: Submission, outbox: Callable[[], list[OutgoingMail]]
    ) -> None:
        mails = [replace(self.MAIL, recipient=f"r{number}@example.net") for number in range(2)]
        answers = submission.submit_each(mails)
        assert 2 == len({str(answer) for answer in answers})
        assert not [answer for answer in answers if isinstance(answer, AdapterError)]
        assert mails == sorted(outbox(), key=lambda one: one.recipient)

    def test_nothing_is_handed_over_of_nothing(self, submission: Submission) -> None:
        assert [] == list(submission.submit_each([]))


class NoticesContract:
    """`notices`; `published` is all notices as a subscriber sees them."""

    @pytest.mark.parametrize("sender", ["cam@example.com", None])
    def test_a_notice_reaches_the_subscriber(
        self, notices: Notices, published: Callable[[], list[Notice]], sender: str | None
    ) -> None:
        notice = Notice(
            reason=Reason.SPAM,
            sender=sender,
            subject="Mail not relayed: spam",
            text="Grüße, 漢字 & <tags>\nline two\n",
            message_id=MessageId("m1"),
            raw_key=RawKey("incoming/m1"),
            mail_subject='Tür "offen" \\ 漢字',
            refusals=(Refusal(reason=Reason.SPAM, detail="it is\nspam"),),
            more_refusals=7,
            relayed_to=3,
        )
        notices.publish(notice)
        assert [notice] == published()
