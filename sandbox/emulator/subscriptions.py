"""E-mail subscriptions wait for a confirmation. Runs in the emulator's own process.

Until somebody follows the link in SNS's mail, an address gets nothing, and SNS lists its
subscription with `PendingConfirmation` for an ARN (SNS API reference, "Subscribe",
"ListSubscriptionsByTopic").
ministack (1.5.33) takes each for confirmed at once.

No mail is sent here that could hold the token: it is what the subscription's ARN ends in.
`ConfirmSubscription` with it is what an operator does by a click.
"""
# Nothing of the emulator is typed.
# ruff: noqa: ANN401

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from ministack.services import sns

PENDING = "PendingConfirmation"
_BY_MAIL = {"email", "email-json"}
_ASKED = "asked_to_confirm"


def install() -> None:
    """Have subscriptions wait, and be listed as SNS lists them."""
    subscribe, listed = sns._subscribe, sns._list_subscriptions_by_topic  # noqa: SLF001

    def subscribe_and_ask(params: Any) -> Any:
        answer = subscribe(params)
        for one in _subscriptions(params):
            if one["protocol"] in _BY_MAIL and not one.get(_ASKED):
                one.update({_ASKED: True, "confirmed": False})
                one["token"] = one["arn"].rpartition(":")[2]
                one["attributes"][PENDING] = "true"
        return answer

    def list_as_sns(params: Any) -> Any:
        status, headers, body = listed(params)
        for one in _subscriptions(params):
            if not one["confirmed"]:
                shown = f"<SubscriptionArn>{one['arn']}<".encode()
                body = body.replace(shown, f"<SubscriptionArn>{PENDING}<".encode())
        return status, headers, body

    changed: dict[str, Callable[..., Any]] = {
        "_subscribe": subscribe_and_ask,
        "_list_subscriptions_by_topic": list_as_sns,
    }
    for name, function in changed.items():
        setattr(sns, name, function)


def _subscriptions(params: Any) -> Iterator[Any]:
    topic, _ = sns._get_topic(sns._p(params, "TopicArn"))  # noqa: SLF001
    yield from (topic or {}).get("subscriptions", ())
