"""`relayctl revoke`, `extend` and `link` on the emulator."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from operate.stack.access import open_access
from operate.stack.outputs import StackSelector
from relay_core.links.download import LinkStatus, view_link
from relay_core.links.tokens import LinkKeys, read_token
from relay_core.notices.moment import format_moment
from relay_core.record.lease import Lease
from relay_core.record.manifest import DeliveryState, Manifest, ManifestState
from tests.operate.commands.terminal import at_a_terminal
from tests.operate.deployed import PAGE, Deployed
from tests.operate.manifests import ANNA, BEN, CARL, attached, manifest, to
from tests.operate.messages.links_of_a_message import fetchable, is_open

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
PENDING = DeliveryState.PENDING


def fresh(message_id: str = "m1", *, age: timedelta = HOUR, lease: bool = False) -> Manifest:
    """A message with two files for three recipients, created `age` ago."""
    created_at = datetime.now(UTC) - age
    return manifest(
        message_id,
        to(ANNA),
        to(BEN),
        to(CARL, PENDING),
        attachments=(attached("a.jpg", 0, message_id), attached("b.jpg", 1, message_id)),
        created_at=created_at,
        lease=Lease(holder="w", until=created_at + age + HOUR) if lease else None,
    )


def opens(message: Manifest, recipient: str) -> bool:
    return is_open(replace(message, expires_at=message.created_at + 999 * DAY), recipient)


class TestRevoke:
    @pytest.mark.parametrize("lease", [False, True])
    def test_one_is_shut_out_and_let_in_again(self, deployed: Deployed, *, lease: bool) -> None:
        before = fresh(lease=lease)
        deployed.store_files(before)
        answer = deployed.relayctl("revoke", "m1", "--recipient", "Ben@Example.net", "--yes")
        assert (0, "m1: revoked\n") == (answer.status, answer.stdout), answer.stderr
        assert f"{BEN}: the link stops working" in answer.stderr
        after = deployed.manifest("m1")
        assert [True, False, True] == [opens(after, one) for one in (ANNA, BEN, CARL)]
        (noted,) = after.interventions
        assert ("revoke", BEN) == (noted.what, noted.detail)
        assert re.fullmatch(r"[^@\s]+@\S+", noted.by)
        assert before.lease == after.lease
        answer = deployed.relayctl("revoke", "m1", "--recipient", BEN, "--undo", "--yes")
        assert (0, "m1: restored\n") == (answer.status, answer.stdout)
        after = deployed.manifest("m1")
        assert ["revoke", "restore"] == [one.what for one in after.interventions]
        assert before == replace(after, interventions=())

    def test_the_whole_message(self, deployed: Deployed) -> None:
        deployed.store_files(fresh(), fresh("m2"))
        assert 0 == deployed.relayctl("revoke", "m1", "--yes").status
        after = deployed.manifest("m1")
        assert not any(opens(after, one) for one in (ANNA, BEN, CARL))
        assert "every recipient" == after.interventions[0].detail
        assert () == deployed.manifest("m2").interventions
        assert opens(deployed.manifest("m2"), ANNA)
        assert 0 == deployed.relayctl("revoke", "m1", "--undo", "--yes").status
        assert all(opens(deployed.manifest("m1"), one) for one in (ANNA, BEN, CARL))

    def test_a_file_as_show_numbers_it(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        shown = deployed.relayctl("show", "m1").stdout
        (number,) = re.findall(r"^ *(\d) +b\.jpg", shown, re.MULTILINE)
        answer = deployed.relayctl("revoke", "m1", "--attachment", number, "--yes")
        assert "attachment 2 (b.jpg): recipients cannot download it" in answer.stderr
        after = deployed.manifest("m1")
        assert not any(one.revoked_at for one in after.deliveries)
        assert {1} == fetchable(replace(after, expires_at=after.created_at + 999 * DAY))
        assert "attachment 2 (b.jpg)" == after.interventions[0].detail
        answer = deployed.relayctl("revoke", "m1", "--undo", "--yes")
        assert "m1: none of that is revoked; nothing was done\n" == answer.stdout
        answer = deployed.relayctl(
            "revoke", "m1", "--attachment", "2", "--recipient", ANNA, "--undo", "--yes"
        )
        assert "attachment 2 (b.jpg): recipients can download it" in answer.stderr
        assert deployed.manifest("m1").attachments[1].revoked_at is None

    def test_an_undo_prints_what_stays_revoked(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        deployed.relayctl("revoke", "m1", "--recipient", ANNA, "--attachment", "1", "--yes")
        answer = deployed.relayctl("revoke", "m1", "--undo", "--dry-run")
        assert f"{ANNA}: the link works again, until" in answer.stdout
        assert "attachment 1 (a.jpg) stays revoked" in answer.stdout

    def test_twice_is_once(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        deployed.relayctl("revoke", "m1", "--yes")
        before = deployed.document("m1")
        answer = deployed.relayctl("revoke", "m1", "--recipient", ANNA, "--yes")
        assert (0, "m1: all of that is already revoked; nothing was done\n") == (
            answer.status,
            answer.stdout,
        )
        assert before == deployed.document("m1")

    def refused(self, deployed: Deployed, *arguments: str) -> str:
        before = deployed.document("m1")
        answer = deployed.relayctl("revoke", "m1", "--yes", *arguments)
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        assert before == deployed.document("m1")
        return answer.stderr

    def test_not_who_or_what_is_none_of_it(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        assert "x@y.org is no recipient of m1" in self.refused(deployed, "--recipient", "x@y.org")
        assert "no attachment 3 of 2" in self.refused(deployed, "--attachment", "3")

    def test_a_presigned_link_is_not_said_to_be_revoked(self, deployed: Deployed) -> None:
        deployed.store(fresh())
        words = self.refused(deployed)
        assert "it has no link to the download page" in words
        assert f"s3://{deployed.attachments}/attachments/m1/" in words

    def test_not_where_no_recipient_has_a_link(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", state=ManifestState.HELD))
        assert "m1 (held) has no recipients" in self.refused(deployed)

    def test_a_dry_run_prints_and_changes_nothing(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        before = deployed.document("m1")
        answer = deployed.relayctl("revoke", "m1", "--dry-run")
        assert 0 == answer.status
        assert f"{CARL}: the link stops working" in answer.stdout
        assert before == deployed.document("m1")

    def test_without_a_terminal_it_is_not_done_unasked(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        answer = deployed.relayctl("revoke", "m1")
        assert 2 == answer.status
        assert "give --yes" in answer.stderr
        assert opens(deployed.manifest("m1"), ANNA)

    @pytest.mark.parametrize(("reply", "status"), [("y", 0), ("n", 1)])
    def test_at_a_terminal_it_is_asked(self, deployed: Deployed, reply: str, status: int) -> None:
        deployed.store_files(fresh())
        result = at_a_terminal(deployed, reply, "revoke", "m1")
        assert status == result.returncode
        assert b"Revoke? [y/N]" in result.stderr
        assert opens(deployed.manifest("m1"), ANNA) == (reply == "n")


class TestExtend:
    @pytest.mark.parametrize("age", [HOUR, 5 * DAY])
    def test_by_hours_whether_they_are_over_or_not(
        self, deployed: Deployed, age: timedelta
    ) -> None:
        before = fresh(age=age, lease=True)
        deployed.store_files(before)
        deployed.keep_for(14)
        began = datetime.now(UTC)
        answer = deployed.relayctl("extend", "m1", "--hours", "48", "--yes")
        assert 0 == answer.status, answer.stderr
        after = deployed.manifest("m1")
        assert (
            answer.stdout == f"m1: its links are valid until {format_moment(after.expires_at)}\n"
        )
        least = max(before.expires_at, began) + 48 * HOUR
        assert least <= after.expires_at <= datetime.now(UTC) + 84 * HOUR
        (noted,) = after.interventions
        assert "extend" == noted.what
        assert (
            f"from {format_moment(before.expires_at)} to {format_moment(after.expires_at)}"
            == noted.detail
        )
        assert before == replace(after, interventions=(), expires_at=before.expires_at)

    def test_until_a_time_and_not_beyond_what_is_kept(self, deployed: Deployed) -> None:
        before = fresh()
        deployed.store_files(before)
        deployed.keep_for(14)
        document = deployed.document("m1")
        answer = deployed.relayctl("extend", "m1", "--hours", f"{14 * 24}", "--yes")
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        latest = format_moment(before.created_at + 14 * DAY)
        assert f"--until {latest} is the latest possible" in answer.stderr
        assert document == deployed.document("m1")
        answer = deployed.relayctl("extend", "m1", "--until", latest, "--yes")
        assert 0 == answer.status, answer.stderr
        assert latest == format_moment(deployed.manifest("m1").expires_at)
        answer = deployed.relayctl("extend", "m1", "--hours", "1", "--yes")
        assert 1 == answer.status
        assert "cannot be extended any further" in answer.stderr

    def test_a_bucket_that_deletes_nothing_sets_no_limit(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        assert 0 == deployed.relayctl("extend", "m1", "--hours", "9000", "--yes").status

    def test_who_is_revoked_stays_so_and_the_operator_knows(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        deployed.relayctl("revoke", "m1", "--recipient", ANNA, "--yes")
        answer = deployed.relayctl("extend", "m1", "--hours", "1", "--yes")
        assert f"except those that are revoked: {ANNA}" in answer.stderr
        assert not opens(deployed.manifest("m1"), ANNA)

    @pytest.mark.parametrize(
        ("options", "words"),
        [
            ((), "either --hours or --until"),
            (("--hours", "1", "--until", "2026-01-31"), "either --hours or --until"),
            (("--hours", "0"), "--hours"),
            (("--until", "tomorrow"), "is not a time such as 2026-01-31T14:00Z"),
        ],
    )
    def test_a_wrong_option_is_named(
        self, deployed: Deployed, options: tuple[str, ...], words: str
    ) -> None:
        answer = deployed.relayctl("extend", "m1", "--yes", *options)
        assert 2 == answer.status
        assert words in " ".join(answer.stderr.split())

    def refused(self, deployed: Deployed, *options: str) -> str:
        before = deployed.document("m1")
        answer = deployed.relayctl("extend", "m1", "--yes", *(options or ("--hours", "1")))
        assert (1, 1) == (answer.status, len(answer.stderr.splitlines()))
        assert before == deployed.document("m1")
        return answer.stderr

    def test_not_sooner(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        assert "its links are valid until" in self.refused(deployed, "--until", "2026-01-31T14:00")

    def test_not_without_files(self, deployed: Deployed) -> None:
        deployed.store(fresh())
        deployed.store_attachment("attachments/m1/0/another")
        deployed.store_attachment("attachments/m10/0/a.jpg")
        assert "its files are not in" in self.refused(deployed)

    def test_not_where_no_recipient_has_a_link(self, deployed: Deployed) -> None:
        deployed.store(manifest("m1", state=ManifestState.FAILING))
        assert "m1 (failing) has no recipients" in self.refused(deployed)

    def test_not_in_a_stack_without_a_page(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        assert "no download page (linkMode presigned)" in self.refused(deployed.without_page())

    def test_mails_with_presigned_links_are_reported(self, deployed: Deployed) -> None:
        message = fresh()
        deployed.store(message)
        deployed.store_attachment(message.attachments[0].key)
        answer = deployed.relayctl("extend", "m1", "--hours", "1", "--dry-run")
        assert 0 == answer.status
        assert "WARNING: its mails have no link to the download page" in answer.stdout
        assert () == deployed.manifest("m1").interventions


class TestLink:
    KEYS = LinkKeys(current=bytes(range(32)))

    @pytest.fixture
    def paged(self, deployed: Deployed) -> Deployed:
        deployed.store_keys(self.KEYS)
        deployed.store_files(fresh())
        return deployed

    def test_it_is_the_one_that_is_in_the_mail(self, paged: Deployed) -> None:
        before = paged.document("m1")
        answer = paged.relayctl("link", "m1", "--recipient", "Anna@Example.com")
        assert (0, "") == (answer.status, answer.stderr)
        assert 1 == len(answer.stdout.splitlines())
        pages = open_access(
            StackSelector(ready_file=str(paged.ready_file)).find({}), None
        ).open_pages
        assert pages is not None
        message = paged.manifest("m1")
        assert pages().link(message.message_id, ANNA) == answer.stdout.strip()
        base, _, token = answer.stdout.strip().rpartition("/")
        assert PAGE == base
        claim = read_token(token, self.KEYS)
        assert claim is not None
        view = view_link(claim, message, datetime.now(UTC))
        assert (LinkStatus.AVAILABLE, ANNA) == (view.status, view.recipient)
        assert before == paged.document("m1")

    @pytest.mark.parametrize(
        ("change", "words"),
        [
            (("revoke", "m1", "--recipient", ANNA, "--yes"), "it was revoked at"),
            (None, "it expired at"),
        ],
    )
    def test_one_that_does_not_work_is_reported(
        self, paged: Deployed, change: tuple[str, ...] | None, words: str
    ) -> None:
        if change:
            paged.relayctl(*change)
        else:
            paged.store(fresh(age=3 * DAY))
        answer = paged.relayctl("link", "m1", "--recipient", ANNA)
        assert 0 == answer.status
        assert answer.stdout.startswith(PAGE)
        assert f"the link does not work: {words}" in answer.stderr

    def test_not_for_who_is_no_recipient(self, paged: Deployed) -> None:
        answer = paged.relayctl("link", "m1", "--recipient", "x@example.org")
        assert (1, "") == (answer.status, answer.stdout)
        assert "x@example.org is no recipient of m1" in answer.stderr

    def test_not_where_there_is_none(self, paged: Deployed) -> None:
        paged.store(fresh("m2"))
        for deployed, words in (
            (paged, "m2: it has no link to the download page"),
            (paged.without_page(), "no download page"),
        ):
            answer = deployed.relayctl("link", "m2", "--recipient", ANNA)
            assert (1, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
            assert words in answer.stderr

    def test_keys_that_cannot_be_read_are_named(self, deployed: Deployed) -> None:
        deployed.store_files(fresh())
        answer = deployed.relayctl("link", "m1", "--recipient", ANNA)
        assert (1, "", 1) == (answer.status, answer.stdout, len(answer.stderr.splitlines()))
        assert f"ssm:GetParameter on {deployed.keys_parameter}" in answer.stderr
        assert "outputs of the right stack" in answer.stderr
        assert "redrive" not in answer.stderr

    def test_help_says_what_it_is_worth(self, deployed: Deployed) -> None:
        answer = deployed.relayctl("link", "--help")
        assert "ANYONE WHO HAS THE LINK CAN OPEN THE FILES" in answer.stdout

    def test_an_output_of_its_own_names_the_keys(self, paged: Deployed) -> None:
        ready = json.loads(paged.ready_file.read_text())
        ready["stack"]["linkKeysParameter"] = "/elsewhere"
        paged.ready_file.write_text(json.dumps(ready))
        answer = paged.relayctl("link", "m1", "--recipient", ANNA)
        assert "ssm:GetParameter on /elsewhere" in answer.stderr
