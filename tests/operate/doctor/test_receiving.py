"""Doctor's check of the receipt rule."""

from __future__ import annotations

import pytest

from operate.doctor.receiving import OurRule, judge_rule


@pytest.mark.parametrize(
    ("recipients", "texts"),
    [
        (["New@in.example", "old@in.example", "older@b.example"], []),
        (["new@in.example", "old@in.example"], ["1 of the previous addresses"]),
        (["new@in.example"], ["2 of the previous addresses"]),
        (["old@in.example", "older@b.example"], ["does not accept mail to the inbound address"]),
    ],
)
def test_the_rule_has_to_take_each_address_that_the_function_knows_and_names_none(
    recipients: list[str], texts: list[str]
) -> None:
    ours = OurRule(
        rule_set="set",
        bucket="bucket",
        addresses=("new@in.example", "Old@in.example", "older@b.example"),
        rule={
            "Name": "rule",
            "Enabled": True,
            "Recipients": recipients,
            "ScanEnabled": True,
            "TlsPolicy": "Require",
            "Actions": [{"S3Action": {"BucketName": "bucket", "ObjectKeyPrefix": "incoming/"}}],
        },
    )
    found = [one.found for one in judge_rule(ours) if one.status != "ok"]
    assert len(texts) == len(found)
    assert all(words in text for words, text in zip(texts, found, strict=True))
    assert not any("@" in text for text in found)
