"""The domain of the links: in the zone, not in use, and warned about before its links end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.account.account_plan import CannotDeploy
from tests.infra.account.deployments import RECORD, after, deploy_in
from tests.infra.mocked_aws import EMPTY, InAccount
from tests.infra.program import Deployment

FILES, SHARE = "files.example.com", "share.example.com"


def deploy_with(account: InAccount, domain: str | None, *, zone: str = "Z123") -> Deployment:
    return deploy_in(account, downloadDomain=domain, hostedZoneId=zone)


def addresses(stack: Deployment) -> set[str]:
    return {one.inputs["name"] for one in stack.all(RECORD) if one.inputs["type"] == "A"}


def test_a_domain_outside_of_the_zone_stops_the_deployment() -> None:
    with pytest.raises(
        CannotDeploy, match=r"files\.example\.org, which is not in the zone exampl"
    ):
        deploy_with(EMPTY, "files.example.org")


@pytest.mark.parametrize("type_", ["A", "AAAA", "CNAME"])
def test_what_others_publish_at_the_domain_is_not_written_over(type_: str) -> None:
    theirs = InAccount(records={(FILES, type_): ()})  # an alias has no value
    with pytest.raises(CannotDeploy, match=rf"records of {FILES} already \({type_}\)"):
        deploy_with(theirs, FILES)


def test_mail_for_the_domain_is_not_in_its_way() -> None:
    mail = InAccount(records={(FILES, "MX"): ("10 mail.example.com",)})
    assert addresses(deploy_with(mail, FILES)) == {FILES}


def test_the_stacks_own_records_stop_no_later_deployment() -> None:
    first = deploy_with(EMPTY, FILES)
    again = deploy_with(after(first), FILES)
    assert addresses(again) == {FILES}
    assert again.warnings == first.warnings == ()


@pytest.mark.parametrize("domain", [SHARE, None])
def test_that_links_of_the_domain_end_is_reported_before(domain: str | None) -> None:
    changed = deploy_with(after(deploy_with(EMPTY, FILES)), domain)
    (warning,) = changed.warnings
    assert f"downloadDomain is {domain or 'empty'}, but links" in warning
    assert f"have the domain {FILES}" in warning
    assert "these links stop working" in warning


@pytest.mark.parametrize("is_renewing", [True, False])
def test_links_of_the_domain_that_cannot_be_renewed_are_reported_before(
    *, is_renewing: bool
) -> None:
    account = after(deploy_with(EMPTY, FILES))
    changed = deploy_in(account, hostedZoneId="Z123", linkRenewal=is_renewing)
    (warning,) = changed.warnings
    assert is_renewing is ("nobody can request a new one there (linkRenewal)" in warning)


def test_after_a_change_that_failed_the_next_deployment_may_go_back() -> None:
    first = after(deploy_with(EMPTY, FILES))
    changed = after(deploy_with(first, SHARE))
    failed = replace(changed, records={**first.records, **changed.records})
    back = deploy_with(failed, FILES)
    assert addresses(back) == {FILES}
    assert [f"have the domain {SHARE}" in warning for warning in back.warnings] == [True]


def test_a_former_domain_without_records_is_forgotten() -> None:
    gone = after(deploy_with(after(deploy_with(EMPTY, FILES)), SHARE))
    settled = deploy_with(gone, SHARE)
    assert settled.warnings == ()
    theirs = replace(after(settled), records={(FILES, "A"): ()})
    with pytest.raises(CannotDeploy, match="which this stack has not made"):
        deploy_with(theirs, FILES)


def test_records_of_another_zone_are_not_the_stacks_own() -> None:
    with pytest.raises(CannotDeploy, match="which this stack has not made"):
        deploy_with(after(deploy_with(EMPTY, FILES)), FILES, zone="Z456")


def test_links_that_end_with_their_zone_are_reported_once() -> None:
    elsewhere = replace(after(deploy_with(EMPTY, FILES)), records={})
    moved = deploy_with(elsewhere, SHARE, zone="Z456")
    assert [f"have the domain {FILES}" in warning for warning in moved.warnings] == [True]
    assert deploy_with(after(moved), SHARE, zone="Z456").warnings == ()
