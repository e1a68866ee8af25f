"""The stack's two topics: alarms for its operators, notices for those who answer senders.

Only the services that need it may publish to a topic, each limited to the ARN of its resources.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from . import policy_documents
from .configuration.config import StackConfig
from .watching.topics import OperatorTopic, OperatorTopicArgs, ServicePublisher


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTopics:
    """Declares the topics; `prefix` begins their names, and `key_arn` encrypts them if given."""

    config: StackConfig
    account: pulumi.Input[str]
    prefix: str
    key_arn: pulumi.Input[str] | None

    def alarms(self, opts: pulumi.ResourceOptions) -> OperatorTopic:
        """The topic of alarms; SES publishes the events of the stack's own sets there too."""
        own_sets = {"PublishEventsOfDevices": self.config.device_set}
        if self.config.configuration_set_name is None:
            own_sets["PublishEventsOfSending"] = self.config.sending_set
        return OperatorTopic(
            f"{self.prefix}-alarms",
            OperatorTopicArgs(
                display_name="Mail relay alarms",
                emails=self.config.alarm_emails,
                publishers=[
                    self._cloudwatch(),
                    *(self._configuration_set(sid, name) for sid, name in own_sets.items()),
                ],
                key_arn=self.key_arn,
            ),
            opts,
        )

    def fallback(self, opts: pulumi.ResourceOptions) -> OperatorTopic:
        """The topic of notices; some alarms go there too (`Alarm.notifies_both_topics`)."""
        has_alarms = self.config.has_receivers or self.config.watch_subscriptions
        return OperatorTopic(
            f"{self.prefix}-fallback",
            OperatorTopicArgs(
                display_name="Mail relay",
                emails=self.config.fallback_emails,
                publishers=[self._cloudwatch()] if has_alarms else [],
                key_arn=self.key_arn,
            ),
            opts,
        )

    def _configuration_set(self, sid: str, name: str) -> ServicePublisher:
        return ServicePublisher(
            sid=sid,
            service="ses.amazonaws.com",
            account=self.account,
            source_arn=policy_documents.arn(
                "ses", self.config.region, self.account, f"configuration-set/{name}"
            ),
        )

    def _cloudwatch(self) -> ServicePublisher:
        return ServicePublisher(
            sid="PublishAlarms",
            service="cloudwatch.amazonaws.com",
            account=self.account,
            # Pulumi adds a random suffix to the names of alarms.
            source_arn=policy_documents.arn(
                "cloudwatch", self.config.region, self.account, f"alarm:{self.prefix}-*"
            ),
        )
