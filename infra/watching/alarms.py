"""The alarms of a stack, and their texts.

An alarm is data, an `Alarm`: the dashboard draws its lines from the same list. Its text may be the
only information that an operator has at night. So it says what the alarm means and what to do
first.

Missing data is normal: SQS publishes no metrics of idle queues, and a worker counts only what
happens. SES's reputation metrics are different: SES publishes them now and then, and a value is
valid until the next one (SES guide, "Creating reputation monitoring alarms using CloudWatch").

An alarm also reports its end if the end means that the cause is gone. For an alarm on an event it
does not: a mail that was on its last try is in the dead-letter queue when the alarm ends.
CloudWatch also sends the OK message when an alarm is created, after its first evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import metrics
from .alarm import HOUR, MINUTE, Alarm

REVIEWED_BOUNCE_RATE = 0.05
REVIEWED_COMPLAINT_RATE = 0.001
"""The rates at which AWS reviews an account; it pauses one at 10 % and 0.5 % (SES guide,
"Reputation metrics messages")."""

_FAILED_RECIPIENTS = 10
"""In five minutes. A notice reports each single one; this many have a common cause."""

_LINGERING = 4
"""Periods of five minutes that an alarm lasts after the last sign of its trouble. They are longer
than the longest delay before a retry, because the trouble is counted only at a try."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Configured limits; an alarm fires when the value is above its limit."""

    failed_messages: int
    oldest_message_seconds: int
    messages_in_five_minutes: int


def alarms(
    thresholds: Thresholds,
    *,
    dashboard: str,
    log_group: str,
    page_log_group: str | None,
    is_scanned: bool,
    posting_log_group: str | None = None,
    watch_log_group: str | None = None,
    has_domain: bool = False,
) -> tuple[Alarm, ...]:
    """Every alarm of a stack.

    The texts name the dashboard and the log groups. `page_log_group` is the download page's, None
    without a page. `is_scanned`: whether attachments are scanned for malware. `posting_log_group`
    is that of the function that posts to webhooks and the event bus, `watch_log_group` that of the
    function that checks subscriptions; None without that function. `has_domain`: whether links
    have a domain of the stack's.
    """
    of_page = () if page_log_group is None else _alarms_of_page(page_log_group)
    of_domain = (
        (_domain_errors(dashboard, page_log_group),)
        if has_domain and page_log_group is not None
        else ()
    )
    of_scan = (_MALWARE,) if is_scanned else ()
    of_posting = () if posting_log_group is None else (_not_posted(posting_log_group),)
    of_watch = () if watch_log_group is None else _alarms_of_watch(watch_log_group)
    of_relay = _alarms_of_relay(thresholds, dashboard, log_group)
    return (*of_relay, *of_page, *of_domain, *of_scan, *of_posting, *of_watch)


