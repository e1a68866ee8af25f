"""A domain is made only where AWS would make it: with its record and the right to invoke."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.create import DeclarationError, Declared
from sandbox.create.acm import certificate, certificate_validation
from sandbox.create.apigateway import api, api_mapping, domain_name, integration, route, stage
from sandbox.create.route53 import record
from sandbox.emulator.running import Emulator

REGION = "eu-central-1"
NAME = "files.example.com"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    data: Path = tmp_path_factory.mktemp("emulator")
    with Emulator.start(data, worker_environment={}, region=REGION) as it:
        yield it


def domain_inputs(arn: str) -> dict[str, object]:
    configuration = {
        "certificateArn": arn,
        "endpointType": "REGIONAL",
        "securityPolicy": "TLS_1_2",
    }
    return {"domainName": NAME, "domainNameConfiguration": configuration}


def test_a_certificate_is_issued_once_its_record_is_in_a_zone(emulator: Emulator) -> None:
    made = certificate(Declared("c", {"domainName": NAME, "validationMethod": "DNS"}), emulator)
    validation = {"certificateArn": made.id}
    with pytest.raises(DeclarationError, match=r"no zone has the record _acme\S+ CNAME"):
        certificate_validation(Declared("v", validation), emulator)
    zone = emulator.client("route53").create_hosted_zone(Name="example.com", CallerReference="1")
    (option,) = made.outputs["domainValidationOptions"]
    inputs = {
        "zoneId": zone["HostedZone"]["Id"].rpartition("/")[2],
        "name": option["resourceRecordName"],
        "type": option["resourceRecordType"],
        "records": [option["resourceRecordValue"]],
        "ttl": 60,
    }
    record(Declared("r", inputs), emulator)
    assert certificate_validation(Declared("v", validation), emulator).id


def test_a_certificate_of_another_name_makes_no_domain(emulator: Emulator) -> None:
    other = {"domainName": "share.example.com", "validationMethod": "DNS"}
    arn = certificate(Declared("c", other), emulator).id
    with pytest.raises(DeclarationError, match=f"no issued certificate for {NAME}"):
        domain_name(Declared("d", domain_inputs(arn)), emulator)


def test_a_domain_leads_to_no_function_that_the_api_may_not_invoke(emulator: Emulator) -> None:
    arn = certificate(Declared("c", {"domainName": NAME, "validationMethod": "DNS"}), emulator).id
    domain_name(Declared("d", domain_inputs(arn)), emulator)
    api_id = api(Declared("a", {"name": "a", "protocolType": "HTTP"}), emulator).id
    function = f"arn:aws:lambda:{REGION}:{emulator.account_id}:function:page"
    uri = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{function}/invocations"
    target = integration(
        Declared("i", {"apiId": api_id, "integrationType": "AWS_PROXY", "integrationUri": uri}),
        emulator,
    ).id
    route(
        Declared(
            "r", {"apiId": api_id, "routeKey": "$default", "target": f"integrations/{target}"}
        ),
        emulator,
    )
    stage(Declared("s", {"apiId": api_id, "name": "$default", "autoDeploy": True}), emulator)
    mapping = Declared("m", {"apiId": api_id, "domainName": NAME, "stage": "$default"})
    with pytest.raises(DeclarationError, match=f"does not let the API {api_id} invoke it"):
        api_mapping(mapping, emulator)
