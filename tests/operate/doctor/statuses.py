from __future__ import annotations

from collections.abc import Iterable

from operate.doctor.verdicts import Verdict


def statuses(verdicts: Iterable[Verdict]) -> list[str]:
    return [verdict.status.value for verdict in verdicts]
