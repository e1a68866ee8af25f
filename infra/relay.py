"""The whole stack, put together from its parts.

device ─▶ SES ─receipt rule─▶ incoming bucket ─▶ queue ─▶ function ─▶ SES ─▶ recipients
                                                   │         ├─▶ attachments bucket ─▶ page
                                                   ▼         └─▶ fallback topic
                                          dead-letter queue ─▶ alarms topic
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from relay_core.keys import INCOMING_PREFIX
from relay_core.policy.directory import format_directory

from .account.account_plan import AccountPlan
from .account.records import records_of
from .account.shared_resources import HoldingsList, HoldingsListArgs, parameter_name
from .aws_facts import smtp_endpoint
from .buckets import StackBuckets
from .configuration import environment
from .configuration.config import StackConfig
from .configuration.derived_times import BATCH_SIZE, DEAD_LETTER_RETENTION, QUEUE_RETENTION
from .device_credentials import DeviceCredentials
from .functions.optional_functions import OptionalFunctionsArgs, declare_optional_functions
from .functions.queue import IncomingQueue, IncomingQueueArgs
from .functions.relay_function import RelayFunction, RelayFunctionArgs
from .links import LinksArgs, serve_links
from .mail.identities import MailDomains, MailDomainsArgs
from .mail.inbound import InboundMail, InboundMailArgs, RuleNames
from .mail.outbound import OutboundMail, OutboundMailArgs
from .mail.submission import DeviceMail, DeviceMailArgs
from .monitoring import MonitoringArgs, monitor
from .operator_topics import OperatorTopics
from .safeguards import safeguards
from .storage.directory import RecipientDirectory, RecipientDirectoryArgs
from .storage.keys import StackKey, StackKeyArgs
from .watching.metrics import Subject


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRelayArgs:
    """The configuration, what was decided on the account, and the code of the functions."""

    config: StackConfig
    plan: AccountPlan
    code: pulumi.Archive


class MailRelay(pulumi.ComponentResource):
    """Everything that a stack deploys; `exports` are its outputs, which are an interface."""

    exports: Mapping[str, Any]

    def __init__(
        self, name: str, args: MailRelayArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        config, plan, holdings = args.config, args.plan, args.plan.holdings
        everywhere = pulumi.ResourceOptions(
            transformations=[
                *safeguards(
                    permissions_boundary=config.permissions_boundary, protect=config.protect
                )
            ]
        )
        opts = pulumi.ResourceOptions.merge(opts, everywhere)
        super().__init__("mail-relay:relay:MailRelay", name, None, opts)
        timing = config.timing
        child = pulumi.ResourceOptions(parent=self)
        caller = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self))
        account = caller.account_id
        # This address lets anyone send mail by the relay, so it is secret in Pulumi's state and
        # output.
        inbound_address = pulumi.Output.secret(config.recipient_email)
        inbound_addresses = pulumi.Output.secret(list(config.inbound_addresses))
        previous_addresses = pulumi.Output.secret(list(config.previous_recipient_emails))
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
                    roles=tuple(
                        f"{name}-{one}" for one in ("function", "download", "scan", "posting")
                    ),
                    deletion_window_days=config.key_deletion_window_days,
                ),
                listed,
            )
            if holdings.has_key
            else None
        )
        # Roles may use the key while it exists; whether new data is encrypted with it is
        # configured.
        usable_key_arn = key.arn if key else None
        key_arn = usable_key_arn if config.customer_managed_key else None
        topics = OperatorTopics(config=config, account=account, prefix=name, key_arn=key_arn)
        alarm_topic = topics.alarms(child)
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
                zone_name=plan.zone_name,
                written=holdings.records,
            ),
            listed,
        )
        # If a bucket with mail stops a destroy, the identities have not been deleted yet.
        after_identities = pulumi.ResourceOptions(parent=self, depends_on=domains.identities)
        rule_names = RuleNames.choose(
            prefix=config.prefix, existing_rule_set=config.existing_rule_set_name
        )
        buckets = StackBuckets(config=config, account=account, prefix=name, key_arn=key_arn)
        incoming = buckets.incoming(
            after_identities, rule_arn=rule_names.rule_arn(config.region, account)
        )
        attachments = buckets.attachments(after_identities)
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
                # A set that the stack did not create keeps its own event destinations.
                events_topic_arn=None if config.configuration_set_name else alarm_topic.arn,
            ),
            child,
        )
        fallback = topics.fallback(child)
        sending_set: pulumi.Input[str] = config.sending_set
        if config.configuration_set_name is None:
            # The same name, but dependent on the set.
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
            buckets.scan(attachments, child, key_arn=usable_key_arn)
        links = (
            serve_links(
                name,
                LinksArgs(
                    config=config,
                    code=args.code,
                    max_concurrency=plan.download_max_concurrency,
                    attachments=attachments,
                    account=account,
                    configuration_set_name=sending_set,
                    key_arn=usable_key_arn,
                ),
                listed,
            )
            if config.has_page
            else None
        )
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
                    **environment.known_variables(config.settings(), config.common_variables()),
                    environment.INBOUND_ADDRESS: inbound_address,
                    environment.PREVIOUS_INBOUND_ADDRESSES: previous_addresses.apply(json.dumps),
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
                    **(links.variables if links else {}),
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
                link_keys_parameter_arn=links.keys.arn if links else None,
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
                addresses=inbound_addresses,
                bucket_name=incoming.bucket_name,
                waits_for=(*incoming.ready, queue.notification, function.event_source),
                key_prefix=INCOMING_PREFIX,
                activate=config.activate_rule_set,
            ),
            child,
        )
        optional = declare_optional_functions(
            name,
            OptionalFunctionsArgs(
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
        dashboard_url = monitor(
            name,
            MonitoringArgs(
                config=config,
                download_max_concurrency=plan.download_max_concurrency if links else None,
                log_group=log_group_name,
                page_log_group=links.log_group if links else None,
                optional=optional,
                names={
                    Subject.INCOMING_QUEUE: queue.queue_name,
                    Subject.DEAD_LETTER_QUEUE: queue.dead_letter_name,
                    Subject.FUNCTION: function.function_name,
                    Subject.RELAY: config.prefix,
                    Subject.DEVICE_MAIL: config.device_set,
                    **(links.names if links else {}),
                    **optional.names,
                },
                alarms=alarm_topic,
                fallback=fallback,
            ),
            child,
        )
        credentials = DeviceCredentials(
            config=config, account=account, inbound_addresses=inbound_addresses, prefix=name
        ).declare(child)

        self.exports = {
            "incomingBucket": incoming.bucket_name,
            "attachmentsBucket": attachments.bucket_name,
            "queueUrl": queue.url,
            "deadLetterQueueUrl": queue.dead_letter_url,
            "fallbackTopicArn": fallback.arn,
            "alarmsTopicArn": alarm_topic.arn,
            # The addresses that must be subscribed to each topic.
            "fallbackEmails": list(config.fallback_emails),
            "alarmEmails": list(config.alarm_emails),
            "functionName": function.function_name,
            "logGroup": function.log_group_name,
            "dashboardUrl": dashboard_url,
            "inboundAddress": inbound_address,
            "previousInboundAddresses": previous_addresses,
            "senderAddress": config.sender_email,
            "smtpEndpoint": smtp_endpoint(config.region),
            **credentials,
            "directoryParameter": directory.parameter_name,
            # The directory of a new stack, so that an operator can restore it.
            "directoryDocument": document,
            # Empty without a download page, because Pulumi leaves out a null.
            "downloadUrl": links.url if links else config.download_url or "",
            # The target for an operator's own domain.
            "downloadFunctionUrl": links.page.url if links else "",
            "downloadFunctionName": links.page.function_name if links else "",
            "downloadLogGroup": links.page.log_group_name if links else "",
            "dnsRecords": domains.dns_records,
            "dnsZoneFile": domains.zone_file,
            "receiptRuleSet": inbound.rule_set_name,
            **optional.exports,
        }
        self.register_outputs(dict(self.exports))