def _alarms_of_relay(thresholds: Thresholds, dashboard: str, log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="dead-letters",
            metric=metrics.DEAD_LETTERS,
            threshold=thresholds.failed_messages,
            period_seconds=MINUTE,
            meaning=f"More than {thresholds.failed_messages} mails could not be relayed and are"
            " in the dead-letter queue. Each is deleted 14 days after it arrived.",
            first="'relayctl dlq list' shows why each failed. Correct the cause, then run"
            f" 'relayctl dlq redrive --all'. The log group {log_group} has the details.",
        ),
        Alarm(
            key="queue-age",
            metric=metrics.OLDEST_MAIL,
            threshold=thresholds.oldest_message_seconds,
            period_seconds=MINUTE,
            notifies_recovery=True,
            meaning=f"A mail has waited for more than {thresholds.oldest_message_seconds} seconds:"
            " the relay does not keep up with the incoming mail.",
            first="'relayctl list --state failing --since 1h' shows the mails that fail and"
            f" are retried, and why. If it shows none, look at the dashboard {dashboard}. If all"
            " workers are busy, raise maxConcurrency. If none runs, check the function's trigger.",
        ),
        Alarm(
            key="traffic",
            metric=metrics.MAILS_RECEIVED,
            threshold=thresholds.messages_in_five_minutes,
            meaning=(
                f"More than {thresholds.messages_in_five_minutes} mails arrived within five"
                " minutes (trafficAlarmThreshold)."
            ),
            first=(
                "'relayctl list --since 15m' shows their senders. If one device sends too much,"
                " stop it, and set senderMessageLimit. If strangers know the address, change"
                " recipientEmail."
            ),
        ),
        Alarm(
            key="function-errors",
            metric=metrics.ERRORS,
            threshold=0,
            meaning="A worker died: it ran out of time or memory, or it could not start. Its mail"
            " is retried. A mail that killed two workers is refused.",
            first="'relayctl list --since 1h' shows the mail, 'relayctl show MESSAGE' why its"
            f" workers died. In the log group {log_group}, find the last 'mail begun' of the"
            " invocation whose record.status is not success. Raise functionTimeoutSeconds or"
            " functionMemory, or deploy the previous version.",
        ),
        Alarm(
            key="function-throttles",
            metric=metrics.THROTTLES,
            threshold=0,
            periods=3,
            breaching=3,
            notifies_recovery=True,
            meaning="Lambda has refused to start workers for 15 minutes: the account's concurrency"
            " is used up. Each refused start costs a mail one of its tries.",
            first=(
                "find the function of this account and region with the most"
                " ConcurrentExecutions; limit it, or ask AWS for a higher quota. Then look at"
                " 'relayctl dlq list': it shows the mails that have no try left."
            ),
        ),
        Alarm(
            key="last-try",
            metric=metrics.AT_LAST_TRY,
            threshold=0,
            meaning="A mail was on its last try before the dead-letter queue. The alarm"
            " queue-age does not show it: SQS leaves out messages that were received three times.",
            first="'relayctl dlq list' shows whether it is in the dead-letter queue, and why."
            " Correct the cause, then run 'relayctl dlq redrive --all'. The log group"
            f" {log_group} has the details.",
        ),
        Alarm(
            key="parked",
            metric=metrics.PARKED,
            threshold=0,
            periods=_LINGERING,
            notifies_recovery=True,
            meaning=(
                "The account may not send: sending is paused, the account is suspended, or its"
                " daily quota is used up. Mails wait in the queue: no mail is lost, and none is"
                " delivered."
            ),
            first="open the account dashboard of SES in this region: it states the reason and the"
            " quota. The relay sends the waiting mails once the account may send again;"
            " 'relayctl list --since 1h' shows them.",
        ),
        Alarm(
            key="held",
            metric=metrics.HELD,
            threshold=0,
            meaning="Mail is held: a sender is over senderMessageLimit, or the stack is over"
            " recipientBudgetPerHour. It is stored, and is not sent until you release it.",
            first="'relayctl list --state held' shows its senders and recipients; check that the"
            " recipients exist. 'relayctl redeliver MESSAGE' releases a wanted mail. If normal"
            " traffic is held, raise that key.",
        ),
        Alarm(
            key="failed-recipients",
            metric=metrics.RECIPIENTS_FAILED,
            threshold=_FAILED_RECIPIENTS,
            meaning=f"SES refused mail to more than {_FAILED_RECIPIENTS} recipients"
            " permanently within five minutes: more than wrong addresses explain.",
            first=(
                "'relayctl list --state failed --since 1h' shows the mails and SES's answers."
                " Most likely the account is in the SES sandbox, or SES refuses the content."
                " Correct the cause, then run 'relayctl redeliver MESSAGE' for each mail."
            ),
        ),
        Alarm(
            key="directory",
            metric=metrics.DIRECTORY_FAILURES,
            threshold=0,
            periods=_LINGERING,
            notifies_recovery=True,
            meaning="The recipient directory cannot be read. Workers use the last version they"
            " read; a worker that has read none retries its mail later.",
            first="see whether the parameter that the stack's output directoryParameter names was"
            " edited recently: it must be a JSON object. Its history has the last good version."
            " 'relayctl list --state failing --since 1h' shows the mail that is retried.",
        ),
        Alarm(
            key="device-bounces",
            metric=metrics.DEVICE_BOUNCES,
            threshold=0,
            meaning="SES accepted mail of a device, but its receiving side refused it: the mail is"
            " lost, and the device does not know.",
            first=(
                "check that this stack's receipt rule set is active, that the device sends to"
                " the current recipientEmail, and that the domain's MX record points to SES."
                " The event on the alarms topic gives the reason. 'relayctl list --since 15m'"
                " shows whether mail arrives again."
            ),
        ),
        Alarm(
            key="bounce-rate",
            metric=metrics.BOUNCE_RATE,
            threshold=REVIEWED_BOUNCE_RATE,
            period_seconds=HOUR,
            notifies_recovery=True,
            keeps_state_without_data=True,
            meaning="More than 5 % of the mail that this account sends in this region, by this"
            " stack or not, bounces: AWS reviews such an account, and pauses it at 10 %.",
            first="'relayctl bounces list' shows the addresses that bounced. Remove them from the"
            " directory and from the devices' recipient codes.",
        ),
        Alarm(
            key="complaint-rate",
            metric=metrics.COMPLAINT_RATE,
            threshold=REVIEWED_COMPLAINT_RATE,
            period_seconds=HOUR,
            notifies_recovery=True,
            keeps_state_without_data=True,
            meaning="More than 0.1 % of the mail that this account sends in this region, by this"
            " stack or not, is reported as spam: AWS reviews it, and pauses it at 0.5 %.",
            first="'relayctl bounces list' shows who complained. Remove them from the directory"
            " and from the devices' recipient codes.",
        ),
    )


