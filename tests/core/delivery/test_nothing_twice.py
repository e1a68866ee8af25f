"""Workers that fail and die at any call, at the same time, on the same messages.

Each worker runs the real relay in a separate thread and stops before every external call. The
state machine chooses the next worker and how its call ends: with success, without effect, with a
lost answer, or with the worker's death before or after the effect. One thread runs at a time, so a
run is reproducible.

The queue delivers any message at any time to any worker. Of the clock only one thing is assumed,
as on Lambda: no worker runs beyond its deadline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from relay_core.delivery.deaths import MAX_DEATHS, Attempt
from relay_core.delivery.ending import record_error
from relay_core.errors import AdapterError, LostAnswer
from relay_core.keys import RawKey, message_id_of
from relay_core.ports import OutgoingMail, Ports, SubmissionId
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState
from relay_core.record.report import RelayReport
from relay_core.relay import relay_message
from relay_core.settings import Settings
from tests.core.delivery.killable_workers import Died, End, Gated, Run
from tests.fakes import MemoryWorld
from tests.receipt import received

SETTINGS = Settings(
    stack="test",
    sender_address="relay@mail.example.com",
    inbound_address="secret@in.example.com",
    allowed_recipients=("example.com",),
    submission_concurrency=2,
)
RECIPIENTS = tuple(f"{name}@example.com" for name in ("anna", "ben", "cy"))
KEYS = (RawKey("incoming/one"), RawKey("incoming/two"))
FILE = b"the log of the pump"


def mail() -> bytes:
    code = f":Email_Rxers_Code:{','.join(RECIPIENTS)}, nobody:Email_Rxers_Code:"
    return (
        f"From: pump@plant.example\r\nSubject: Alarm\r\n\r\n{code}\r\n"
        "begin 644 a.log\r\n3=&AE(&QO9R!O9B!T:&4@<'5M<```\r\n`\r\nend\r\n"
    ).encode()


ENDS = st.sampled_from([End.WELL] * 8 + [end for end in End if end is not End.WELL])


class NothingTwice(RuleBasedStateMachine):
    """The invariants of every step, and the law of the final state."""

    @initialize()
    def begin(self) -> None:
        self.world = MemoryWorld()
        self.runs: list[Run] = []
        self.sent: Counter[tuple[RawKey, str]] = Counter()
        # Submissions unknown to the relay: a lost answer, or a death before the record.
        self.doubts: Counter[tuple[RawKey, str]] = Counter()
        self.done: set[RawKey] = set()
        self.deliveries: Counter[RawKey] = Counter()
        # Workers that ended without releasing the message: dead, or unable to write.
        self.lost: Counter[RawKey] = Counter()
        for key in KEYS:
            self.world.incoming.messages[key] = received(mail())

    # --- rules

    @precondition(lambda self: len(self.runs) < 3)
    @rule(key=st.sampled_from(KEYS))
    def deliver(self, key: RawKey) -> None:
        """The queue gives a message to a new worker."""
        run = Run(key, self.world.worker())
        self.runs.append(run)
        self.deliveries[key] += 1
        attempt = Attempt(queue_message=key, number=self.deliveries[key])
        run.start(lambda: self._work(run, attempt))
        self._clean_up()

    def _work(self, run: Run, attempt: Attempt) -> RelayReport:
        """Handle a mail as the function does."""
        ports = self._ports(run)
        try:
            return relay_message(run.key, SETTINGS, ports, run.worker, attempt=attempt)
        except AdapterError as error:
            try:
                record_error(run.key, str(error), run.worker, SETTINGS, ports)
            except AdapterError:
                self.lost[run.key] += 1
            raise

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), ends=st.lists(ENDS, min_size=1, max_size=6))
    def go_on(self, data: st.DataObject, ends: list[End]) -> None:
        """One worker makes its next calls."""
        run = data.draw(st.sampled_from(self.runs), "run")
        for end in ends:
            if not run.is_over:
                self._step(run, end)
        self._clean_up()

    @rule(seconds=st.sampled_from([1, 30, 75, 130]))
    def time_passes(self, seconds: int) -> None:
        """End each worker whose time is over, at whatever it is doing."""
        self.world.now += timedelta(seconds=seconds)
        for run in self.runs:
            if run.worker.deadline <= self.world.now:
                self._step(run, End.DEATH_BEFORE)
        self._clean_up()

    @rule(key=st.sampled_from(KEYS))
    def an_operator_edits(self, key: RawKey) -> None:
        """Change the manifest, as an operator does."""
        stored = self.world.manifests.load(message_id_of(key))
        if stored is not None:
            edited = replace(stored.manifest, subject=f"{stored.manifest.subject}!")
            self.world.manifests.replace(edited, stored.version)

    # --- invariants

    @invariant()
    def a_mail_that_is_done_with_is_settled(self) -> None:
        for key in getattr(self, "done", ()):
            manifest = self._manifest(key)
            assert manifest is not None
            assert manifest.is_settled

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        for run in self.runs:
            self._step(run, End.DEATH_BEFORE)
        self._clean_up()
        # No more failures: the queue delivers until each message is acknowledged.
        for key in KEYS:
            for _ in range(5):
                self.world.now += timedelta(seconds=130)
                worker = self.world.worker()
                report = relay_message(key, SETTINGS, self._watched(key), worker)
                if report.retry is None:
                    break
            assert report.retry is None
            self._check_the_end(key)

    def _check_the_end(self, key: RawKey) -> None:
        manifest = self._manifest(key)
        assert manifest is not None
        assert manifest.lease is None
        notices = "".join(n.text for n in self.world.notices.published if n.raw_key == key)
        if "workers died while processing this mail" in notices:
            # One of the deaths may have been before anything was written.
            assert self.lost[key] >= MAX_DEATHS - 1
        elif manifest.state is not ManifestState.RELAYING:
            raise AssertionError(f"{manifest.state}: {manifest.detail}")
        if manifest.state is ManifestState.REFUSED:
            assert not any(self.sent[key, one] for one in RECIPIENTS)
            return
        (attachment,) = manifest.attachments
        stored = [one.content for one in self.world.attachments.attachments.values()]
        assert [FILE] * len(stored) == stored
        assert len(FILE) == attachment.size
        assert "'nobody'" in notices
        for delivery in manifest.deliveries:
            sent = self.sent[key, delivery.recipient]
            doubts = self.doubts[key, delivery.recipient]
            if delivery.state is DeliveryState.SUBMITTED:
                assert 1 <= sent <= 1 + min(doubts, delivery.repeats)
            else:
                assert DeliveryState.FAILED is delivery.state
                assert sent <= doubts
                assert delivery.failure is not None
                assert (
                    f"{delivery.recipient}: rejected" in notices
                    or "workers died" in delivery.failure
                )

    # --- helpers

    def _step(self, run: Run, end: End) -> None:
        run.go(end)
        self._note_records(run)

    def _note_records(self, run: Run) -> None:
        """Recipients that the worker no longer handles: recorded, or its time is over."""
        manifest = self._manifest(run.key)
        for recipient in list(run.in_hands):
            if manifest is not None and is_recorded(manifest, recipient):
                run.in_hands.discard(recipient)
            elif run.is_over:
                self.doubts[run.key, recipient] += 1
                run.in_hands.discard(recipient)

    def _clean_up(self) -> None:
        for run in [run for run in self.runs if run.is_over]:
            self.runs.remove(run)
            if isinstance(run.result, RelayReport):
                if run.result.retry is None:
                    self.done.add(run.key)
            else:
                assert isinstance(run.result, Died | AdapterError), run.result
                self.lost[run.key] += isinstance(run.result, Died)

    def _manifest(self, key: RawKey) -> Manifest | None:
        stored = self.world.manifests.load(message_id_of(key))
        return stored.manifest if stored else None

    def _ports(self, run: Run) -> Ports:
        world = self.world
        return replace(
            world.ports,
            incoming=Gated(run, world.incoming),
            attachments=Gated(run, world.attachments),
            manifests=Gated(run, world.manifests),
            notices=Gated(run, world.notices),
            submission=Service(self, run.key, run),
        )

    def _watched(self, key: RawKey) -> Ports:
        return replace(self.world.ports, submission=Service(self, key, None))


def is_recorded(manifest: Manifest, recipient: str) -> bool:
    return any(
        one.state is DeliveryState.SUBMITTED
        for one in manifest.deliveries
        if one.recipient == recipient
    )


@dataclass
class Service:
    """The mail service: accepts mails one by one, and checks that each may be sent."""

    machine: NothingTwice
    key: RawKey
    run: Run | None

    def submit_each(self, mails: Sequence[OutgoingMail]) -> list[SubmissionId | AdapterError]:
        return [self._submit(mail) for mail in mails]

    def _submit(self, mail: OutgoingMail) -> SubmissionId | AdapterError:
        def take() -> SubmissionId:
            self._check_that_it_may_be_sent(mail.recipient)
            self.machine.sent[self.key, mail.recipient] += 1
            if self.run is not None:
                self.run.in_hands.add(mail.recipient)
            return SubmissionId(f"sent-{self.machine.sent.total()}")

        if self.run is None:
            return take()
        try:
            answer: SubmissionId = self.run.call(take, is_submission=True)
        except LostAnswer as error:
            self.machine.doubts[self.key, mail.recipient] += 1
            self.run.in_hands.discard(mail.recipient)
            return error
        except AdapterError as error:
            return error
        return answer

    def _check_that_it_may_be_sent(self, recipient: str) -> None:
        manifest = self.machine._manifest(self.key)
        assert manifest is not None, "sent before anything was promised"
        keys = {one.key for one in manifest.attachments}
        assert keys <= set(self.machine.world.attachments.attachments), "sent before it was stored"
        (record,) = [one for one in manifest.deliveries if one.recipient == recipient]
        assert DeliveryState.SUBMITTING is record.state, "sent without being written down before"
        assert manifest.lease is not None
        if self.run is not None:
            assert self.run.worker.name == manifest.lease.holder, "sent without the lease"
        for other in self.machine.runs:
            if other is not self.run and other.key == self.key:
                assert recipient not in other.in_hands, "two workers at one recipient"


NothingTwice.TestCase.settings = hypothesis_settings(stateful_step_count=40, deadline=None)
TestNothingTwice = NothingTwice.TestCase
