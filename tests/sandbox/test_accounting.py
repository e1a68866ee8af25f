"""The accounting of the scenario under load finds lost and repeated mails."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.sandbox.accounting import Observed, count_notices, find_problems
from tests.sandbox.traffic import LARGEST, REJECTED, SMALLEST, STUCK, Mail, plan_mails

ANNA, BEN, REJECT = "anna@example.com", "ben@example.com", REJECTED[0]
MAIL = Mail(token="000001-0123456789", recipients=(ANNA, BEN, REJECT), size=10, attachments=0)
REFUSED = Mail(token="000002-0123456789", recipients=(), size=10, attachments=0)


def all_is_well() -> Observed:
    return Observed(
        copies=Counter({(MAIL.token, ANNA): 1, (MAIL.token, BEN): 1}),
        notices=Counter({(MAIL.token, REJECT): 1}),
        refusals=Counter({REFUSED.token: 1}),
    )


def test_what_was_kept_is_no_problem() -> None:
    assert [] == list(find_problems((MAIL, REFUSED), all_is_well()))


def lose(observed: Observed) -> None:
    del observed.copies[MAIL.token, BEN]


def repeat(observed: Observed) -> None:
    observed.copies[MAIL.token, BEN] += 1
    observed.counted[MAIL.token, BEN] = 1


def repeat_twice_with_one_doubt(observed: Observed) -> None:
    observed.copies[MAIL.token, BEN] += 2
    observed.counted[MAIL.token, BEN] = 2
    observed.doubts[MAIL.token, BEN] = 1


def mark_other_as_doubtful(observed: Observed) -> None:
    observed.copies[MAIL.token, BEN] += 1
    observed.counted[MAIL.token, BEN] = 1
    observed.doubts[MAIL.token, ANNA] = 1


def repeat_uncounted(observed: Observed) -> None:
    observed.copies[MAIL.token, BEN] += 1
    observed.doubts[MAIL.token, BEN] = 1


def deliver_to_rejected(observed: Observed) -> None:
    observed.copies[MAIL.token, REJECT] = 1


def deliver_to_unlisted(observed: Observed) -> None:
    observed.copies["none", ANNA] = 1


def remove_notices(observed: Observed) -> None:
    del observed.notices[MAIL.token, REJECT]


def add_notice_of_delivered(observed: Observed) -> None:
    observed.notices[MAIL.token, ANNA] = 1


def remove_notice_of_refused(observed: Observed) -> None:
    del observed.refusals[REFUSED.token]


def refuse_valid_mail(observed: Observed) -> None:
    observed.refusals[MAIL.token] = 1


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lose, f"lost: mail {MAIL.token} to {BEN}"),
        (repeat, f"twice: mail {MAIL.token} to {BEN}: 2 copies, 0 times in doubt"),
        (
            repeat_twice_with_one_doubt,
            f"twice: mail {MAIL.token} to {BEN}: 3 copies, 1 times in doubt",
        ),
        (mark_other_as_doubtful, f"twice: mail {MAIL.token} to {BEN}: 2 copies, 0 times in doubt"),
        (
            repeat_uncounted,
            f"not counted: mail {MAIL.token} to {BEN}: 2 copies, its manifest counts 0 repeats",
        ),
        (deliver_to_rejected, f"not asked for: mail {MAIL.token} to {REJECT}"),
        (deliver_to_unlisted, f"not asked for: mail none to {ANNA}"),
        (remove_notices, f"no notice: SES rejected mail {MAIL.token} to {REJECT}"),
        (add_notice_of_delivered, f"false notice: mail {MAIL.token} to {ANNA}"),
        (remove_notice_of_refused, f"no notice: mail {REFUSED.token} has no recipients"),
        (refuse_valid_mail, f"false notice: mail {MAIL.token} has recipients"),
    ],
)
def test_what_was_not_kept_is_reported(spoil: Callable[[Observed], None], problem: str) -> None:
    observed = all_is_well()
    spoil(observed)
    assert [problem] == list(find_problems((MAIL, REFUSED), observed))


def test_a_second_copy_that_was_in_doubt_and_counted_is_no_problem() -> None:
    observed = all_is_well()
    repeat(observed)
    observed.doubts[MAIL.token, BEN] = 1
    assert [] == list(find_problems((MAIL, REFUSED), observed))


def test_notices_are_distinguished_by_mail_and_recipient() -> None:
    observed = Observed()
    count_notices(
        [
            {
                "subject": "Mail relay: submission-failed",
                "message": f"Subject: load {MAIL.token}",
                "attributes": {"reason": "submission-failed"},
                "document": {"reasons": [{"detail": f"{REJECT}: MessageRejected: no"}]},
            },
            {
                "subject": "Mail relay: no-recipient-code",
                "message": f"Subject: load {REFUSED.token}",
                "attributes": {"reason": "no-recipient-code"},
            },
            {"subject": "ALARM", "message": "{}", "attributes": {}},
        ],
        observed,
    )
    assert Counter({(MAIL.token, REJECT): 1}) == observed.notices
    assert Counter({REFUSED.token: 1}) == observed.refusals


@pytest.mark.parametrize("count", [60, 1000])
def test_the_traffic_has_everything_in_it(count: int) -> None:
    mails = plan_mails(count, seed=1)
    assert mails == plan_mails(count, seed=1)
    assert len({mail.token for mail in mails}) == count
    assert {bool(mail.recipients) for mail in mails} == {True, False}
    assert sum(STUCK in mail.recipients for mail in mails) >= 2
    assert sum(bool(mail.rejected) for mail in mails) >= 2
    assert all(SMALLEST <= mail.size <= LARGEST for mail in mails)
    assert max(len(mail.recipients) for mail in mails) > 12
    mail = next(mail for mail in mails if mail.attachments)
    assert mail.contents() == mail.contents()
    assert f"load {mail.token}".encode() in mail.raw(sender="a@example.com", to="b@example.com")
