"""The operator's domain in front of the download page: which requests reach it, and when."""

from __future__ import annotations

import re

import pytest

from tests.infra.conftest import Deploy
from tests.infra.mocked_aws import ACCOUNT
from tests.infra.program import Deployment, Registered, changed_config, run_program

API, STAGE = "aws:apigatewayv2/api:Api", "aws:apigatewayv2/stage:Stage"
ROUTE, INTEGRATION = "aws:apigatewayv2/route:Route", "aws:apigatewayv2/integration:Integration"
DOMAIN, MAPPING = (
    "aws:apigatewayv2/domainName:DomainName",
    "aws:apigatewayv2/apiMapping:ApiMapping",
)
CERTIFICATE = "aws:acm/certificate:Certificate"
VALIDATION = "aws:acm/certificateValidation:CertificateValidation"
PERMISSION, RECORD = "aws:lambda/permission:Permission", "aws:route53/record:Record"
FUNCTION = "aws:lambda/function:Function"
TYPES = (API, STAGE, ROUTE, INTEGRATION, DOMAIN, MAPPING, CERTIFICATE, VALIDATION)
NAME = "mail-relay-dev-domain"


def records(stack: Deployment) -> dict[str, Registered]:
    found = (one for one in stack.all(RECORD) if one.name.startswith(NAME))
    return {one.inputs["type"]: one for one in found}


def test_without_a_domain_there_is_nothing_of_it(dev: Deployment) -> None:
    assert [dev.all(type_) for type_ in TYPES] == [()] * len(TYPES)


def test_links_have_the_domain_and_those_sent_before_still_reach_the_function(
    in_domain: Deployment,
) -> None:
    relay = in_domain.named(FUNCTION, "mail-relay-dev-function")
    url = relay.inputs["environment"]["variables"]["RELAY_DOWNLOAD_URL"]
    assert url == in_domain.exports["downloadUrl"] == "https://files.example.com"
    own = in_domain.exports["downloadFunctionUrl"]
    assert re.fullmatch(r"https://\w+\.lambda-url\.eu-central-1\.on\.aws", own)


def test_every_request_goes_to_the_function_as_from_its_own_url(in_domain: Deployment) -> None:
    assert in_domain.one(ROUTE).inputs == {
        "apiId": f"{NAME}-id",
        "routeKey": "$default",
        "target": f"integrations/{NAME}-id",
    }
    integration = in_domain.one(INTEGRATION).inputs
    assert integration["integrationType"] == "AWS_PROXY"
    assert integration["payloadFormatVersion"] == "2.0"
    assert integration["integrationUri"] == "invoke:mail-relay-dev-download"
    function = in_domain.named(FUNCTION, "mail-relay-dev-download").inputs
    assert integration["timeoutMilliseconds"] == 1000 * function["timeout"]
    stage = in_domain.one(STAGE).inputs
    assert (stage["name"], stage["autoDeploy"]) == ("$default", True)  # no stage in a path


def test_only_this_api_may_invoke_the_function_for_api_gateway(in_domain: Deployment) -> None:
    permission = in_domain.named(PERMISSION, NAME)
    assert permission.inputs == {
        "function": "mail-relay-dev-download",
        "statementId": "TheDomainMayInvoke",
        "action": "lambda:InvokeFunction",
        "principal": "apigateway.amazonaws.com",
        "sourceArn": f"arn:aws:execute-api:eu-central-1:{ACCOUNT}:api1/*/*",
    }
    # Lambda refuses changes made to one policy at the same time.
    others = {one.urn for one in in_domain.all(PERMISSION) if "download" in one.name}
    assert len(others) == 2
    assert others <= in_domain.waits_for(permission)


def test_the_api_is_reached_by_the_domain_alone_over_tls_1_2(in_domain: Deployment) -> None:
    assert in_domain.one(API).inputs["disableExecuteApiEndpoint"] is True
    configuration = in_domain.one(DOMAIN).inputs["domainNameConfiguration"]
    assert configuration["securityPolicy"] == "TLS_1_2"
    assert configuration["endpointType"] == "REGIONAL"
    assert in_domain.one(MAPPING).inputs["domainName"] == f"{NAME}-id"


def test_no_path_is_logged_for_it_is_a_token(in_domain: Deployment) -> None:
    assert "accessLogSettings" not in in_domain.one(STAGE).inputs


@pytest.mark.parametrize(
    ("concurrency", "rate", "burst"),
    [(1, 10, 10), (20, 200, 200), (1000, 2500, 1250), (0, 2500, 1250)],
)
def test_it_lets_through_what_the_function_answers_and_no_more_than_any_account_may(
    deploy: Deploy, concurrency: int, rate: int, burst: int
) -> None:
    stack = deploy(
        downloadDomain="files.example.com", hostedZoneId="Z1", downloadMaxConcurrency=concurrency
    )
    assert stack.one(STAGE).inputs["defaultRouteSettings"] == {
        "throttlingRateLimit": rate,
        "throttlingBurstLimit": burst,
    }


def test_the_certificate_is_issued_by_its_record_before_the_domain_uses_it(
    in_domain: Deployment,
) -> None:
    certificate = in_domain.one(CERTIFICATE).inputs
    assert certificate == {"domainName": "files.example.com", "validationMethod": "DNS"}
    record = records(in_domain)["CNAME"].inputs
    assert record["name"] == "_token.files.example.com."
    assert record["records"] == ["_value.acm-validations.aws."]
    assert record["allowOverwrite"] is True  # shared by certificates of one name
    issued = in_domain.one(VALIDATION)
    assert records(in_domain)["CNAME"].urn in in_domain.waits_for(issued)
    assert issued.urn in in_domain.waits_for(in_domain.one(DOMAIN))


def test_no_mail_has_a_link_of_the_domain_before_it_leads_to_the_page(
    in_domain: Deployment,
) -> None:
    addresses = {type_: records(in_domain)[type_] for type_ in ("A", "AAAA")}
    for record in addresses.values():
        assert record.inputs["name"] == "files.example.com"
        assert record.inputs["aliases"] == [
            {
                "name": "d-1.execute-api.eu-central-1.amazonaws.com",
                "zoneId": "ZAPI",
                "evaluateTargetHealth": False,
            }
        ]
        assert record.inputs["allowOverwrite"] is False
        assert in_domain.one(MAPPING).urn in in_domain.waits_for(record)
    relay = in_domain.named(FUNCTION, "mail-relay-dev-function")
    assert {one.urn for one in addresses.values()} <= in_domain.waits_for(relay)


def test_a_first_preview_knows_none_of_it_and_fails_at_nothing() -> None:
    config = changed_config({"downloadDomain": "files.example.com", "hostedZoneId": "Z123"})
    assert len(run_program(config, first_preview=True).all(RECORD)) > 3
