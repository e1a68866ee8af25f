"""The whole relay: the one place where its parts are put together.

device ─▶ SES ─receipt rule─▶ incoming bucket ─▶ queue ─▶ function ─▶ SES ─▶ recipients
                                                   │         ├─▶ attachments bucket ─▶ page
                                                   ▼         └─▶ fallback topic
                                          dead-letter queue ─▶ alarms topic
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from relay_core.keys import ATTACHMENTS_PREFIX, INCOMING_PREFIX
from relay_core.policy.directory import format_directory

from . import policies
from .account.fitting import Fitting, records_of
from .account.holdings import HoldingsList, HoldingsListArgs, parameter_name
from .aws_facts import smtp_endpoint
from .configuration import environment
from .configuration.config import StackConfig
from .configuration.timing import BATCH_SIZE, DEAD_LETTER_RETENTION, QUEUE_RETENTION
from .functions.beyond_mail import BeyondMailArgs, reach_beyond_mail
from .functions.download import DownloadPage, DownloadPageArgs
from .functions.function import RelayFunction, RelayFunctionArgs
from .functions.queue import IncomingQueue, IncomingQueueArgs
from .mail.identities import MailDomains, MailDomainsArgs
from .mail.inbound import InboundMail, InboundMailArgs, RuleNames
from .mail.outbound import OutboundMail, OutboundMailArgs
from .mail.smtp_user import SmtpUser, SmtpUserArgs
from .mail.smtp_user import parameter_name as credentials_parameter
from .mail.submission import DeviceMail, DeviceMailArgs
from .safeguards import safeguards
from .storage.bucket import PrivateBucket, PrivateBucketArgs, ServiceWriter
from .storage.directory import RecipientDirectory, RecipientDirectoryArgs
from .storage.keys import StackKey, StackKeyArgs
from .storage.link_keys import LinkKeys, LinkKeysArgs
from .storage.link_keys import parameter_name as link_keys_parameter
from .storage.malware import MalwareProtection, MalwareProtectionArgs
from .watching.alarms import Alarms, AlarmsArgs, Thresholds, alarms
from .watching.dashboard import FlowDashboard, FlowDashboardArgs, Limits
from .watching.metrics import Subject
from .watching.topics import OperatorTopic, OperatorTopicArgs, ServicePublisher


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRelayArgs:
    """The configuration, what was decided on the account, and the code of the functions."""

    config: StackConfig
    fitting: Fitting
    code: pulumi.Archive


class MailRelay(pulumi.ComponentResource):
    """Everything that a stack deploys; `exports` are the outputs that others rely on."""

    exports: Mapping[str, Any]

    def __init__(
        self, name: str, args: MailRelayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        config, fitting, holdings = args.config, args.fitting, args.fitting.holdings
        everywhere = pulumi.ResourceOptions(
            transformations=[
                *safeguards(
                    permissions_boundary=config.permissions_boundary, protect=config.protect
                )
            ]
        )
        super().__init__(
            "mail-relay:relay:MailRelay",
            name,
            None,
            pulumi.ResourceOptions.merge(opts, everywhere),
        )
        timing = config.timing
        child = pulumi.ResourceOptions(parent=self)
        account = aws.get_caller_identity_output(
            opts=pulumi.InvokeOutputOptions(parent=self)
        ).account_id
        # Whoever learns this address can have mail sent: Pulumi keeps it out of sight.
        inbound_address = pulumi.Output.secret(config.recipient_email)

        listed = pulumi.ResourceOptions(
            parent=self,
            depends_on=[
                HoldingsList(
                    f"{name}-holdings",
                    HoldingsListArgs(
                        parameter_name=parameter_name(config.project, config.stack),
                        holdings=holdings,
                    ),
                    child,
                )
            ],
        )
        key = (
            StackKey(
                f"{name}-key",
                StackKeyArgs(
                    account=account,
                    region=config.region,
                    alias_name=config.prefix,
                    roles=(f"{name}-function", f"{name}-download", f"{name}-scan"),
                    deletion_window_days=config.key_deletion_window_days,
                ),
                listed,
            )
            if holdings.has_key
            else None
        )
        # Roles may use the key as long as there is one; what it encrypts new is a choice.
        usable_key_arn = key.arn if key else None
        key_arn = usable_key_arn if config.customer_managed_key else None
        own_sets = {"PublishEventsOfDevices": config.device_set}
        if config.configuration_set_name is None:
            own_sets["PublishEventsOfSending"] = config.sending_set
        alarm_topic = OperatorTopic(
            f"{name}-alarms",
            OperatorTopicArgs(
                display_name="Mail relay alarms",
                emails=config.alarm_emails,
                publishers=[
                    _alarms_of_cloudwatch(config.region, account, name),
                    *(
                        ServicePublisher(
                            sid=sid,
                            service="ses.amazonaws.com",
                            account=account,
                            source_arn=policies.arn(
                                "ses", config.region, account, f"configuration-set/{set_name}"
                            ),
                        )
                        for sid, set_name in own_sets.items()
                    ),
                ],
                key_arn=key_arn,
            ),
            child,
        )
        device_set = DeviceMail(
            f"{name}-submission",
            DeviceMailArgs(
                configuration_set_name=config.device_set,
                topic_arn=alarm_topic.arn,
                topic_policy=alarm_topic.policy,
            ),
            listed,
        ).configuration_set_name
        domains = MailDomains(
            name,
            MailDomainsArgs(
                domains=holdings.domains,
                records=records_of(config, holdings.domains),
                configuration_set_name=device_set,
                zone_id=holdings.zone,
                zone_name=fitting.zone_name,
                written=holdings.records,
            ),
            listed,
        )
        # A destroy that a bucket stops, since it holds mail, has not come to the identities yet.
        after_identities = pulumi.ResourceOptions(parent=self, depends_on=domains.identities)
        rule_names = RuleNames.choose(
            prefix=config.prefix, existing_rule_set=config.existing_rule_set_name
        )
        incoming = PrivateBucket(
            f"{name}-incoming",
            PrivateBucketArgs(
                retention_days=config.incoming_retention_days,
                expiring_prefix=INCOMING_PREFIX,
                writer=ServiceWriter(
                    service="ses.amazonaws.com",
                    key_prefix=INCOMING_PREFIX,
                    account=account,
                    source_arn=rule_names.rule_arn(config.region, account),
                ),
                force_destroy=config.force_destroy,
                key_arn=key_arn,
            ),
            after_identities,
        )
        attachments = PrivateBucket(
            f"{name}-attachments",
            PrivateBucketArgs(
                retention_days=config.attachment_retention_days,
                force_destroy=config.force_destroy,
                key_arn=key_arn,
            ),
            after_identities,
        )
        queue = IncomingQueue(
            f"{name}-incoming",
            IncomingQueueArgs(
                account=account,
                bucket_name=incoming.bucket_name,
                bucket_arn=incoming.arn,
                key_prefix=INCOMING_PREFIX,
                visibility_seconds=timing.visibility_timeout_seconds,
                max_receive_count=timing.dlq_max_receive_count,
                retention=QUEUE_RETENTION,
                dead_letter_retention=DEAD_LETTER_RETENTION,
                key_arn=key_arn,
                # A set that somebody else made tells whom its owner wants it to tell.
                events_topic_arn=None if config.configuration_set_name else alarm_topic.arn,
            ),
            child,
        )
        fallback = OperatorTopic(
            f"{name}-fallback",
            OperatorTopicArgs(
                display_name="Mail relay",
                emails=config.fallback_emails,
                # Some alarms are told here too (`Alarm.tells_both_topics`).
                publishers=(
                    [_alarms_of_cloudwatch(config.region, account, name)]
                    if config.has_receivers or config.watch_subscriptions
                    else []
                ),
                key_arn=key_arn,
            ),
            child,
        )
        sending_set: pulumi.Input[str] = config.sending_set
        if config.configuration_set_name is None:
            # The same name, once the set is there.
            sending_set = OutboundMail(
                f"{name}-outbound",
                OutboundMailArgs(
                    configuration_set_name=config.sending_set,
                    require_tls=config.require_outbound_tls,
                    topic_arn=alarm_topic.arn,
                    topic_policy=alarm_topic.policy,
                ),
                child,
            ).configuration_set_name
        if config.malware_protection:
            MalwareProtection(
                f"{name}-scan",
                MalwareProtectionArgs(
                    region=config.region,
                    account=account,
                    bucket_name=attachments.bucket_name,
                    bucket_arn=attachments.arn,
                    key_prefix=ATTACHMENTS_PREFIX,
                    key_arn=usable_key_arn,
                ),
                child,
            )
        link_keys: LinkKeys | None = None
        page: DownloadPage | None = None
        page_log_group_name = f"/aws/lambda/{name}-download"
        if config.has_page:
            link_keys = LinkKeys(
                f"{name}-link-keys",
                LinkKeysArgs(
                    parameter_name=link_keys_parameter(config.project, config.stack),
                    version=config.link_key_version,
                ),
                child,
            )
            page = DownloadPage(
                f"{name}-download",
                DownloadPageArgs(
                    code=args.code,
                    environment=environment.telemetry_variables(
                        service=config.prefix, log_level=config.log_level
                    ),
                    log_level=config.log_level,
                    max_concurrency=fitting.download_max_concurrency,
                    log_group_name=page_log_group_name,
                    log_retention_days=config.log_retention_days,
                    attachments_bucket_name=attachments.bucket_name,
                    attachments_bucket_arn=attachments.arn,
                    link_keys_parameter_name=link_keys.parameter_name,
                    link_keys_parameter_arn=link_keys.arn,
                    is_scanned=config.malware_protection,
                    region=config.region,
                    key_arn=usable_key_arn,
                ),
                child,
            )
        # What tokens are appended to: an operator's own domain, where there is one.
        download_url: pulumi.Input[str] = config.download_url or (page.url if page else "")
        log_group_name = f"/aws/lambda/{name}-function"
        document = format_directory(config.directory())
        directory = RecipientDirectory(
            f"{name}-recipients",
            RecipientDirectoryArgs(
                parameter_name=f"/{config.project}/{config.stack}/recipients",
                document=document,
            ),
            child,
        )
        function = RelayFunction(
            f"{name}-function",
            RelayFunctionArgs(
                code=args.code,
                environment={
                    **environment.known_variables(
                        config.settings(), service=config.prefix, log_level=config.log_level
                    ),
                    environment.INBOUND_ADDRESS: inbound_address,
                    environment.CONFIGURATION_SET_NAME: sending_set,
                    environment.INCOMING_BUCKET: incoming.bucket_name,
                    environment.ATTACHMENTS_BUCKET: attachments.bucket_name,
                    environment.FALLBACK_TOPIC_ARN: fallback.arn,
                    environment.DIRECTORY_PARAMETER: directory.parameter_name,
                    environment.QUEUE_URL: queue.url,
                    **(
                        {environment.MALWARE_PROTECTION: "true"}
                        if config.malware_protection
                        else {}
                    ),
                    **(
                        {
                            environment.DOWNLOAD_URL: download_url,
                            environment.LINK_KEYS_PARAMETER: link_keys.parameter_name,
                        }
                        if link_keys
                        else {}
                    ),
                },
                log_level=config.log_level,
                memory_mb=config.function_memory,
                timeout_seconds=timing.function_timeout_seconds,
                batch_size=BATCH_SIZE,
                max_concurrency=timing.max_concurrency,
                log_group_name=log_group_name,
                log_retention_days=config.log_retention_days,
                region=config.region,
                account=account,
                sender_address=config.sender_email,
                configuration_set_name=sending_set,
                incoming_bucket_arn=incoming.arn,
                incoming_prefix=INCOMING_PREFIX,
                attachments_bucket_arn=attachments.arn,
                fallback_topic_arn=fallback.arn,
                directory_parameter_arn=directory.arn,
                link_keys_parameter_arn=link_keys.arn if link_keys else None,
                queue_arn=queue.arn,
                is_scanned=config.malware_protection,
                key_arn=usable_key_arn,
            ),
            child,
        )
        inbound = InboundMail(
            name,
            InboundMailArgs(
                names=rule_names,
                account=account,
                address=inbound_address,
                bucket_name=incoming.bucket_name,
                waits_for=(*incoming.ready, queue.notification, function.event_source),
                key_prefix=INCOMING_PREFIX,
                activate=config.activate_rule_set,
            ),
            child,
        )
        beyond = reach_beyond_mail(
            name,
            BeyondMailArgs(
                config=config,
                code=args.code,
                account=account,
                alarms=alarm_topic,
                fallback=fallback,
                key_arn=key_arn,
                usable_key_arn=usable_key_arn,
            ),
            child,
        )
        watched = alarms(
            Thresholds(
                failed_messages=config.dlq_alarm_threshold,
                oldest_message_seconds=config.queue_age_alarm_seconds,
                messages_in_five_minutes=config.traffic_alarm_threshold,
            ),
            dashboard=config.prefix,
            log_group=log_group_name,
            page_log_group=page_log_group_name if page else None,
            is_scanned=config.malware_protection,
            posting_log_group=beyond.posting_log_group,
            watch_log_group=beyond.watch_log_group,
        )
        names: Mapping[Subject, pulumi.Input[str]] = {
            Subject.INCOMING_QUEUE: queue.queue_name,
            Subject.DEAD_LETTER_QUEUE: queue.dead_letter_name,
            Subject.FUNCTION: function.function_name,
            Subject.RELAY: config.prefix,
            Subject.DEVICE_MAIL: config.device_set,
            **({Subject.DOWNLOAD_PAGE: page.function_name} if page else {}),
            **beyond.names,
        }
        alarm_arns = Alarms(
            name,
            AlarmsArgs(
                stack=config.stack,
                alarms=watched,
                names=names,
                topic_arn=alarm_topic.arn,
                second_topic_arn=fallback.arn,
            ),
            child,
        ).arns
        dashboard = FlowDashboard(
            name,
            FlowDashboardArgs(
                dashboard_name=config.prefix,
                limits=Limits(
                    function_timeout_seconds=timing.function_timeout_seconds,
                    max_concurrency=timing.max_concurrency,
                    download_max_concurrency=(fitting.download_max_concurrency if page else None),
                    is_posted=beyond.posting_log_group is not None,
                    is_watched=beyond.watch_log_group is not None,
                ),
                alarms=watched,
                alarm_arns=alarm_arns,
                names=names,
                region=config.region,
            ),
            child,
        )
        credentials: pulumi.Input[str] = ""
        if config.create_smtp_user:
            credentials = SmtpUser(
                f"{name}-devices",
                SmtpUserArgs(
                    inbound_address=inbound_address,
                    region=config.region,
                    account=account,
                    parameter_name=credentials_parameter(config.project, config.stack),
                    version=config.smtp_credentials_version,
                ),
                child,
            ).parameter_name

        self.exports = {
            "incomingBucket": incoming.bucket_name,
            "attachmentsBucket": attachments.bucket_name,
            "queueUrl": queue.url,
            "deadLetterQueueUrl": queue.dead_letter_url,
            "fallbackTopicArn": fallback.arn,
            "alarmsTopicArn": alarm_topic.arn,
            "functionName": function.function_name,
            "logGroup": function.log_group_name,
            "dashboardUrl": dashboard.url,
            "inboundAddress": inbound_address,
            "senderAddress": config.sender_email,
            "smtpEndpoint": smtp_endpoint(config.region),
            "smtpCredentialsParameter": credentials,
            "directoryParameter": directory.parameter_name,
            # As it would be if the stack were new: for an operator who wants that back.
            "directoryDocument": document,
            # Empty where there is no download page: Pulumi would leave out a null.
            "downloadUrl": download_url,
            # What a domain of the operator's own has to lead to.
            "downloadFunctionUrl": page.url if page else "",
            "downloadFunctionName": page.function_name if page else "",
            "downloadLogGroup": page.log_group_name if page else "",
            "dnsRecords": domains.dns_records,
            "dnsZoneFile": domains.zone_file,
            "receiptRuleSet": inbound.rule_set_name,
            **beyond.exports,
        }
        self.register_outputs(dict(self.exports))


def _alarms_of_cloudwatch(region: str, account: pulumi.Input[str], name: str) -> ServicePublisher:
    return ServicePublisher(
        sid="PublishAlarms",
        service="cloudwatch.amazonaws.com",
        account=account,
        # Pulumi ends the names of alarms in a few random characters.
        source_arn=policies.arn("cloudwatch", region, account, f"alarm:{name}-*"),
    )
