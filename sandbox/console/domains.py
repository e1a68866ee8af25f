"""API Gateway's domains on the emulator, as the front serves them.

API Gateway counts the errors that it answers with, for each API (API Gateway guide, "Monitor
CloudWatch metrics for HTTP APIs"). The emulator does not, so the front does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from .forwarding import AnswersPages, FunctionUrl, PageAnswer, PageRequest

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

    from sandbox.emulator.running import Emulator


@dataclass(frozen=True, slots=True, kw_only=True)
class CountingErrors:
    """Forwards requests to `pages`, and counts error answers in the metrics of the API."""

    pages: AnswersPages
    cloudwatch: CloudWatchClient
    api_id: str

    def __call__(self, request: PageRequest) -> PageAnswer:
        """Forward one request.

        Raises:
            OSError, http.client.HTTPException: if `pages` does not answer.
            ClientError, BotoCoreError: if CloudWatch rejects the metric.
        """
        answer = self.pages(request)
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.cloudwatch.put_metric_data(
                Namespace="AWS/ApiGateway",
                MetricData=[
                    {
                        "MetricName": "5xx",
                        "Dimensions": [{"Name": "ApiId", "Value": self.api_id}],
                        "Unit": "Count",
                        "Value": 1,
                    }
                ],
            )
        return answer


def deployed_domains(emulator: Emulator) -> Mapping[str, AnswersPages]:
    """The page server of each domain that is mapped to an API."""
    client = emulator.client("apigatewayv2")
    return {
        one["DomainName"]: CountingErrors(
            pages=FunctionUrl(endpoint=emulator.endpoint, host=one["DomainName"]),
            cloudwatch=emulator.client("cloudwatch"),
            api_id=mapping["ApiId"],
        )
        for one in client.get_domain_names()["Items"]
        for mapping in client.get_api_mappings(DomainName=one["DomainName"])["Items"]
    }
