"""The AWS calls of the function for a mail, counted with the benchmark's stand-in."""

from __future__ import annotations

import urllib.request
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from math import ceil

import pytest

from adapters.aws.s3 import S3Manifests
from benchmarks import counting
from benchmarks.aws_stub import aws_stub
from benchmarks.calls import Call, CallRecorder, bare_clients, count, put_keys, repeat_calls
from benchmarks.counting import Case, Occasion, counter_on_stub
from benchmarks.devices import GROUP, REFUSED, SMALL, Shape
from benchmarks.function import RESOURCES, SETTINGS, MeasuredFunction, loopback_session
from relay_core.errors import Conflict
from relay_core.keys import MessageId, RawKey
from relay_core.limits.notice_window import SENDERS_AT_LIMIT
from relay_core.ports import StoredManifest
from relay_core.record.manifest import Manifest

ATTACHED = Shape(name="attached", recipients=SMALL.recipients, attachment_bytes=100)
MANIFEST = Manifest(
    message_id=MessageId("m1"),
    raw_key=RawKey("incoming/m1"),
    sender=None,
    subject="Alarm",
    created_at=datetime(2026, 1, 2, tzinfo=UTC),
    expires_at=datetime(2026, 1, 3, tzinfo=UTC),
    attachments=(),
    deliveries=(),
)


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with aws_stub() as url:
        yield url


@pytest.fixture(scope="module")
def counter() -> Iterator[counting.Counter]:
    with counter_on_stub(seconds=0) as made:
        yield made


def to(number: int) -> Shape:
    recipients = tuple(f"person{one}@example.org" for one in range(number))
    return Shape(name=f"to {number}", recipients=recipients)


def calls_of(
    counter: counting.Counter,
    shape: Shape,
    occasion: Occasion = Occasion.ARRIVAL,
    *,
    is_first: bool = False,
) -> dict[str, int]:
    case = Case(name=shape.name, shape=shape, occasion=occasion, is_first=is_first)
    return dict(counter.take(case).calls)


class TestCallsOfOneMail:
    def test_a_mail_is_read_once_claimed_submitted_and_recorded(
        self, counter: counting.Counter
    ) -> None:
        # manifest and message; the claim and the record
        expected = {"s3.GetObject": 2, "s3.PutObject": 2, "sesv2.SendEmail": 1}
        assert expected == calls_of(counter, SMALL)

    @pytest.mark.parametrize("number", [1, 8, 9, 40])
    def test_each_recipient_is_submitted_to_once_and_each_group_recorded_once(
        self, counter: counting.Counter, number: int
    ) -> None:
        groups = ceil(number / SETTINGS.submission_concurrency)
        expected = {
            "s3.GetObject": 2,
            "s3.PutObject": groups + 1,
            "sesv2.SendEmail": number,
        }
        assert expected == calls_of(counter, to(number))

    def test_an_attachment_is_one_write_and_its_page_another(
        self, counter: counting.Counter
    ) -> None:
        without, with_one = calls_of(counter, SMALL), calls_of(counter, ATTACHED)
        assert without | {"s3.PutObject": without["s3.PutObject"] + 2} == with_one

    def test_a_mail_that_was_relayed_is_looked_up_and_nothing_else(
        self, counter: counting.Counter
    ) -> None:
        assert calls_of(counter, SMALL, Occasion.REDELIVERY) == {"s3.GetObject": 1}

    def test_a_refused_mail_is_reported_and_written_down_but_not_sent(
        self, counter: counting.Counter
    ) -> None:
        expected = {"s3.GetObject": 2, "s3.PutObject": 1, "sns.Publish": 1}
        assert expected == calls_of(counter, REFUSED)

    @pytest.mark.parametrize("shape", [GROUP, ATTACHED])
    def test_only_the_first_mail_of_a_container_reads_parameters(
        self, counter: counting.Counter, shape: Shape
    ) -> None:
        first = calls_of(counter, shape, is_first=True)
        assert first.pop("ssm.GetParameter") == 1
        first["s3.GetObject"] -= 2  # suppressed addresses, and the use of previous ones
        assert first == calls_of(counter, shape)

    def test_what_was_read_at_init_is_not_read_by_the_first_mail(
        self, endpoint: str, counter: counting.Counter
    ) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function, shape = MeasuredFunction(session), to(1)
        mail = next(shape.mails())
        function.receive(mail)
        recorder.take()
        function.refresh()
        assert count(recorder.take()) == {"s3.GetObject": 2}
        function.relay(mail)
        assert count(recorder.take()) == calls_of(counter, shape)

    def test_a_page_is_read_and_nothing_is_written_for_it(self, counter: counting.Counter) -> None:
        # the lookup of the token, and the manifest
        assert calls_of(counter, ATTACHED, Occasion.LOOK) == {"s3.GetObject": 2}

    def test_a_download_is_looked_for_and_written_down(self, counter: counting.Counter) -> None:
        expected = {"s3.GetObject": 2, "s3.HeadObject": 1, "s3.PutObject": 1}
        assert expected == calls_of(counter, ATTACHED, Occasion.DOWNLOAD)

    @pytest.mark.parametrize("occasion", [Occasion.LOOK, Occasion.DOWNLOAD])
    def test_only_the_first_request_of_a_container_reads_the_keys(
        self, counter: counting.Counter, occasion: Occasion
    ) -> None:
        first = calls_of(counter, ATTACHED, occasion, is_first=True)
        assert first == {**calls_of(counter, ATTACHED, occasion), "ssm.GetParameter": 1}

    def test_requests_to_s3_are_counted_by_prefix(self, counter: counting.Counter) -> None:
        taken = counter.take(Case(name=ATTACHED.name, shape=ATTACHED))
        expected = {
            "GetObject incoming/": 1,
            "GetObject manifests/": 1,
            "PutObject attachments/": 1,
            "PutObject links/": 1,
            "PutObject manifests/": 2,
        }
        assert expected == taken.s3_requests

    def test_what_is_submitted_kept_and_logged_is_counted_in_bytes(
        self, counter: counting.Counter
    ) -> None:
        small, attached = (
            counter.take(Case(name=shape.name, shape=shape)) for shape in (SMALL, ATTACHED)
        )
        assert 0 < small.submitted_bytes < 10_000
        assert attached.kept_bytes - small.kept_bytes > ATTACHED.attachment_bytes
        assert small.logged_bytes > 0


