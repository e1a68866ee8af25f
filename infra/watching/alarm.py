"""An alarm as data, with the text that an operator gets."""

from __future__ import annotations

from dataclasses import dataclass

from relay_core.settings import manual_at

from .metrics import Metric

MINUTE, HOUR = 60, 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Fires when `metric` exceeds `threshold` in `breaching` of the last `periods`.

    `key` ends its name, and is its heading in the operator's document. `meaning` and `first` are
    sentences: what is wrong, and what to do first. `notifies_recovery`: whether it also reports
    its end. `keeps_state_without_data`: whether missing data leaves its state unchanged, instead
    of counting as good. `notifies_both_topics`: whether it also goes to the fallback topic,
    because the alarms topic may have no subscriber.
    """

    key: str
    metric: Metric
    threshold: float
    meaning: str
    first: str
    period_seconds: int = 5 * MINUTE
    periods: int = 1
    breaching: int = 1
    notifies_recovery: bool = False
    keeps_state_without_data: bool = False
    notifies_both_topics: bool = False

    def description(self, stack: str, documents_url: str | None = None) -> str:
        """The text that the operator gets, 1024 characters at most (CloudWatch).

        `documents_url` is where the project's `docs` can be read, for a link to the section.
        """
        place = manual_at(self.key, documents_url)
        return f"Stack {stack}: {self.meaning} First: {self.first} More: {place}"
