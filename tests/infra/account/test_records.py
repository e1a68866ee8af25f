"""Records that are in the zone already."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.account.account_plan import CannotDeploy
from infra.account.shared_resources import Holdings, parse_holdings
from tests.infra.account.deployments import DOMAINS, RECORD, after, deploy_in, held_by
from tests.infra.mocked_aws import EMPTY, InAccount
from tests.infra.program import Deployment


def test_records_that_are_there_are_kept_and_reported_each_time() -> None:
    theirs = {
        ("in.example.com", "MX"): ("10 mail.theirs.example",),
        ("_dmarc.mail.example.com", "TXT"): ('"v=DMARC1; p=reject"',),
        ("mail.example.com", "TXT"): ('"v=spf1 -all"',),
    }
    first = deploy_in(InAccount(records=theirs), hostedZoneId="Z123")
    account = after(first)
    again = deploy_in(
        InAccount(
            active_rule_set=account.active_rule_set,
            parameters=account.parameters,
            identities=account.identities,
            records={**account.records, **theirs},
        ),
        hostedZoneId="Z123",
    )
    for stack in (first, again):
        written = {(one.inputs["name"], one.inputs["type"]) for one in stack.all(RECORD)}
        assert not written & theirs.keys()
        assert ("bounce.mail.example.com", "MX") in written
        mx, dmarc = stack.warnings
        assert (
            "a record MX of in.example.com already, which is left as it is: 10 mail.theirs" in mx
        )
        assert "would write 10 inbound-smtp.eu-central-1.amazonaws.com; mail to it goes" in mx
        assert (
            "left as it is: v=DMARC1; p=reject. This stack would write v=DMARC1; p=none" in dmarc
        )


def test_a_record_of_another_zone_is_not_the_stacks_own() -> None:
    first = deploy_in(EMPTY, hostedZoneId="Z123")
    theirs = {("in.example.com", "MX"): ("10 mail.theirs.example",)}
    moved = deploy_in(replace(after(first), records=theirs), hostedZoneId="Z456")
    written = {(one.inputs["name"], one.inputs["type"]) for one in moved.all(RECORD)}
    assert not written & theirs.keys()
    (warning,) = moved.warnings
    assert "a record MX of in.example.com already, which is left as it is" in warning


def names_of_records(stack: Deployment) -> set[str]:
    return {one.urn.rpartition("::")[2] for one in stack.all(RECORD)}


def test_after_a_change_of_the_zone_that_failed_the_next_deployment_may_go_back() -> None:
    first = deploy_in(EMPTY, hostedZoneId="Z123", downloadDomain="files.example.com")
    account = after(first)
    changed = deploy_in(
        replace(account, records={}), hostedZoneId="Z456", downloadDomain="files.example.com"
    )
    # Pulumi creates all of the new zone's records, then deletes the others. A record of each zone
    # is a resource of its own, so that none is to be deleted whatever deployment comes next.
    assert not names_of_records(first) & names_of_records(changed)
    for created in (EMPTY.records, after(changed).records):
        failed = replace(after(changed), records=account.records, other_zones={"Z456": created})
        # The same again, which fails again, changes nothing about that.
        stuck = deploy_in(
            replace(failed, records={}, other_zones={"Z123": account.records}),
            hostedZoneId="Z456",
            downloadDomain="files.example.com",
        )
        for parameters in (failed.parameters, after(stuck).parameters):
            back = deploy_in(
                replace(failed, parameters=parameters),
                hostedZoneId="Z123",
                downloadDomain="files.example.com",
            )
            assert names_of_records(back) == names_of_records(first)
            assert back.warnings == ()


def test_a_former_zone_that_may_not_be_read_stops_nothing_and_stays_listed() -> None:
    first = deploy_in(EMPTY, hostedZoneId="Z123")
    moved = deploy_in(replace(after(first), records={}), hostedZoneId="Z456")
    denied = replace(after(moved), closed_zones=frozenset({"Z123"}))
    again = deploy_in(denied, hostedZoneId="Z456")
    assert parse_holdings(held_by(again)) == parse_holdings(held_by(moved))
    (warning,) = again.warnings
    assert "the zone Z123, where hostedZoneId was before, could not be read: " in warning
    with pytest.raises(Exception, match="AccessDenied"):
        deploy_in(denied, hostedZoneId="Z123")


def test_a_former_zone_without_records_is_forgotten() -> None:
    first = deploy_in(EMPTY, hostedZoneId="Z123")
    moved = deploy_in(replace(after(first), records={}), hostedZoneId="Z456")
    settled = deploy_in(replace(after(moved), other_zones={"Z123": {}}), hostedZoneId="Z456")
    assert parse_holdings(held_by(settled)).former_zone is None
    back = deploy_in(replace(after(settled), records=after(first).records), hostedZoneId="Z123")
    assert not {(one.inputs["name"], one.inputs["type"]) for one in back.all(RECORD)} & {
        ("in.example.com", "MX"),
        ("mail.example.com", "TXT"),
    }


def test_a_zone_that_is_gone_takes_its_records_with_it_and_stops_nothing_else() -> None:
    account = replace(after(deploy_in(EMPTY, hostedZoneId="Z123")), has_zone=False)
    with pytest.raises(CannotDeploy, match="hostedZoneId is Z123, and Route 53 has no such zone"):
        deploy_in(account, hostedZoneId="Z123")
    left = deploy_in(account)
    assert left.all(RECORD) == ()
    assert parse_holdings(held_by(left)) == Holdings(domains=tuple(sorted(DOMAINS)))
    (warning,) = left.warnings
    assert "records to the zone Z123, which Route 53 no longer has" in warning


def test_our_own_record_follows_the_configuration() -> None:
    first = deploy_in(EMPTY, hostedZoneId="Z123")
    changed = deploy_in(after(first), hostedZoneId="Z123", dmarcPolicy="reject")
    (dmarc,) = (
        one for one in changed.all(RECORD) if one.inputs["name"] == "_dmarc.mail.example.com"
    )
    assert dmarc.inputs["records"] == ["v=DMARC1; p=reject"]
    assert changed.warnings == ()
