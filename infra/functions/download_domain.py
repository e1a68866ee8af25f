"""The download page under a domain of the operator's: an HTTP API in front of its function.

API Gateway hands a request over as a function URL does, as an event of payload format 2.0. Its
`$default` stage adds nothing to the path (API Gateway guide, "Create AWS Lambda proxy integrations
for HTTP APIs"). Only this API may invoke the function for API Gateway, and it is reached at the
domain alone: its own endpoint is disabled. The function's URL stays, for links of mails that were
sent before.

No access log is kept: the path of a request is a token, and who has it has the files.

ACM issues the certificate once it finds its record in the DNS, and renews it as long as the record
is there. Certificates of one account for one name have the same record (ACM guide, "DNS
validation"), so one that is there already is no other's: it is written over with what it says.

A request costs a millionth of a dollar, also one with a wrong token. So the stage lets through no
more a second than the function answers: ten for each execution at once (AWS Lambda guide,
"Understanding Lambda function scaling").
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.mail.dns import TTL_SECONDS

from .download_function import DownloadPage

_STAGE = "$default"
_TIMEOUT_MILLISECONDS = 30_000  # an HTTP API waits no longer, and the page's function neither

_REQUESTS_OF_EXECUTION = 10  # a second

_MOST_RATE, _MOST_BURST = 2_500, 1_250
"""What an account's APIs take in any region, in requests a second and at once (API Gateway guide,
"Amazon API Gateway quotas"). Declared where the page has no limit of its own, too: the provider
leaves a limit as it was if it is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadDomainArgs:
    """The domain, the Route 53 zone that holds it, and the page that it leads to.

    `max_concurrency` is how many requests the page answers at once, 0 for no limit of its own.
    """

    domain: str
    zone_id: str
    page: DownloadPage
    max_concurrency: int


class DownloadDomain(pulumi.ComponentResource):
    """The API, the domain's certificate and its records.

    `url` is what tokens are appended to after a slash; it is known once the domain leads to the
    page, so that no mail has a link to it before. `api_id` is the API's.
    """

    api_id: pulumi.Output[str]
    url: pulumi.Output[str]

    def __init__(
        self, name: str, args: DownloadDomainArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("mail-relay:download:DownloadDomain", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        api = aws.apigatewayv2.Api(
            name,
            name=name,
            protocol_type="HTTP",
            description="The mail relay's download page",
            disable_execute_api_endpoint=True,
            ip_address_type="dualstack",
            opts=child,
        )
        stage = self._serve(name, api, args)
        domain = aws.apigatewayv2.DomainName(
            name,
            domain_name=args.domain,
            domain_name_configuration={
                "certificate_arn": self._certificate(name, args),
                "endpoint_type": "REGIONAL",
                "ip_address_type": "dualstack",
                "security_policy": "TLS_1_2",
            },
            opts=child,
        )
        mapping = aws.apigatewayv2.ApiMapping(
            name, api_id=api.id, domain_name=domain.id, stage=stage.id, opts=child
        )
        target = domain.domain_name_configuration
        records = [
            aws.route53.Record(
                f"{name}-{type_.lower()}",
                zone_id=args.zone_id,
                name=args.domain,
                type=type_,
                aliases=[
                    {
                        "name": target.target_domain_name,
                        "zone_id": target.hosted_zone_id,
                        "evaluate_target_health": False,
                    }
                ],
                allow_overwrite=False,
                opts=pulumi.ResourceOptions(parent=self, depends_on=[mapping]),
            )
            for type_ in ("A", "AAAA")
        ]
        self.api_id = api.id
        self.url = pulumi.Output.all(*(record.id for record in records)).apply(
            lambda _: f"https://{args.domain}"
        )
        self.register_outputs({"url": self.url})

    def _serve(
        self, name: str, api: aws.apigatewayv2.Api, args: DownloadDomainArgs
    ) -> aws.apigatewayv2.Stage:
        """Have the API hand every request to the page's function."""
        child = pulumi.ResourceOptions(parent=self)
        permission = aws.lambda_.Permission(
            name,
            function=args.page.function_name,
            statement_id="TheDomainMayInvoke",
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
            # Lambda refuses changes made to one policy at the same time: after the page's own.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[args.page]),
        )
        integration = aws.apigatewayv2.Integration(
            name,
            api_id=api.id,
            integration_type="AWS_PROXY",
            integration_uri=args.page.invoke_arn,
            integration_method="POST",
            payload_format_version="2.0",
            timeout_milliseconds=_TIMEOUT_MILLISECONDS,
            opts=child,
        )
        route = aws.apigatewayv2.Route(
            name,
            api_id=api.id,
            route_key="$default",
            target=pulumi.Output.concat("integrations/", integration.id),
            opts=child,
        )
        rate = args.max_concurrency * _REQUESTS_OF_EXECUTION or _MOST_RATE
        return aws.apigatewayv2.Stage(
            name,
            api_id=api.id,
            name=_STAGE,
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": min(rate, _MOST_RATE),
                "throttling_burst_limit": min(rate, _MOST_BURST),
            },
            opts=pulumi.ResourceOptions(parent=self, depends_on=[permission, route]),
        )

    def _certificate(self, name: str, args: DownloadDomainArgs) -> pulumi.Output[str]:
        """The ARN of the domain's certificate, once it is issued."""
        child = pulumi.ResourceOptions(parent=self)
        certificate = aws.acm.Certificate(
            name, domain_name=args.domain, validation_method="DNS", opts=child
        )
        validation = certificate.domain_validation_options[0]
        record = aws.route53.Record(
            f"{name}-validation",
            zone_id=args.zone_id,
            name=validation.resource_record_name,
            type=validation.resource_record_type,
            ttl=TTL_SECONDS,
            records=[validation.resource_record_value],
            allow_overwrite=True,
            opts=child,
        )
        issued = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=child,
        )
        arn: pulumi.Output[str] = issued.certificate_arn
        return arn
