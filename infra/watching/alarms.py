"""What wakes an operator, and what the message says.

An alarm is data, an `Alarm`: the dashboard draws its lines from the same list. Its text is all
that an operator has at night, so it says what it means and what to do first.

Missing data is the rule here, and healthy: SQS does not measure idle queues, and a worker counts
only what happens. Only SES's reputation is different: it is told now and then, and holds until it
is told again (SES guide, "Creating reputation monitoring alarms using CloudWatch").

An alarm tells that it is over where that means that the cause is gone. Nothing of the kind follows
from the silence of an alarm on an event: a mail that was on its last try is in the dead-letter
queue by then. CloudWatch also tells it when an alarm is made, as soon as it has settled.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from relay_core.settings import MANUAL

from . import metrics
from .metrics import Metric, Subject

REVIEWED_BOUNCE_RATE = 0.05
REVIEWED_COMPLAINT_RATE = 0.001
"""Where AWS puts an account under review; it pauses one at 10 % and 0.5 % (SES guide, "Reputation
metrics messages")."""

_FAILED_RECIPIENTS = 10
"""In five minutes. One is told by a notice; so many have a cause in common."""

_MINUTE, _HOUR = 60, 3600
_LINGERING = 4
"""Periods of five minutes for which a trouble that shows only now and then is not over: longer
than a mail waits at most to be tried again, which is when it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Sounds when `metric` exceeds `threshold` in `breaching` of the last `periods`.

    `key` ends its name, and is its heading in the operator's document. `meaning` and `first` are
    sentences: what is the matter, and what to do first. `tells_end`: whether it also tells that
    the trouble is over. `holds_without_data`: whether it stays as it is, instead of taking missing
    data for a good sign. `tells_both_topics`: whether it is told on the fallback topic as well,
    because what it says may be that nobody hears the alarms topic.
    """

    key: str
    metric: Metric
    threshold: float
    meaning: str
    first: str
    period_seconds: int = 5 * _MINUTE
    periods: int = 1
    breaching: int = 1
    tells_end: bool = False
    holds_without_data: bool = False
    tells_both_topics: bool = False

    def description(self, stack: str) -> str:
        """The text that the operator gets, 1024 characters at most (CloudWatch)."""
        return f"Stack {stack}: {self.meaning} First: {self.first} More: {MANUAL}#{self.key}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What an operator calls too much; each is exceeded when the alarm sounds."""

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
) -> tuple[Alarm, ...]:
    """Every alarm of a stack.

    Texts name its dashboard, and the log groups in which its functions explain themselves.
    `page_log_group` is the download page's, None where there is no page. `is_scanned`: whether
    attachments are scanned for malware. `posting_log_group` is that of what posts to webhooks and
    the event bus, `watch_log_group` that of the look at subscriptions, None where there is none.
    """
    of_page = () if page_log_group is None else _alarms_of_page(page_log_group)
    of_scan = (_MALWARE,) if is_scanned else ()
    of_posting = () if posting_log_group is None else (_not_posted(posting_log_group),)
    of_watch = () if watch_log_group is None else _alarms_of_watch(watch_log_group)
    of_relay = _alarms_of_relay(thresholds, dashboard, log_group)
    return (*of_relay, *of_page, *of_scan, *of_posting, *of_watch)


