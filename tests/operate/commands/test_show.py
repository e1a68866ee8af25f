"""`relayctl show`."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from adapters.aws.downloads import format_download
from relay_core.errors import Reason
from relay_core.keys import MessageId
from relay_core.links.reference import reference
from relay_core.record.manifest import Death, DeathCause, Intervention, ManifestState
from tests.operate.commands.messages import FAILED, HOUR, LEASE, download
from tests.operate.deployed import Deployed
from tests.operate.manifests import ANNA, BEN, NOW, attached, manifest, to


class TestShow:
    def test_json_is_the_document_as_it_is_stored(self, deployed: Deployed) -> None:
        stored = json.loads(deployed_document := b'{"schema": 99, "x": ["\xc3\xbc", 1.5, null]}')
        deployed.store_document("new", deployed_document)
        deployed.store(manifest("m1", to(ANNA), reason=Reason.SPAM, lease=LEASE))
        for message_id, document in (
            ("new", stored),
            ("m1", json.loads(deployed.document("m1"))),
        ):
            answer = deployed.relayctl("show", message_id, "--json")
            assert (0, "") == (answer.status, answer.stderr)
            assert [document] == answer.lines

    def test_a_person_gets_all_of_it(self, deployed: Deployed) -> None:
        attachments = [
            attached("a.jpg"),
            attached("b.jpg", 1, failure="too large"),
            replace(attached("c.jpg", 2), revoked_at=NOW + HOUR),
        ]
        message = manifest(
            "m1",
            to(ANNA),
            to(BEN, FAILED, "MessageRejected"),
            reason=Reason.SPAM,
            detail="SES says so",
            lease=LEASE,
        )
        anna, ben = message.deliveries
        done = [
            Intervention(
                at=NOW + 2 * HOUR, by="arn:aws:iam::1:user/eve", what="extend", detail="d"
            ),
            Intervention(at=NOW + 3 * HOUR, by="\x1b[31mben@desk", what="replay"),
        ]
        deployed.store(
            replace(
                message,
                attachments=tuple(attachments),
                deliveries=(anna, replace(ben, revoked_at=NOW + 4 * HOUR)),
                interventions=tuple(done),
                deaths=(Death(queue_message="sqs-1", cause=DeathCause.TIME, at=NOW),),
            )
        )
        for number, name in ((1, "a.jpg"), (None, "Gate.zip")):
            deployed.store_download(download(ANNA, number, name))
        answer = deployed.relayctl("show", "m1")
        assert (0, "") == (answer.status, answer.stderr)
        for words in (
            "failed, at work",
            "spam",
            "SES says so",
            "worker w has it until",
            "incoming/m1",
            "cam@plant.example",
            f"ses-{ANNA}",
            "MessageRejected",
            "2026-01-02T12:00:00Z (",
            "a.jpg",
            "3.2 MB",
            "not kept",
            "too large",
            "they have expired",
            "revoked 2026-01-02T13:00:00Z",
            "failed, link revoked 2026-01-02T16:00:00Z",
            "2026-01-02T14:00:00Z",
            "arn:aws:iam::1:user/eve",
            "extend",
            "ben@desk",
            "No. 1: a.jpg",
            "all files: Gate.zip",
            "2026-01-02T17:00:00Z",
            "by 2026-01-02T12:00:00Z",
            "time (functionTimeoutSeconds)",
            "sqs-1",
        ):
            assert words in answer.stdout
        assert "\x1b" not in answer.stdout

    def test_a_worker_whose_lease_expired_is_shown_as_stopped(self, deployed: Deployed) -> None:
        lease = replace(LEASE, until=NOW, queue_message="sqs-1")
        deployed.store(replace(manifest("m1"), state=ManifestState.FAILING, lease=lease))
        answer = deployed.relayctl("show", "m1")
        for words in ("that worker has ended", "memory, most likely (functionMemory)", "sqs-1"):
            assert words in answer.stdout

    def test_downloads_are_shown_oldest_first_as_they_are_stored(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)), manifest("m10"))
        downloads = [download(ANNA, 2, "b"), download(BEN, 1, "a"), download(ANNA, None, "x.zip")]
        downloads = [replace(one, at=NOW + n * HOUR) for n, one in enumerate(downloads)]
        for one in (downloads[2], downloads[0], downloads[1]):
            deployed.store_download(one)
        deployed.store_download(replace(downloads[0], message_id=MessageId("m10")))
        answer = deployed.relayctl("show", "m1", "--json", "--downloads")
        assert (0, "") == (answer.status, answer.stderr)
        manifest_line, *lines = answer.lines
        assert json.loads(deployed.document("m1")) == manifest_line
        assert [json.loads(format_download(one)) for one in downloads] == lines
        assert [manifest_line] == deployed.relayctl("show", "m1", "--json").lines

    def test_a_record_that_is_none_hides_no_other(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", to(ANNA)))
        deployed.store_download(download(ANNA, 1, "a.jpg"))
        deployed.emulator.client("s3").put_object(
            Bucket=deployed.attachments, Key="downloads/m1/0-broken.json", Body=b"{"
        )
        for options in ((), ("--json", "--downloads")):
            answer = deployed.relayctl("show", "m1", *options)
            assert 1 == answer.status
            assert "a.jpg" in answer.stdout
            assert "1 records of downloads cannot be read, such as downloads/m1/0-broken.json" in (
                answer.stderr
            )

    def test_every_kind_of_name(self, deployed: Deployed) -> None:
        # `.` sorts after `-`: the key of "abc-1" is before that of "abc".
        names = ["abc", "abc-1", "abc-2", "abd1"]
        deployed.store(*(manifest(name) for name in names))
        for name, expected in (
            ("abc", "abc"),
            ("incoming/abc", "abc"),
            ("abc-1", "abc-1"),
            ("abd", "abd1"),
            (reference(MessageId("abc-2")), "abc-2"),
            (reference(MessageId("abd1")).lower().replace("-", ""), "abd1"),
        ):
            shown = deployed.relayctl("show", name, "--json")
            assert [expected] == [line["message_id"] for line in shown.lines]

    @pytest.mark.parametrize(
        ("name", "words"),
        [
            ("ab", "ab may mean abc-1, abc-2: give more"),
            ("b", "b: no message"),
            ("incoming/ab", "incoming/ab has no manifest"),
            ("elsewhere/abc-1", "elsewhere/abc-1 has no manifest"),
            ("incoming/", "does not name a message"),
            ("", "does not name a message"),
        ],
    )
    def test_what_means_no_message_or_several(
        self, deployed: Deployed, name: str, words: str
    ) -> None:
        deployed.store(manifest("abc-1"), manifest("abc-2"))
        answer = deployed.relayctl("show", name)
        assert (1, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
        assert words in answer.stderr

    def test_a_document_that_is_none_is_named(self, deployed: Deployed) -> None:
        deployed.store_document("broken", b"{")
        for options in ((), ("--json",)):
            answer = deployed.relayctl("show", "broken", *options)
            assert (1, "") == (answer.status, answer.stdout)
            assert "broken" in answer.stderr