_MALWARE = Alarm(
    key="malware",
    metric=metrics.MALWARE_FOUND,
    threshold=0,
    meaning=(
        "The malware scan found malware in a file of a mail that was relayed already. The file"
        " cannot be downloaded; before the scan it could not be downloaded either."
    ),
    first="the notice on the fallback topic names the mail, and so does 'relayctl list --since"
    " 24h'; 'relayctl show MESSAGE' names the file. Disconnect the device that sent"
    " it from the network.",
)


def _alarms_of_page(log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="download-errors",
            metric=metrics.PAGE_FAILURES,
            threshold=0,
            meaning="A request for a download page or a file got an error: a call to AWS failed,"
            " or the page's function died. Links stay valid; a new request may succeed.",
            first=f"see the error in the log group {log_group}. A missing permission or unreadable"
            " link keys last until the next deployment; throttling ends by itself."
            " 'relayctl link MESSAGE --recipient ADDRESS' prints a link to try.",
        ),
        Alarm(
            key="download-throttles",
            metric=metrics.PAGE_THROTTLES,
            threshold=0,
            periods=3,
            breaching=3,
            notifies_recovery=True,
            meaning="For 15 minutes, download pages had more requests than downloadMaxConcurrency"
            " allows. Some were refused; mail is relayed.",
            first="see on the dashboard which pages were requested. If most links are unknown,"
            " an attacker guesses: keep the limit. If most are valid, raise"
            " downloadMaxConcurrency. 'relayctl link MESSAGE --recipient ADDRESS' prints a link"
            " to try.",
        ),
    )


def _domain_errors(dashboard: str, log_group: str) -> Alarm:
    return Alarm(
        key="domain-errors",
        metric=metrics.DOMAIN_FAILURES,
        threshold=0,
        meaning="A request at downloadDomain got an error: the page's function failed, Lambda"
        " throttled it, or API Gateway could not invoke it. Links stay valid; a new request may"
        " succeed.",
        first=f"look at the graph Download page of the dashboard {dashboard}. If it shows"
        " throttles, follow the steps of download-throttles; if the log group"
        f" {log_group} has an error, those of download-errors. If neither, the function's policy"
        " or the API was changed: run 'pulumi up --refresh'. 'relayctl link MESSAGE --recipient"
        " ADDRESS' prints a link to try.",
    )


def _not_posted(log_group: str) -> Alarm:
    return Alarm(
        key="not-posted",
        metric=metrics.NOT_POSTED,
        threshold=0,
        period_seconds=MINUTE,
        notifies_recovery=True,
        notifies_both_topics=True,
        meaning="A notice or an alarm could not be posted to a webhook or to the event bus at any"
        " of its tries. It is kept in the dead-letter queue for 14 days. E-mail is not affected.",
        first=f"see the last 'not posted' in the log group {log_group}: it names the receiver and"
        " its answer. Correct the webhook, or its address in the configuration; then move the"
        " messages back.",
    )


def _alarms_of_watch(log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="subscriptions",
            metric=metrics.SUBSCRIPTIONS_MISSING,
            threshold=0,
            period_seconds=HOUR,
            notifies_recovery=True,
            keeps_state_without_data=True,
            notifies_both_topics=True,
            meaning="An address of alarmEmails or fallbackEmails is not subscribed: it has not"
            " confirmed, has unsubscribed, or SNS has disabled it. It gets no mail.",
            first=f"see the last 'not subscribed' in the log group {log_group}: it names the"
            " address. Confirm the mail from SNS; if that is gone, subscribe the address again.",
        ),
        Alarm(
            key="alarms-undelivered",
            metric=metrics.ALARMS_UNDELIVERED,
            threshold=0,
            notifies_both_topics=True,
            meaning="SNS could not deliver a message of the alarms topic to a subscriber, and does"
            " not retry: an alarm may be lost.",
            first="look at the dashboard for the state of every alarm, then at the topic's"
            " subscriptions for the one that does not accept messages.",
        ),
        Alarm(
            key="notices-undelivered",
            metric=metrics.NOTICES_UNDELIVERED,
            threshold=0,
            meaning="SNS could not deliver a notice to a subscriber of the fallback topic, and"
            " does not retry: the notice of a mail that was not relayed may be lost.",
            first="'relayctl list --state refused --since 1h' shows the mails; then look at the"
            " topic's subscriptions for the one that does not accept messages.",
        ),
    )
