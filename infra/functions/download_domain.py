"""The download page at the operator's own domain: an HTTP API in front of its function.

API Gateway passes a request to the function as a function URL does, as an event of payload format
2.0. Its `$default` stage adds nothing to the path (API Gateway guide, "Create AWS Lambda proxy
integrations for HTTP APIs"). Only this API may invoke the function for API Gateway. The API
answers only at the domain, since its own endpoint is disabled. The function's URL stays, for links
in mails that were sent before.

There is no access log: the path of a request contains a token, and a token gives access to the
files.

ACM issues the certificate when it finds a validation record in the DNS, and renews it as long as
the record exists. All certificates of an account for one name have the same record (ACM guide,
"DNS validation"). So an existing record has the same value, and it is overwritten.

A request costs a millionth of a dollar, also with an invalid token. So the stage's rate limit is
what the function can answer: ten requests a second for each concurrent execution (AWS Lambda
guide, "Understanding Lambda function scaling").
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.mail.dns import TTL_SECONDS, record_name

from .download_function import DownloadPage

_STAGE = "$default"
_TIMEOUT_MILLISECONDS = 30_000  # the maximum of an HTTP API, and the function's own timeout

_REQUESTS_OF_EXECUTION = 10  # a second

_MAX_RATE, _MAX_BURST = 2_500, 1_250
"""The throttling quota that an account has in every region: requests a second, and burst (API
Gateway guide, "Amazon API Gateway quotas"). It is declared also for a page without a limit of its
own, because the provider does not reset a limit that is left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadDomainArgs:
    """The domain, its Route 53 zone, and the page's function.

    `max_concurrency` is the page's reserved concurrency, 0 for no limit of its own.
    """

    domain: str
    zone_id: str
    page: DownloadPage
    max_concurrency: int


class DownloadDomain(pulumi.ComponentResource):
    """The API, the domain's certificate and its records.

    `url` is the prefix of links: a slash and a token follow. It depends on the domain's records,
    so no mail has a link before the domain works. `api_id` is the API's id.
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
                record_name(f"{name}-{type_.lower()}", args.zone_id),
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
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[mapping],
                    aliases=[pulumi.Alias(name=f"{name}-{type_.lower()}")],
                ),
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
        """Route every request of the API to the page's function."""
        child = pulumi.ResourceOptions(parent=self)
        permission = aws.lambda_.Permission(
            name,
            function=args.page.function_name,
            statement_id="TheDomainMayInvoke",
            action="lambda:InvokeFunction",
            principal="apigateway.amazonaws.com",
            source_arn=pulumi.Output.concat(api.execution_arn, "/*/*"),
            # After the page's own permission: Lambda refuses concurrent changes of a policy.
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
        rate = args.max_concurrency * _REQUESTS_OF_EXECUTION or _MAX_RATE
        return aws.apigatewayv2.Stage(
            name,
            api_id=api.id,
            name=_STAGE,
            auto_deploy=True,
            default_route_settings={
                "throttling_rate_limit": min(rate, _MAX_RATE),
                "throttling_burst_limit": min(rate, _MAX_BURST),
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
            record_name(f"{name}-validation", args.zone_id),
            zone_id=args.zone_id,
            name=validation.resource_record_name,
            type=validation.resource_record_type,
            ttl=TTL_SECONDS,
            records=[validation.resource_record_value],
            allow_overwrite=True,
            opts=pulumi.ResourceOptions(
                parent=self, aliases=[pulumi.Alias(name=f"{name}-validation")]
            ),
        )
        issued = aws.acm.CertificateValidation(
            name,
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=child,
        )
        arn: pulumi.Output[str] = issued.certificate_arn
        return arn
