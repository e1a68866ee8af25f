"""The domain of the links by Pulumi's engine: created, kept, moved, changed, removed completely.

The tests are the life of one stack, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

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

pytestmark = [needs_engine, pytest.mark.timeout(600)]

RECORD = "aws:route53/record:Record"
FILES, SHARE = "files.example.com", "share.example.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployed:
    """The stack, not yet deployed; the account, with two zones of one name; its content then."""

    account: Emulator
    stack: Stack
    config: Mapping[str, object]
    old: str
    new: str
    before: frozenset[str]

    def configure(self, *, zone: str, domain: str | None = None) -> None:
        """Set the configuration with this zone, and this domain of the links."""
        config = {**self.config, "mail-relay:hostedZoneId": zone}
        self.stack.configure(config | ({"mail-relay:downloadDomain": domain} if domain else {}))

    def names_in(self, zone: str) -> set[tuple[str, str]]:
        """The names and types of a zone's records."""
        route53 = self.account.client("route53")
        sets = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        return {(one["Name"], one["Type"]) for one in sets}

    def domains_in(self, zone: str) -> set[str]:
        """The host names with an address in a zone."""
        return {name.rstrip(".") for name, type_ in self.names_in(zone) if type_ in {"A", "AAAA"}}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    config = {**load_config(ROOT), "mail-relay:forceDestroy": True}
    folder, region = tmp_path_factory.mktemp("account"), str(config["aws:region"])
    with (
        Emulator.start(folder, worker_environment={}, region=region) as account,
        running(account, folder / "pulumi") as engine,
    ):
        prepare_account(ses=account.client("ses"), sesv2=account.client("sesv2"), config=config)
        old, new = (made_zone(account, reference) for reference in ("old", "new"))
        yield Deployed(
            account=account,
            stack=engine.stack("domain", config),
            config=config,
            old=old,
            new=new,
            before=inventory(account),
        )


def made_zone(account: Emulator, reference: str) -> str:
    """The id of a new zone."""
    made = account.client("route53").create_hosted_zone(
        Name="example.com", CallerReference=reference
    )
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


def test_a_domain_comes_and_is_kept(deployed: Deployed) -> None:
    stack = deployed.stack
    deployed.configure(zone=deployed.old, domain=FILES)
    assert not stack.up().warnings
    assert stack.exports()["downloadUrl"] == f"https://{FILES}"
    assert deployed.domains_in(deployed.old) == {FILES}
    assert not stack.up().changes
    assert not stack.refresh().changes


def test_a_change_of_the_zone_that_failed_is_reverted(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack, old, new = deployed.stack, deployed.old, deployed.new
    before, empty = deployed.names_in(old), deployed.names_in(new)

    def refuse_last(declared: Declared, account: Account) -> Created:
        if declared.require("type") == "AAAA":
            raise DeclarationError("InvalidChangeBatch")
        return create_record(declared, account)

    deployed.configure(zone=new, domain=FILES)
    with monkeypatch.context() as failing:
        failing.setitem(CREATORS, RECORD, refuse_last)
        with pytest.raises(DeployError, match="InvalidChangeBatch"):
            stack.up()
    assert deployed.names_in(old) == before
    assert deployed.names_in(new) > empty

    deployed.configure(zone=old, domain=FILES)
    stack.up()
    assert deployed.names_in(old) == before
    assert deployed.names_in(new) == empty
    stack.up()
    assert not stack.up().changes


def test_a_domain_changes_and_goes(deployed: Deployed) -> None:
    stack, zone = deployed.stack, deployed.old
    deployed.configure(zone=zone, domain=SHARE)
    (warning,) = stack.preview().warnings
    assert f"links of mail sent before have the domain {FILES}" in warning
    changed = stack.up()
    assert stack.exports()["downloadUrl"] == f"https://{SHARE}"
    assert deployed.domains_in(zone) == {SHARE}
    replaced = {step.type for step in changed.steps if step.operation == "replace"}
    assert "aws:apigatewayv2/api:Api" not in replaced

    deployed.configure(zone=zone)
    stack.up()
    assert SHARE not in deployed.domains_in(zone)
    assert "aws:apigatewayv2/api:Api" not in {one["type"] for one in stack.resources()}
    stack.destroy()
    assert inventory(deployed.account) == deployed.before
