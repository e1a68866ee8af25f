"""Additions to ministack (1.5.33) for `relayctl doctor`. Runs in the emulator's process.

* SES's suppression list of the account (SES API v2, PutSuppressedDestination and related calls):
  ministack's list is always empty. Addresses are stored here, but no mail is suppressed; the
  faults file decides about such mail (`ses_faults`).
* An identity is verified at once, by DKIM (SES API v2, DkimAttributes): ministack reports it as
  verified, but its keys as not found yet.
* A subscription that waits for confirmation is listed with `PendingConfirmation` in place of an
  ARN (SNS API, ListSubscriptionsByTopic): ministack lists its ARN.
"""
# The emulator's parts are private and untyped.
# ruff: noqa: SLF001, ANN401

from __future__ import annotations

import json
import re
import time
from typing import Any
from urllib.parse import unquote

from ministack.services import ses_v2, sns

_SUPPRESSED = re.compile(r"(?:/v2/email)?/suppression/addresses(?:/(?P<address>[^/]+))?/?\Z")

_suppressed: dict[str, dict[str, Any]] = {}


def install() -> None:
    """Install these corrections in the emulator."""
    answer = ses_v2.handle_request

    async def handle_request(method: str, path: str, headers: Any, body: bytes, query: Any) -> Any:
        if found := _SUPPRESSED.match(path):
            return _answer(method, unquote(found["address"] or ""), body)
        return await answer(method, path, headers, body, query)

    ses_v2.handle_request = handle_request
    ses_v2._easy_dkim_attributes = _found(ses_v2._easy_dkim_attributes)
    sns._list_subscriptions_by_topic = _listed_as_aws_does(sns._list_subscriptions_by_topic)


def _found(make_attributes: Any) -> Any:
    def attributes(*arguments: Any) -> Any:
        made = make_attributes(*arguments)
        return {**made, "Status": "SUCCESS"} if made.get("Status") == "PENDING" else made

    return attributes


def _answer(method: str, address: str, body: bytes) -> Any:
    if method == "PUT":
        asked = json.loads(body)
        _suppressed[asked["EmailAddress"].lower()] = {**asked, "LastUpdateTime": time.time()}
        return ses_v2.json_response({})
    if not address:
        return ses_v2.json_response({"SuppressedDestinationSummaries": [*_suppressed.values()]})
    found = _suppressed.get(address.lower())
    if found is None:
        text = f"Email address {address} does not exist on your suppression list."
        return ses_v2._json_err("NotFoundException", text, 404)
    if method == "DELETE":
        del _suppressed[address.lower()]
        return ses_v2.json_response({})
    return ses_v2.json_response({"SuppressedDestination": found})


def _listed_as_aws_does(list_subscriptions: Any) -> Any:
    def listed(parameters: Any) -> Any:
        status, headers, body = list_subscriptions(parameters)
        topic = sns._topic_by_arn_any_scope(sns._p(parameters, "TopicArn")) or {}
        is_text = isinstance(body, str)
        text = body if is_text else body.decode()
        for one in topic.get("subscriptions", ()):
            if not one["confirmed"]:
                text = text.replace(f">{one['arn']}<", ">PendingConfirmation<")
        return status, headers, text if is_text else text.encode()

    return listed
