"""No crash of `relayctl dlq` loses a message, and a name identifies one message."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given
from hypothesis import strategies as st

from adapters.operator.dead_letters import DeadLetter, SqsDeadLetters
from operate.messages.finding import select_letters
from operate.messages.redelivery import NotDone
from relay_core.errors import AdapterError
from relay_core.keys import RawKey
from tests.operate.manifests import NOW


def letter(sqs_message_id: str, *raw_keys: str) -> DeadLetter:
    return DeadLetter(
        sqs_message_id=sqs_message_id,
        body="",
        raw_keys=tuple(map(RawKey, raw_keys)),
        arrived_at=None,
        problem=None,
        queued_at=NOW,
        tries=3,
        receipt_handle="",
    )


LETTERS = (
    letter("11", "incoming/abc"),
    letter("12", "incoming/abd"),
    letter("21", "incoming/b", "incoming/c"),
    letter("22", "incoming/c"),
    letter("31"),
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("11", "11"),
        ("abc", "11"),
        ("incoming/abd", "12"),
        ("abd", "12"),
        ("b", "21"),
        ("c", "21 22"),
        ("3", "31"),
        ("1", "incoming/abc, incoming/abd"),
        ("ab", "incoming/abc, incoming/abd"),
        ("incoming/ab", "no message"),
        ("", "no message"),
        ("e", "no message"),
    ],
)
def test_whom_a_name_means(name: str, expected: str) -> None:
    try:
        chosen = " ".join(one.sqs_message_id for one in select_letters(LETTERS, [name]))
    except NotDone as error:
        assert expected in str(error)  # noqa: PT017 - no error is right as well
    else:
        assert expected == chosen


@dataclass(slots=True)
class MemorySqs:
    """Two queues, one of which delivers messages, with a fault at one of the calls."""

    dead: dict[str, str]
    fault: Callable[[str], Exception | None]
    queue: list[str] = field(default_factory=list)
    hidden: set[str] = field(default_factory=set)

    def _call(self, name: str, act: Callable[[], Any]) -> Any:
        error = self.fault(name)
        if error is not None and not getattr(error, "after_effect", False):
            raise error
        result = act()
        if error is not None:
            raise error
        return result

    def get_queue_attributes(self, **_: object) -> Any:
        attributes = {
            "ApproximateNumberOfMessages": str(len(self.dead)),
            "ApproximateNumberOfMessagesNotVisible": "0",
        }
        return self._call("get", lambda: {"Attributes": attributes})

    def receive_message(self, *, MaxNumberOfMessages: int, **_: object) -> Any:  # noqa: N803
        def act() -> Any:
            given = [one for one in self.dead if one not in self.hidden][:MaxNumberOfMessages]
            self.hidden.update(given)
            times = {"SentTimestamp": "1", "ApproximateReceiveCount": "1"}
            return {
                "Messages": [
                    {
                        "MessageId": one,
                        "Body": self.dead[one],
                        "ReceiptHandle": one,
                        "Attributes": times,
                    }
                    for one in given
                ]
            }

        return self._call("receive", act)

    def send_message(self, *, MessageBody: str, **_: object) -> Any:  # noqa: N803
        return self._call("send", lambda: self.queue.append(MessageBody))

    def delete_message(self, *, ReceiptHandle: str, **_: object) -> Any:  # noqa: N803
        return self._call("delete", lambda: self.dead.pop(ReceiptHandle))

    def change_message_visibility_batch(
        self,
        *,
        Entries: list[dict[str, Any]],  # noqa: N803
        **_: object,
    ) -> Any:
        def act() -> Any:
            self.hidden -= {one["ReceiptHandle"] for one in Entries}
            return {}

        return self._call("show", act)


class Killed(BaseException):
    """The process ends at once, as if the machine were switched off."""


def fault_at(number: int, kind: str) -> Callable[[str], Exception | None]:
    """A fault at one call: an error before or after its effect, or the end of the process."""
    left = [number]

    def fault(_: str) -> Exception | None:
        left[0] -= 1
        if left[0] != 0:
            return None
        if kind == "killed":
            raise Killed
        error = ClientError({"Error": {"Code": "InternalError"}}, "x")
        error.after_effect = kind == "after"  # type: ignore[attr-defined]
        return error

    return fault


@given(
    st.integers(0, 12), st.integers(1, 40), st.sampled_from(["before", "after", "killed", "none"])
)
def test_redriving_loses_nothing_wherever_it_breaks(
    number_of_letters: int, number: int, kind: str
) -> None:
    bodies = {f"id-{index}": f"body-{index}" for index in range(number_of_letters)}
    sqs: Any = MemorySqs(dict(bodies), fault_at(number if kind != "none" else 0, kind))
    dead_letters = SqsDeadLetters(client=sqs, url="dlq", queue_url="queue", incoming_bucket="in")
    try:
        with dead_letters.examined() as examination:
            for letter in examination.letters:
                try:
                    examination.redrive(letter)
                except AdapterError:
                    continue
    except (AdapterError, Killed):
        pass
    assert set(bodies.values()) == {*sqs.queue, *sqs.dead.values()}
    assert len(sqs.queue) == len(set(sqs.queue))
    # At most the message that was being moved is in both.
    assert len({*sqs.queue} & {*sqs.dead.values()}) <= 1
    if kind == "none":
        assert {} == sqs.dead
        assert set(bodies.values()) == set(sqs.queue)
