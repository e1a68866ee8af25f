"""All checks, in the order of a mail's path."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from . import (
    dns_records,
    functions,
    link_host,
    parameters,
    posting,
    queues,
    receiving,
    sending,
    storage,
    suppression,
    topics_and_alarms,
)
from .checks import Check, CheckContext
from .verdicts import Finding

CHECKS: tuple[Check[Any], ...] = (
    Check(name="dns-mx", read=dns_records.read("dns-mx"), judge=dns_records.judge_mx),
    Check(name="dns-dkim", read=dns_records.read("dns-dkim"), judge=dns_records.judge_dkim),
    Check(
        name="dns-mail-from",
        read=dns_records.read("dns-mail-from"),
        judge=dns_records.judge_mail_from,
    ),
    Check(name="dns-dmarc", read=dns_records.read("dns-dmarc"), judge=dns_records.judge_dmarc),
    Check(name="dns-links", read=link_host.read_link_host, judge=link_host.judge_link_host),
    Check(name="ses-account", read=sending.read_account, judge=sending.judge_account),
    Check(name="ses-quota", read=sending.read_sending, judge=sending.judge_quota),
    Check(name="ses-identities", read=sending.read_identities, judge=sending.judge_identities),
    Check(
        name="ses-suppression",
        read=suppression.read_suppressed,
        judge=suppression.judge_suppressed,
    ),
    Check(
        name="smtp-credentials",
        read=parameters.read_parameters,
        judge=parameters.judge_credentials,
    ),
    Check(name="receipt-rule-set", read=receiving.read_rule_sets, judge=receiving.judge_rule_sets),
    Check(name="receipt-rule", read=receiving.read_rule, judge=receiving.judge_rule),
    Check(name="bucket-policy", read=storage.read_policy, judge=storage.judge_policy),
    Check(
        name="bucket-notification",
        read=storage.read_notification,
        judge=storage.judge_notification,
    ),
    Check(name="bucket-encryption", read=storage.read_encryption, judge=storage.judge_encryption),
    Check(name="queue-policy", read=queues.read_queue_policy, judge=queues.judge_queue_policy),
    Check(name="queue", read=queues.read_queue, judge=queues.judge_queue),
    Check(name="event-source", read=functions.read_sources, judge=functions.judge_sources),
    Check(name="functions", read=functions.read_states, judge=functions.judge_states),
    Check(name="concurrency", read=functions.read_concurrency, judge=functions.judge_concurrency),
    Check(name="function-errors", read=functions.read_errors, judge=functions.judge_errors),
    Check(name="dead-letters", read=queues.read_dead_letters, judge=queues.judge_dead_letters),
    Check(name="waiting-mail", read=queues.read_waiting, judge=queues.judge_waiting),
    Check(name="parameters", read=parameters.read_parameters, judge=parameters.judge_parameters),
    Check(name="directory", read=parameters.read_document, judge=parameters.judge_document),
    Check(
        name="subscriptions",
        read=topics_and_alarms.read_topics,
        judge=topics_and_alarms.judge_topics,
    ),
    Check(name="posting", read=posting.read_posting, judge=posting.judge_posting),
    Check(name="alarms", read=topics_and_alarms.read_alarms, judge=topics_and_alarms.judge_alarms),
)
"""The checks of `relayctl doctor`."""

_AT_ONCE = 8  # checks: SES lets an account ask about once a second, and boto3 tries again


def examine(context: CheckContext) -> Iterator[Finding]:
    """The findings of all checks, in the order of the checks, each as soon as it is available."""
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as executor:
        for findings in executor.map(lambda check: check.run(context), CHECKS):
            yield from findings
