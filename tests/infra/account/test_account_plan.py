"""The plan of what a deployment creates in an existing account, made before it begins."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from pulumi.runtime.mocks import MockResourceArgs

from infra.account.account_plan import AnotherRuleSetIsActive, CannotDeploy, DomainsAreTaken
from infra.account.lookup import UnreadableHoldings
from infra.account.shared_resources import Holdings, format_holdings, parse_holdings
from tests.infra.account.deployments import (
    CONFIGURATION_SET,
    DIRECTORY,
    HOLDINGS,
    IDENTITY,
    KEY,
    PARAMETER,
    RECORD,
    after,
    deploy_in,
    made,
)
from tests.infra.mocked_aws import ACCOUNT, EMPTY, InAccount
from tests.infra.program import ROOT, Deployment, changed_config, run_program

# --- Before anything is registered --------------------------------------------------------------


@pytest.mark.parametrize(
    ("account", "error"),
    [
        (InAccount(active_rule_set="theirs"), AnotherRuleSetIsActive),
        (InAccount(identities={"in.example.com": False}), DomainsAreTaken),
    ],
)
def test_a_stack_that_cannot_be_deployed_registers_nothing(
    monkeypatch: pytest.MonkeyPatch, account: InAccount, error: type[Exception]
) -> None:
    registered: list[str] = []

    def register(_: object, args: MockResourceArgs) -> tuple[str, dict[str, object]]:
        registered.append(args.typ)
        return args.name, {}

    monkeypatch.setattr("tests.infra.mocked_aws.MockedAws.new_resource", register)
    with pytest.raises(error):
        run_program(changed_config({}), account=account)
    assert set(registered) <= {"pulumi:pulumi:Stack"}


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("getActiveReceiptRuleSet", "AccessDenied"),
        ("getActiveReceiptRuleSet", "credentials not found"),
        ("getActiveReceiptRuleSet", "no active session"),
        ("getActiveReceiptRuleSet", "ProfileNotFoundException: no such profile"),
        ("getConfigurationSet", "AccessDenied"),
        ("getParameter", "lookup ssm: host not found"),
        ("getZone", "AccessDenied"),
        ("getRecords", "AccessDenied"),
    ],
)
def test_what_aws_does_not_answer_is_not_taken_for_none(function: str, words: str) -> None:
    with pytest.raises(Exception, match=words):
        deploy_in(InAccount(errors={function: words}), hostedZoneId="Z123")


@pytest.mark.parametrize("function", ["getEmailIdentity", "getServiceQuota"])
def test_what_can_be_done_without_is_reported_and_done_without(function: str) -> None:
    stack = deploy_in(InAccount(errors={function: "AccessDenied: no right to ask"}))
    assert stack.all(IDENTITY)
    assert all("could not be read" in warning for warning in stack.warnings)
    assert any("AccessDenied: no right to ask" in warning for warning in stack.warnings)


# --- What the stack keeps -----------------------------------------------------------------------


def test_domains_that_are_verified_already_stop_a_first_deployment_only() -> None:
    first = deploy_in(EMPTY)
    with pytest.raises(DomainsAreTaken) as raised:
        deploy_in(InAccount(identities={"in.example.com": True}))
    assert "already: in.example.com. Set createIdentities to false" in str(raised.value)
    assert "If this stack was renamed, give it its old name" in str(raised.value)
    assert made(deploy_in(after(first))) == made(first)


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ({"createIdentities": False}, {"createIdentities": True}),
        ({}, {"senderEmail": "relay@post.example.com"}),
    ],
)
def test_a_change_takes_no_domain_that_others_have_verified(
    before: Mapping[str, object], then: Mapping[str, object]
) -> None:
    # Otherwise the list of the stack's domains would name it, and each later `up` try to make it.
    account = after(deploy_in(EMPTY, **before))
    theirs = {"post.example.com": True, "in.example.com": True}
    account = replace(account, identities={**theirs, **account.identities})
    with pytest.raises(DomainsAreTaken):
        deploy_in(account, **then)


@pytest.mark.parametrize("value", ["domains: in.example.com", "[]", '{"domains": 1}', "null"])
def test_a_list_that_was_edited_is_not_taken_for_an_empty_one(value: str) -> None:
    with pytest.raises(UnreadableHoldings, match=HOLDINGS) as raised:
        deploy_in(InAccount(parameters={HOLDINGS: value}))
    assert "aws ssm get-parameter-history" in str(raised.value)


@pytest.mark.parametrize("changes", [{}, {"createIdentities": False}])
def test_without_its_list_a_stack_that_had_one_deletes_nothing(
    changes: Mapping[str, object],
) -> None:
    account = after(deploy_in(EMPTY))
    lost = replace(account, parameters={DIRECTORY: "{}"})
    with pytest.raises(UnreadableHoldings, match=f"{HOLDINGS}.*is gone") as raised:
        deploy_in(lost, **changes)
    (section,) = re.findall(r'see docs/operating.md, "(.*?)"', str(raised.value))
    assert f"### {section}\n" in (ROOT / "docs" / "operating.md").read_text("utf-8")


def test_the_configuration_set_that_shows_a_list_existed_is_made_after_it_and_deleted_first(
    every: Deployment,
) -> None:
    listed = every.named(PARAMETER, "mail-relay-dev-holdings")
    (devices,) = (
        one
        for one in every.all(CONFIGURATION_SET)
        if one.inputs["configurationSetName"] == "mail-relay-dev-devices"
    )
    assert listed.urn in every.waits_for(devices)
    # An operator may restore the list by hand; Pulumi then overwrites it without an error.
    assert listed.inputs["overwrite"] is True


@pytest.mark.parametrize("listed", [True, False])
def test_a_stack_that_is_deployed_again_makes_the_same(*, listed: bool) -> None:
    # Earlier releases kept no list of the stack's domains.
    changes = {"hostedZoneId": "Z123", "customerManagedKey": True}
    first = deploy_in(EMPTY, **changes)
    account = after(first)
    parameters = account.parameters if listed else {DIRECTORY: "{}"}
    again = deploy_in(
        InAccount(
            active_rule_set=account.active_rule_set,
            parameters=parameters,
            identities=account.identities,
            records=account.records,
        ),
        **changes,
    )
    assert made(again) == made(first)
    assert again.warnings == ()


@pytest.mark.parametrize(
    ("key", "before", "then", "types", "message"),
    [
        ("createIdentities", True, False, (IDENTITY,), "this stack keeps SES identities"),
        ("customerManagedKey", True, False, (KEY,), "the key stays until the stack is destroyed"),
        ("hostedZoneId", "Z123", None, (RECORD,), "it keeps them, because mail stops without"),
        (
            *("senderEmail", "relay@mail.example.com", "relay@post.example.com"),
            *((IDENTITY,), "no longer needs: mail.example.com"),
        ),
    ],
)
def test_a_change_of_one_key_destroys_nothing_that_others_rely_on(
    key: str, before: object, then: object, types: tuple[str, ...], message: str
) -> None:
    first = deploy_in(EMPTY, **{key: before})
    changed = deploy_in(after(first), **{key: then})
    for type_ in types:
        urns = {one.urn for one in first.all(type_)}
        assert urns
        assert urns <= {one.urn for one in changed.all(type_)}
    assert any(message in warning for warning in changed.warnings)


def test_what_a_kept_key_encrypted_can_still_be_read_and_nothing_new_is_under_it() -> None:
    first = deploy_in(EMPTY, customerManagedKey=True)
    changed = deploy_in(after(first), customerManagedKey=False)
    policy = changed.named("aws:iam/rolePolicy:RolePolicy", "mail-relay-dev-function")
    assert "kms:Decrypt" in policy.inputs["policy"]
    for queue in changed.all("aws:sqs/queue:Queue"):
        assert "kmsMasterKeyId" not in queue.inputs


def test_the_list_is_there_before_what_it_names(every: Deployment) -> None:
    listed = every.named(PARAMETER, "mail-relay-dev-holdings")
    for one in (*every.all(IDENTITY), *every.all(RECORD), *every.all(KEY)):
        assert listed.urn in every.waits_for(one)


def test_the_list_is_read_as_it_was_written() -> None:
    holdings = Holdings(
        domains=("a.example",),
        records=("k",),
        zone="Z1",
        has_key=True,
        download_domains=("files.example.com",),
    )
    assert parse_holdings(format_holdings(holdings)) == holdings
    assert parse_holdings("{}") == Holdings()


def test_domains_that_nothing_covers_are_warned_about() -> None:
    account = InAccount(identities={"example.com": True})
    assert deploy_in(account, createIdentities=False).warnings == ()
    (warning,) = deploy_in(
        InAccount(identities={"relay@mail.example.com": True, "in.example.com": False}),
        createIdentities=False,
    ).warnings
    assert "no verified SES identity of this account and region covers in.example.com" in warning


# --- Credentials --------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["aws:assumeRoles", "aws:assumeRoleWithWebIdentity"])
@pytest.mark.parametrize("activate", [True, False])
def test_a_role_that_boto3_does_not_assume_is_reported_before_anything_is_made(
    monkeypatch: pytest.MonkeyPatch, key: str, *, activate: bool
) -> None:
    monkeypatch.setattr("infra.account.lookup.account_of_credentials", lambda: "210987654321")
    role = {key: [{"roleArn": "arn:aws:iam::123456789012:role/deployer"}]}
    if activate:
        with pytest.raises(CannotDeploy, match=r"account 123456789012, but .* 210987654321"):
            run_program(changed_config(role))
        monkeypatch.setattr("infra.account.lookup.account_of_credentials", lambda: ACCOUNT)
    assert run_program(changed_config({"activateRuleSet": activate, **role})).resources


# --- Quotas -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("quota", "reserved"), [(10, None), (119, None), (120, 20)])
def test_nothing_is_reserved_that_the_account_cannot_spare(
    quota: int, reserved: int | None
) -> None:
    stack = deploy_in(InAccount(lambda_concurrency=quota))
    page = stack.named("aws:lambda/function:Function", "mail-relay-dev-download")
    assert page.inputs.get("reservedConcurrentExecutions") == reserved
    assert [f"may run {quota} functions at once" in one for one in stack.warnings] == (
        [True] if reserved is None else []
    )


@pytest.mark.parametrize("name", ["d" * 32, "production-eu-central-1"])
def test_the_names_of_the_longest_stack_fit(name: str) -> None:
    limits = {"aws:s3/bucket:Bucket": 63, "aws:iam/role:Role": 64, "aws:iam/user:User": 64}
    limits |= {"aws:lambda/function:Function": 64, "aws:sqs/queue:Queue": 80}
    stack = run_program(changed_config({"malwareProtection": True}), stack=name)
    for type_, limit in limits.items():
        for one in stack.all(type_):
            assert len(one.name) + len("-1234567") <= limit
    for one in stack.all("aws:sesv2/configurationSet:ConfigurationSet"):
        assert len(one.inputs["configurationSetName"]) <= 64
