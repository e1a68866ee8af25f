"""Links under the operator's domain: requests become API Gateway's events, files are served."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.sandbox.one_file import CONTENT, deliver_one_file
from tests.sandbox.running import (
    LINK,
    TO_PAGE,
    RunningSandbox,
    running_sandbox,
)
from tests.waiting import eventually

DOMAIN = "files.example.com"


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSandbox]:
    config = (f"downloadDomain={DOMAIN}", "hostedZoneId=Z123")
    with running_sandbox(tmp_path_factory.mktemp("domain"), config) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def link(relay: RunningSandbox) -> str:
    """The link of a mail with one file."""
    mail = deliver_one_file(relay)
    return next(str(found) for found in LINK.findall(mail) if TO_PAGE.match(found))


def ask(
    relay: RunningSandbox, path: str, *, host: str | None, form: bytes | None = None
) -> tuple[int, str, bytes]:
    """Status, Location and body of the answer for a host name."""
    connection = http.client.HTTPConnection(urlsplit(relay.ready["http"]).netloc, timeout=60)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    try:
        connection.request(
            "POST" if form else "GET", path, form, headers | ({"Host": host} if host else {})
        )
        answer = connection.getresponse()
        return answer.status, answer.headers["Location"] or "", answer.read()
    finally:
        connection.close()


def test_the_links_of_mails_have_the_domain(link: str, relay: RunningSandbox) -> None:
    assert link.startswith(f"https://{DOMAIN}/")
    assert relay.ready["stack"]["downloadUrl"] == f"https://{DOMAIN}"


@pytest.mark.parametrize("host", [DOMAIN, None])
def test_a_click_downloads_at_the_domain_and_at_the_functions_own_url(
    relay: RunningSandbox, link: str, host: str | None
) -> None:
    path = urlsplit(link).path
    status, _, page = ask(relay, path, host=host)
    assert (200, True) == (status, b"values.csv" in page)
    status, location, _ = ask(relay, path, host=host, form=b"file=1")
    assert 303 == status
    store = urlsplit(location)
    connection = http.client.HTTPConnection(store.netloc, timeout=60)
    connection.request("GET", f"{store.path}?{store.query}")
    assert connection.getresponse().read() == CONTENT
    connection.close()


def test_at_the_domain_there_is_the_page_and_nothing_of_the_sandbox(
    relay: RunningSandbox,
) -> None:
    for path in ("/", "/stack", f"/{'A' * 40}"):
        status, _, page = ask(relay, path, host=DOMAIN)
        assert (404, True) == (status, b"<h1>" in page)
    assert 421 == ask(relay, "/", host="evil.example")[0]


def test_the_domain_leads_to_the_api_in_the_zone(relay: RunningSandbox) -> None:
    route53 = relay.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    sets = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    (target,) = {
        one["AliasTarget"]["DNSName"].rstrip(".")
        for one in sets
        if one["Name"] == f"{DOMAIN}." and one["Type"] in {"A", "AAAA"}
    }
    (domain,) = relay.client("apigatewayv2").get_domain_names()["Items"]
    (configuration,) = domain["DomainNameConfigurations"]
    assert configuration["ApiGatewayDomainName"] == target


def test_a_page_that_fails_at_the_domain_sounds_its_alarm(
    relay: RunningSandbox, link: str
) -> None:
    functions = relay.client("lambda")
    page = relay.ready["stack"]["downloadFunctionName"]
    before = functions.get_function_configuration(FunctionName=page)["Handler"]
    functions.update_function_configuration(FunctionName=page, Handler="adapters.absent.handler")
    try:
        assert ask(relay, urlsplit(link).path, host=DOMAIN)[0] >= 500
    finally:
        functions.update_function_configuration(FunctionName=page, Handler=before)
    cloudwatch = relay.client("cloudwatch")

    def fires() -> bool:
        alarms = cloudwatch.describe_alarms(AlarmNamePrefix="mail-relay-", StateValue="ALARM")
        return any("domain-errors" in one["AlarmName"] for one in alarms["MetricAlarms"])

    assert eventually(fires)


def test_no_log_holds_a_token(relay: RunningSandbox, link: str) -> None:
    assert 200 == ask(relay, urlsplit(link).path, host=DOMAIN)[0]
    token = urlsplit(link).path[1:]
    logs = relay.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        for event in logs.filter_log_events(logGroupName=group["logGroupName"])["events"]:
            assert token not in event["message"]
