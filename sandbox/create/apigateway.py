"""API Gateway: an HTTP API, its integration, route and stage, and its domain name.

The emulator selects the domain by the Host header. It has neither throttling nor TLS, and answers
at an API's own endpoint even if that is disabled. It does not check whether the function's policy
lets the API invoke it. So the creator checks that before it maps a domain to the API.
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any

from .declared import Account, Created, Creator, DeclarationError, Declared

API = {
    "description": "Description",
    "disableExecuteApiEndpoint": "DisableExecuteApiEndpoint",
    "ipAddressType": "IpAddressType",
    "name": "Name",
}
INTEGRATION = {
    "integrationMethod": "IntegrationMethod",
    "integrationUri": "IntegrationUri",
    "payloadFormatVersion": "PayloadFormatVersion",
    "timeoutMilliseconds": "TimeoutInMillis",
}
ROUTE = {"routeKey": "RouteKey", "target": "Target"}
"""Inputs that can be changed, by their names in AWS's calls."""


def api(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.Api`."""
    declared.physical_name()
    made = account.client("apigatewayv2").create_api(
        ProtocolType=declared.require("protocolType"), **declared.renamed(API)
    )
    api_id = made["ApiId"]
    place = f"{account.region}:{account.account_id}"
    return Created(
        api_id,
        {
            "apiEndpoint": f"https://{api_id}.execute-api.{account.region}.amazonaws.com",
            "arn": f"arn:aws:apigateway:{account.region}::/apis/{api_id}",
            "executionArn": f"arn:aws:execute-api:{place}:{api_id}",
        },
    )


def integration(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.Integration` with a Lambda function."""
    if declared.require("integrationType") != "AWS_PROXY":
        raise DeclarationError("the sandbox knows integrations of type AWS_PROXY only")
    made = account.client("apigatewayv2").create_integration(
        ApiId=declared.require("apiId"),
        IntegrationType="AWS_PROXY",
        **declared.renamed(INTEGRATION),
    )
    return Created(made["IntegrationId"])


def route(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.Route`."""
    made = account.client("apigatewayv2").create_route(
        ApiId=declared.require("apiId"), **declared.renamed(ROUTE)
    )
    return Created(made["RouteId"])


def stage(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.Stage`."""
    api_id, name = declared.require("apiId"), declared.physical_name()
    account.client("apigatewayv2").create_stage(
        ApiId=api_id, StageName=name, **stage_parameters(declared)
    )
    return Created(
        name, {"arn": f"arn:aws:apigateway:{account.region}::/apis/{api_id}/stages/{name}"}
    )


def stage_parameters(declared: Declared) -> dict[str, Any]:
    """A stage's inputs except its name, as parameters of API Gateway's calls, also for updates."""
    parameters = declared.renamed({"autoDeploy": "AutoDeploy"})
    if block := declared.block("defaultRouteSettings"):
        limits = block.renamed(
            {
                "throttlingBurstLimit": "ThrottlingBurstLimit",
                "throttlingRateLimit": "ThrottlingRateLimit",
            }
        )
        if "ThrottlingBurstLimit" in limits:
            limits["ThrottlingBurstLimit"] = int(limits["ThrottlingBurstLimit"])
        parameters["DefaultRouteSettings"] = limits
    return parameters


def domain_name(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.DomainName`; API Gateway accepts only an issued certificate."""
    name = declared.require("domainName")
    block = declared.block("domainNameConfiguration")
    if block is None:
        raise DeclarationError("input domainNameConfiguration is missing")
    configuration = domain_configuration(block)
    certificate = account.client("acm").describe_certificate(
        CertificateArn=configuration["CertificateArn"]
    )["Certificate"]
    if certificate["Status"] != "ISSUED" or name not in certificate["SubjectAlternativeNames"]:
        raise DeclarationError(f"BadRequestException: no issued certificate for {name}")
    made = account.client("apigatewayv2").create_domain_name(
        DomainName=name, DomainNameConfigurations=[configuration]
    )
    (answer,) = made["DomainNameConfigurations"]
    return Created(
        name,
        {
            "arn": f"arn:aws:apigateway:{account.region}::/domainnames/{name}",
            "apiMappingSelectionExpression": made["ApiMappingSelectionExpression"],
            "domainNameConfiguration": {
                **declared.require("domainNameConfiguration"),
                "targetDomainName": answer["ApiGatewayDomainName"],
                "hostedZoneId": answer["HostedZoneId"],
            },
        },
    )


def domain_configuration(block: Declared) -> dict[str, Any]:
    """The one configuration of a domain name, as a parameter of API Gateway's calls."""
    return {
        "CertificateArn": block.require("certificateArn"),
        **block.renamed(
            {
                "endpointType": "EndpointType",
                "ipAddressType": "IpAddressType",
                "securityPolicy": "SecurityPolicy",
            }
        ),
    }


def api_mapping(declared: Declared, account: Account) -> Created:
    """`aws.apigatewayv2.ApiMapping`."""
    client, api_id = account.client("apigatewayv2"), declared.require("apiId")
    for one in client.get_integrations(ApiId=api_id)["Items"]:
        _require_permission(account, api_id, one["IntegrationUri"])
    made = client.create_api_mapping(
        DomainName=declared.require("domainName"),
        ApiId=api_id,
        Stage=declared.require("stage"),
        **declared.renamed({"apiMappingKey": "ApiMappingKey"}),
    )
    return Created(made["ApiMappingId"])


def _require_permission(account: Account, api_id: str, uri: str) -> None:
    """Check the function's permission: without it, AWS answers 500 to every request."""
    function = uri.partition("/functions/")[2].removesuffix("/invocations")
    client = account.client("lambda")
    try:
        statements = json.loads(client.get_policy(FunctionName=function)["Policy"])["Statement"]
    except client.exceptions.ResourceNotFoundException:
        statements = []
    asks = f"arn:aws:execute-api:{account.region}:{account.account_id}:{api_id}/$default/$default"
    if not any(
        statement["Action"] == "lambda:InvokeFunction"
        and statement["Principal"] == {"Service": "apigateway.amazonaws.com"}
        and any(
            fnmatchcase(asks, source)
            for condition in statement.get("Condition", {}).values()
            for key, source in condition.items()
            if key.lower() == "aws:sourcearn"
        )
        for statement in statements
    ):
        raise DeclarationError(
            f"the policy of function {function} does not let the API {api_id} invoke it: AWS would"
            " answer 500. Does the mapping depend on an aws.lambda_.Permission for"
            " apigateway.amazonaws.com with the API as sourceArn?"
        )


CREATORS: dict[str, Creator] = {
    "aws:apigatewayv2/api:Api": api,
    "aws:apigatewayv2/integration:Integration": integration,
    "aws:apigatewayv2/route:Route": route,
    "aws:apigatewayv2/stage:Stage": stage,
    "aws:apigatewayv2/domainName:DomainName": domain_name,
    "aws:apigatewayv2/apiMapping:ApiMapping": api_mapping,
}
