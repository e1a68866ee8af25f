"""The webhooks of the configuration, which get notices and alarms besides the e-mail addresses.

The key `webhooks` is an object, a name for each webhook:

    chat:
      kind: slack                              slack, teams or json
      url: https://hooks.slack.com/services/…  a secret: it is all one needs to post
      signingKey: whsec_…                      of json alone, which needs one
      sends: both                              notices, alarms or both; both if left out
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from infra.aws_facts import MAX_PARAMETER
from relay_core.environment import Problem
from relay_core.posting.receivers import ReceiverKind
from relay_core.posting.signature import parse_key

MAX_WEBHOOKS = 10
"""Each has its own queue, one or two subscriptions, and an event source."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,19}\Z")
_URL = re.compile(r"https://[!-~]{1,2000}\Z")
_TAKEN = frozenset({"dead-letters", "bus"})
_SHOWN = "[secret]"
_RESERVED_BYTES = 400
"""Bytes of a receiver beside its URL and key: its names, and the ARN and URL of its queue."""


class Sends(StrEnum):
    """The kinds of messages that a webhook gets."""

    NOTICES = "notices"
    ALARMS = "alarms"
    BOTH = "both"


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """One configured webhook; `url` and `signing_key` are secrets."""

    kind: ReceiverKind
    url: str = field(repr=False)
    signing_key: str = field(default="", repr=False)
    sends: Sends = Sends.BOTH


def read_webhooks(value: object) -> dict[str, Webhook]:
    """The webhooks in a value of the configuration.

    Raises:
        TypeError, ValueError: if it has another form; the value is not in the message.
    """
    if not isinstance(value, dict):
        raise TypeError("webhooks is not an object")
    return {str(name).strip(): _read(one) for name, one in value.items()}


def _read(value: object) -> Webhook:
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise TypeError("a webhook is not an object whose values are text")
    given: dict[str, Any] = {key: one.strip() for key, one in value.items()}
    if unknown := given.keys() - {"kind", "url", "signingKey", "sends"}:
        raise ValueError(f"a webhook cannot have {', '.join(sorted(unknown))}")
    kind = ReceiverKind(given.get("kind", ""))
    if kind is ReceiverKind.EVENT_BUS:
        raise ValueError("an event bus is not a webhook")
    return Webhook(
        kind=kind,
        url=given.get("url", ""),
        signing_key=given.get("signingKey", ""),
        sends=Sends(given.get("sends", Sends.BOTH)),
    )


def webhook_problems(webhooks: Mapping[str, Webhook]) -> Iterator[Problem]:
    """Every rule that a webhook breaks, with its path in the value; without secrets."""
    if len(webhooks) > MAX_WEBHOOKS:
        rule = (
            f"must be at most {MAX_WEBHOOKS} webhooks: a receiver can pass messages on to others"
        )
        yield Problem(field="webhooks", value=len(webhooks), rule=rule)
    # All are in one parameter (`infra.functions.posting_function`), with the event bus.
    size = sum(len(json.dumps([one.url, one.signing_key])) for one in webhooks.values())
    if size > (room := MAX_PARAMETER - _RESERVED_BYTES * (len(webhooks) + 1)):
        rule = f"must have URLs and keys of at most {room} bytes together, to fit into a parameter"
        yield Problem(field="webhooks", value=_SHOWN, rule=rule)
    for name, one in webhooks.items():
        place = f"webhooks.{name}"
        if not _NAME.match(name) or name in _TAKEN:
            yield Problem(
                field="webhooks",
                value=name,
                rule="a webhook's name must be a letter and up to 19 letters, digits or hyphens,"
                f" all in lower case, and not {' or '.join(sorted(_TAKEN))}",
            )
        if not _is_https(one.url):
            rule = "must be an https:// URL of at most 2000 characters, without user or fragment"
            yield Problem(field=f"{place}.url", value=_SHOWN, rule=rule)
        if one.kind is ReceiverKind.JSON:
            try:
                parse_key(one.signing_key)
            except ValueError as error:
                rule = f"{error}: make one with `echo whsec_$(openssl rand -base64 32)`"
                yield Problem(field=f"{place}.signingKey", value=_SHOWN, rule=rule)
        elif one.signing_key:
            rule = "must be left out, except with kind json: Slack and Teams check no signature"
            yield Problem(field=f"{place}.signingKey", value=_SHOWN, rule=rule)


def _is_https(url: str) -> bool:
    if not _URL.match(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    has_host = bool(parts.hostname) and port != 0
    return has_host and parts.username is None and not parts.fragment
