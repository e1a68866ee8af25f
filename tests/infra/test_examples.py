"""The example configurations can be deployed unchanged."""

from __future__ import annotations

from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # its stubs are not among the pinned requirements

from tests.infra.program import PROJECT, ROOT, Deployment, deployed, dev_config, run_program


def production_config() -> dict[str, Any]:
    document = yaml.safe_load((ROOT / "Pulumi.prod.yaml.example").read_text("utf-8"))
    config: dict[str, Any] = document["config"]
    return config


@pytest.fixture(scope="module")
def production() -> Deployment:
    return run_program(production_config(), stack="prod")


def test_the_dev_stack_deploys() -> None:
    assert deployed(dev_config()).exports["functionName"] == "mail-relay-dev-function"


def test_the_production_stack_deploys_and_is_warned_about_nothing(production: Deployment) -> None:
    assert production.exports["functionName"] == "mail-relay-prod-function"
    assert production.warnings == ()


def test_the_production_stack_keeps_what_it_has(production: Deployment) -> None:
    buckets = production.all("aws:s3/bucket:Bucket")
    queues = production.all("aws:sqs/queue:Queue")
    (key,) = production.all("aws:kms/key:Key")
    assert (len(buckets), len(queues)) == (2, 2)
    assert all(one.protect for one in (*buckets, *queues, key))
    assert {one.inputs["forceDestroy"] for one in buckets} == {False}
    assert key.inputs["deletionWindowInDays"] == 30


def test_the_production_stacks_alarms_have_a_subscriber(production: Deployment) -> None:
    topics = {
        one.inputs["topic"]
        for one in production.all("aws:sns/topicSubscription:TopicSubscription")
    }
    assert topics == {production.exports["fallbackTopicArn"], production.exports["alarmsTopicArn"]}


def test_the_production_stack_does_not_write_to_everyone() -> None:
    assert "*" not in production_config()[f"{PROJECT}:allowedRecipients"]
    assert production_config()[f"{PROJECT}:allowedSenders"]