class TestCallsOfNotices:
    def test_a_notice_is_counted_by_a_read_and_a_write_whether_it_leaves_or_not(
        self, endpoint: str
    ) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function = MeasuredFunction(session, replace(SETTINGS, notice_limit=1))
        function.refresh()
        mails = REFUSED.mails()

        def calls() -> dict[str, int]:
            mail = next(mails)
            function.receive(mail)
            recorder.take()
            function.relay(mail)
            return dict(count(recorder.take()))

        counted = {"s3.GetObject": 3, "s3.PutObject": 2}
        # Each mail has another sender.
        for _ in range(SENDERS_AT_LIMIT):
            assert counted | {"sns.Publish": 1} == calls()
        # The first suppressed notice causes the summary.
        assert counted | {"sqs.SendMessage": 1} == calls()
        assert counted == calls()


class TestCallsOfTheBudget:
    @pytest.mark.parametrize(("shape", "mails", "writes"), [(SMALL, 74, 7), (to(40), 10, 10)])
    def test_a_worker_reserves_as_much_again_by_one_write_and_a_large_mail_by_one_of_its_own(
        self, endpoint: str, shape: Shape, mails: int, writes: int
    ) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function = MeasuredFunction(session, replace(SETTINGS, recipient_budget=3600))
        found: Counter[str] = Counter()
        for mail in islice(shape.mails(), mails):
            function.receive(mail)
            recorder.take()
            function.relay(mail)
            found += Counter(
                call.name
                for call in recorder.take()
                if str(call.parameters.get("Key", "")).startswith("windows/budget/")
            )
        assert (found["s3.GetObject"], found["s3.PutObject"]) in {(1, writes), (2, writes)}


class TestCallsAlone:
    def test_they_are_the_same_calls_and_leave_the_same_objects(self, endpoint: str) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        function = MeasuredFunction(session)
        clients = bare_clients(session)
        mail = next(ATTACHED.mails())
        function.receive(mail)
        recorder.take()
        function.relay(mail)
        calls = recorder.take()
        keys, s3 = set(put_keys(calls)), clients["s3"]

        def contents() -> list[bytes]:
            found = [
                s3.get_object(Bucket=RESOURCES.attachments_bucket, Key=key)["Body"].read()
                for key in sorted(keys)
            ]
            recorder.take()
            return found

        before = contents()
        for key in keys:
            function.forget(key)
        recorder.take()
        with ThreadPoolExecutor(1) as threads:
            repeat_calls(calls, clients, threads)
        assert count(calls) == count(recorder.take())
        assert before == contents()

    def test_a_request_that_no_call_asked_for_is_no_figure(self, endpoint: str) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        session.events.emit("before-send.s3.GetObject", request=None)
        with pytest.raises(RuntimeError, match=r"s3\.GetObject"):
            recorder.take()

    def test_a_presigned_url_is_no_call(self, endpoint: str) -> None:
        session = loopback_session(endpoint)
        recorder = CallRecorder(session)
        session.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": "bucket", "Key": "key"}
        )
        assert recorder.take() == []

    def test_a_call_is_named_by_service_and_operation(self) -> None:
        assert Call(service="s3", operation="PutObject", parameters={}).name == "s3.PutObject"


class TestAwsStub:
    def test_it_swaps_by_comparison_as_s3_does(self, endpoint: str) -> None:
        client = loopback_session(endpoint).client("s3")
        manifests = S3Manifests(client=client, bucket="some-bucket")
        assert manifests.load(MANIFEST.message_id) is None
        first = manifests.create(MANIFEST)
        with pytest.raises(Conflict):
            manifests.create(MANIFEST)
        other = replace(MANIFEST, subject="other")
        second = manifests.replace(other, first)
        with pytest.raises(Conflict):
            manifests.replace(MANIFEST, first)
        assert manifests.load(MANIFEST.message_id) == StoredManifest(other, second)
        client.delete_object(Bucket="some-bucket", Key=f"manifests/{MANIFEST.message_id}.json")
        with pytest.raises(Conflict):
            manifests.replace(MANIFEST, second)

    def test_it_ends_with_its_block(self) -> None:
        with aws_stub() as url:
            pass
        with pytest.raises(OSError, match="refused"), urllib.request.urlopen(url, timeout=10):  # noqa: S310 - a loopback URL
            pass
