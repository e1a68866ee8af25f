"""Events about sent mail, published on the topics of its configuration set.

A mail bounces or causes a complaint if it goes to the mailbox simulator's addresses
(`bounce@simulator.amazonses.com`, `complaint@…`, also with `+label`; SES Developer Guide, "Using
the mailbox simulator"), or if the faults file says so. The event has SES's format ("Contents of
event data that Amazon SES publishes to Amazon SNS"), with the fields that the relay reads. Every
mail is also in its mailbox.

A device's mail has events too, on its way from SES's sending to its receiving side (`device_hop`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .faults import Faults

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient

_SIMULATOR = "simulator.amazonses.com"
_SIMULATED = {"bounce": "Bounce", "complaint": "Complaint"}
_NAMESPACE = "AWS/SES"
_SET_DIMENSION = "ses:configuration-set"
_SUBJECT = "Amazon SES Email Event Notification"


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingEvents:
    """Publishes the events of sent mail. Blocks on calls to AWS."""

    sesv2: SESV2Client
    sns: SNSClient
    cloudwatch: CloudWatchClient
    faults: Faults

    def follow(
        self, submission_id: str, *, sender: str, recipient: str, configuration_set: str | None
    ) -> str | None:
        """Publish the event of a mail to one recipient; return the event, None if there is none.

        Raises:
            SesError: if the faults file cannot be read.
        """
        event = _simulated(recipient) or self.faults.event_after(recipient)
        if event is None or configuration_set is None:
            return event
        document = _document(event, submission_id, sender, recipient)
        document["mail"]["tags"] = {_SET_DIMENSION: [configuration_set]}
        answer = self.sesv2.get_configuration_set_event_destinations(
            ConfigurationSetName=configuration_set
        )
        for destination in answer["EventDestinations"]:
            if event.upper() not in destination["MatchingEventTypes"]:
                continue
            if "CloudWatchDestination" in destination:
                self._count(event, configuration_set)
            topic = destination.get("SnsDestination", {}).get("TopicArn")
            if topic:
                self.sns.publish(TopicArn=topic, Subject=_SUBJECT, Message=json.dumps(document))
        return event

    def _count(self, event: str, configuration_set: str) -> None:
        """Put the event's metric for this set if an alarm watches it (see `metrics`)."""
        metric = {"Namespace": _NAMESPACE, "MetricName": event}
        ours = [{"Name": _SET_DIMENSION, "Value": configuration_set}]
        for page in self.cloudwatch.get_paginator("describe_alarms").paginate():
            for alarm in page["MetricAlarms"]:
                named = alarm.get("Dimensions", [])
                if metric.items() <= alarm.items() and named == ours:
                    self.cloudwatch.put_metric_data(
                        Namespace=_NAMESPACE,
                        MetricData=[{"MetricName": event, "Dimensions": named, "Value": 1}],
                    )
                    return


def _simulated(recipient: str) -> str | None:
    local_part, _, domain = recipient.lower().rpartition("@")
    return _SIMULATED.get(local_part.partition("+")[0]) if domain == _SIMULATOR else None


def _document(event: str, submission_id: str, sender: str, recipient: str) -> dict[str, Any]:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    mail = {
        "timestamp": now,
        "messageId": submission_id,
        "source": sender,
        "destination": [recipient],
    }
    if event == "Complaint":
        complaint = {
            "complainedRecipients": [{"emailAddress": recipient}],
            "complaintFeedbackType": "abuse",
            "feedbackId": submission_id,
            "timestamp": now,
        }
        return {"eventType": event, "complaint": complaint, "mail": mail}
    bounce = {
        "bounceType": "Permanent",
        "bounceSubType": "General",
        "bouncedRecipients": [
            {
                "emailAddress": recipient,
                "action": "failed",
                "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown",
            }
        ],
        "feedbackId": submission_id,
        "timestamp": now,
    }
    return {"eventType": event, "bounce": bounce, "mail": mail}