def _alarms_of_relay(thresholds: Thresholds, dashboard: str, log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="dead-letters",
            metric=metrics.DEAD_LETTERS,
            threshold=thresholds.failed_messages,
            period_seconds=_MINUTE,
            meaning=f"More than {thresholds.failed_messages} mails could not be relayed and wait"
            " in the dead-letter queue. Each is deleted 14 days after it came.",
            first="'relayctl dlq list' tells what each failed for; mend that, then 'relayctl dlq"
            f" redrive --all'. More stands in the log group {log_group}.",
        ),
        Alarm(
            key="queue-age",
            metric=metrics.OLDEST_MAIL,
            threshold=thresholds.oldest_message_seconds,
            period_seconds=_MINUTE,
            tells_end=True,
            meaning=f"A mail has waited for more than {thresholds.oldest_message_seconds} seconds:"
            " the relay does not keep up with what comes in.",
            first="'relayctl list --state failing --since 1h' shows what failed and is tried"
            f" again, and why. If it shows none, look at the dashboard {dashboard}. All workers"
            " are busy: raise maxConcurrency; none takes mail: see the function's trigger.",
        ),
        Alarm(
            key="traffic",
            metric=metrics.MAILS_RECEIVED,
            threshold=thresholds.messages_in_five_minutes,
            meaning=f"More than {thresholds.messages_in_five_minutes} mails came in within five"
            " minutes: traffic exceeds the norm.",
            first="'relayctl list --since 15m' shows whose they are. A device that floods is held"
            " back by senderMessageLimit; if strangers know the address, change recipientEmail.",
        ),
        Alarm(
            key="function-errors",
            metric=metrics.ERRORS,
            threshold=0,
            meaning="A worker died: it ran out of time or memory, or it could not start. Its mail,"
            " one an invocation, comes again; one that killed two workers is refused.",
            first="'relayctl list --since 1h' shows the mail, 'relayctl show MESSAGE' what its"
            f" workers died of. See in the log group {log_group} the last 'mail begun' of the"
            " invocation whose record.status is not success; raise functionTimeoutSeconds or"
            " functionMemory, or deploy the version before.",
        ),
        Alarm(
            key="function-throttles",
            metric=metrics.THROTTLES,
            threshold=0,
            periods=3,
            breaching=3,
            tells_end=True,
            meaning="Lambda has refused to start workers for a quarter of an hour: the account's"
            " concurrency is used up. Each time, a mail loses a try.",
            first="find the function of this account and region with the most"
            " ConcurrentExecutions; have it limited, or ask AWS for a higher quota. Then 'relayctl"
            " dlq list' shows the mails that have no try left.",
        ),
        Alarm(
            key="last-try",
            metric=metrics.AT_LAST_TRY,
            threshold=0,
            meaning="A mail was on its last try before the dead-letter queue. The age of the"
            " oldest mail does not show it: SQS leaves out what was received three times.",
            first="'relayctl dlq list' shows whether it is in the dead-letter queue, and why: mend"
            " the cause, then 'relayctl dlq redrive --all'. More stands in the log group"
            f" {log_group}.",
        ),
        Alarm(
            key="parked",
            metric=metrics.PARKED,
            threshold=0,
            periods=_LINGERING,
            tells_end=True,
            meaning="The account may not send: sending is paused, the account is suspended, or its"
            " daily quota is used up. Mails wait, none is lost, and none is delivered.",
            first="open the account dashboard of SES in this region: it states the reason and the"
            " quota. Mails go out by themselves once it sends again; 'relayctl list --since 1h'"
            " shows those that wait.",
        ),
        Alarm(
            key="held",
            metric=metrics.HELD,
            threshold=0,
            meaning="Mail is held: a sender is over senderMessageLimit, or the stack is over"
            " recipientBudgetPerHour. It is kept, and goes to nobody until you release it.",
            first="see with 'relayctl list --state held' whose it is, and whether its recipients"
            " exist. If it is wanted, 'relayctl redeliver MESSAGE' releases it; if ordinary hours"
            " hold mail, raise that key.",
        ),
        Alarm(
            key="failed-recipients",
            metric=metrics.RECIPIENTS_FAILED,
            threshold=_FAILED_RECIPIENTS,
            meaning=f"SES refused mail to more than {_FAILED_RECIPIENTS} recipients for good"
            " within five minutes, which is more than wrong addresses explain.",
            first="'relayctl list --state failed --since 1h' shows the mails and SES's words. Most"
            " likely the account is in SES's sandbox, or content is refused. Once it is mended,"
            " 'relayctl redeliver MESSAGE' sends each.",
        ),
        Alarm(
            key="directory",
            metric=metrics.DIRECTORY_FAILURES,
            threshold=0,
            periods=_LINGERING,
            tells_end=True,
            meaning="The recipient directory cannot be read. Workers go by the last one they read;"
            " those that have read none put mail off.",
            first="see whether the parameter that the stack's output directoryParameter names was"
            " edited just now: it must hold a JSON object. Its history holds the last good one."
            " 'relayctl list --state failing --since 1h' shows the mail that was put off.",
        ),
        Alarm(
            key="device-bounces",
            metric=metrics.DEVICE_BOUNCES,
            threshold=0,
            meaning="SES took mail of a device, and its own receiving refused it: the mail is"
            " lost, and the device has been told that it was sent.",
            first="see that this stack's receipt rule set is the active one, that the device sends"
            " to recipientEmail as it is now, and that the domain's MX record leads to SES. The"
            " event on the alarms topic holds the reason. 'relayctl list --since 15m' shows"
            " whether mail comes in again.",
        ),
        Alarm(
            key="bounce-rate",
            metric=metrics.BOUNCE_RATE,
            threshold=REVIEWED_BOUNCE_RATE,
            period_seconds=_HOUR,
            tells_end=True,
            holds_without_data=True,
            meaning="More than 5 % of what this account sends in this region, by this stack or"
            " not, bounces: AWS reviews such an account, and pauses its sending at 10 %.",
            first="'relayctl bounces list' shows the addresses that bounced; take them out of the"
            " directory and of the devices' recipient codes.",
        ),
        Alarm(
            key="complaint-rate",
            metric=metrics.COMPLAINT_RATE,
            threshold=REVIEWED_COMPLAINT_RATE,
            period_seconds=_HOUR,
            tells_end=True,
            holds_without_data=True,
            meaning="More than 0.1 % of what this account sends in this region, by this stack or"
            " not, is reported as spam: AWS reviews such an account, and pauses it at 0.5 %.",
            first="'relayctl bounces list' shows who complained; take them out of the directory"
            " and of the devices' recipient codes.",
        ),
    )


