"""The page instead of a file or of the list of files: why there is none, and what can be done."""

from __future__ import annotations

import pytest

from adapters.download.status_pages import StatusPage, page_of_file, status_page
from relay_core.links.download import FileStatus
from tests.adapters.download.outline import outline


def test_each_state_has_a_page_of_its_own() -> None:
    assert len(StatusPage) == len({status_page(page).body for page in StatusPage})


@pytest.mark.parametrize(
    ("page", "status"),
    [
        (StatusPage.UNKNOWN, 404),
        (StatusPage.EXPIRED, 410),
        (StatusPage.REVOKED, 410),
        (StatusPage.FILE_REVOKED, 410),
        (StatusPage.FILE_LOST, 410),
        (StatusPage.FILE_MALICIOUS, 403),
        (StatusPage.FILE_UNSCANNABLE, 403),
        (StatusPage.FILE_SCANNING, 409),
        (StatusPage.NO_SUCH_FILE, 400),
        (StatusPage.WRONG_METHOD, 405),
        (StatusPage.UNAVAILABLE, 503),
        (StatusPage.RENEWABLE, 410),
        (StatusPage.NEW_LINK_SENT, 202),
        (StatusPage.NEW_LINK_TOO_SOON, 429),
        (StatusPage.NEW_LINK_NOT_SENT, 503),
    ],
)
def test_each_has_its_status_and_only_an_offer_has_a_form(page: StatusPage, status: int) -> None:
    answer = status_page(page)
    assert status == answer.status
    is_offer = page in {StatusPage.RENEWABLE, StatusPage.NEW_LINK_NOT_SENT}
    target, expected = ("'self'", {"form", "button"}) if is_offer else ("'none'", set())
    assert f"form-action {target};" in answer.policy
    tags = {tag for tag, _ in outline(answer).elements}
    assert expected == tags & {"form", "button", "img"}


def test_only_what_is_asked_for_on_a_page_leads_back_to_it() -> None:
    with_a_way_back = {page for page in StatusPage if "a" in outline(status_page(page)).texts}
    states = set(FileStatus) - {FileStatus.READY}
    assert {*map(page_of_file, states), StatusPage.NO_SUCH_FILE} == with_a_way_back


def test_trouble_asks_to_come_again() -> None:
    for page in (
        StatusPage.UNAVAILABLE,
        StatusPage.NEW_LINK_TOO_SOON,
        StatusPage.NEW_LINK_NOT_SENT,
    ):
        assert int(status_page(page).headers["Retry-After"]) > 0


def test_a_page_that_any_link_may_have_promises_nothing_of_it() -> None:
    for page in (StatusPage.UNAVAILABLE, StatusPage.NEW_LINK_NOT_SENT):
        assert "valid" not in status_page(page).body.decode().partition("<h1>")[2]
