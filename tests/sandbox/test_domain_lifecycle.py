"""The domain of the links by Pulumi's engine: created, kept, changed, and removed completely."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.configuration.stack_config import load_config
from sandbox.create import CREATORS, Account, Created, DeclarationError, Declared
from sandbox.create.route53 import record as create_record
from sandbox.deploy.account import prepare_account
from sandbox.deploy.program import DeployError
from sandbox.emulator.running import Emulator
from sandbox.engine.stack import Stack, running
from tests.sandbox.changed_values import ROOT
from tests.sandbox.deploying import needs_engine
from tests.sandbox.inventory import inventory

RECORD = "aws:route53/record:Record"
FILES, SHARE = "files.example.com", "share.example.com"


def domains_in(account: Emulator) -> set[str]:
    """The host names with an address in the zone."""
    route53 = account.client("route53")
    (zone,) = route53.list_hosted_zones()["HostedZones"]
    sets = route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
    return {one["Name"].rstrip(".") for one in sets if one["Type"] in {"A", "AAAA"}}


def deployed_apis(stack: Stack) -> int:
    return sum(one["type"] == "aws:apigatewayv2/api:Api" for one in stack.resources())


@needs_engine
@pytest.mark.timeout(600)
def test_a_domain_comes_changes_and_goes(tmp_path: Path) -> None:
    config = {**load_config(ROOT), "mail-relay:forceDestroy": True}
    region = str(config["aws:region"])
    with (
        Emulator.start(tmp_path, worker_environment={}, region=region) as account,
        running(account, tmp_path / "pulumi") as engine,
    ):
        prepare_account(ses=account.client("ses"), sesv2=account.client("sesv2"), config=config)
        made = account.client("route53").create_hosted_zone(
            Name="example.com", CallerReference="1"
        )
        zone = {"mail-relay:hostedZoneId": str(made["HostedZone"]["Id"]).rpartition("/")[2]}
        before = inventory(account)

        stack = engine.stack("domain", {**config, **zone, "mail-relay:downloadDomain": FILES})
        assert not stack.up().warnings
        assert stack.exports()["downloadUrl"] == f"https://{FILES}"
        assert domains_in(account) == {FILES}
        assert not stack.up().changes
        assert not stack.refresh().changes

        stack.configure({**config, **zone, "mail-relay:downloadDomain": SHARE})
        (told,) = stack.preview().warnings
        assert f"links of mail sent before have the domain {FILES}" in told
        changed = stack.up()
        assert stack.exports()["downloadUrl"] == f"https://{SHARE}"
        assert domains_in(account) == {SHARE}
        replaced = {step.type for step in changed.steps if step.operation == "replace"}
        assert "aws:apigatewayv2/api:Api" not in replaced

        stack.configure({**config, **zone})
        stack.up()
        assert SHARE not in domains_in(account)
        assert deployed_apis(stack) == 0
        stack.destroy()
        assert inventory(account) == before


def names_in(account: Emulator, zone: str) -> set[tuple[str, str]]:
    """The names and types of a zone's records."""
    sets = account.client("route53").list_resource_record_sets(HostedZoneId=zone)
    return {(one["Name"], one["Type"]) for one in sets["ResourceRecordSets"]}


@needs_engine
@pytest.mark.timeout(600)
def test_a_change_of_the_zone_that_failed_is_reverted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = {**load_config(ROOT), "mail-relay:downloadDomain": FILES}
    region = str(config["aws:region"])
    with (
        Emulator.start(tmp_path, worker_environment={}, region=region) as account,
        running(account, tmp_path / "pulumi") as engine,
    ):
        prepare_account(ses=account.client("ses"), sesv2=account.client("sesv2"), config=config)
        route53 = account.client("route53")
        old, new = (
            str(
                route53.create_hosted_zone(Name="example.com", CallerReference=one)["HostedZone"][
                    "Id"
                ]
            ).rpartition("/")[2]
            for one in ("old", "new")
        )
        empty = names_in(account, new)
        stack = engine.stack("zone", {**config, "mail-relay:hostedZoneId": old})
        stack.up()
        before = names_in(account, old)

        def refuse_last(declared: Declared, account: Account) -> Created:
            if declared.require("type") == "AAAA":
                raise DeclarationError("InvalidChangeBatch")
            return create_record(declared, account)

        stack.configure({**config, "mail-relay:hostedZoneId": new})
        with monkeypatch.context() as failing:
            failing.setitem(CREATORS, RECORD, refuse_last)
            with pytest.raises(DeployError, match="InvalidChangeBatch"):
                stack.up()
        assert names_in(account, old) == before
        assert names_in(account, new) > empty

        stack.configure({**config, "mail-relay:hostedZoneId": old})
        stack.up()
        assert names_in(account, old) == before
        assert names_in(account, new) == empty
        stack.up()
        assert not stack.up().changes