_MALWARE = Alarm(
    key="malware",
    metric=metrics.MALWARE_FOUND,
    threshold=0,
    meaning="The malware scan found something in a file of a mail that was relayed already. Nobody"
    " can fetch the file any more, and nobody could before it was scanned.",
    first="the notice on the fallback topic names the mail, and so does 'relayctl list --since"
    " 24h'; 'relayctl show MESSAGE' names the file. Take the device that sent it off the network.",
)


def _alarms_of_page(log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="download-errors",
            metric=metrics.PAGE_FAILURES,
            threshold=0,
            meaning="Somebody asked for a download page or a file and got an error: AWS did not"
            " answer the page, or its function died. Links stay good; asking again may help.",
            first=f"see in the log group {log_group} what it could not do. A missing permission or"
            " unreadable link keys last until the next deployment, throttling ends by itself."
            " 'relayctl link MESSAGE --recipient ADDRESS' prints a link to try.",
        ),
        Alarm(
            key="download-throttles",
            metric=metrics.PAGE_THROTTLES,
            threshold=0,
            periods=3,
            breaching=3,
            tells_end=True,
            meaning="For a quarter of an hour, more people or machines asked for download pages"
            " than downloadMaxConcurrency lets in. Some were turned away; mail is relayed.",
            first="see on the dashboard what the pages were. Mostly unknown links are guesses: the"
            " limit keeps them cheap, leave it. Mostly real ones: raise downloadMaxConcurrency."
            " 'relayctl link MESSAGE --recipient ADDRESS' prints a link to try.",
        ),
    )


def _not_posted(log_group: str) -> Alarm:
    return Alarm(
        key="not-posted",
        metric=metrics.NOT_POSTED,
        threshold=0,
        period_seconds=_MINUTE,
        tells_end=True,
        tells_both_topics=True,
        meaning="A notice or an alarm could not be posted to a webhook or to the event bus at any"
        " of its tries. It waits in the dead-letter queue for 14 days. E-mail is not concerned.",
        first=f"see in the log group {log_group} the last 'not posted': it names the receiver and"
        " what it answered. Mend the webhook, or its address in the configuration; then move the"
        " messages back.",
    )


def _alarms_of_watch(log_group: str) -> tuple[Alarm, ...]:
    return (
        Alarm(
            key="subscriptions",
            metric=metrics.SUBSCRIPTIONS_MISSING,
            threshold=0,
            period_seconds=_HOUR,
            tells_end=True,
            holds_without_data=True,
            tells_both_topics=True,
            meaning="An address of alarmEmails or fallbackEmails is not subscribed: it has not"
            " confirmed, has unsubscribed, or SNS has turned it off. It hears nothing.",
            first=f"see in the log group {log_group} the last 'not subscribed', which names it."
            " Have it confirm the mail from SNS; if that is gone, subscribe it anew.",
        ),
        Alarm(
            key="alarms-undelivered",
            metric=metrics.ALARMS_UNDELIVERED,
            threshold=0,
            tells_both_topics=True,
            meaning="SNS has given up to deliver something of the alarms topic to a subscriber: an"
            " alarm may have reached nobody.",
            first="look at the dashboard for the state of every alarm, then at the topic's"
            " subscriptions for the one that does not take what it is sent.",
        ),
        Alarm(
            key="notices-undelivered",
            metric=metrics.NOTICES_UNDELIVERED,
            threshold=0,
            meaning="SNS has given up to deliver a notice to a subscriber of the fallback topic: a"
            " mail that was not relayed may be known to nobody.",
            first="'relayctl list --state refused --since 1h' shows the mails; then look at the"
            " topic's subscriptions for the one that does not take what it is sent.",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsArgs:
    """The alarms of a stack, what their metrics are of, and the topics that they tell.

    `second_topic_arn` is told only where an alarm says so (`Alarm.tells_both_topics`).
    """

    stack: str
    alarms: Sequence[Alarm]
    names: Mapping[Subject, pulumi.Input[str]]
    topic_arn: pulumi.Input[str]
    second_topic_arn: pulumi.Input[str]


class Alarms(pulumi.ComponentResource):
    """The alarms on CloudWatch; `arns` are in the order of the arguments."""

    arns: tuple[pulumi.Output[str], ...]

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:alarms:Alarms", name, None, opts)

        def told(alarm: Alarm) -> list[pulumi.Input[str]]:
            second = [args.second_topic_arn] if alarm.tells_both_topics else []
            return [args.topic_arn, *second]

        self.arns = tuple(
            aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.key}",
                alarm_description=alarm.description(args.stack),
                namespace=alarm.metric.of.namespace,
                metric_name=alarm.metric.name,
                dimensions=alarm.metric.dimensions(args.names),
                statistic=alarm.metric.statistic,
                period=alarm.period_seconds,
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.breaching,
                comparison_operator="GreaterThanThreshold",
                threshold=alarm.threshold,
                treat_missing_data="ignore" if alarm.holds_without_data else "notBreaching",
                alarm_actions=told(alarm),
                ok_actions=told(alarm) if alarm.tells_end else [],
                opts=pulumi.ResourceOptions(parent=self),
            ).arn
            for alarm in args.alarms
        )
        self.register_outputs({})
