"""The outcome of many mails compared with what was promised: nothing lost, nothing twice.

A recipient may get a mail twice only if SES accepted a submission that was not recorded. The
manifest shows this: a delivery that is still `submitting` when its worker's time is over, or
without a worker, is in doubt. A second copy is allowed only after such a doubt.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox.traffic import Mail

_TOKEN = re.compile(r"load (\d{6,}-[0-9a-f]{10})")

Pair = tuple[str, str]
"""A mail's token, and a recipient."""


def find_token(text: str) -> str | None:
    """The token of the mail in this text: its own, or one that it names."""
    found = _TOKEN.search(text)
    return found and found[1]


@dataclass(slots=True, kw_only=True)
class Observed:
    """What was observed. `counted` are the possible repeats as the relay itself counts them.

    `delivered_again` are the tokens of mails that an operator had delivered again: deliveries in
    doubt may be repeated then, and the relay does not count that.
    """

    copies: Counter[Pair] = field(default_factory=Counter)
    doubts: Counter[Pair] = field(default_factory=Counter)
    notices: Counter[Pair] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    counted: Counter[Pair] = field(default_factory=Counter)
    delivered_again: set[str] = field(default_factory=set)

    def repeats(self) -> Counter[Pair]:
        """The number of copies beyond the first."""
        return Counter({pair: count - 1 for pair, count in self.copies.items() if count > 1})


def find_problems(mails: Sequence[Mail], observed: Observed) -> Iterator[str]:
    """Every promise that was not kept, a line each."""
    promised = {(mail.token, one) for mail in mails for one in mail.accepted}
    for pair in sorted(promised - observed.copies.keys()):
        yield f"lost: mail {pair[0]} to {pair[1]}"
    for pair in sorted(observed.copies.keys() - promised):
        yield f"not asked for: mail {pair[0]} to {pair[1]}"
    for pair, count in sorted(observed.repeats().items()):
        if count > observed.doubts[pair]:
            yield (
                f"twice: mail {pair[0]} to {pair[1]}: {count + 1} copies, {observed.doubts[pair]}"
                " times in doubt"
            )
        if count > observed.counted[pair] and pair[0] not in observed.delivered_again:
            yield (
                f"not counted: mail {pair[0]} to {pair[1]}: {count + 1} copies, its manifest"
                f" counts {observed.counted[pair]} repeats"
            )
    failed = {(mail.token, one) for mail in mails for one in mail.rejected}
    for pair in sorted(failed - observed.notices.keys()):
        yield f"no notice: SES rejected mail {pair[0]} to {pair[1]}"
    for pair in sorted(observed.notices.keys() - failed):
        yield f"false notice: mail {pair[0]} to {pair[1]}"
    refused = {mail.token for mail in mails if not mail.recipients}
    for token in sorted(refused - observed.refusals.keys()):
        yield f"no notice: mail {token} has no recipients"
    for token in sorted(observed.refusals.keys() - refused):
        yield f"false notice: mail {token} has recipients"


def is_of_deaths(notice: Mapping[str, Any]) -> bool:
    """Whether a notice reports a mail that was refused because its workers died."""
    return "workers died while processing this mail" in notice["message"]


def count_notices(notices: Iterable[Mapping[str, Any]], observed: Observed) -> None:
    """Count the lines of the notices file."""
    for notice in notices:
        token = find_token(f"{notice['subject']} {notice['message']}")
        reason = notice["attributes"].get("reason")
        if token is None or is_of_deaths(notice):
            continue
        if reason == "submission-failed":
            for refusal in notice["document"]["reasons"]:
                observed.notices[token, refusal["detail"].partition(":")[0]] += 1
        else:
            observed.refusals[token] += 1
