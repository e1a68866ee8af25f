"""The fakes keep the ports' contracts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from relay_core.errors import TransientError
from relay_core.keys import AttachmentKey, MessageId, RawKey, WindowKey
from relay_core.limits.sender_limit import SenderWindow
from relay_core.policy.directory import Directory
from relay_core.ports import Notice, OutgoingMail, Version
from tests.adapters.contracts import (
    AttachmentLinksContract,
    AttachmentStoreContract,
    DirectoriesContract,
    IncomingMessagesContract,
    ManifestsContract,
    NoticesContract,
    SenderWindowsContract,
    Stored,
    SubmissionContract,
)
from tests.fakes import (
    MemoryAttachmentLinks,
    MemoryAttachmentStore,
    MemoryDirectories,
    MemoryIncomingMessages,
    MemoryManifests,
    MemoryNotices,
    MemorySubmission,
)
from tests.memory_windows import MemoryWindows, memory_sender_windows


class TestMemoryIncomingMessages(IncomingMessagesContract):
    @pytest.fixture
    def incoming(self) -> MemoryIncomingMessages:
        return MemoryIncomingMessages()

    @pytest.fixture
    def arrive(self, incoming: MemoryIncomingMessages) -> Callable[[RawKey, bytes], None]:
        return incoming.messages.__setitem__


class TestMemoryAttachmentStore(AttachmentStoreContract):
    @pytest.fixture
    def store(self) -> MemoryAttachmentStore:
        return MemoryAttachmentStore()

    @pytest.fixture
    def stored(self, store: MemoryAttachmentStore) -> Callable[[AttachmentKey], Stored]:
        def read(key: AttachmentKey) -> Stored:
            attachment = store.attachments[key]
            return Stored(content=attachment.content, content_type=attachment.content_type)

        return read


class TestMemoryAttachmentLinks(AttachmentLinksContract):
    @pytest.fixture
    def links(self) -> MemoryAttachmentLinks:
        return MemoryAttachmentLinks(clock=lambda: self.NOW)


class TestMemoryManifests(ManifestsContract):
    @pytest.fixture
    def manifests(self) -> MemoryManifests:
        return MemoryManifests()

    @pytest.fixture
    def damage(self, manifests: MemoryManifests) -> Callable[[MessageId], None]:
        def overwrite(message_id: MessageId) -> None:
            manifests.documents[message_id] = (b'{"schema": 1}', Version("damaged"))

        return overwrite


class TestMemorySenderWindows(SenderWindowsContract):
    @pytest.fixture
    def windows(self) -> MemoryWindows[SenderWindow]:
        return memory_sender_windows()

    @pytest.fixture
    def damage_window(self, windows: MemoryWindows[SenderWindow]) -> Callable[[WindowKey], None]:
        def overwrite(key: WindowKey) -> None:
            windows.documents[key] = (b"no JSON", Version("damaged"))

        return overwrite


class TestMemoryDirectories(DirectoriesContract):
    @pytest.fixture
    def directories(self) -> MemoryDirectories:
        return MemoryDirectories(directory=self.FIRST)

    @pytest.fixture
    def put(self, directories: MemoryDirectories) -> Callable[[Directory], None]:
        def overwrite(directory: Directory) -> None:
            directories.directory = directory

        return overwrite


class TestMemorySubmission(SubmissionContract):
    @pytest.fixture
    def submission(self) -> MemorySubmission:
        return MemorySubmission()

    @pytest.fixture
    def outbox(self, submission: MemorySubmission) -> Callable[[], list[OutgoingMail]]:
        return lambda: submission.outbox


class TestMemoryNotices(NoticesContract):
    @pytest.fixture
    def notices(self) -> MemoryNotices:
        return MemoryNotices()

    @pytest.fixture
    def published(self, notices: MemoryNotices) -> Callable[[], list[Notice]]:
        return lambda: notices.published


class TestFaults:
    ERROR = TransientError(call="submit", target="bob@example.net", detail="ordered")

    def test_a_fault_before_the_effect_leaves_no_trace(self) -> None:
        submission = MemorySubmission()
        submission.faults.order("submit", self.ERROR)
        assert [self.ERROR] == submission.submit_each([SubmissionContract.MAIL])
        assert submission.outbox == []

    def test_a_fault_after_the_effect_is_a_lost_answer(self) -> None:
        submission = MemorySubmission()
        submission.faults.order("submit", self.ERROR, after_effect=True)
        assert [self.ERROR] == submission.submit_each([SubmissionContract.MAIL])
        assert submission.outbox == [SubmissionContract.MAIL]

    def test_a_fault_is_had_as_often_as_ordered_and_by_its_target_alone(self) -> None:
        submission = MemorySubmission()
        submission.faults.order("submit", self.ERROR, target="bob@example.net", times=2)
        other = OutgoingMail(sender="relay@example.com", recipient="eve@example.net", raw=b"")
        mails = [other, *[SubmissionContract.MAIL] * 3]
        answers = submission.submit_each(mails)
        assert [self.ERROR] * 2 == answers[1:3]
        assert self.ERROR not in {answers[0], answers[3]}
        assert [other, SubmissionContract.MAIL] == submission.outbox
