"""Sample data for the picture of the dashboard: six hours of a site.

Some hundred mails come in five minutes. In the last half hour nearly all of SES's answers are
errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from infra.watching.metrics import Subject

_QUEUE = Subject.INCOMING_QUEUE
_FUNCTION = Subject.FUNCTION
_PAGE = Subject.DOWNLOAD_PAGE
_RELAY = Subject.RELAY
_ACCOUNT = Subject.ACCOUNT

POINTS = 72
"""Values in six hours, one for each five minutes."""

_ABNORMAL = 66
"""The index of the first value with SES failing."""

_SAMPLES: Mapping[tuple[Subject, str, str], tuple[float, float]] = {
    (_QUEUE, "NumberOfMessagesSent", "Sum"): (96, 98),
    (_RELAY, "MessageBytes", "Sum"): (31e6, 30e6),
    (_QUEUE, "ApproximateNumberOfMessagesVisible", "Maximum"): (2, 120),
    (_QUEUE, "ApproximateNumberOfMessagesNotVisible", "Maximum"): (4, 48),
    (_QUEUE, "ApproximateNumberOfMessagesDelayed", "Maximum"): (0, 0),
    (_QUEUE, "ApproximateAgeOfOldestMessage", "Maximum"): (9, 560),
    (_RELAY, "MessagesRelayed", "Sum"): (88, 14),
    (_RELAY, "MessagesRefused", "Sum"): (4, 4),
    (_RELAY, "MessagesHeld", "Sum"): (0, 0),
    (_RELAY, "MessagesIgnored", "Sum"): (3, 3),
    (_RELAY, "MessagesByPreviousAddress", "Sum"): (7, 6),
    (_RELAY, "MessagesDuplicate", "Sum"): (1, 1),
    (_RELAY, "MessagesUnfinished", "Sum"): (0, 6),
    (_RELAY, "MessagesParked", "Sum"): (0, 0),
    (_RELAY, "MessagesBusy", "Sum"): (0, 2),
    (_RELAY, "MessagesRetried", "Sum"): (0, 84),
    (_RELAY, "MessagesFailed", "Sum"): (0, 0),
    (_FUNCTION, "Invocations", "Sum"): (70, 90),
    (_FUNCTION, "Errors", "Sum"): (0, 0),
    (_FUNCTION, "Throttles", "Sum"): (0, 0),
    (_FUNCTION, "Duration", "p50"): (720, 9000),
    (_FUNCTION, "Duration", "p95"): (2400, 31e3),
    (_FUNCTION, "Duration", "Maximum"): (5200, 58e3),
    (_FUNCTION, "ConcurrentExecutions", "Maximum"): (3, 10),
    (_RELAY, "RecipientsSubmitted", "Sum"): (148, 22),
    (_RELAY, "RecipientsFailed", "Sum"): (1, 1),
    (_RELAY, "RecipientsPossiblyRepeated", "Sum"): (0, 1),
    (_RELAY, "DuplicatesAvoided", "Sum"): (1, 8),
    (_RELAY, "SubmissionAge", "p50"): (3, 130),
    (_RELAY, "SubmissionAge", "p95"): (7, 390),
    (_RELAY, "SubmissionAge", "Maximum"): (15, 540),
    (_RELAY, "AttachmentsDetached", "Sum"): (41, 40),
    (_RELAY, "AttachmentBytes", "Sum"): (21e6, 20e6),
    (_PAGE, "UrlRequestLatency", "p50"): (60, 60),
    (_PAGE, "UrlRequestLatency", "p95"): (240, 240),
    (_PAGE, "ConcurrentExecutions", "Maximum"): (2, 2),
    (_RELAY, "DownloadsStarted", "Sum"): (14, 12),
    (_RELAY, "ArchivesMade", "Sum"): (2, 2),
    (Subject.DEAD_LETTER_QUEUE, "ApproximateNumberOfMessagesVisible", "Maximum"): (3, 4),
    (_RELAY, "MessagesAtLastTry", "Sum"): (0, 3),
    (_RELAY, "DirectoryFailures", "Sum"): (0, 0),
    (_RELAY, "MalwareFound", "Sum"): (0, 0),
    (_RELAY, "RecipientsLeftOut", "Sum"): (1, 1),
    (_RELAY, "AddressesSuppressed", "Sum"): (0, 0),
    (_RELAY, "NoticesSummedUp", "Sum"): (0, 0),
    (Subject.DEVICE_MAIL, "Bounce", "Sum"): (0, 0),
    (_ACCOUNT, "Reputation.BounceRate", "Maximum"): (0.011, 0.011),
    (_ACCOUNT, "Reputation.ComplaintRate", "Maximum"): (0.0002, 0.0002),
    (_PAGE, "Url5xxCount", "Sum"): (0, 0),
    (_PAGE, "Throttles", "Sum"): (0, 0),
}
"""Sample values for each metric and statistic: normal, and while SES fails."""

SEARCHED: Mapping[str, Mapping[str, float]] = {
    "reason": {"recipient-not-allowed": 2, "no-recipient-code": 2},
    "status": {"available": 26, "expired": 3, "unknown": 2},
}
"""Sample values of the curves that a search for a dimension finds."""


class UnknownMetric(LookupError):
    """The dashboard shows a metric without sample data."""


def sample(subject: Subject, metric: str, statistic: str) -> tuple[float, ...]:
    """The values of a metric over the six hours.

    Raises:
        UnknownMetric: if it has no sample data.
    """
    try:
        usual, abnormal = _SAMPLES[subject, metric, statistic]
    except KeyError:
        raise UnknownMetric(
            f"{metric} of the {subject.value} by {statistic} has no sample data: add it to"
            " pictures.sample_data"
        ) from None
    return random_walk(usual, abnormal, f"{subject.value} {metric}")


def random_walk(usual: float, abnormal: float, seed: str) -> tuple[float, ...]:
    """Values that vary around `usual`, then change to `abnormal`."""
    random = Random(seed)  # noqa: S311 - nothing is to be kept secret
    values = []
    for point in range(POINTS):
        share = min(1.0, max(0, point - _ABNORMAL) / (POINTS - 1 - _ABNORMAL))
        level = usual + (abnormal - usual) * share
        values.append(level * (0.85 + 0.3 * random.random()))
    return tuple(values)
