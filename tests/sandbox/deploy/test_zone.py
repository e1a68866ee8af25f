"""The zone that the sandbox makes for hostedZoneId holds the domains of the configuration."""

from __future__ import annotations

from typing import Any, cast

import pytest

from infra.mail.dns import is_in_zone
from sandbox.create import Account
from sandbox.deploy.account import with_zone


class Zones:
    """An account's Route 53: names of zones, which are their ids too."""

    def client(self, _service: str) -> Zones:
        return self

    def create_hosted_zone(self, *, Name: str, CallerReference: str) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert CallerReference
        return {"HostedZone": {"Id": f"/hostedzone/{Name}"}}


def zone_for(sender: str, recipient: str, domain: str) -> str:
    config: dict[str, object] = {
        "mail-relay:hostedZoneId": "Z1",
        "mail-relay:senderEmail": f"relay@{sender}",
        "mail-relay:recipientEmail": f"secret@{recipient}",
        "mail-relay:downloadDomain": domain,
    }
    return str(with_zone(config, cast("Account", Zones()))["mail-relay:hostedZoneId"])


@pytest.mark.parametrize(
    "domains",
    [
        ("mail.example.com", "in.example.com", "files.example.com"),
        ("mail.a.example.com", "mail.b.example.com", "mail.c.example.com"),
        ("example.com", "in.example.com", "files.example.com"),
    ],
)
def test_all_of_them_if_they_are_below_one(domains: tuple[str, str, str]) -> None:
    zone = zone_for(*domains)
    assert zone == "example.com"
    assert all(is_in_zone(one, zone) for one in domains)


def test_that_of_the_links_if_they_have_nothing_in_common() -> None:
    # The records of the other domains are left to the operator; this domain needs a record.
    zone = zone_for("mail.example.com", "in.example.com", "files.example.org")
    assert is_in_zone("files.example.org", zone)
