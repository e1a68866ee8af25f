"""The page instead of a file or of the list of files: why there is none, and what can be done."""

from __future__ import annotations

import pytest

from adapters.download.notices import Notice, notice_of_file, notice_page
from relay_core.links.download import FileStatus
from tests.adapters.download.outline import outline


def test_each_state_has_a_page_of_its_own() -> None:
    assert len(Notice) == len({notice_page(notice).body for notice in Notice})


@pytest.mark.parametrize(
    ("notice", "status"),
    [
        (Notice.UNKNOWN, 404),
        (Notice.EXPIRED, 410),
        (Notice.REVOKED, 410),
        (Notice.FILE_REVOKED, 410),
        (Notice.FILE_LOST, 410),
        (Notice.FILE_MALICIOUS, 403),
        (Notice.FILE_UNSCANNABLE, 403),
        (Notice.FILE_SCANNING, 409),
        (Notice.NO_SUCH_FILE, 400),
        (Notice.WRONG_METHOD, 405),
        (Notice.UNAVAILABLE, 503),
        (Notice.RENEWABLE, 410),
        (Notice.NEW_LINK_SENT, 202),
        (Notice.NEW_LINK_TOO_SOON, 429),
        (Notice.NEW_LINK_NOT_SENT, 503),
    ],
)
def test_each_has_its_status_and_only_an_offer_has_a_form(notice: Notice, status: int) -> None:
    answer = notice_page(notice)
    assert status == answer.status
    is_offer = notice in {Notice.RENEWABLE, Notice.NEW_LINK_NOT_SENT}
    target, expected = ("'self'", {"form", "button"}) if is_offer else ("'none'", set())
    assert f"form-action {target};" in answer.policy
    tags = {tag for tag, _ in outline(answer).elements}
    assert expected == tags & {"form", "button", "img"}


def test_only_what_is_asked_for_on_a_page_leads_back_to_it() -> None:
    with_a_way_back = {notice for notice in Notice if "a" in outline(notice_page(notice)).texts}
    states = set(FileStatus) - {FileStatus.READY}
    assert {*map(notice_of_file, states), Notice.NO_SUCH_FILE} == with_a_way_back


def test_trouble_asks_to_come_again() -> None:
    for notice in (Notice.UNAVAILABLE, Notice.NEW_LINK_TOO_SOON, Notice.NEW_LINK_NOT_SENT):
        assert int(notice_page(notice).headers["Retry-After"]) > 0


def test_a_page_that_any_link_may_have_promises_nothing_of_it() -> None:
    for notice in (Notice.UNAVAILABLE, Notice.NEW_LINK_NOT_SENT):
        assert "valid" not in notice_page(notice).body.decode().partition("<h1>")[2]
